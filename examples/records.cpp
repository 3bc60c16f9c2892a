// When each task was queued, started and finished: three that wait, one after another. And which calls a body
// made.
#include <quartet/quartet.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

quartet::task<void> respond(quartet::context& ctx, int) {
    co_await ctx.sleep_for(20ms);
}

quartet::task<void> respond_in_halves(quartet::context& ctx, int requests) {
    if (requests == 1) co_return co_await respond(ctx, 1);
    auto half = ctx.submit(respond_in_halves, requests / 2);
    co_await respond_in_halves(ctx, requests - requests / 2);
    co_await half;
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

    // [nested]
    quartet::task_recorder whole(1000, quartet::recording::everything);
    auto other = quartet::make_executor("single", {.recorder = &whole});
    other.submit(respond_in_halves, 4).get();
    for (auto const& task : whole.records()) {
        std::cout << "the task made " << task.nested_made << " calls\n";
        for (auto const& call : task.nested) {
            bool const by_task = call.parent == quartet::nested_record::by_task;
            std::cout << "call " << call.id << " was made by "
                      << (by_task ? "the task" : "call " + std::to_string(call.parent)) << '\n';
        }
    }
    // [/nested]
}
