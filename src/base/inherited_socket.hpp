// src/base/inherited_socket.hpp
//
// A socket that forked children use by its number. A body may have closed all descriptors of its process, and
// the number may be that of a file which it has opened since: nothing is written to that.
#pragma once

#include <atomic>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

namespace quartet::inline v0::detail {

class inherited_socket {
public:
    inherited_socket() = default;

    /// An open socket's number; -1: none.
    explicit inherited_socket(int number) noexcept : number_(number) {
        struct stat about {};
        if (number < 0 || fstat(number, &about) != 0) return;
        device_ = about.st_dev;
        inode_ = about.st_ino;
    }

    /// Whether there is one at all.
    explicit operator bool() const noexcept { return number_ >= 0; }

    /// Its number; -1 if that stands for it no more in this process.
    int get() const noexcept {
        struct stat about {};
        bool const same = fstat(number_, &about) == 0 && about.st_dev == device_ && about.st_ino == inode_;
        return same ? number_ : -1;
    }

private:
    int number_ = -1;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

/// Wakes the parent's supervisor, from any process; lies in shared memory.
struct parent_wake {
    inherited_socket socket;

    /// This process has something to tell, and lost the socket. It is to end soon, which the parent hears of.
    static inline std::atomic<bool> lost = false;

    void operator()() const noexcept {
        int const number = socket.get();
        if (number < 0) {
            lost.store(true, std::memory_order_relaxed);
        } else {
            send(number, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);  // if there is no room, the parent wakes anyway
        }
    }
};

}  // namespace quartet::inline v0::detail
