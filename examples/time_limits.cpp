// A time limit for each task: the function that hangs costs its own task and no other.
#include <quartet/quartet.hpp>

#include <chrono>
#include <iostream>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

// [body]
int answer(int question) {
    while (question == 42)  // ponders for ever, and asks nobody whether it may
        std::this_thread::sleep_for(1s);
    return question * 2;
}
// [/body]

int main() {
    // [limit]
    auto executor = quartet::make_executor("processes:2");
    std::vector const questions{1, 42, 3};
    for (auto const& outcome : executor.try_map(answer, questions, {.task_timeout = 500ms})) {
        if (outcome)
            std::cout << *outcome << '\n';
        else
            std::cout << to_string(outcome.error().why) << ": " << outcome.error().message << '\n';
    }
    // [/limit]
}
