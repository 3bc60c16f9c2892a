// include/quartet/detail/call/early_values.hpp
//
// Values of a job whose tasks end in other processes, before the job has ended. Its outcomes are taken when
// it has; who wants them to outlive this process, as a journal does, can't wait for that.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace quartet::inline v0::detail {

class early_values {
public:
    /// `size` is that of each value where it is fixed, else 0.
    explicit early_values(std::size_t size) noexcept : size_(size) {}
    early_values(early_values const&) = delete;
    early_values& operator=(early_values const&) = delete;

    /// The value of a task, encoded; nothing for void. Once for each task, on the thread that waits for the
    /// job.
    virtual void take(std::size_t index, std::span<std::byte const> value) noexcept = 0;

    std::size_t value_size() const noexcept { return size_; }

    /// Those that were given, if any was: for the one who gives them.
    std::vector<bool>& given() noexcept { return given_; }

    /// How many tasks of the call have their values from an earlier run, for its progress.
    std::size_t before = 0;

protected:
    ~early_values() = default;

private:
    std::size_t size_;
    std::vector<bool> given_;
};

}  // namespace quartet::inline v0::detail
