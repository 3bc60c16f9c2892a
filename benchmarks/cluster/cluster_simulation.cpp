// How far one root reaches: the protocol in the simulation of tests/models/cluster, with more nodes than
// there are machines here. Bodies and networks take the time of the simulation; what is measured is the
// processor time that the root's side takes for the same messages on this machine. Tasks a second of that
// time are where one root saturates.
//
//     cluster_simulation [NODES WORKERS MICROSECONDS TASKS]

#include "tests/models/cluster/simulation.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simulation::nanoseconds;

std::string nothing(std::int64_t) {
    return {};
}

struct counting_sink {
    std::size_t values = 0;
    std::size_t failures = 0;
    void set(std::size_t, std::string&&) { ++values; }
    void fail(quartet::failure const&) { ++failures; }
};

/// In MiB, of this process: the root, all nodes, and what is on its way between them.
double peak_memory() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_maxrss) / 1024;
}

void simulate(std::size_t nodes, std::size_t workers, nanoseconds task, std::size_t tasks) {
    simulation::cluster on({.nodes = nodes,
                            .workers = workers,
                            .silence = 10s,
                            .net = {.least = 50us, .most = 50us},
                            .work = {.time = [task](auto...) { return task; },
                                     .result = [](std::int64_t) { return std::string("x"); }}});
    std::vector<std::int64_t> inputs(tasks);
    counting_sink sink;
    quartet::detail::map_job<decltype(&nothing), std::int64_t, std::vector<std::int64_t>, counting_sink> work(
        &nothing, inputs, tasks, sink, quartet::on_failure::finish_all, nanoseconds::max());
    auto const messages = on.root_messages;
    auto const bytes = on.root_bytes;
    auto const spent = on.root_time;
    auto const began = on.when.now();
    work.start_under(on);
    on.run_until([&] { return work.ended(); });
    double const took = std::chrono::duration<double>(on.when.now() - began).count();
    double const root = std::chrono::duration<double>(on.root_time - spent).count();
    double const ideal = std::chrono::duration<double>(task).count() * static_cast<double>(tasks) /
                         static_cast<double>(nodes * workers);
    auto const in_millions = [](auto what) { return static_cast<double>(what) / 1e6; };
    double const sent = static_cast<double>(on.root_messages - messages);
    std::printf("%5zu x %-3zu %10.3f ms %9zu %8.3f s %10.2f %9.2f %9.2f %8.0f %% %12.0f %9.2f M %9.1f M\n",
                nodes, workers, std::chrono::duration<double, std::milli>(task).count(), tasks, took,
                ideal / took, sent / took / 1e3, sent / static_cast<double>(tasks), 100 * root / took,
                static_cast<double>(tasks) / root, in_millions(on.root_bytes - bytes), peak_memory());
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    std::printf(
        "nodes           a task      tasks       time efficiency  messages  messages   root of  tasks a "
        "second      bytes memory so far\n");
    std::printf(
        "                                 (simulated)             (1000/s)    a task  its time of root's "
        "time            (all of it)\n");
    if (argc == 5) {
        simulate(std::strtoull(argv[1], nullptr, 10), std::strtoull(argv[2], nullptr, 10),
                 std::chrono::microseconds(std::atoll(argv[3])), std::strtoull(argv[4], nullptr, 10));
        return 0;
    }
    for (auto const task : {nanoseconds(1s), nanoseconds(100ms), nanoseconds(10ms), nanoseconds(1ms)}) {
        simulate(3, 64, task, 20'000);
        simulate(30, 64, task, 60'000);
        simulate(300, 64, task, 200'000);
        simulate(1000, 64, task, 640'000);
    }
}
