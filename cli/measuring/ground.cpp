#include "cli/measuring/ground.hpp"

#include "cli/measuring/scratch.hpp"
#include "cli/parsing/errors.hpp"
#include "cli/terminal/text.hpp"
#include "measure/trial/cluster_survey.hpp"
#include "measure/trial/trial_forker.hpp"
#include "measure/trial/trial_process.hpp"
#include "src/base/descriptor.hpp"
#include "src/executor/cluster.hpp"

#include <quartet/socket.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <optional>
#include <stdlib.h>
#include <sys/socket.h>
#include <system_error>
#include <utility>

namespace quartet::cli {
namespace {

namespace fs = std::filesystem;

/// A file that others look for.
class mark_file {
public:
    explicit mark_file(fs::path const& folder) : name_(folder / "quartet-seen-XXXXXX") {
        detail::descriptor const made(mkstemp(name_.data()));
        if (made.get() < 0) name_.clear();
    }
    ~mark_file() {
        std::error_code ignored;
        if (!name_.empty()) fs::remove(name_, ignored);
    }
    mark_file(mark_file const&) = delete;
    mark_file& operator=(mark_file const&) = delete;

    /// Empty if it could not be made.
    std::string const& name() const noexcept { return name_; }

private:
    std::string name_;
};

/// Of this machine, in numbers, such as others may reach.
std::vector<std::string> own_addresses(int family) {
    std::vector<std::string> found;
    ifaddrs* all = nullptr;
    if (getifaddrs(&all) != 0) return found;
    for (ifaddrs const* each = all; each; each = each->ifa_next) {
        bool const is_up = (each->ifa_flags & IFF_UP) != 0 && (each->ifa_flags & IFF_LOOPBACK) == 0;
        if (!each->ifa_addr || each->ifa_addr->sa_family != family || !is_up) continue;
        std::array<char, NI_MAXHOST> text{};
        socklen_t const length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
        if (getnameinfo(each->ifa_addr, length, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
            continue;
        std::string address(text.data());
        bool const needs_interface = address.find('%') != address.npos;  // fe80::1%eth0
        if (!needs_interface) found.push_back(std::move(address));
    }
    freeifaddrs(all);
    return found;
}

struct candidates {
    std::vector<fs::path> folders;
    std::vector<std::string> addresses;
};

candidates candidates_for(std::string const& scratch) {
    candidates made;
    if (scratch.empty()) {
        made.folders = {temporary_folder(), fs::current_path()};
        if (made.folders.front() == made.folders.back()) made.folders.pop_back();
    } else {
        made.folders = {fs::absolute(scratch)};
    }
    made.addresses = own_addresses(AF_INET);
    if (made.addresses.empty()) made.addresses = own_addresses(AF_INET6);
    return made;
}

/// The names of nodes that do not have it.
std::vector<std::string> lacking(std::vector<measure::surveyed_node> const& nodes, std::size_t place,
                                 std::vector<std::uint64_t> measure::surveyed_node::*had) {
    std::vector<std::string> names;
    for (auto const& each : nodes) {
        if (std::ranges::find(each.*had, place) == (each.*had).end()) names.push_back(each.name);
    }
    return names;
}

measure::survey_result survey(std::vector<model_spec> const& models, candidates const& which,
                              interrupt const& stop, std::vector<std::string>& files) {
    std::vector<std::unique_ptr<mark_file>> marks;
    for (auto const& each : which.folders) {
        marks.push_back(std::make_unique<mark_file>(each));
        files.push_back(marks.back()->name());
    }
    measure::survey_request request{.specs = {}, .files = files, .addresses = which.addresses};
    for (auto const& each : models) {
        if (each.cluster) request.specs.push_back(to_string(each));
    }
    std::optional<listener> door;
    if (!which.addresses.empty()) {
        bool const v6 = which.addresses.front().find(':') != std::string::npos;
        door.emplace(v6 ? "::" : "0.0.0.0", std::uint16_t{0});
        request.port = door->port();
    }
    return measure::run_survey_process(request, stop.descriptor());
}

void choose_folder(ground& made, std::vector<measure::surveyed_node> const& nodes, candidates const& which,
                   std::vector<std::string> const& files, bool was_named) {
    std::vector<std::string> tried;
    for (std::size_t place = 0; place < which.folders.size(); ++place) {
        auto const blind = files[place].empty() ? std::vector<std::string>{nodes.front().name}
                                                : lacking(nodes, place, &measure::surveyed_node::seen);
        if (blind.empty()) {
            made.folder = which.folders[place];
            return;
        }
        tried.push_back(files[place].empty()
                            ? fmt::format("{} can't be written to", which.folders[place].native())
                            : fmt::format("{} {} not see {}", listed(blind),
                                          blind.size() == 1 ? "does" : "do", which.folders[place].native()));
    }
    made.folder = which.folders.front();
    made.no_files = fmt::format("{}; it has to be a folder that all nodes share", fmt::join(tried, ", "));
    if (was_named) throw usage_error("--scratch: " + made.no_files);
}

void choose_address(ground& made, std::vector<measure::surveyed_node> const& nodes, candidates const& which) {
    std::vector<std::string> tried;
    for (std::size_t place = 0; place < which.addresses.size(); ++place) {
        auto const deaf = lacking(nodes, place, &measure::surveyed_node::reached);
        if (deaf.empty()) {
            made.address = which.addresses[place];
            return;
        }
        tried.push_back(fmt::format("{} {} not get to {}", listed(deaf), deaf.size() == 1 ? "does" : "do",
                                    which.addresses[place]));
    }
    made.no_server = tried.empty() ? "this machine has no address but its own loopback"
                                   : fmt::format("{}", fmt::join(tried, ", "));
}

/// Why there are no other machines, in a sentence for somebody who has typed `spec`.
std::string no_cluster(model_spec const& spec) {
    if (auto why = detail::why_no_cluster(); !why.empty()) return without_own_name(std::move(why));
    return fmt::format(
        "'{}' is for several machines, and this was started on one; put 'quartet cluster --hosts A,B,C --' "
        "before it, or mpirun or srun (docs/cluster.md); 'cluster:1' is this machine alone",
        to_string(spec));
}

ground ground_here(std::string const& scratch) {
    if (!scratch.empty() && !fs::is_directory(scratch))
        throw usage_error(fmt::format("--scratch: '{}' is no folder", scratch));
    return {.folder = scratch.empty() ? temporary_folder() : fs::absolute(scratch)};
}

/// Takes to the ground what the nodes see. Gives why they can't run the models; empty if they can.
std::string look_at_cluster(ground& made, std::string const& scratch, std::vector<model_spec> const& models,
                            interrupt const& stop) {
    auto const which = candidates_for(scratch);
    std::vector<std::string> files;
    auto found = survey(models, which, stop, files);
    if (!found.error.empty()) return without_own_name(std::move(found.error));
    choose_folder(made, found.nodes, which, files, !scratch.empty());
    choose_address(made, found.nodes, which);
    made.cluster = std::move(found);
    return {};
}

}  // namespace

ground find_ground(std::string const& scratch, std::vector<model_spec> const& models, std::string_view flag,
                   interrupt const& stop) {
    auto made = ground_here(scratch);
    auto const on_several = std::ranges::find_if(
        models, [](model_spec const& each) { return each.cluster && each.nodes != std::size_t{1}; });
    if (on_several == models.end()) return made;
    if (!measure::has_forked_trials())
        throw usage_error(fmt::format("{}: {}", flag, no_cluster(*on_several)));
    if (auto const why = look_at_cluster(made, scratch, models, stop); !why.empty())
        throw usage_error(fmt::format("{}: {}", flag, why));
    return made;
}

ground find_ground_of_advice(std::string const& scratch, interrupt const& stop) {
    auto made = ground_here(scratch);
    made.left_out = measure::has_forked_trials()
                        ? look_at_cluster(made, scratch, {parse_spec("cluster")}, stop)
                        : without_own_name(detail::why_no_cluster());
    return made;
}

std::string why_not_on(ground const& on, plan const& what) {
    for (auto const& each : what.configurations) {
        auto const& [workload, values, model] = each;
        if (!on.no_files.empty() && workload->needs_files && workload->needs_files(values))
            return fmt::format("{} needs files: {}; name one by --scratch", workload->name, on.no_files);
        bool const asks =
            (workload->needs_server && workload->needs_server(values)) || workload->start_server;
        if (!on.no_server.empty() && asks)
            return fmt::format("{} asks a server on this machine: {}", workload->name, on.no_server);
    }
    return {};
}

void check_ground(ground const& on, plan const& what) {
    if (auto const why = why_not_on(on, what); !why.empty()) throw usage_error(why);
}

}  // namespace quartet::cli
