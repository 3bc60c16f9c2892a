// include/quartet/detail/io/nested_recording.hpp
//
// How calls that bodies make of their context leave records. They do where waits do: a recorder that spares
// would spend more time on a short call's record than the call takes.
//
// Who makes a call takes a slot for it and says whose part it is; who runs it, maybe on another thread,
// writes when it began and ended. What runs within is a part of the same task, so that its own calls and
// waits are that task's.
#pragma once

#include <quartet/detail/io/task_slots.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>

namespace quartet::inline v0 {

class context;
enum class nested_end : std::uint8_t;

namespace detail {

/// A call's record, in memory that all processes share. Times as in a task_slot.
struct nested_slot {
    std::atomic<std::uint32_t> task;  ///< its slot's index, plus one; written last by who makes the call
    std::atomic<std::uint32_t> worker;
    std::uint64_t id;      ///< which of its task's calls
    std::uint64_t parent;  ///< id of the call that has made it, or by_task
    std::int64_t made;
    std::atomic<std::int64_t> started;
    std::atomic<std::int64_t> ended;
    std::atomic<nested_end> how;
};

/// Calls that another process runs, and their records. What it points to has the same address there.
struct crossed_recording {
    task_slot* task;
    wait_keeper within;   ///< what made them; without an arena
    nested_slot* first;   ///< null if none of them leaves one
    std::size_t stride;   ///< every n-th of a map does
    std::size_t leading;  ///< calls of the map before these

    nested_slot* slot_of(std::size_t index) const noexcept {
        std::size_t const place = leading + index;
        return first && place % stride == 0 ? first + place / stride : nullptr;
    }
};

/// One of them, while it runs in that process.
class crossed_call {
public:
    /// `arena`: of the batch of the task that made it.
    crossed_call(crossed_recording const& of, std::size_t index, shared_arena& arena,
                 context const& here) noexcept;

    /// It has ended; without this nothing is said of its end.
    void end(nested_end how) noexcept;

private:
    context const& here_;
    nested_slot* slot_;
    wait_keeper within_;
    task_switch inside_;
};

/// A call whose maker leaves a record. For the maker's thread, but begin() and end(), for the thread that
/// runs it; once each. A part has no record of its own.
class nested_recording {
public:
    /// Whether it is a call that leaves a record, or one that others are a part of.
    enum class kind { call, part };

    nested_recording(context const& maker, kind what) noexcept;
    nested_recording(nested_recording const&) = delete;
    nested_recording& operator=(nested_recording const&) = delete;
    /// One that has begun and did not end has ended well; one that has not begun was cancelled.
    ~nested_recording();

    /// It begins here: what runs on the thread from then on.
    task_at_work begin(context const& here) noexcept;

    /// It has ended, with an exception or well. Not if another process has said so.
    void end(context const& here, std::exception_ptr const& why = nullptr) noexcept;

    crossed_recording crossed() const noexcept;

private:
    context const& maker_;
    task_at_work made_by_ = this_task;
    void const* made_on_ = &this_task;  // the thread
    wait_keeper within_;
    std::unique_ptr<shared_arena> own_;  // of another thread that runs it, if its task is in a batch
    nested_slot* slot_ = nullptr;
    bool ended_ = false;
};

struct drop_recording {
    void operator()(nested_recording* which) const noexcept;
};
using kept_recording = std::unique_ptr<nested_recording, drop_recording>;

/// What a coroutine does for such a call, if it leaves a record: it begins, and ends with this.
class recorded_part {
public:
    recorded_part(nested_recording* call, context const& here) noexcept : call_(call), here_(here) {
        if (call_) [[unlikely]]
            this_task = call_->begin(here_);
    }
    recorded_part(recorded_part const&) = delete;
    recorded_part& operator=(recorded_part const&) = delete;
    ~recorded_part() {
        if (call_) [[unlikely]]
            call_->end(here_, why_);
    }

    /// It throws what is being handled.
    void fails() noexcept {
        if (call_) why_ = std::current_exception();
    }

private:
    nested_recording* call_;
    context const& here_;
    std::exception_ptr why_;
};

/// Of a call that what runs here makes now; null if that has no memory for it.
kept_recording make_recording(context const& maker, nested_recording::kind what) noexcept;

/// The same, null if what runs here leaves no record.
inline kept_recording recording_of(context const& maker, nested_recording::kind what) noexcept {
    if (!this_task.slot) [[likely]]
        return nullptr;
    return make_recording(maker, what);
}

/// The calls of one map. Any thread may run one of them.
class map_recording {
public:
    /// As many of them leave a record as there is room for: every n-th, so that they are of all its course.
    map_recording(std::size_t calls, context const& maker) noexcept;
    map_recording(map_recording const&) = delete;
    map_recording& operator=(map_recording const&) = delete;
    /// Those that have not begun were cancelled.
    ~map_recording();

    /// Those from a place on.
    crossed_recording crossed(std::size_t first) const noexcept;

    /// One that another process has begun was not ended there.
    void fails(std::size_t index) noexcept;

    /// One of its calls, while it runs.
    class call {
    public:
        call(map_recording const& of, std::size_t index, context const& here) noexcept;
        call(call const&) = delete;
        call& operator=(call const&) = delete;
        ~call();

        /// It throws what is being handled.
        void fails() noexcept { why_ = std::current_exception(); }

    private:
        map_recording const& of_;
        context const& here_;
        nested_slot* slot_;
        wait_keeper within_;
        std::unique_ptr<shared_arena> own_;
        task_at_work before_;
        std::exception_ptr why_;
    };

private:
    context const& maker_;
    task_at_work made_by_ = this_task;
    void const* made_on_ = &this_task;  // the thread
    std::span<nested_slot> slots_;
    std::size_t stride_ = 1;
};

}  // namespace detail
}  // namespace quartet::inline v0
