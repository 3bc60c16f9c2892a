// cli/commands/list.cpp
//
// `quartet list`: what this program can run, and on what.

#include "cli/commands/commands.hpp"
#include "cli/parsing/exit_codes.hpp"
#include "cli/parsing/value_rule.hpp"
#include "cli/terminal/terminal.hpp"
#include "cli/terminal/text.hpp"
#include "src/base/nearest.hpp"

#include <quartet/backend/async.hpp>
#include <quartet/cpus.hpp>
#include <quartet/workload/registry.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <unistd.h>

namespace quartet::cli {
namespace {

constexpr std::size_t name_width = 12;

std::string workers_text(worker_defaults const& workers) {
    auto const threads = workers.threads ? std::to_string(workers.threads) : "the CPUs";
    auto const async = workers.async ? std::to_string(workers.async) : "the CPUs";
    return fmt::format("threads: {}, async: {} in flight", threads, async);
}

void print_item(std::string const& name, std::string const& text, terminal const& where,
                std::size_t indent = 0) {
    std::string const under(indent + name_width + 2, ' ');
    std::size_t const width = std::max(where.width, under.size() + 20);
    // The name stands where the first line's indent would be.
    auto const lines = wrap(text, width, under, under.size());
    fmt::print("{:{}}{}  {}\n", "", indent, where.bold(fmt::format("{:<{}}", name, name_width)), lines);
}

void list_workloads(terminal const& where) {
    for (auto const& each : registered_workloads()) {
        auto const lacking =
            each.lacks ? each.lacks(default_values(each.parameters, preset::quick)) : std::string();
        print_item(each.name,
                   fmt::format("{} ({}){}", each.help, workers_text(each.workers),
                               lacking.empty() ? "" : "; not here: " + lacking),
                   where);
        for (auto const& parameter : each.parameters) {
            auto text = fmt::format("{}; {}", parameter.help, parameter.type());
            if (parameter.type() == "integer" || parameter.type() == "number")
                text += " " + parameter.range();
            auto const value = to_string(parameter.value);
            text += value.empty() ? "" : fmt::format("; default {}", value);
            if (parameter.study) text += fmt::format(", study {}", to_string(*parameter.study));
            print_item("." + parameter.name, text, where, 2);
        }
    }
}

std::string file_backend() {
    try {
        return async().file_backend_name();
    } catch (std::exception const& refused) {
        return fmt::format("not available: {}", refused.what());
    }
}

void list_models(terminal const& where) {
    auto const cpus = usable_cpus();
    print_item("single", "one task after another, on one thread", where);
    print_item("processes:N",
               fmt::format("N worker processes; a crash costs only its own task; default {}, the CPUs this "
                           "process may use; processes:each: a process per task",
                           cpus),
               where);
    print_item("threads:N",
               fmt::format("N threads of one process; default: each workload's own, or {}; threads:each: a "
                           "thread per task",
                           cpus),
               where);
    print_item("async:N",
               fmt::format("one thread and an event loop, N tasks in flight; default: each workload's own; "
                           "async:each: all in flight; files by {}",
                           file_backend()),
               where);
}

int list(std::string const& what) {
    auto const where = terminal::of(STDOUT_FILENO);
    if (what == "models") {
        list_models(where);
    } else if (what == "workloads") {
        list_workloads(where);
    } else if (what.empty()) {
        fmt::print("{}\n", where.bold("workloads"));
        list_workloads(where);
        fmt::print("\n{}\n", where.bold("models"));
        list_models(where);
    } else {
        std::string_view const names[] = {"workloads", "models"};
        throw usage_error(fmt::format("'{}' can't be listed; there are workloads and models{}", what,
                                      detail::did_you_mean(what, names)));
    }
    return all_well;
}

}  // namespace

void add_list(CLI::App& app, action& chosen) {
    auto const what = std::make_shared<std::string>();
    auto* const command =
        app.add_subcommand("list", "show the workloads with their parameters, and the models");
    takes_one_of(command->add_option("WHAT", *what, "workloads or models; none: both"),
                 {"workloads", "models"});
    command->callback([what, &chosen] { chosen = [what] { return list(*what); }; });
}

}  // namespace quartet::cli
