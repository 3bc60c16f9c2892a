// src/base/robust_mutex.hpp
//
// A lock in memory that processes share, which the kernel passes on when its owner dies.
#pragma once

#include <cerrno>
#include <pthread.h>

namespace quartet::inline v0::detail {

/// Owned by a thread, as a std::mutex is.
class robust_mutex {
public:
    /// Throws std::system_error if the system refuses.
    robust_mutex();
    robust_mutex(robust_mutex const&) = delete;
    robust_mutex& operator=(robust_mutex const&) = delete;

    /// True if its last owner died with it: what it guards is as he left it.
    bool lock() noexcept {
        if (pthread_mutex_lock(&mutex_) != EOWNERDEAD) [[likely]]
            return false;
        pthread_mutex_consistent(&mutex_);
        return true;
    }
    void unlock() noexcept { pthread_mutex_unlock(&mutex_); }

private:
    pthread_mutex_t mutex_;  // never destroyed: other processes may have it still
};

}  // namespace quartet::inline v0::detail
