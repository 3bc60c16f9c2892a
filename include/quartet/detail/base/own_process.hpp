// include/quartet/detail/base/own_process.hpp
//
// A body may fork, and its child may come back from the body: by a return, by an exception, or on an event
// loop by a wait. It must not go on with what the process had to do, as a second worker that ends the task
// and takes the next ones. So the caller of a body checks afterwards that it is still in the same process.
// That costs a load: the word that is compared lies in a page which the kernel clears in every child.
#pragma once

#include <atomic>
#include <cstdint>

namespace quartet::inline v0::detail {

/// Differs from 0, and from that of every process which this one was forked from.
using process_stamp = std::uint64_t;

/// A page with this process's stamp: 0 in a child until it asks.
struct alignas(4096) stamp_page {
    std::atomic<process_stamp> stamp{0};
};
extern constinit stamp_page own_stamp;
process_stamp make_process_stamp() noexcept;

inline process_stamp this_process() noexcept {
    process_stamp const known = own_stamp.stamp.load(std::memory_order_relaxed);
    return known != 0 ? known : make_process_stamp();
}

/// Whether this is the process of the stamp; as this_process() == began, with nothing but a load.
inline bool is_still(process_stamp began) noexcept {
    return own_stamp.stamp.load(std::memory_order_relaxed) == began;
}

/// Ends a child that must not go on, quietly: no handler of exit() runs, and no buffer of the parent's is
/// written out once more.
[[noreturn]] void end_forked_child(bool well) noexcept;

/// A part of the program that the process which began it ends. A child that was forked meanwhile ends in the
/// destructor: with EXIT_SUCCESS, or with EXIT_FAILURE if an exception takes it there.
class same_process {
public:
    /// Begun in the process of the stamp.
    explicit same_process(process_stamp began = this_process()) noexcept : began_(began) {}
    same_process(same_process const&) = delete;
    same_process& operator=(same_process const&) = delete;
    ~same_process() {
        if (!is_still(began_)) [[unlikely]]
            end_child();
    }

private:
    [[noreturn, gnu::cold]] static void end_child() noexcept;

    process_stamp began_;
};

}  // namespace quartet::inline v0::detail
