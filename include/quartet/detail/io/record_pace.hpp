// include/quartet/detail/io/record_pace.hpp
//
// Decides which tasks of a thread leave records, so that the thread spends less than one percent of its time
// on reading the clock for them. It goes by a credit of time: the thread earns a part of the time that
// passes, pays for each reading, and when it is in debt leaves out records for so many tasks
// (src/call/task_recorder.cpp). Each thread has its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace quartet::inline v0::detail {

struct task_slot;

class record_pace {
public:
    /// How many tasks are left out before the next record.
    std::size_t skip() const noexcept { return skip_; }
    void set_skip(std::size_t tasks) noexcept { skip_ = tasks; }

    /// So many tasks have run without a record.
    void passed(std::size_t tasks) noexcept { passed_ += tasks; }

    /// Whether the next task is left out; counts it then.
    bool lets_by() noexcept {
        if (skip_ == 0) return false;
        --skip_;
        ++passed_;
        return true;
    }

    /// Pays for a reading of the clock that said `now` and cost `price`, both in nanoseconds.
    void pay(std::int64_t now, std::int64_t price) noexcept {
        std::int64_t const most_credit = saved_readings * price;
        std::int64_t const went_by = now < last_ || last_ == 0 ? most_credit * share : now - last_;
        last_ = now;
        if (went_by == 0) return;
        credit_ = std::min(credit_ + went_by / share, most_credit) - price;
        auto const tasks = static_cast<std::int64_t>(std::exchange(passed_, 0) + 1);
        if (credit_ >= 0) return;
        std::int64_t const each = std::max<std::int64_t>(1, went_by / tasks);
        skip_ = static_cast<std::size_t>(std::min<std::int64_t>(-credit_ * share / each, most_skipped));
    }

private:
    static constexpr std::int64_t share = 500;          // one in so many nanoseconds is earned
    static constexpr std::int64_t saved_readings = 32;  // that the credit can pay for at the most
    static constexpr std::int64_t most_skipped = 16'384;

    std::int64_t last_ = 0;
    std::int64_t credit_ = 0;
    std::size_t skip_ = 0;
    std::size_t passed_ = 0;  // tasks without a record since the last one
};

/// What this thread knows of the recorder that it last left a record with.
struct recording_thread {
    std::uint64_t recorder = 0;
    task_slot const* call = nullptr;
    record_pace pace{};
};
inline constinit thread_local recording_thread this_recording{};

}  // namespace quartet::inline v0::detail
