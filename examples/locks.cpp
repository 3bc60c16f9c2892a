// Locks and limits that a body may wait for as it waits for anything else, and hold while it waits. First on
// an event loop, then between processes.
#include <quartet/quartet.hpp>

#include <chrono>
#include <csignal>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

// [shed]
struct shed {
    quartet::mutex door;            // one at a time
    quartet::semaphore shovels{2};  // two at a time
    std::vector<std::string> book;
};

quartet::task<void> dig(quartet::context& ctx, shed& garden, std::string who) {
    auto const shovel = co_await garden.shovels.acquire(ctx);  // waits while both are out
    co_await ctx.sleep_for(1ms);
    auto const inside = co_await garden.door.lock(ctx);
    co_await ctx.sleep_for(1ms);  // the others go on; whoever wants to come in waits
    garden.book.push_back(who + " has dug");
}  // unlocked, and the shovel is back
// [/shed]

// [limiter]
quartet::task<std::string> order(quartet::context& ctx, quartet::keyed_rate_limiter<>& calls,
                                 std::string shop) {
    co_await calls.acquire(ctx, shop);  // no more than so many a second at each shop
    co_return shop + " was called";
}
// [/limiter]

// [killed]
void write_and_die(quartet::mutex& book) {
    auto const mine = book.lock();
    std::raise(SIGKILL);  // in the middle of a line
}
// [/killed]

int main() {
    {
        // [map]
        shed garden;
        auto executor = quartet::make_executor("async");
        std::vector<std::string> const friends{"Ada", "Bob", "Eve"};
        executor.map(
            [&garden](quartet::context& ctx, std::string const& who) { return dig(ctx, garden, who); },
            friends);
        for (auto const& line : garden.book)
            std::cout << line << '\n';
        // [/map]
        // [calls]
        quartet::keyed_rate_limiter calls(50, 2);  // 50 a second, and two at once if it was quiet
        std::vector<std::string> const shops{"the nursery", "the quarry", "the nursery", "the nursery"};
        auto const call = [&calls](quartet::context& ctx, std::string const& shop) {
            return order(ctx, calls, shop);
        };
        for (auto const& called : executor.map(call, shops))
            std::cout << called << '\n';
        // [/calls]
    }
    // [processes]
    quartet::mutex book(quartet::between_processes{});  // before the processes
    quartet::process writer(write_and_die, std::ref(book));
    writer.start();
    writer.join();
    auto const mine = book.lock();
    std::cout << (mine.owner_died() ? "the last line may be half written\n" : "all is well\n");
    // [/processes]
}
