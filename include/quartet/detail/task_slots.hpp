// include/quartet/detail/task_slots.hpp
//
// Where the tasks of a job leave their records while they run. A slot is written by the worker that runs its
// task, wherever that is, and read by whoever has the recorder; task_recorder.hpp says what becomes of it.
#pragma once

#include <quartet/detail/record_pace.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace quartet {
class context;
class task_recorder;
}  // namespace quartet

namespace quartet::detail {

struct task_memory;

/// Times are in nanoseconds of the context's clock, plus one; 0: not yet.
struct task_slot {
    std::atomic<std::int64_t> started;
    std::atomic<std::int64_t> ended;
    std::atomic<std::uint32_t> worker;
    std::atomic<std::uint32_t> failed;
};

/// The slots of one job. Without slots, as it is unless somebody records, each member is a test.
class task_places {
public:
    /// Whether the next task leaves no record, as nobody records or this thread has recorded enough.
    bool lets_by() const noexcept {
        if (!slots_) return true;
        auto& mine = this_recording;
        return mine.call == slots_ && mine.recorder == recorder_ && mine.pace.lets_by();
    }

    /// A task begins here. Null if it leaves no record.
    task_slot* begin(std::size_t index, context const& where) const noexcept {
        return lets_by() ? nullptr : begin_recorded(index, where);
    }

    /// A task has ended whose begin() gave this slot.
    void end(task_slot* slot, context const& where, bool failed = false) const noexcept {
        if (slot) end_recorded(*slot, where, failed);
    }

    /// A task has failed; if it had begun and not ended, it ends now. Any thread.
    void fail(std::size_t index, std::chrono::steady_clock::time_point now) const noexcept {
        if (slots_) fail_recorded(index, now);
    }

private:
    friend class quartet::task_recorder;
    friend class task_run;

    task_slot* begin_recorded(std::size_t index, context const& where) const noexcept;
    void end_recorded(task_slot& slot, context const& where, bool failed) const noexcept;
    void fail_recorded(std::size_t index, std::chrono::steady_clock::time_point now) const noexcept;

    task_memory* memory_ = nullptr;
    task_slot* slots_ = nullptr;
    std::uint64_t recorder_ = 0;
    std::size_t stride_ = 1;  // of so many tasks one has a slot
};

/// Records tasks that one thread runs straight through, from `first` to `last` - 1.
class task_run {
public:
    task_run(task_places const& places, context const& where, std::size_t first, std::size_t last) noexcept
        : places_(places), where_(where), counted_(first), last_(last) {
        if (places.slots_) enter();
    }
    task_run(task_run const&) = delete;
    task_run& operator=(task_run const&) = delete;
    ~task_run() {
        if (places_.slots_) leave();
    }

    /// The next task that may leave a record; beyond the last if there is none.
    std::size_t next() const noexcept { return next_; }

    /// That task begins; or does not, since a stop came before. Null if it leaves no record.
    task_slot* begin(bool begins) noexcept;

    /// It has ended; `slot` is what begin() gave.
    void end(task_slot& slot, bool failed = false) noexcept;

private:
    void enter() noexcept;
    void leave() noexcept;
    void look_from(std::size_t index) noexcept;

    task_places places_;
    context const& where_;
    std::size_t next_ = static_cast<std::size_t>(-1);  // to leave a record
    std::size_t due_ = 0;                              // the first that may, if it has a slot
    std::size_t counted_;                              // tasks before it are counted
    std::size_t last_;
};

}  // namespace quartet::detail
