// src/io/loop/kept_descriptors.hpp
//
// What the HTTP clients of this process hold open for their next requests: all of them together no more than
// a third of the descriptors that the process may have, so that files and commands find some. Any thread.
#pragma once

#include <quartet/detail/base/own_process.hpp>

#include <cstddef>

namespace quartet::inline v0::detail {

/// The part of one client.
class kept_descriptors {
public:
    kept_descriptors() = default;
    ~kept_descriptors() { keep(0); }
    kept_descriptors(kept_descriptors const&) = delete;
    kept_descriptors& operator=(kept_descriptors const&) = delete;

    std::size_t count() const noexcept { return count_; }

    /// Makes it larger, up to `wanted`, as far as others leave room; at least 1, even where they do not. A
    /// system call.
    void grow(std::size_t wanted) noexcept;

    /// Makes it `count`, whatever others have.
    void keep(std::size_t count) noexcept;

    /// Whether all parts together are more than they should be. A system call.
    static bool are_too_many() noexcept;

private:
    std::size_t count_ = 0;
    process_stamp process_ = this_process();  // a forked child has none of it
};

}  // namespace quartet::inline v0::detail
