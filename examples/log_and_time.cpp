// What tasks log, with the time of day, and how long it all took. The lines go to standard error.
#include <quartet/quartet.hpp>

#include <chrono>
#include <ctime>
#include <iomanip>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

// [log]
void print_line(quartet::log_record const& record) {
    auto const time = std::chrono::system_clock::to_time_t(record.time);
    std::clog << std::put_time(std::localtime(&time), "%H:%M:%S") << ": " << record.line << '\n';
}

quartet::task<void> respond(quartet::context& ctx, std::string name) {
    ctx.log("Response " + name + ": starting");
    co_await ctx.sleep_for(20ms);
    ctx.log("Response " + name + ": finishing");
}
// [/log]

int main() {
    // [time]
    auto executor = quartet::make_executor("async", {.log = print_line});
    auto const start = std::chrono::steady_clock::now();
    executor.map(respond, std::vector<std::string>{"A", "B"});
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - start;
    std::clog << "All done! " << took.count() << '\n';
    // [/time]
    std::cout << "20 ms or more: " << std::boolalpha << (took >= 20ms) << '\n';
}
