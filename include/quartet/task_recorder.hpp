// include/quartet/task_recorder.hpp
//
// When each task was queued, started and finished, and by which worker.
//
//     quartet::task_recorder recorder;
//     auto executor = quartet::make_executor("processes:4", {.recorder = &recorder});
//     executor.map(body, inputs);
//     for (auto const& each : recorder.records())
//         std::cout << each.worker << ": " << each.service_time() / 1us << " us\n";
//
// Workers write their records into memory that all processes share, without a lock and without a message to
// anybody. A record costs two readings of the clock, some 0.1 us, and a worker spends less than one percent
// of its time on them (benchmarks/recording): of tasks shorter than some 20 us it records a part, the smaller
// the shorter they are. Of more tasks than there is room for every n-th is recorded. A recorder that keeps
// everything records each task, each of its waits, and the calls that bodies make of their context, whatever
// that costs: for pictures, not for measuring. A call of a body is then some 0.1 us slower.
//
// Under `cluster` the same happens on each machine, and records come back with the results, some 12 bytes
// each, 8 for a wait and 12 for a call of a body. Their times are moved to the clock of the machine that made
// the call; how exactly that could be done is said by nodes().
#pragma once

#include <quartet/detail/io/task_slots.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace quartet::inline v0 {

class job_driver;

namespace detail {
struct left_record;
}

/// How a call of a body has ended.
enum class nested_end : std::uint8_t {
    not_yet,    ///< or never: its worker died
    done,       ///< it gave its value
    failed,     ///< it threw
    cancelled,  ///< it threw `cancelled`, or never began: it was dropped, or a stop came before
};

/// A call that a body made of its context (nested.hpp), one of a map too.
struct nested_record {
    using time_point = std::chrono::steady_clock::time_point;

    /// As a parent: the task itself.
    static constexpr std::size_t by_task = ~std::size_t{0};

    std::size_t id;      ///< counts the calls of its task in the order they were made, from 0
    std::size_t parent;  ///< id of the call that made it, the nearest with a record; or by_task
    std::size_t worker;  ///< that ran it, as task_record::worker; if it never began 0
    time_point made;
    std::optional<time_point> started;  ///< not yet, or never
    std::optional<time_point>
        finished;  ///< not yet, or never; also of one that was cancelled before it began
    nested_end end;
};

/// From when to when a task awaited an operation: a sleep, fetch, command, file or channel. A thread that
/// waits for a call of its body does not wait so, it works for it; a body on a loop does.
struct task_wait {
    std::chrono::steady_clock::time_point began;
    std::chrono::steady_clock::time_point ended;
    std::size_t nested = nested_record::by_task;  ///< id of the call within which it waited
};

/// What became of a task that began.
struct task_record {
    using time_point = std::chrono::steady_clock::time_point;

    /// Of a task that was under way on a machine of a cluster when that was lost: nobody knows which worker
    /// had it. Its record begins when it may have begun at the earliest, and ends with the loss.
    static constexpr std::size_t unknown_worker = 0xffffffff;

    std::size_t call;    ///< which of the executor's calls, in the order they began; a stream is several
    std::size_t index;   ///< of the task in its call
    std::size_t worker;  ///< worker_info::number; under threads:each and processes:each the index
    time_point queued;   ///< its call began
    time_point started;
    std::optional<time_point> finished;  ///< not yet, or never: its worker died and nobody has noted it
    bool failed;
    std::vector<task_wait> waits = {};       ///< in the order they ended; of parts of a body they may overlap
    bool waits_known = false;                ///< all of them are there
    std::vector<nested_record> nested = {};  ///< calls that its bodies made, by id
    std::size_t nested_made = 0;             ///< such calls, those without a record included
    std::size_t node = 0;                    ///< under `cluster`, where it ran: in task_recorder::nodes()

    std::chrono::nanoseconds queue_time() const noexcept { return started - queued; }
    /// From start to end, with all that the body waited for. Zero if it has not ended.
    std::chrono::nanoseconds service_time() const noexcept { return finished.value_or(started) - started; }
};

/// A thread that has run tasks. Under `cluster` numbers and ids are those of its machine.
struct recorded_worker {
    std::size_t number;
    pid_t process_id;
    pid_t thread_id;
    std::string name = {};  ///< as worker_info::name, up to 47 bytes: "threads-2", "qb/processes-2"
    std::size_t node = 0;   ///< as task_record::node
};

/// A machine of a cluster.
struct recorded_node {
    std::string name;  ///< of the host

    /// By how much the times of its records may be off at the most, to either side: half of the quickest
    /// round trip of a message, and what quartz clocks may have drifted since. Zero for the machine of the
    /// recorder itself. What began and ended on one machine, a task's duration say, is exact to the drift,
    /// 0.01 %; the order of what happened on two is certain if it is further apart than both errors together.
    std::chrono::nanoseconds clock_error{0};
};

/// What a recorder keeps.
enum class recording {
    sparing,     ///< as many tasks as cost less than one percent of their time; no waits, no calls of bodies
    everything,  ///< each task, its waits, and the calls that its bodies make, as far as there is room
};

/// Keeps the records of an executor's tasks. Made before the executor, whose processes must find its memory
/// where it is, and destroyed after it. Several executors may share one, if worker numbers need not tell
/// them apart.
///
/// All members may be called from any thread, except the destructor; clear() only while no task is under way.
class task_recorder {
public:
    static constexpr std::size_t usual_capacity = 32'768;

    /// So many calls of the bodies of one task leave a record at the most: those that are made first, and of
    /// a large map every n-th.
    static constexpr std::size_t most_nested = 4096;

    /// Room for so many records, and twice as many waits and calls of bodies if they are kept. Takes 80 bytes
    /// for a record, 24 for a wait, 56 for a call and 64 KiB, all of it touched at once, and nothing later.
    /// Each other machine of a cluster takes the 64 KiB, and 40 bytes for a record, 40 for a wait and 80 for
    /// a call only as long as the task is under way there. Throws std::system_error if the system gives no
    /// shared memory.
    explicit task_recorder(std::size_t capacity = usual_capacity, recording what = recording::sparing);
    ~task_recorder();
    task_recorder(task_recorder const&) = delete;
    task_recorder& operator=(task_recorder const&) = delete;

    /// Of all tasks that have begun and left one; by call, then by index. Another thread's tasks may be under
    /// way.
    std::vector<task_record> records() const;

    /// Tasks of all calls so far, recorded or not.
    std::size_t tasks_seen() const noexcept;

    /// The threads that left records, up to 1024.
    std::vector<recorded_worker> workers() const;

    /// The machines that left records, by task_record::node, and those between; the first is the one of the
    /// recorder. Empty unless the executor is a cluster.
    std::vector<recorded_node> nodes() const;

    /// Forgets all records, workers and calls.
    void clear() noexcept;

    /// The memory that a recorder takes, in all processes together.
    static std::size_t bytes(std::size_t capacity = usual_capacity,
                             recording what = recording::sparing) noexcept;

    /// What a record costs, measured when the first recorder is made, in about a millisecond.
    static std::chrono::nanoseconds cost_per_record();

    /// For models: slots for the tasks of a call that begins now, on `clock`'s now.
    detail::job_slots reserve(std::size_t tasks, job_driver const& clock) noexcept;

    /// For models of several machines: for how many waits there is room (0: none is kept); what a task has
    /// left, by our clock, which has such slots and did not run here; where it may have run. A loss of a
    /// record for want of memory is not told.
    std::size_t wait_room() const noexcept;
    void take_over(detail::job_slots const& of, std::size_t index, detail::left_record const& left,
                   std::size_t node) noexcept;
    void take_over(recorded_worker const& who) noexcept;
    void note_node(std::size_t number, std::string_view name, std::chrono::nanoseconds clock_error) noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace quartet::inline v0
