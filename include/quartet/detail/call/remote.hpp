// include/quartet/detail/call/remote.hpp
//
// A job as it lies in shared memory, in states that parent and workers agree on.
//
// Each task has a word that says what has become of it, and which worker made it so. A worker begins a task
// by turning `waiting` into `running`, writes its result, and turns `running` into `done` with release order;
// the parent reads the word with acquire order before it reads the result. So a task may be offered twice,
// after a death, and is run once; and a worker that the parent is ending can't end its task any more.
#pragma once

#include <quartet/backend/job.hpp>
#include <quartet/detail/base/events.hpp>
#include <quartet/detail/call/crossing.hpp>
#include <quartet/detail/shm/shared_heap.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

namespace quartet::inline v0::detail {

enum class task_state : std::uint8_t {
    waiting,
    running,
    terminating,  ///< it runs, and its worker is being ended for it
    done,
    failed,           ///< the worker filed why
    cancelled,        ///< a stop came before it began
    ended_by_parent,  ///< the parent gave it its outcome: its worker died, or its input could not be encoded
};

struct worker_slot;
struct parent_wake;

/// What has become of a task, and the number of the worker that made it so (less than 2^24).
class task_word {
public:
    task_state state() const noexcept { return static_cast<task_state>(load() & 0xff); }
    bool is_final() const noexcept { return state() >= task_state::done; }

    /// Whether `worker` runs it, also if the worker is being ended for it.
    bool run_by(std::size_t worker) const noexcept {
        std::uint32_t const word = load();
        return word == code(task_state::running, worker) || word == code(task_state::terminating, worker);
    }

    // Each says whether it was so; another may have been quicker.
    bool begin(std::size_t worker) noexcept {
        return change(code(task_state::waiting, 0), code(task_state::running, worker));
    }
    bool end(std::size_t worker, task_state how) noexcept {
        return change(code(task_state::running, worker), code(how, worker));
    }
    bool mark_terminating(std::size_t worker) noexcept {
        return change(code(task_state::running, worker), code(task_state::terminating, worker));
    }
    bool end_waiting() noexcept {
        return change(code(task_state::waiting, 0), code(task_state::ended_by_parent, 0));
    }

    /// The worker that runs it is gone.
    void end_by_parent() noexcept {
        word_.store(code(task_state::ended_by_parent, 0), std::memory_order_release);
    }

private:
    static constexpr std::uint32_t code(task_state state, std::size_t worker) noexcept {
        return static_cast<std::uint32_t>(worker) << 8 | static_cast<std::uint32_t>(state);
    }
    std::uint32_t load() const noexcept { return word_.load(std::memory_order_acquire); }
    bool change(std::uint32_t from, std::uint32_t to) noexcept {
        return word_.compare_exchange_strong(from, to, std::memory_order_acq_rel);
    }

    std::atomic<std::uint32_t> word_;
};

/// A value in shared memory whose size is its own.
struct encoded_value {
    std::byte const* data;
    std::size_t size;
};

/// An exception (src/call/carried_exception.hpp); a stack that workers push to.
struct remote_failure {
    remote_failure* next;
    std::size_t index;
    cause why;
    std::size_t worker;
    std::uint32_t known;
    std::int64_t number;
    encoded_value type;
    encoded_value message;
};

struct remote_batch {
    shared_heap* heap;
    std::atomic<shared_block*> blocks;  ///< all that this batch has of the heap, itself too
    remote_code::run_function run;
    remote_code::make_function make;
    std::byte const* closure;
    std::byte const* inputs;  ///< In[count] where In has a fixed size, else encoded_value[count]
    std::byte* outputs;       ///< R[count] likewise; null for void
    task_word* tasks;
    job_slots record_slots;      ///< where tasks leave their records
    std::size_t first_number;    ///< as job::first_number
    std::size_t const* numbers;  ///< as job::numbers
    worker_slot* own_slots;      ///< one for each task, where each has a process of its own
    std::atomic<remote_failure*> failures;
    std::size_t count;
    std::size_t chunk_size;  ///< tasks that a worker takes at a time; 0: as it finds best
    on_failure policy;
    std::chrono::nanoseconds task_limit;  ///< nanoseconds::max() if there is none

    std::atomic<std::uint32_t> stop;          ///< futex: not 0 when it is to stop
    std::atomic<std::size_t> left;            ///< tasks without an outcome; too many after a worker's death
    std::atomic<std::uint32_t> needs_rescan;  ///< a worker has died: the parent must look through the tasks
    std::atomic<std::uint32_t> watched;       ///< the parent wants to be told of its end by the event
    parent_wake const* wake_parent;
    one_shot_event end;
};

/// A worker, as far as bodies and batches are concerned; lies in shared memory, so that it can be read after
/// its death.
struct remote_worker {
    static constexpr std::size_t nothing = ~std::size_t{0};
    static constexpr std::int64_t no_deadline = 0;

    std::size_t number;
    std::atomic<std::size_t> current;    ///< the task that runs, or ran last; `nothing` at first
    std::atomic<std::int64_t> deadline;  ///< of that task, in nanoseconds of the steady clock
};

/// What a worker gives to the code that runs tasks of a batch; in its own memory.
struct worker_interface {
    remote_batch& batch;
    remote_worker& worker;
    shared_arena arena;   ///< for results, and for waits that leave records
    wait_keeper waits{};  ///< if they do so in the batch's memory
};

/// The batch's slots, for this worker.
job_slots record_slots_of(worker_interface& interface) noexcept;

/// Begins a task, if it is still to be run, and sets its deadline.
bool begin_task(remote_batch& batch, remote_worker& worker, std::size_t index) noexcept;

/// Ends a task that this worker runs, when what it has printed is out; does not come back if the worker is
/// being ended for it.
void end_task(remote_batch& batch, remote_worker& worker, std::size_t index, task_state how) noexcept;

/// Files the exception that is being handled as the failure of `index`. If the policy says so, stops all.
void file_failure(worker_interface& interface, std::size_t index) noexcept;

/// Copies bytes into the heap. Throws std::bad_alloc.
encoded_value store_bytes(shared_arena& arena, std::span<std::byte const> bytes);

/// The result of a task that is done, encoded: `size` is that of each where it is fixed, else 0. Nothing
/// where the body gives void.
std::span<std::byte const> result_bytes(remote_batch const& batch, std::size_t index,
                                        std::size_t size) noexcept;

/// The failures that workers filed, made into ours; `pool_name` is that of their workers ("processes").
void collect_failures(remote_batch const& batch, std::string_view pool_name, job& into);

}  // namespace quartet::inline v0::detail
