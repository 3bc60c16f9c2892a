// Multiprocessing: five worker processes, each with memory of its own. A plain function is enough for a
// body. What a worker changes stays in the worker, and a worker that crashes takes only its task along.
#include <quartet/quartet.hpp>

#include <csignal>
#include <iostream>
#include <vector>

// [square]
int f(int x) {
    return x * x;
}
// [/square]

int calls = 0;

int count_a_call(int) {
    return ++calls;
}

// [crash]
int crash_at_two(int x) {
    if (x == 2) std::raise(SIGKILL);  // as if memory had run out
    return x * x;
}
// [/crash]

int main() {
    std::vector<int> const inputs{1, 2, 3};

    // [map]
    auto pool = quartet::make_executor("processes:5");
    for (int y : pool.map(f, inputs))
        std::cout << y << '\n';
    // [/map]

    // [memory]
    pool.map(count_a_call, inputs);
    std::cout << "calls in the parent's memory: " << calls << '\n';
    // [/memory]

    // [try]
    for (auto const& outcome : pool.try_map(crash_at_two, inputs)) {
        if (outcome) {
            std::cout << *outcome << '\n';
        } else {
            std::cout << "task " << outcome.error().index << " was lost: signal " << outcome.error().signal
                      << '\n';
        }
    }
    // [/try]
}
