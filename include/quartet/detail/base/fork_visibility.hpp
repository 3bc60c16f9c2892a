// include/quartet/detail/base/fork_visibility.hpp
//
// Whether an object that bodies refer to is there in the process that they run in.
//
// A forked process has the objects that were made before the fork, at their addresses, and whatever else may
// lie at the address of one that was made later. So objects are listed, a fork copies the list, and what is
// not in it can't be reached. The check looks at the address and not at the object. It costs a load in a
// process that was not forked by this program, where nothing is looked up. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace quartet::inline v0::detail {

/// How often this process and its forebears were forked; a static of the library keeps count.
extern std::atomic<std::uint32_t> forks;

class fork_visibility {
public:
    /// What is not shared belongs to the process that made it alone.
    explicit fork_visibility(bool shared) noexcept;
    ~fork_visibility();
    fork_visibility(fork_visibility const&) = delete;
    fork_visibility& operator=(fork_visibility const&) = delete;

    /// Throws std::logic_error if `object`, which is a `what`, can't be used in this process.
    static void require(fork_visibility const* object, char const* what) {
        if (forks.load(std::memory_order_relaxed) != 0) [[unlikely]]
            look_up(object, what);
    }

private:
    static void look_up(fork_visibility const* object, char const* what);

    bool shared_;
    std::uint32_t made_after_;  // so many forks
    fork_visibility* before_;
    fork_visibility* after_ = nullptr;
};

}  // namespace quartet::inline v0::detail
