// tests/measure/changes_test.cpp

#include "measure/analysis/changes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quartet::measure::changes_test {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

measurement row(std::string workload, std::string spec, double seconds, std::size_t rounds = 7) {
    measurement made{.workload = std::move(workload), .spec = std::move(spec)};
    for (std::size_t round = 1; round <= rounds; ++round)
        made.trials.push_back(
            {.round = round, .wall_seconds = seconds * (1 + 0.001 * static_cast<double>(round))});
    made.wall_seconds.median = seconds;
    return made;
}

measurement failing(measurement of) {
    of.failed = 1;
    return of;
}

results with(std::vector<measurement> rows) {
    return {.measurements = std::move(rows)};
}

std::vector<change_kind> kinds(std::vector<change> const& changes) {
    std::vector<change_kind> found;
    for (auto const& each : changes)
        found.push_back(each.kind);
    return found;
}

}  // namespace

TEST(changes, are_named_row_by_row) {
    auto const before = with(
        {row("a", "single", 1), row("a", "async:2", 1), row("a", "threads:2", 1), row("b", "single", 1)});
    auto const after = with({row("a", "single", 1.01), row("a", "async:2", 1.2), row("a", "threads:2", 0.5),
                             row("c", "single", 1)});
    auto const changes = changes_between(before, after, 0.03);
    EXPECT_THAT(kinds(changes), ElementsAre(change_kind::equal, change_kind::slower, change_kind::faster,
                                            change_kind::removed, change_kind::added));
    EXPECT_NEAR(changes[1].compared->ratio, 1.2, 1e-9);
    EXPECT_EQ(changes[4].workload, "c");
}

TEST(changes, a_regression_is_certain_and_beyond_the_threshold) {
    auto const changed_to = [](double seconds) {
        return changes_between(with({row("a", "single", 1)}), with({row("a", "single", seconds)}), 0.03)[0];
    };
    EXPECT_TRUE(changed_to(1.1).is_regression(0.05));
    EXPECT_FALSE(changed_to(1.04).is_regression(0.05)) << "slower, but not by so much";
    EXPECT_FALSE(changed_to(0.5).is_regression(0.05));

    auto noisy = row("a", "single", 1);
    for (std::size_t i = 0; i < noisy.trials.size(); ++i)
        noisy.trials[i].wall_seconds = i % 2 == 0 ? 0.5 : 1.6;
    auto const unsure = changes_between(with({row("a", "single", 1)}), with({noisy}), 0.03)[0];
    EXPECT_EQ(unsure.kind, change_kind::unresolved);
    EXPECT_FALSE(unsure.is_regression(0.05)) << "it may be none";
}

TEST(changes, what_fails_now_is_broken) {
    auto const good = with({row("a", "single", 1)});
    auto const bad = with({failing(row("a", "single", 1))});
    EXPECT_EQ(changes_between(good, bad, 0.03)[0].kind, change_kind::broken);
    EXPECT_TRUE(changes_between(good, bad, 0.03)[0].is_regression(10));
    EXPECT_EQ(changes_between(bad, good, 0.03)[0].kind, change_kind::mended);
    EXPECT_EQ(changes_between(bad, bad, 0.03)[0].kind, change_kind::failed);
    auto const never_ran = with({{.workload = "a", .spec = "single"}});
    EXPECT_EQ(changes_between(good, never_ran, 0.03)[0].kind, change_kind::broken);
}

TEST(changes, warm_ups_do_not_count) {
    auto after = row("a", "single", 1);
    after.trials.push_back({.round = 0, .wall_seconds = 1000});
    EXPECT_EQ(changes_between(with({row("a", "single", 1)}), with({after}), 0.03)[0].kind,
              change_kind::equal);
}

TEST(changes, of_times_that_are_none_are_not_compared) {
    EXPECT_EQ(changes_between(with({row("a", "single", 0)}), with({row("a", "single", 1)}), 0.03)[0].kind,
              change_kind::mended);
}

TEST(changes, rows_of_the_same_name_are_compared_in_their_order) {
    auto const twice = with({row("a", "single", 1), row("a", "single", 2)});
    auto const changes = changes_between(twice, twice, 0.03);
    EXPECT_THAT(kinds(changes), ElementsAre(change_kind::equal, change_kind::equal));
    EXPECT_EQ(changes_between(twice, with({row("a", "single", 1)}), 0.03)[1].kind, change_kind::removed);
}

// 5 against 5 samples can have 2 / 252 at the least: enough for one row, not for seven.
TEST(changes, of_many_rows_take_more_rounds) {
    std::vector<measurement> before;
    std::vector<measurement> after;
    for (int n = 0; n < 7; ++n) {
        before.push_back(row("a" + std::to_string(n), "single", 1, 5));
        after.push_back(row("a" + std::to_string(n), "single", 2, 5));
    }
    EXPECT_EQ(changes_between(with(before), with(after), 0.03)[0].kind, change_kind::unresolved);
    EXPECT_EQ(changes_between(with({before[0]}), with({after[0]}), 0.03)[0].kind, change_kind::slower);
    EXPECT_EQ(rounds_needed_to_compare(1), 4u);
    EXPECT_EQ(rounds_needed_to_compare(6), 5u);
    EXPECT_EQ(rounds_needed_to_compare(7), 6u);
}

TEST(differences, are_of_machines_and_of_parameters_that_both_have) {
    results one;
    one.machine = {.cpu_model = "A", .usable_cpus = 2, .memory_bytes = 1000, .open_files_limit = 10};
    one.settings.parameters = {{"sleep.scale", "1"}, {"power.count", "3"}};
    auto other = one;
    EXPECT_THAT(differences_between(one, other), IsEmpty());
    other.machine.memory_bytes = 1005;
    other.machine.open_files_limit = 99;
    other.settings.parameters.erase("power.count");
    other.settings.rounds = 100;
    EXPECT_THAT(differences_between(one, other), IsEmpty()) << "none of this matters";
    other.machine.cpu_model = "B";
    other.machine.cpu_quota = 0.5;
    other.machine.memory_bytes = 2000;
    other.settings.parameters["sleep.scale"] = "2";
    EXPECT_THAT(differences_between(one, other),
                ElementsAre("cpu_model: 'A' and 'B'", "cpu_quota: none and 0.5",
                            "memory_bytes: 1000 and 2000", "parameter sleep.scale: '1' and '2'"));
}

TEST(change, may_be_a_regression_as_long_as_its_interval_reaches_beyond) {
    change const open{.workload = "a",
                      .spec = "single",
                      .kind = change_kind::unresolved,
                      .old_seconds = 1,
                      .new_seconds = 0.99,
                      .compared = comparison{1.01, {0.95, 1.08, 0.97}, true, verdict::unresolved}};
    EXPECT_TRUE(open.may_be_regression(0.05));
    EXPECT_FALSE(open.may_be_regression(0.1)) << "so much slower it is not";
    EXPECT_TRUE(open.contradicts_medians());
    auto few = open;
    few.compared->enough = false;
    EXPECT_TRUE(few.may_be_regression(0.1));
    auto equal = open;
    equal.kind = change_kind::equal;
    EXPECT_FALSE(equal.may_be_regression(0.05));
    equal.new_seconds = 1.02;
    EXPECT_FALSE(equal.contradicts_medians());
}

}  // namespace quartet::measure::changes_test
