// The parts of a batch's run that are values: when it halts, how long it takes still, what was done before,
// the names of outputs, and who is next.

#include "batch/line/name_pattern.hpp"
#include "batch/run/batch_settings.hpp"
#include "batch/run/duration_histogram.hpp"
#include "batch/run/earlier_jobs.hpp"
#include "batch/run/halt_rule.hpp"
#include "batch/run/job_queue.hpp"
#include "batch/run/kept_output.hpp"
#include "batch/run/output_file.hpp"
#include "batch/run/output_order.hpp"
#include "batch/run/time_left.hpp"
#include "tests/io/processes.hpp"
#include "tests/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace quartet::batch::run_parts_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(a_halt_rule, is_read) {
    auto const rule = halt_rule::parse("now,fail=5%");
    EXPECT_EQ(rule.kind, halt_kind::now);
    EXPECT_TRUE(rule.is_share);
    EXPECT_TRUE(halt_rule::parse("soon,success=1").of_successes);
    for (auto const* const wrong :
         {"", "now", "later,fail=1", "now,fail", "now,fail=", "now,fail=0", "now,fail=1.5", "now,fail=101%",
          "now,fail=-1", "now,fail=1x", "now,never=1"})
        EXPECT_THROW(halt_rule::parse(wrong), std::invalid_argument) << wrong;
}

TEST(a_halt_rule, holds_from_its_bound_on) {
    auto const count = halt_rule::parse("soon,fail=3");
    EXPECT_FALSE(count.holds(2, 1000));
    EXPECT_TRUE(count.holds(3, 0));
    auto const share = halt_rule::parse("soon,fail=10%");
    EXPECT_FALSE(share.holds(1, 0)) << "one of one says little";
    EXPECT_TRUE(share.holds(1, 9));
    EXPECT_FALSE(share.holds(1, 10));
    EXPECT_EQ(share.explain(1, 9), "10 % of the jobs have failed");
    EXPECT_EQ(count.explain(1, 9), "1 job has failed");
}

TEST(a_histogram_of_durations, knows_quantiles_to_some_per_cent) {
    duration_histogram found;
    EXPECT_EQ(found.quantile(0.5), 0);
    for (int n = 1; n <= 1000; ++n)
        found.add(n * 0.001);
    EXPECT_NEAR(found.quantile(0.5), 0.5, 0.011);
    EXPECT_NEAR(found.quantile(0.95), 0.95, 0.02);
    found.add(1e300);
    found.add(0);
    EXPECT_GT(found.quantile(1), 1e7);
    EXPECT_LT(found.quantile(0), 2e-6);
}

TEST(the_time_left, is_not_told_too_soon) {
    time_left left;
    for (int n = 0; n < 4; ++n)
        left.add(1);
    EXPECT_FALSE(left.of(10, 2, 0));
    left.add(1);
    auto const found = left.of(10, 2, 0);
    ASSERT_TRUE(found);
    EXPECT_DOUBLE_EQ(found->seconds, 5);
    EXPECT_DOUBLE_EQ(found->give_or_take, 0);
    EXPECT_DOUBLE_EQ(left.of(10, 2, 1)->seconds, 4.5);
    EXPECT_FALSE(left.of(10, 0, 0));
}

// Batches of a known kind, many times: the interval holds the true time about as often as it says.
TEST(the_time_left, is_within_its_interval_nearly_always) {
    std::mt19937 random(7);
    std::exponential_distribution<double> duration(2);
    int within = 0;
    constexpr int batches = 500;
    for (int batch = 0; batch < batches; ++batch) {
        time_left left;
        for (int n = 0; n < 30; ++n)
            left.add(duration(random));
        auto const told = left.of(100, 1, 0);
        double truth = 0;
        for (int n = 0; n < 100; ++n)
            truth += duration(random);
        within += std::abs(truth - told->seconds) <= told->give_or_take;
    }
    EXPECT_GT(within, batches * 85 / 100);
    EXPECT_LT(within, batches) << "an interval that always holds says nothing";
}

journal_row row(std::uint64_t job, job_state state, std::string input) {
    journal_row made;
    made.job = job;
    made.state = state;
    made.input = {std::move(input)};
    return made;
}

TEST(earlier_jobs, are_as_their_last_rows_say) {
    earlier_jobs known;
    known.add(row(2, job_state::failed, "b"));
    known.add(row(2, job_state::done, "b"));
    known.add(row(3, job_state::done, "c"));
    known.add(row(3, job_state::failed, "c"));
    EXPECT_EQ(known.state(1), std::nullopt);
    EXPECT_EQ(known.state(2), job_state::done);
    EXPECT_EQ(known.state(3), job_state::failed);
    EXPECT_EQ(known.attempts(2), 2u);
    EXPECT_EQ(known.total().done, 1u);
    EXPECT_EQ(known.total().failed, 1u);
    EXPECT_NO_THROW(known.check(2, std::vector<std::string>{"b"}));
    EXPECT_NO_THROW(known.check(9, std::vector<std::string>{"z"}));
    EXPECT_THROW(known.check(2, std::vector<std::string>{"x"}), std::runtime_error);
    EXPECT_THROW(known.check(2, (std::vector<std::string>{"b", ""})), std::runtime_error);
    known.add(row(0, job_state::done, ""));
    known.add(row(std::uint64_t{1} << 60, job_state::done, ""));
}

TEST(a_host, is_that_of_a_url) {
    EXPECT_EQ(host_of("https://Example.org/a"), "example.org");
    EXPECT_EQ(host_of("http://user:secret@a.b:8080?x"), "a.b:8080");
    EXPECT_EQ(host_of("file.txt"), "");
    EXPECT_EQ(host_of("x://"), "");
}

struct queue_of {
    explicit queue_of(std::vector<std::string> values, std::size_t per_host = 0,
                      resume_kind resume = resume_kind::unfinished)
        : inputs({{.values = std::move(values)}}),
          jobs(inputs, earlier, resume, per_host, [this](std::uint64_t job) { left_out.push_back(job); }) {}

    void start() {
        inputs.start();
        EXPECT_TRUE(test::comes_true([this] { return inputs.total().has_value(); }));
    }

    std::vector<std::string> take_all(double now = 0) {
        std::vector<std::string> taken;
        while (auto job = jobs.next(now)) {
            taken.push_back(job->input.fields.front());
            all.push_back(std::move(*job));
        }
        return taken;
    }

    earlier_jobs earlier;
    input_reader inputs;
    std::vector<std::uint64_t> left_out;
    job_queue jobs;
    std::vector<waiting_job> all;
};

TEST(a_queue_of_jobs, leaves_out_what_is_done) {
    queue_of queue({"a", "b", "c"});
    queue.earlier.add(row(2, job_state::done, "b"));
    queue.earlier.add(row(3, job_state::cancelled, "c"));
    queue.start();
    EXPECT_TRUE(test::comes_true([&] {
        queue.take_all();
        return queue.jobs.empty();
    }));
    ASSERT_EQ(queue.all.size(), 2u);
    EXPECT_EQ(queue.all[1].attempt, 2u);
    EXPECT_THAT(queue.left_out, ElementsAre(2u));
}

TEST(a_queue_of_jobs, runs_only_those_that_failed) {
    queue_of queue({"a", "b", "c"}, 0, resume_kind::failed_only);
    queue.earlier.add(row(2, job_state::failed, "b"));
    queue.earlier.add(row(3, job_state::cancelled, "c"));
    queue.start();
    EXPECT_TRUE(test::comes_true([&] {
        queue.take_all();
        return queue.jobs.empty();
    }));
    ASSERT_EQ(queue.all.size(), 1u);
    EXPECT_EQ(queue.all[0].input.number, 2u);
}

TEST(a_queue_of_jobs, holds_back_hosts_that_have_no_place) {
    queue_of queue({"http://a/1", "http://a/2", "http://b/1", "plain"}, 1);
    queue.start();
    EXPECT_TRUE(test::comes_true([&] {
        queue.take_all();
        return queue.all.size() == 3;
    }));
    EXPECT_EQ(queue.all[1].input.fields.front(), "http://b/1");
    EXPECT_FALSE(queue.jobs.empty());
    queue.jobs.ended(queue.all[0]);
    EXPECT_THAT(queue.take_all(), ElementsAre("http://a/2"));
    EXPECT_TRUE(queue.jobs.empty());
}

TEST(a_queue_of_jobs, gives_a_further_try_when_it_is_due) {
    queue_of queue({"a"});
    queue.start();
    EXPECT_TRUE(test::comes_true([&] { return queue.take_all().size() == 1; }));
    queue.jobs.again(queue.all[0], 5);
    EXPECT_EQ(queue.jobs.next_due(), 5);
    EXPECT_THAT(queue.take_all(4.9), IsEmpty());
    EXPECT_FALSE(queue.jobs.empty());
    EXPECT_THAT(queue.take_all(5), ElementsAre("a"));
}

TEST(kept_output, is_whole_however_large) {
    kept_output kept;
    std::string all;
    for (int n = 0; n < 300; ++n) {
        std::string const piece(static_cast<std::size_t>(n) * 41, static_cast<char>('a' + n % 26));
        kept.add(piece);
        all += piece;
    }
    ASSERT_GT(all.size(), kept_output::most_in_memory);
    EXPECT_TRUE(kept.has_file());
    EXPECT_LE(kept.in_memory(), kept_output::most_in_memory);
    std::string given;
    kept.give([&](std::string_view piece) { given += piece; });
    EXPECT_EQ(given, all);
    EXPECT_EQ(kept.tail(1000), all.substr(all.size() - 1000));
    EXPECT_EQ(kept.tail(all.size() + 1), all);
    byte_writer out;
    codec<kept_output>::encode(kept, out);
    byte_reader in(out.bytes());
    auto const there = codec<kept_output>::decode(in);
    EXPECT_EQ(there.size(), all.size());
    EXPECT_EQ(there.tail(10), kept.tail(10));
}

TEST(outputs, come_in_order) {
    std::string given;
    output_order order(true, [&](std::string_view piece, bool) { given += piece; });
    order.ended(2, {.output = kept_output("b")});
    order.ended(3, {.output = kept_output("c"), .tag = "t "});
    EXPECT_EQ(given, "");
    order.ended(1, {.output = kept_output("a\n")});
    EXPECT_EQ(given, "a\nbt c\n");
    order.ended(5, {.output = kept_output("e")});
    order.flush();
    EXPECT_EQ(given, "a\nbt c\ne");
}

TEST(a_file_of_an_output, is_there_whole_or_not_at_all) {
    test::temporary_folder const folder;
    auto const place = folder / "sub/a.png";
    {
        output_file file(place, 7);
        EXPECT_EQ(file.temporary().extension(), ".png");
        std::ofstream(file.temporary()) << "half";
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder / "sub"));
    output_file file(place, 7);
    EXPECT_THROW(file.put_in_place(true), std::runtime_error);
    std::ofstream(file.temporary()) << "whole";
    EXPECT_FALSE(std::filesystem::exists(place));
    file.put_in_place(true);
    EXPECT_EQ(test::read_text(place), "whole");
    auto const longest = folder / std::string(255, 'x');
    output_file long_name(longest, 8);
    std::ofstream(long_name.temporary()) << "whole";
    long_name.put_in_place(false);
    EXPECT_EQ(test::read_text(longest), "whole");
}

TEST(a_pattern_of_names, says_whether_names_differ) {
    std::vector<std::string> const columns{"city"};
    EXPECT_FALSE(name_pattern("out/x", columns).differs());
    EXPECT_TRUE(name_pattern("out/{city}", columns).differs());
    EXPECT_FALSE(name_pattern("out/{city}", columns).is_unique());
    EXPECT_TRUE(name_pattern("out/{#}", columns).is_unique());
    EXPECT_THROW(name_pattern("{out}", columns), std::runtime_error);
    EXPECT_THROW(name_pattern("{town}", columns), std::runtime_error);
    std::vector<std::string> const fields{"a/b.txt"};
    EXPECT_EQ(name_pattern("{city/.}-{#}", columns).make({.fields = fields, .number = 4}), "b-4");
}

}  // namespace
}  // namespace quartet::batch::run_parts_test
