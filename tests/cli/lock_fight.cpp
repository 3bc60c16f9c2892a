// Four threads that compute in turns: each holds the one lock for most of its work. For two seconds.
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

void compute(std::uint64_t& state, int steps) {
    for (int step = 0; step < steps; ++step)
        state = state * 6364136223846793005u + 1;
}

int main() {
    using clock = std::chrono::steady_clock;
    auto const end = clock::now() + std::chrono::seconds(2);
    std::mutex mutex;
    std::uint64_t state = 1;
    auto const fight = [&] {
        std::uint64_t own = 1;
        while (clock::now() < end) {
            {
                std::lock_guard const lock(mutex);
                compute(state, 1'000'000);
            }
            compute(own, 200'000);  // so that somebody else gets the lock
        }
    };
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back(fight);
    threads.clear();
    return state == 0;
}
