// The fake, a model for tests of bodies: an hour passes in no time, by a virtual clock.
#include <quartet/fake.hpp>
#include <quartet/quartet.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;

quartet::task<void> wait_an_hour(quartet::context& ctx, std::string name) {
    co_await ctx.sleep_for(1h);
    std::cout << name << " has waited\n";
}

int main() {
    std::vector<std::string> const names{"Ada", "Bob"};

    // [clock]
    quartet::fake_world world;
    quartet::executor executor(std::make_unique<quartet::fake>(world));
    executor.map(wait_an_hour, names);
    std::cout << "virtual hours: " << world.now() / 1h << '\n';
    // [/clock]
}
