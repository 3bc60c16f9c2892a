// cli/commands/cluster.cpp
//
// `quartet cluster`: a program on several machines, one rank each, by the launcher that is there.

#include "cli/commands/commands.hpp"
#include "cli/launching/cluster_job.hpp"
#include "cli/launching/hosts.hpp"
#include "cli/launching/launch_line.hpp"
#include "cli/launching/launcher.hpp"
#include "cli/launching/rank_script.hpp"
#include "cli/parsing/exit_codes.hpp"
#include "cli/parsing/quantities.hpp"
#include "cli/parsing/validators.hpp"
#include "cli/parsing/value_rule.hpp"
#include "cli/terminal/interrupt.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace quartet::cli {
namespace {

constexpr std::uint64_t most_nodes = 100'000;

struct cluster_options {
    std::string hosts;
    std::string hosts_file;
    std::optional<int> nodes;
    std::string launcher = "auto";
    std::string silence;
    bool dry_run = false;
    std::vector<std::string> command;
};

/// Calls a reader of an option's value: what it throws names the option.
template <class Read>
auto read_option(char const* option, Read read) {
    try {
        return read();
    } catch (std::invalid_argument const& wrong) {
        throw usage_error(fmt::format("{}: {}", option, wrong.what()));
    }
}

std::vector<cluster_host> hosts_of(cluster_options const& options) {
    if (!options.hosts.empty() && !options.hosts_file.empty())
        throw usage_error("--hosts and --hosts-file: only one of them can be given");
    std::vector<cluster_host> hosts;
    if (!options.hosts.empty()) hosts = read_option("--hosts", [&] { return parse_hosts(options.hosts); });
    if (!options.hosts_file.empty())
        hosts = read_option("--hosts-file", [&] { return read_hosts(options.hosts_file); });
    if (!options.nodes || hosts.empty()) return hosts;
    auto const wanted = static_cast<std::size_t>(*options.nodes);
    if (wanted > hosts.size())
        throw usage_error(
            fmt::format("--nodes: {} are wanted, and {} hosts are named", wanted, hosts.size()));
    hosts.resize(wanted);
    return hosts;
}

launch_request request_of(cluster_options const& options, std::vector<cluster_host> hosts,
                          std::optional<allocation> const& given, launcher_kind kind) {
    launch_request made{.hosts = std::move(hosts), .nodes = options.nodes, .program = options.command};
    if (!options.silence.empty())
        made.silence = read_option("--silence", [&] { return parse_duration(options.silence).count(); });
    bool const slurm_finds_nodes = kind == launcher_kind::srun;
    if (made.hosts.empty() && !given && !slurm_finds_nodes) {
        if (options.nodes.value_or(1) > 1)
            throw usage_error(
                fmt::format("--nodes: {} are wanted, and --hosts does not say which", *options.nodes));
        fmt::print(stderr, "quartet cluster: neither --hosts nor a job of a scheduler: this machine alone\n");
    }
    return made;
}

int cluster(cluster_options const& options) {
    if (options.command.empty()) throw usage_error("nothing to run: give a program after --");
    auto hosts = hosts_of(options);  // before a launcher is looked for: the nearer mistake
    auto const given = current_allocation();
    auto const by = find_launcher(options.launcher, given);
    auto const request = request_of(options, std::move(hosts), given, by.kind);
    if (options.dry_run) {
        fmt::print("{}\n", to_paste(launch_line_for(by, request, given, "")));
        return all_well;
    }
    auto const mark = new_mark();
    auto const line = launch_line_for(by, request, given, mark);
    interrupt const signals;
    signal(SIGPIPE, SIG_IGN);
    auto const end = run_job(by, line, request.hosts, mark, signals);
    for (auto const& each : end.remarks)
        fmt::print(stderr, "quartet cluster: {}\n", each);
    return end.code;
}

}  // namespace

void add_cluster(CLI::App& app, action& chosen) {
    auto const options = std::make_shared<cluster_options>();
    auto* const command = app.add_subcommand("cluster", "run a program on several machines, one rank each");
    command
        ->add_option(
            "--hosts", options->hosts,
            "which machines: a,b,c; with :N behind one that node has so many workers (default: those of "
            "the scheduler's job, or this one alone)")
        ->option_text("HOST[:N],...");
    takes_file(command->add_option("--hosts-file", options->hosts_file, "the same from a file, a host a line")
                   ->option_text("FILE"));
    command->add_option("--nodes", options->nodes, "so many of them")
        ->option_text("N")
        ->check(integer_from(1, most_nodes));
    command
        ->add_option("--launcher", options->launcher,
                     "what starts the ranks: auto (srun in a job of Slurm, mpirun otherwise), or a program")
        ->option_text("PROGRAM")
        ->capture_default_str();
    command
        ->add_option("--silence", options->silence,
                     "after how long without a word a node is lost (default 10s)")
        ->option_text("TIME");
    command->add_flag("--dry-run", options->dry_run,
                      "only print the line, to be pasted into a shell or a job");
    command->add_option("COMMAND", options->command, "what to run, behind --");
    command->footer(
        "Examples:\n"
        "  quartet cluster --hosts a,b,c -- ./program 100\n"
        "  quartet cluster --hosts a,b:4 --dry-run -- ./program 100\n"
        "  sbatch -N 8 --wrap 'quartet cluster -- ./program 100'\n");
    command->callback([options, &chosen] { chosen = [options] { return cluster(*options); }; });
}

}  // namespace quartet::cli
