// Threads that share a counter: it goes wrong without a lock, and is right with a lock, as an atomic, and
// where only one thread counts what the others send through a channel.
#include <quartet/quartet.hpp>

#include <atomic>
#include <barrier>
#include <iostream>
#include <mutex>
#include <ranges>
#include <thread>

constexpr int times = 1000;

// [wrong]
// To add one is three steps: read, add, write. If both threads have read before one writes, one addition is
// lost. That happens now and then; here the barrier makes it happen each time. (The counter is atomic so that
// each step by itself is whole: with a plain int two threads at once would not even be a valid program.)
std::atomic<int> unprotected = 0;
std::barrier both(2);

void add_without_lock(int) {
    for (int i = 0; i < times; ++i) {
        int const seen = unprotected.load();
        both.arrive_and_wait();  // the worst moment: the other one reads now
        unprotected.store(seen + 1);
        both.arrive_and_wait();
    }
}
// [/wrong]

// [lock]
int locked = 0;
std::mutex mutex;

void add_with_lock(int) {
    for (int i = 0; i < times; ++i) {
        std::scoped_lock const lock(mutex);  // released at the end of the block
        ++locked;
    }
}
// [/lock]

// [atomic]
std::atomic<int> atomic = 0;

void add_to_atomic(int) {
    for (int i = 0; i < times; ++i)
        ++atomic;  // read, add and write in one step
}
// [/atomic]

// [channel]
quartet::channel<int> additions(100);
int counted = 0;  // by one thread only

quartet::task<void> send_additions(quartet::context& ctx, int) {
    for (int i = 0; i < times; ++i)
        co_await additions.send(ctx, 1);
}

void count_additions() {
    while (auto const one = additions.receive())  // nothing once it is closed and empty
        counted += *one;
}
// [/channel]

int main() {
    // [map]
    auto executor = quartet::make_executor("threads:each");
    auto const two = std::views::iota(0, 2);
    executor.map(add_without_lock, two);
    std::cout << "without a lock: " << unprotected << '\n';
    executor.map(add_with_lock, two);
    std::cout << "with a lock: " << locked << '\n';
    executor.map(add_to_atomic, two);
    std::cout << "as an atomic: " << atomic << '\n';
    // [/map]

    // [count]
    std::jthread owner(count_additions);
    executor.map(send_additions, two);
    additions.close();
    owner.join();
    std::cout << "through a channel: " << counted << '\n';
    // [/count]
}
