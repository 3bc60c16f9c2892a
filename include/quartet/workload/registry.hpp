// include/quartet/workload/registry.hpp
//
// A workload, and the list of those that a program has. For one thread at a time; registered before main().
#pragma once

#include <quartet/workload/parameter.hpp>
#include <quartet/workload/run.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quartet::inline v0 {

/// How many workers a model has where its spec does not say.
struct worker_defaults {
    /// 0: the CPUs this process may use.
    std::size_t threads = 0;
    std::size_t async = 100;
};

struct workload {
    std::string name;
    std::string help;
    std::vector<parameter> parameters{};
    worker_defaults workers{};

    /// What the Python study (docs/concepts.md) found, for the sentence below the table; empty if it has no
    /// such test.
    std::string study_finding{};

    /// Not part of `quartet run` without names: it can't run without being told what on.
    bool only_by_name = false;

    /// Whether a run with these values asks the test server; empty: no.
    std::function<bool(parameter_values const&)> needs_server{};

    /// Throws std::invalid_argument, with a sentence for the user, if these values can't be run together;
    /// called once, before anything is run. May be empty.
    std::function<void(parameter_values const&)> check{};

    /// Before the clock: makes what the run reads. May be empty.
    std::function<void(workload_run&)> prepare{};

    /// What is measured. An exception that leaves it ends the run with its text.
    std::function<void(workload_run&)> run;

    /// After the clock: checks the end state by expect(). May be empty.
    std::function<void(workload_run&)> verify{};
};

/// Adds a workload to those this program has. Throws std::invalid_argument if the name is taken or not made
/// of letters, digits and underscores.
void register_workload(workload added);

/// All of them, in the order of registration. Valid until another is registered.
std::vector<workload> const& registered_workloads();

/// The one of that name, likewise. Throws std::invalid_argument, with the names that there are, if there is
/// none.
workload const& find_workload(std::string_view name);

/// Registers when the program starts.
class registration {
public:
    explicit registration(workload added) { register_workload(std::move(added)); }
};

}  // namespace quartet::inline v0
