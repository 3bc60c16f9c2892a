// include/quartet/detail/call/retried_calls.hpp
//
// The calls of an executor that are tried again when they fail: between two tries their model does not know
// of them. Any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace quartet::inline v0::detail {

class retried_calls {
public:
    retried_calls() = default;
    retried_calls(retried_calls const&) = delete;
    retried_calls& operator=(retried_calls const&) = delete;

    /// Waits until every call has ended. Requires close().
    ~retried_calls() { join(); }

    // ---- For calls

    void enter() noexcept;
    void leave() noexcept;

    /// A further try is about to begin, until it has_begun(). False if no more are wanted.
    bool begins() noexcept;
    void has_begun() noexcept;

    // ---- For the executor

    /// When it returns, no further try begins.
    void close() noexcept;

    /// Waits until every call has ended, and gives how many have begun so far.
    std::size_t join() noexcept;

private:
    std::mutex mutex_;  // guards what follows
    std::condition_variable changed_;
    std::size_t under_way_ = 0;
    std::size_t entered_ = 0;
    std::size_t beginning_ = 0;
    bool closed_ = false;
};

}  // namespace quartet::inline v0::detail
