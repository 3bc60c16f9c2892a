// What the tool and a trial's process tell each other arrives as it was sent.

#include "measure/trial/trial_protocol.hpp"

#include "tests/measure/sample_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>

namespace quartet::measure::trial_protocol_test {

using quartet::task_order;
using testing::HasSubstr;
using testing::ThrowsMessage;

namespace {

trial_request full_request() {
    return {.workload = "csv",
            .spec = "threads:8",
            .parameters = {{"file", "a \"b\"\n"}, {"parts", "16"}},
            .scratch = "/tmp/scratch",
            .server_url = "http://127.0.0.1:1",
            .trace_heap = true,
            .for_pictures = true,
            .log = true,
            .order = {task_order::shuffled, 18446744073709551615u},
            .keep_digests = true};
}

trial_result full_result() {
    auto const sample = quartet::test::complete_measurement();
    return {.error = "an error",
            .tasks = 100,
            .failed = 2,
            .failures = {"task 7: \"no\"\nline"},
            .checksum = "5d41402abc4b2a76",
            .verification = "not all",
            .laps = sample.laps,
            .figures = sample.trials.at(1),
            .heap_current_bytes = 0,
            .heap_peak_bytes = std::nullopt,
            .tracing_seconds = 0.25,
            .recording_seconds = 0.5,
            .records = sample.records,
            .workers = sample.workers,
            .digests = {{1, false, "1"}, {18446744073709551615u, true, "failed"}}};
}

std::string without(std::string line, std::string const& member) {
    auto const at = line.find(member);
    return line.replace(at, member.size(), "\"other\"");
}

}  // namespace

TEST(trial_protocol, a_request_arrives_as_it_was_sent) {
    EXPECT_EQ(trial_request_of(line_of(trial_request())), trial_request());
    EXPECT_EQ(trial_request_of(line_of(full_request())), full_request());
    for (auto const order : {task_order::as_given, task_order::backwards, task_order::shuffled}) {
        trial_request request;
        request.order.how = order;
        EXPECT_EQ(trial_request_of(line_of(request)), request);
    }
}

TEST(trial_protocol, a_result_arrives_as_it_was_sent) {
    EXPECT_EQ(trial_result_of(line_of(trial_result())), trial_result());
    EXPECT_EQ(trial_result_of(line_of(full_result())), full_result());
}

TEST(trial_protocol, each_message_is_one_line) {
    EXPECT_EQ(line_of(full_request()).find('\n'), std::string::npos);
    EXPECT_EQ(line_of(full_result()).find('\n'), std::string::npos);
}

TEST(trial_protocol, what_is_wrong_is_named) {
    EXPECT_THAT([] { trial_request_of(without(line_of(full_request()), "\"seed\"")); },
                ThrowsMessage<std::invalid_argument>("/order/seed is missing"));
    EXPECT_THAT([] { trial_request_of(without(line_of(full_request()), "\"shuffled\"")); },
                ThrowsMessage<std::invalid_argument>("/order/how: no order of tasks"));
    EXPECT_THAT([] { trial_result_of(without(line_of(full_result()), "\"wall_seconds\"")); },
                ThrowsMessage<std::invalid_argument>("/laps/0/wall_seconds is missing"));
    EXPECT_THROW(trial_result_of("{"), std::invalid_argument);
}

}  // namespace quartet::measure::trial_protocol_test
