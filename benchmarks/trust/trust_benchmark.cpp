// benchmarks/trust/trust_benchmark.cpp
//
// Do the verdicts of `quartet run` hold on a real machine? Configurations that are the same must not be
// called different, and one that computes PERCENT more must be found. It measures them as `quartet run` does,
// with tasks that compute.
//
//     trust_benchmark same CONFIGURATIONS ROUNDS MODEL
//     trust_benchmark different PERCENT ROUNDS MODEL
//
// Prints a line for each configuration, the fastest first: its standing, its time as a multiple of the
// first's, and the interval of that.
#include "cli/measuring/scratch.hpp"
#include "measure/statistics/ranking.hpp"
#include "measure/trial/serve_trial.hpp"
#include "measure/trial/session.hpp"
#include "measure/trial/synthetic.hpp"
#include "measure/trial/trial_protocol.hpp"

#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace quartet;
using namespace std::chrono_literals;

constexpr auto length_of_a_trial = 100ms;
constexpr std::size_t tasks = 10;

measure::configuration computing(model_spec const& model, std::uint64_t steps) {
    auto const& what = measure::synthetic_workload();
    auto parameters = default_values(what.parameters, preset::quick);
    parameters["tasks"] = static_cast<std::int64_t>(tasks);
    parameters["steps"] = static_cast<std::int64_t>(steps);
    return {&what, parameters, model};
}

std::string_view name_of(measure::standing which) {
    switch (which) {
        case measure::standing::first:
            return "first";
        case measure::standing::equal:
            return "equal";
        case measure::standing::unresolved:
            return "unresolved";
        case measure::standing::behind_yet:
            return "behind_yet";
        case measure::standing::behind:
            return "behind";
    }
    return {};
}

void run(std::vector<measure::configuration> const& configurations, std::size_t rounds) {
    cli::scratch_folder const scratch;
    measure::session_observer nobody;
    auto const found = measure::run_session(
        configurations,
        {.stopping = {.rounds = rounds}, .seed = std::random_device{}(), .scratch = scratch.path()}, nobody);
    std::vector<measure::measurement const*> views;
    for (auto const& each : found.measurements)
        views.push_back(&each);
    for (auto const& each : measure::rank(views, measure::usual_margin))
        fmt::print("{} {} {:.5f} {:.5f} {:.5f} {:.6f}\n", each.what - found.measurements.data(),
                   name_of(each.stands), each.times_the_best, each.bounds.low, each.bounds.high,
                   each.what->wall_seconds.median);
}

}  // namespace

int main(int argc, char** argv) {
    // A trial is this program again.
    if (argc == 2 && argv[1] == measure::trial_argument) return measure::serve_trial({});
    if (argc != 5) {
        std::cerr
            << "usage: trust_benchmark same CONFIGURATIONS ROUNDS MODEL | different PERCENT ROUNDS MODEL\n";
        return 2;
    }
    std::string_view const question = argv[1];
    auto const number = std::stoul(argv[2]);
    auto const rounds = std::stoul(argv[3]);
    auto const model = parse_spec(argv[4]);
    auto const steps = measure::steps_in(length_of_a_trial) / tasks;
    if (question == "same")
        run(std::vector(number, computing(model, steps)), rounds);
    else
        run({computing(model, steps + steps * number / 100), computing(model, steps)}, rounds);
}
