#include "measure/trial/node_probe.hpp"

#include "measure/probes/process_tree.hpp"
#include "measure/probes/usage.hpp"
#include "src/executor/cluster.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>

namespace quartet::measure {
namespace {

double seconds_of(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

/// Of what talks MPI here, now.
std::optional<std::uint64_t> bytes_of_mpi() {
    if (detail::mpi_process() <= 0) return std::nullopt;
    return tree_memory_sampler(detail::mpi_process(), sampling::by_hand).sample_now();
}

class node_probe final : public detail::node_meter {
public:
    node_probe() : before_(usage_of_this_tree()), mpi_before_(detail::mpi_processor_time()) {}

    /// The thread that samples begins when the workers have been forked.
    void opened() override {
        memory_.emplace(getpid(), sampling::in_background, 0, detail::mpi_process());
        memory_->restart();
    }

    void closes() override {
        if (!memory_) return;
        memory_->sample_last();
        used_.peak_bytes = memory_->peak_bytes();
        memory_.reset();
        used_.mpi_bytes = bytes_of_mpi().value_or(0);
    }

    detail::node_usage used() override {
        auto const used = usage_of_this_tree() - before_;
        used_.cpu_user_seconds = used.cpu_user_seconds;
        used_.cpu_system_seconds = used.cpu_system_seconds;
        used_.mpi_cpu_seconds = seconds_of(detail::mpi_processor_time() - mpi_before_);
        used_.kernel = boot_of_this_kernel();
        return used_;
    }

private:
    usage before_;
    std::chrono::nanoseconds mpi_before_;
    std::optional<tree_memory_sampler> memory_;
    detail::node_usage used_;
};

/// Adds up what there is.
template <class Number>
void add(std::optional<Number>& to, Number more) {
    to = to.value_or(0) + more;
}

void add(node_figures& to, detail::node_usage const& used) {
    add(to.cpu_user_seconds, used.cpu_user_seconds);
    add(to.cpu_system_seconds, used.cpu_system_seconds);
    add(to.mpi_cpu_seconds, used.mpi_cpu_seconds);
    to.tree_peak_bytes = std::max(to.tree_peak_bytes.value_or(0), used.peak_bytes);
    to.mpi_bytes = std::max(to.mpi_bytes.value_or(0), used.mpi_bytes);
}

}  // namespace

void measure_as_node() {
    detail::set_node_meter([] { return std::make_unique<node_probe>(); });
}

std::string boot_of_this_kernel() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string boot;
    std::getline(file, boot);
    return boot;
}

std::vector<node_figures> figures_of(std::vector<detail::pool_node> const& nodes, double own_user,
                                     double own_system, std::chrono::nanoseconds mpi) {
    std::vector<node_figures> made;
    std::size_t place = 0;
    for (auto const& each : nodes) {
        if (!made.empty() && each.number == 0) place = 0;  // a further executor
        if (place == made.size()) made.push_back({.name = each.name, .workers = each.workers});
        auto& one = made[place++];
        if (each.used) add(one, *each.used);
        add(one.input_bytes, each.traffic.inputs);
        add(one.result_bytes, each.traffic.results);
        if (each.number == 0 || !each.clock.known()) continue;
        one.round_trip_seconds = seconds_of(each.clock.round_trip());
        one.clock_error_seconds = seconds_of(each.clock.error(std::chrono::steady_clock::now()));
    }
    if (made.empty()) return made;
    made.front().cpu_user_seconds = own_user;
    made.front().cpu_system_seconds = own_system;
    made.front().mpi_bytes = bytes_of_mpi();
    if (made.front().mpi_bytes) made.front().mpi_cpu_seconds = seconds_of(mpi);
    return made;
}

double cpu_seconds_beside(std::vector<detail::pool_node> const& nodes, std::chrono::nanoseconds mpi) {
    double sum = seconds_of(mpi);
    auto const here = boot_of_this_kernel();
    for (auto const& each : nodes) {
        if (each.used && each.used->kernel == here)
            sum += each.used->cpu_user_seconds + each.used->cpu_system_seconds + each.used->mpi_cpu_seconds;
    }
    return sum;
}

}  // namespace quartet::measure
