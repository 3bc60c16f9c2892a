// measure/analysis/consistency.hpp
//
// Whether tasks are as independent of each other as they should be: the same workload under many models, with
// many numbers of workers, its tasks in many orders, must give the same task by task. Where it does not,
// tasks share something: a variable, a file, a connection. For one thread; forks, as session.hpp.
//
// What this can't find: a race that did not happen to show; a dependence that all runs share. ThreadSanitizer
// sees races that do no harm yet.
#pragma once

#include "measure/trial/session.hpp"
#include "measure/trial/trial.hpp"

#include <quartet/spec.hpp>
#include <quartet/workload/task_digest.hpp>
#include <quartet/workload/task_order.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::measure {

/// A way to run the tasks.
struct check_variant {
    model_spec model;
    task_order order;
};

/// "in the given order", "backwards", "shuffled".
std::string_view to_string(task_order const& order);

/// "threads:2, shuffled".
std::string to_string(check_variant const& which);

/// Each model with the tasks as given, backwards, and shuffled `shuffles` times.
std::vector<check_variant> check_variants(std::vector<model_spec> const& models, std::size_t shuffles,
                                          std::uint64_t seed);

/// Models and numbers of workers that show what tasks share: one at a time, two, more than there are
/// processors, in threads, processes, loops and compositions; a thread and a process per task if there are
/// not too many.
std::vector<model_spec> models_to_check(std::size_t tasks);

struct task_difference {
    std::size_t index;      ///< of the task among all of the run
    task_digest reference;  ///< what it gave in `single`, in the given order
    task_digest got;
};

struct variant_result {
    check_variant which;
    std::string trouble{};  ///< it did not run, its end state was wrong, or it had another number of tasks
    std::vector<task_difference> differences{};

    bool is_clean() const noexcept { return trouble.empty() && differences.empty(); }
};

struct check_results {
    std::size_t tasks = 0;
    std::string trouble{};                ///< what was wrong with the reference; then there is nothing else
    std::size_t failed = 0;               ///< tasks in `single`
    std::vector<std::string> failures{};  ///< of these the first, "task 3: ..."
    std::vector<std::size_t>
        unrepeatable{};  ///< tasks that differ between two runs in `single`; left out below
    std::vector<variant_result> variants{};

    bool is_clean() const noexcept;
};

/// Where the difference between tasks comes from.
enum class shared_state {
    none,
    carried_over,   ///< from one task to the next: they differ already in `single`, in another order
    of_the_worker,  ///< they differ where the worker is another, one task at a time
    at_once,        ///< they differ only beside others that run at the same time
};
shared_state likely_cause(check_results const& results);

/// Told of each run before it begins.
using check_observer = std::function<void(check_variant const& which, std::size_t number, std::size_t of)>;

/// Runs `single` twice, and then the variants that `choose` makes for so many tasks. Throws `interrupted`,
/// std::system_error.
check_results run_check(configuration const& what, session_options const& options,
                        std::function<std::vector<check_variant>(std::size_t tasks)> const& choose,
                        check_observer const& observer);

}  // namespace quartet::measure
