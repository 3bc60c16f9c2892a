// include/quartet/detail/call/stop_switch.hpp
//
// The stops of an executor, for calls that are not always with its model: streams between two chunks, maps
// that pause before a further try. Any thread.
#pragma once

#include <mutex>
#include <stop_token>
#include <utility>

namespace quartet::inline v0::detail {

class stop_switch {
public:
    /// A token that the next request() stops. Earlier requests do not.
    std::stop_token token() {
        std::lock_guard const lock(mutex_);
        return source_.get_token();
    }

    /// Stops the holders of all tokens that were given so far.
    void request() {
        std::stop_source next;
        {
            std::lock_guard const lock(mutex_);
            std::swap(source_, next);
        }
        next.request_stop();
    }

private:
    std::mutex mutex_;
    std::stop_source source_;
};

}  // namespace quartet::inline v0::detail
