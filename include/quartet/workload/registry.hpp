// include/quartet/workload/registry.hpp
//
// A workload, and the list of those that a program has. For one thread at a time; registered before main().
#pragma once

#include <quartet/workload/parameter.hpp>
#include <quartet/workload/run.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace quartet::inline v0 {

/// How many workers a model has where its spec does not say.
struct worker_defaults {
    /// 0: the CPUs this process may use.
    std::size_t threads = 0;
    std::size_t async = 100;
};

/// A server of a workload's own, which lives from before its first trial until after its last. Its destructor
/// ends it.
class workload_server {
public:
    virtual ~workload_server() = default;

    /// What trials are told: workload_run::server_url().
    virtual std::string address() const = 0;

    /// What it runs in. The processor time of this process and of its children is not taken for a
    /// disturbance of the measuring.
    virtual pid_t process() const = 0;
};

/// What a server is started with.
struct server_setting {
    /// Makes an empty folder of its own, which all users may enter and which is removed after it.
    std::function<std::filesystem::path()> make_folder{};

    /// Readable once it is to be given up: then `cancelled` is thrown.
    int stop_descriptor = -1;

    /// Where it is to listen, in numbers: tasks on other machines reach that.
    std::string address = "127.0.0.1";
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

    /// Whether tasks of a run with these values read or write files of the run: on a cluster all machines
    /// have to see the folder of these. Empty: no.
    std::function<bool(parameter_values const&)> needs_files{};

    /// Starts the server that a run with these values asks, if it is neither the test server nor somebody
    /// else's; gives nothing if it is. Called once, in the process that starts the trials, which may fork,
    /// before it has threads. Throws what the system says; std::invalid_argument: not there. May be empty.
    std::function<std::unique_ptr<workload_server>(parameter_values const&, server_setting const&)>
        start_server{};

    /// What a run with these values lacks here, in a sentence for the user that says how it is to be had:
    /// then it is not run. Empty, or an empty text: nothing.
    std::function<std::string(parameter_values const&)> lacks{};

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
