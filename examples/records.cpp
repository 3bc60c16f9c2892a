// When each task was queued, started and finished: three that wait, one after another.
#include <quartet/quartet.hpp>

#include <chrono>
#include <iostream>
#include <vector>

using namespace std::chrono_literals;

quartet::task<void> respond(quartet::context& ctx, int) {
    co_await ctx.sleep_for(20ms);
}

int main() {
    std::cout << std::boolalpha;
    // [record]
    quartet::task_recorder recorder;
    auto executor = quartet::make_executor("single", {.recorder = &recorder});
    executor.map(respond, std::vector{0, 1, 2});
    for (auto const& each : recorder.records()) {
        auto const before = each.index * 20ms;
        std::cout << "task " << each.index << ": in line for " << before.count() << " ms or more "
                  << (each.queue_time() >= before) << ", then at work for 20 ms or more "
                  << (each.service_time() >= 20ms) << '\n';
    }
    // [/record]
}
