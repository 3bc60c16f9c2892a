// include/quartet/workload/advice.hpp
//
// Which model suits a piece of work, and how many workers: from what a task does, and from what each model
// asks for on this machine. docs/advice.md has the formulas, so that a piece of advice can be redone by hand.
//
//     auto const costs = quartet::usual_costs(quartet::usable_cpus());
//     quartet::work_shape const work{.tasks = 10'000, .cpu_seconds = 0.002, .wait_seconds = 0.05};
//     auto const found = quartet::advise(work, costs);
//     auto executor = quartet::make_executor(to_string(found.choice.spec));
//
// Pure functions; any thread. A prediction takes less than a microsecond, advice less than a millisecond; on
// a cluster some 20 ns more for each node, and advice a thousand times that.
#pragma once

#include <quartet/spec.hpp>
#include <quartet/workload/cluster_costs.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::inline v0 {

/// What a task waits for. Of waits for a disk only some get on at the same time.
enum class wait_kind { network, disk, sleep };

std::string_view to_string(wait_kind kind) noexcept;

/// What the tasks of a piece of work do. Seconds and bytes are those of one task, in the mean.
struct work_shape {
    std::size_t tasks = 1;
    double cpu_seconds = 0;   ///< that it computes, in the kernel too
    double wait_seconds = 0;  ///< that it waits for something other than a processor
    wait_kind waits_for = wait_kind::network;
    std::size_t waits = 1;       ///< into how many that is split; of a disk, operations that need not wait
    double longest_seconds = 0;  ///< that the longest of them takes; 0: all take the same
    double input_bytes = 0;      ///< that it is given; they matter where they are sent to other machines
    double result_bytes = 0;     ///< that it gives to the caller
    double memory_bytes = 0;     ///< that it holds while it runs
};

/// How often a task waits, or asks a disk.
std::size_t waits_of(work_shape const& work) noexcept;

/// What a model asks for, on some machine.
struct model_costs {
    double start_seconds = 0;         ///< to make an executor and to end it
    double worker_seconds = 0;        ///< more for each worker
    double task_seconds = 0;          ///< of processor time, to hand out a task and to take its result
    double hand_out_seconds = 0;      ///< from one task to the next, however many workers take them
    double network_wait_seconds = 0;  ///< of processor time, for each wait
    double disk_wait_seconds = 0;
    double sleep_seconds = 0;
    double late_seconds = 0;         ///< from the end of a wait until the task goes on
    double result_byte_seconds = 0;  ///< of processor time, for each byte of a result
    double start_bytes = 0;          ///< of memory, for the executor
    double worker_bytes = 0;         ///< of memory, for each worker
    double in_flight_bytes = 0;      ///< of memory, for each task under way

    friend bool operator==(model_costs const&, model_costs const&) = default;
};

/// The costs of a machine, and of a runtime on it.
struct machine_costs {
    std::size_t cpus = 1;
    double efficiency = 1;         ///< what all processors do together, over `cpus` times what one does alone
    double slice_seconds = 0.003;  ///< for which a thread keeps a processor that others want
    double program_bytes = 0;      ///< of memory, that the program takes without an executor
    double memory_byte_seconds = 0;  ///< of processor time, to touch a byte of memory for the first time
    double disk_waits = 32;          ///< that get on at the same time
    bool global_lock = false;        ///< threads of a process compute one at a time
    bool compositions = true;        ///< there are models with a loop in each worker
    model_costs single{};
    model_costs threads{};
    model_costs processes{};
    model_costs async{};
    cluster_costs cluster{};  ///< of which this machine is the root

    model_costs const& of(model_kind kind) const noexcept;
    model_costs& of(model_kind kind) noexcept;

    friend bool operator==(machine_costs const&, machine_costs const&) = default;
};

/// Costs as they are on a common machine with so many processors.
machine_costs usual_costs(std::size_t cpus);

/// The same of Python: CPython 3.11 with its ThreadPoolExecutor, multiprocessing.Pool and asyncio, whose
/// threads compute one at a time (src/advice/usual_costs.cpp says where the figures are from).
machine_costs python_costs(std::size_t cpus);

/// What takes most of the time.
enum class time_limit {
    computing,
    waiting,
    longest_task,
    starting,
    sending,  ///< of tasks, inputs and results between the machines of a cluster
};

/// What a model will need for a piece of work.
struct prediction {
    model_spec spec{};
    double seconds = 0;
    double cpu_seconds = 0;
    double memory_bytes = 0;     ///< of all nodes
    double processors = 1;       ///< that it can keep busy; slower ones of other nodes count less
    double in_flight = 1;        ///< tasks that can be under way
    std::size_t nodes = 1;       ///< on which they run
    double sending_seconds = 0;  ///< that a cluster's root needs for all tasks, inputs and results
    time_limit limit = time_limit::computing;
};

/// Whether the costs say something about it: those of a cluster's models are known if there are as many
/// nodes.
bool can_predict(model_spec const& spec, machine_costs const& costs) noexcept;

/// `spec` with its numbers; without, they are the processors, all nodes, and 100 tasks in flight. Throws
/// std::invalid_argument if the work has no tasks or a figure is negative or no number, or if the costs say
/// nothing about that model.
prediction predict(work_shape const& work, model_spec const& spec, machine_costs const& costs);

/// Times that differ by less than this part are the same, and the cheaper is taken.
inline constexpr double same_time = 0.02;

/// What the advice must keep to.
struct advice_limits {
    std::optional<double> memory_bytes{};
    std::optional<std::size_t> workers{};  ///< threads or processes, or tasks in flight
    std::optional<double> seconds{};       ///< a deadline: what is cheapest and meets it
    bool isolate = false;                  ///< a task that crashes must cost nothing but itself
};

/// A change of the work at which the runner-up would take less time than the choice.
struct crossing {
    enum quantity { tasks, cpu_seconds, wait_seconds } what;
    double at;     ///< the value of it
    bool upwards;  ///< from there on up; otherwise down
};

enum class sureness {
    sure,    ///< the runner-up's time is farther away than predictions are wrong
    likely,  ///< it is as far away as predictions are wrong
    even,    ///< they take the same, as far as can be told
};

struct advice {
    prediction choice;
    std::optional<prediction> runner_up{};  ///< the best of the other models; none if no other is allowed
    std::optional<crossing> runner_up_wins{};
    sureness how_sure = sureness::sure;
    bool meets_deadline = true;
    std::vector<prediction> considered{};  ///< the best of each model, fastest first
};

/// The one to take of those that need no more than `seconds`, or if none does of those within 2 % of the
/// fastest: it takes the least memory (within 10 % and a megabyte), of equals the least processor time
/// (within 5 %), of equals it is the simplest. `all` is not empty. Cost: a few nanoseconds for each.
prediction const& cheapest(std::vector<prediction> const& all, double seconds);

/// The model and the numbers of least time; of those within 2 % of it the one that takes the least memory,
/// then processor time, then the simplest. Throws std::invalid_argument, with a sentence for the user, if no
/// model keeps to the limits.
advice advise(work_shape const& work, machine_costs const& costs, advice_limits const& limits = {});

/// The same choice among what was measured, or predicted otherwise; not empty, nor kept to the limits by it
/// but for the deadline. What needs no more than `as_fast` seconds is as good as the fastest.
advice advise_among(std::vector<prediction> found, work_shape const& work, machine_costs const& costs,
                    advice_limits const& limits = {}, double as_fast = 0);

/// "threads", "processes+async", "cluster+threads": a model without its numbers.
std::string family_name(model_spec const& spec);

/// Why, in two sentences, and in a third what the cluster would change if there is one. ASCII, but for the
/// sign of microseconds if `utf8`.
std::string reason(advice const& given, work_shape const& work, machine_costs const& costs,
                   bool utf8 = false);

}  // namespace quartet::inline v0
