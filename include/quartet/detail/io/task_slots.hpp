// include/quartet/detail/io/task_slots.hpp
//
// Where the tasks of a job leave their records while they run. A slot is written by the worker that runs its
// task, in whichever process, and read by the owner of the recorder (task_recorder.hpp).
#pragma once

#include <quartet/detail/io/record_pace.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace quartet::inline v0 {
class context;
class task_recorder;
}  // namespace quartet::inline v0

namespace quartet::inline v0::detail {

struct task_memory;
struct piece_parts;
class shared_arena;

/// Times are in nanoseconds of the context's clock, plus one; 0: not yet.
struct task_slot {
    std::atomic<std::int64_t> started;
    std::atomic<std::int64_t> ended;
    std::atomic<std::uint32_t> worker;
    std::atomic<std::uint16_t> node;  ///< the machine, of a cluster; else 0
    std::atomic<std::uint8_t> failed;
    std::atomic<std::uint8_t> waits_lost;    ///< there was no room for all of them
    std::atomic<std::uint32_t> nested_kept;  ///< slots that calls of its bodies have (nested_recording.hpp)
    std::atomic<std::uint64_t> nested_made;  ///< those calls, with and without a slot
};

/// Where waits are kept: in the recorder's own memory, or, of tasks that came from another machine, in that
/// of their batch (src/call/piece_recorder.hpp). And which part of the task it is that runs.
struct wait_keeper {
    task_memory* memory = nullptr;
    piece_parts* of_batch = nullptr;
    shared_arena* arena = nullptr;  ///< of the batch; the running thread's own

    static constexpr std::uint64_t by_task = ~std::uint64_t{0};
    std::uint64_t nested = by_task;  ///< id of the innermost recorded call that runs
};

/// The task that runs on this thread; without a slot if its waits leave no record.
struct task_at_work {
    task_slot* slot = nullptr;
    wait_keeper const* waits = nullptr;
};
inline constinit thread_local task_at_work this_task{};

/// Makes a task the one that runs on this thread for as long as this lives.
class task_switch {
public:
    explicit task_switch(task_at_work next) noexcept : before_(std::exchange(this_task, next)) {}
    task_switch(task_switch const&) = delete;
    task_switch& operator=(task_switch const&) = delete;
    ~task_switch() { this_task = before_; }

private:
    task_at_work before_;
};

/// A task begins to wait: when, as end_wait() wants to know it.
std::int64_t begin_wait(context const& ctx) noexcept;

/// It goes on.
void end_wait(task_at_work const& task, std::int64_t began, context const& ctx) noexcept;

/// The slots of one job. Without slots, as it is unless somebody records, each member is a test.
class job_slots {
public:
    /// Whether the next task leaves no record, as nobody records or this thread has recorded enough.
    bool lets_by() const noexcept {
        if (!first_) return true;
        auto& mine = this_recording;
        return mine.call == first_ && mine.recorder == recorder_ && mine.pace.lets_by();
    }

    /// A task begins here. Null if it leaves no record.
    task_slot* begin(std::size_t index, context const& ctx) const noexcept {
        return lets_by() ? nullptr : begin_recorded(index, ctx);
    }

    /// A task has ended whose begin() gave this slot.
    void end(task_slot* slot, context const& ctx, bool failed = false) const noexcept {
        if (slot) end_recorded(*slot, ctx, failed);
    }

    /// What runs between the two.
    task_at_work at_work(task_slot* slot) const noexcept { return {waits_ ? slot : nullptr, waits_}; }

    /// Of so many tasks one has a slot; 0 if none has.
    std::size_t every() const noexcept { return first_ ? stride_ : 0; }

    /// What tells the recorder from others, and from itself before it was cleared.
    std::uint64_t recorder() const noexcept { return recorder_; }

    /// Where the waits of a batch are kept; null unless they are, and in its memory.
    wait_keeper const* waits_of_batch() const noexcept {
        return waits_ && waits_->of_batch ? waits_ : nullptr;
    }
    void keep_waits_by(wait_keeper const& keeper) noexcept { waits_ = &keeper; }

    /// A task has failed; if it had begun and not ended, it ends now. Any thread.
    void fail(std::size_t index, std::chrono::steady_clock::time_point now) const noexcept {
        if (first_) fail_recorded(index, now);
    }

private:
    friend class quartet::task_recorder;
    friend class piece_recorder;
    friend class task_run;

    bool has_slot(std::size_t index) const noexcept {
        return index >= lead_ && (index - lead_) % stride_ == 0;
    }
    task_slot& slot_of(std::size_t index) const noexcept { return first_[(index - lead_) / stride_]; }
    std::size_t task_of(task_slot const& which) const noexcept {
        return lead_ + static_cast<std::size_t>(&which - first_) * stride_;
    }

    task_slot* begin_recorded(std::size_t index, context const& ctx) const noexcept;
    void end_recorded(task_slot& slot, context const& ctx, bool failed) const noexcept;
    void fail_recorded(std::size_t index, std::chrono::steady_clock::time_point now) const noexcept;

    task_memory* memory_ = nullptr;
    task_slot* first_ = nullptr;
    std::uint64_t recorder_ = 0;
    std::size_t stride_ = 1;              // of so many tasks one has a slot
    std::size_t lead_ = 0;                // tasks before the first that has one
    wait_keeper const* waits_ = nullptr;  // null: they are not recorded
};

/// Records tasks that one thread runs straight through, from `first` to `last` - 1.
class task_run {
public:
    task_run(job_slots const& slots, context const& ctx, std::size_t first, std::size_t last) noexcept
        : slots_(slots), ctx_(ctx), counted_(first), last_(last) {
        if (slots.first_) enter();
    }
    task_run(task_run const&) = delete;
    task_run& operator=(task_run const&) = delete;
    ~task_run() {
        if (slots_.first_) leave();
    }

    /// The next task that may leave a record; beyond the last if there is none.
    std::size_t next() const noexcept { return next_; }

    /// That task begins; or does not, since a stop came before. Null if it leaves no record.
    task_slot* begin(bool begins) noexcept;

    task_at_work at_work(task_slot* slot) const noexcept { return slots_.at_work(slot); }

    /// It has ended; `slot` is what begin() gave.
    void end(task_slot& slot, bool failed = false) noexcept;

private:
    void enter() noexcept;
    void leave() noexcept;
    void look_from(std::size_t index) noexcept;

    job_slots slots_;
    context const& ctx_;
    std::size_t next_ = static_cast<std::size_t>(-1);  // to leave a record
    std::size_t due_ = 0;                              // the first that may, if it has a slot
    std::size_t counted_;                              // tasks before it are counted
    std::size_t last_;
};

}  // namespace quartet::inline v0::detail
