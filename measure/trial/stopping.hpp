// measure/trial/stopping.hpp
//
// When a session has measured enough. Analysing after every round, and stopping as soon as a difference
// shows, finds differences that do not exist. There are two safeguards: a session ends because an interval is
// narrow, never because of where it lies; and its interim analyses are fixed before the first round.
// Pure functions; any thread.
//
// Sources: Chow, Robbins: On the asymptotic theory of fixed-width sequential confidence intervals for the
// mean. Annals of Mathematical Statistics 36 (1965) 457-462 (stopping by width); Pocock: Group sequential
// methods in the design and analysis of clinical trials. Biometrika 64 (1977) 191-199 (few interim analyses,
// fixed in advance). That equal configurations are called different in less than 5 % of runs all the same is
// simulated in tests/measure/stopping_test.cpp.
#pragma once

#include "measure/results/results.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

namespace quartet::measure {

struct stopping_plan {
    std::size_t rounds = 7;  ///< that count, at the most
    std::optional<double>
        precision{};  ///< stop earlier where the interval is narrower than this: 0.02 is 2 %
    std::optional<std::chrono::duration<double>> budget{};  ///< begin no round that would end later than this
};

/// The rounds after which to analyse whether a workload with so many configurations is measured precisely
/// enough: as soon as anything can be resolved, and then each time half as many again have been measured, 10
/// times at the most. Ends with `most`.
std::vector<std::size_t> interim_analyses(std::size_t configurations, std::size_t most);

/// Whether the leader's interval against the runner-up is narrower than `precision`; of a single
/// configuration, that of its median. False if it has a confidence below 95 %, all comparisons taken
/// together.
bool is_precise(std::vector<measurement const*> const& of_workload, double precision);

}  // namespace quartet::measure
