// tests/conformance/shared.hpp
//
// A variable that the test and all bodies see, also those in worker processes. Construct it before the
// executor.
#pragma once

#include <quartet/detail/shm/holds_pointer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <sys/mman.h>
#include <thread>

namespace quartet::conformance {

/// How bodies get at it: an input or a capture, with the same address in all processes.
template <class T>
struct shared_reference {
    T* place;
    T& operator*() const noexcept { return *place; }
    T* operator->() const noexcept { return place; }
};

}  // namespace quartet::conformance

template <class T>
inline constexpr bool quartet::crosses_as_bytes<quartet::conformance::shared_reference<T>> = true;

namespace quartet::conformance {

template <class T>
class shared {
public:
    shared()
        : place_(::new (mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
                     T{}) {}
    shared(shared const&) = delete;
    shared& operator=(shared const&) = delete;
    ~shared() { munmap(place_, sizeof(T)); }

    shared_reference<T> operator&() const noexcept { return {place_}; }
    T& operator*() const noexcept { return *place_; }
    T* operator->() const noexcept { return place_; }

private:
    T* place_;
};

using shared_counter = shared<std::atomic<std::size_t>>;
using counter_reference = shared_reference<std::atomic<std::size_t>>;

/// Waits for what must come soon; a test in which it does not hangs until CTest's limit, and has failed.
inline void wait_until(auto&& holds) {
    while (!holds())
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace quartet::conformance
