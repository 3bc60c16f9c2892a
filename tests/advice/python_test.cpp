// With the costs of Python, the winners of the Python study are predicted. Their times, in seconds,
// were measured on a machine with 2 processors, against a server that answers after 20 ms (docs/advice.md).
#include <quartet/spec.hpp>
#include <quartet/workload/advice.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <string>

namespace quartet::python_test {
namespace {

struct script {
    std::string name;
    work_shape work;
    std::map<std::string, double> measured;  // by model, with its number as the script has it
};

std::ostream& operator<<(std::ostream& out, script const& which) {
    return out << which.name;
}

class scripts_of_the_seed : public testing::TestWithParam<script> {};

TEST_P(scripts_of_the_seed, have_the_winner_that_is_predicted) {
    auto const& [name, work, measured] = GetParam();
    auto const given = advise(work, python_costs(2));
    auto const chosen = family_name(given.choice.spec);
    auto const is_of_it = [&](auto const& each) { return family_name(parse_spec(each.first)) == chosen; };
    auto const found = std::ranges::find_if(measured, is_of_it);
    ASSERT_NE(found, measured.end()) << chosen;
    auto const by_seconds = [](auto const& each) { return each.second; };
    auto const best = std::ranges::min_element(measured, {}, by_seconds);
    EXPECT_LE(found->second, best->second * 1.02) << chosen << ", not " << best->first;
}

TEST_P(scripts_of_the_seed, take_about_as_long_as_predicted) {
    auto const& [name, work, measured] = GetParam();
    auto const by_seconds = [](auto const& each) { return each.second; };
    auto const best = std::ranges::min_element(measured, {}, by_seconds);
    double const predicted = predict(work, parse_spec(best->first), python_costs(2)).seconds;
    EXPECT_GT(predicted, best->second * 0.7) << best->first;
    EXPECT_LT(predicted, best->second * 1.3) << best->first;
}

script const all_scripts[] = {
    {"sleep",
     {.tasks = 26, .wait_seconds = 178.0 / 26, .waits_for = wait_kind::sleep, .longest_seconds = 10},
     {{"single", 178.04}, {"processes:2", 97.17}, {"threads:26", 10.01}, {"async:26", 10.00}}},
    {"fetch",
     {.tasks = 1000, .wait_seconds = 0.02},
     {{"single", 24.63}, {"processes:2", 12.83}, {"threads:1000", 3.96}, {"async:1000", 1.05}}},
    {"append",
     {.tasks = 26, .cpu_seconds = 0.052 / 26, .waits_for = wait_kind::disk, .waits = 178'000 / 26},
     {{"single", 0.052}, {"processes:2", 0.126}, {"threads:26", 0.074}, {"async:26", 21.70}}},
    {"power",
     {.tasks = 16, .cpu_seconds = 58.34 / 16, .result_bytes = 2.5e6},
     {{"single", 58.34}, {"processes:2", 36.87}, {"threads:16", 51.17}, {"async:16", 53.17}}},
    {"files",
     {.tasks = 10'000, .cpu_seconds = 99e-6, .waits_for = wait_kind::disk, .waits = 6},
     {{"single", 0.99}, {"processes:2", 1.23}, {"threads:10000", 7.46}, {"async:10000", 16.36}}},
    {"api_to_file",
     {.tasks = 100, .cpu_seconds = 1e-3, .wait_seconds = 0.02},
     {{"single", 2.5}, {"processes:2", 1.3}, {"threads:100", 0.4}, {"async:100", 0.28}}},
    {"csv", {.tasks = 1, .cpu_seconds = 0.44}, {{"single", 0.44}, {"threads:16", 7.28 / 16}}},
};

INSTANTIATE_TEST_SUITE_P(python, scripts_of_the_seed, testing::ValuesIn(all_scripts),
                         [](auto const& which) { return which.param.name; });

}  // namespace
}  // namespace quartet::python_test
