// benchmarks/advice/advice_benchmark.cpp
//
// Is the advice right? Shapes of work are drawn from a seed. For each, advice is taken from its description
// alone with the costs of this machine, and the work is then measured under every model with every number of
// workers that may be the best.
//
//     advice_benchmark SEED SHAPES SECONDS
//
// Each model is measured for so many seconds, in 3 to 15 rounds. A line for each shape says: the number of
// tasks; processor time, wait, result and memory of one; the advised model with its predicted and measured
// time; the best model with its time; and how many models were measured. The measured and predicted times of
// all go to standard error. Models are left out if their tasks alone take longer than the best one measured
// so far.
#include "cli/measuring/scratch.hpp"
#include "measure/analysis/machine_costs.hpp"
#include "measure/trial/serve_trial.hpp"
#include "measure/trial/session.hpp"
#include "measure/trial/synthetic.hpp"
#include "measure/trial/trial_protocol.hpp"

#include <quartet/cpus.hpp>
#include <quartet/workload/advice.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace quartet;

/// Longer ones would make the grid take days.
constexpr double longest_best = 0.7;
constexpr double longest_trial = 10;

/// Evenly on a logarithmic scale, by the bits of the generator alone, so that a seed gives the same
/// everywhere.
double between(std::mt19937_64& random, double low, double high) {
    double const point = static_cast<double>(random() >> 11) * 0x1p-53;
    return low * std::pow(high / low, point);
}

template <std::size_t N>
double one_of(std::mt19937_64& random, std::array<double, N> const& values) {
    return values[random() % N];
}

work_shape draw(std::mt19937_64& random) {
    work_shape made{.waits_for = wait_kind::sleep};
    made.tasks = static_cast<std::size_t>(between(random, 10, 20'000));
    std::uint64_t const kind = random() % 4;  // only computing, only waiting, both
    double const cpu = between(random, 1e-5, 0.05);
    double const wait = between(random, 1e-3, 0.2);
    if (kind != 1) made.cpu_seconds = cpu;
    if (kind != 0) made.wait_seconds = wait;
    made.result_bytes = one_of<4>(random, {0, 0, 1e3, 1e5});
    made.memory_bytes = one_of<4>(random, {0, 0, 1e5, 4e6});
    // Going over its memory is computing too.
    made.cpu_seconds =
        std::max(made.cpu_seconds, measure::seconds_to_fill(made.memory_bytes, made.wait_seconds == 0));
    return made;
}

bool can_be_measured(work_shape const& work, machine_costs const& costs) {
    return advise(work, costs).choice.seconds <= longest_best &&
           static_cast<double>(work.tasks) * (work.result_bytes + 100) < 5e8;
}

/// What the tasks alone take, however little a model asks for.
double least_seconds(work_shape const& work, model_spec const& spec, std::size_t cpus) {
    machine_costs free{.cpus = cpus};
    free.slice_seconds = 1e9;
    return predict(work, spec, free).seconds;
}

std::vector<model_spec> every_model(std::size_t tasks, std::size_t cpus) {
    std::vector<model_spec> made{{}};
    auto const add_counts = [&](model_kind kind, std::size_t most) {
        for (std::size_t count = kind == model_kind::async ? 8 : 1; count < 2 * std::min(most, tasks);
             count *= 2)
            made.push_back({.kind = kind, .count = std::min({count, most, tasks})});
    };
    add_counts(model_kind::threads, 1024);
    add_counts(model_kind::processes, 64);
    add_counts(model_kind::async, 16'384);
    for (auto const kind : {model_kind::threads, model_kind::processes}) {
        for (std::size_t const in_flight : {8, 64, 512, 8192}) {
            if (in_flight / 8 * cpus < tasks)
                made.push_back({.kind = kind, .count = cpus, .loops = true, .in_flight = in_flight});
        }
    }
    return made;
}

struct timed {
    model_spec spec;
    double seconds;
};

class grid {
public:
    grid(machine_costs const& costs, double seconds, std::filesystem::path const& scratch)
        : costs_(costs), seconds_(seconds), scratch_(scratch) {}

    void measure_shape(work_shape const& work) const {
        auto const given = advise(work, costs_);
        auto const parameters = measure::synthetic_parameters(work);
        double const alone = measured(parameters, {given.choice.spec}, 1).front().seconds;
        std::vector<model_spec> all{given.choice.spec};
        for (auto const& spec : every_model(work.tasks, costs_.cpus)) {
            double const least = least_seconds(work, spec, costs_.cpus);
            if (least < std::min(alone, longest_trial) && spec != given.choice.spec) all.push_back(spec);
        }
        auto const rounds = static_cast<std::size_t>(std::clamp(seconds_ / alone, 3.0, 15.0));
        auto const found = measured(parameters, all, rounds);
        for (auto const& each : found)
            std::cerr << fmt::format("  {} {:.6g} {:.6g}\n", to_string(each.spec), each.seconds,
                                     predict(work, each.spec, costs_).seconds);
        auto const best = std::ranges::min_element(found, {}, &timed::seconds)->spec;
        // The least of many times is lucky; so both once more.
        auto const fair = measured(parameters, std::vector{given.choice.spec, best}, 2 * rounds);
        std::cout << fmt::format("{} {:.6g} {:.6g} {:.6g} {:.6g} {} {:.6g} {:.6g} {} {:.6g} {}\n", work.tasks,
                                 work.cpu_seconds, work.wait_seconds, work.result_bytes, work.memory_bytes,
                                 to_string(given.choice.spec), given.choice.seconds, fair[0].seconds,
                                 to_string(best), fair[1].seconds, all.size())
                  << std::flush;
    }

private:
    std::vector<timed> measured(parameter_values const& parameters, std::vector<model_spec> const& specs,
                                std::size_t rounds) const {
        std::vector<measure::configuration> all;
        for (auto const& each : specs)
            all.push_back({&measure::synthetic_workload(), parameters, each});
        measure::session_observer nobody;
        measure::session_options options{
            .stopping = {.rounds = rounds}, .warmup = 0, .seed = 1, .scratch = scratch_};
        auto const found = measure::run_session(all, options, nobody).measurements;
        std::vector<timed> made;
        for (std::size_t i = 0; i < found.size(); ++i) {
            if (measure::is_good(found[i])) made.push_back({specs[i], found[i].wall_seconds.median});
        }
        if (made.size() != found.size()) throw std::runtime_error("a trial failed");
        return made;
    }

    machine_costs costs_;
    double seconds_;
    std::filesystem::path scratch_;
};

void run(std::uint64_t seed, std::size_t shapes, double seconds) {
    cli::scratch_folder const scratch;
    measure::session_observer nobody;
    auto const costs = measure::measure_costs({.seed = 1, .scratch = scratch.path()}, nobody).costs;
    grid const measuring(costs, seconds, scratch.path());
    std::mt19937_64 random(seed);
    for (std::size_t drawn = 0; drawn < shapes;) {
        auto const work = draw(random);
        if (!can_be_measured(work, costs)) continue;
        measuring.measure_shape(work);
        ++drawn;
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && argv[1] == measure::trial_argument) return measure::serve_trial({});
    if (argc != 4) {
        std::cerr << "usage: advice_benchmark SEED SHAPES SECONDS\n";
        return 2;
    }
    run(std::stoull(argv[1]), std::stoul(argv[2]), std::stod(argv[3]));
}
