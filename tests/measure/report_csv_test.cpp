// tests/measure/report_csv_test.cpp

#include "measure/results/report_csv.hpp"

#include "tests/measure/sample_results.hpp"

#include <gtest/gtest.h>

namespace quartet::measure::report_csv_test {

TEST(report_csv, is_this_text) {
    EXPECT_EQ(
        to_csv(quartet::test::sample_results()),
        "workload,model,spec,tasks,failed,checksum,wall_seconds.median,wall_seconds.low,wall_seconds.high,"
        "wall_seconds.confidence,wall_seconds.samples,tasks_per_second,cpu_user_seconds,cpu_system_seconds,"
        "processor_wait_seconds,heap_current_bytes,heap_peak_bytes,tree_peak_bytes,tree_peak_method,"
        "voluntary_switches,"
        "involuntary_switches,minor_faults,major_faults,read_bytes,written_bytes,queue_seconds.p50,"
        "queue_seconds.p90,queue_seconds.p99,queue_seconds.max,service_seconds.p50,service_seconds.p90,"
        "service_seconds.p99,service_seconds.max,verification,failures,warnings,laps,"
        "command,parameters,shell_seconds,counters.instructions,counters.cycles,counters.cache_references,"
        "counters.cache_misses,counters.branch_misses\n"
        "sleep,single,single,0,0,,2.0,2.0,2.0,0.0,2.0,,,,,,,,,,,,,,,,,,,,,,,,,,"
        ",,,,,,,,\n"
        "fetch,threads,threads:8,100,2,5d41402abc4b2a76,1.25,1.0,1.5,0.75,1.5 1.0 "
        "1.25,80.0,0.5,0.125,0.0625,4096,"
        "3145728,8388608,pss,1234,5,600,1,4096,8192,0.5,0.75,,1.0,0.0625,0.125,,0.25,"
        "\"98 pages, not 100\","
        R"("[""task 7: \""timed out\"", after 15 s"",""task 9: a | b\nsecond line""]",)"
        R"("[""far from the median: round 1, +20 %""]",)"
        R"("[{""name"":""first 10"",""tasks"":10,""wall_seconds"":0.25},)"
        R"({""name"":""all"",""tasks"":100,""wall_seconds"":1.25}]",,,,,,,,)"
        "\n"
        "time,command,\"gzip | cat, quick\",1,0,,0.25,0.25,0.25,0.0,0.25,,,,,,,4096,hwm,,,,,,,,,,,,,,,,,,,"
        "gzip -kc1 f | cat,"
        R"("{""level"":""1"",""tool"":""gzip""}",0.125,1000,2000,,3,)"
        "\n");
}

TEST(report_csv, no_results_are_a_header) {
    auto const csv = to_csv({});
    EXPECT_TRUE(csv.starts_with("workload,"));
    EXPECT_EQ(csv.find('\n'), csv.size() - 1);
}

TEST(report_csv, a_line_break_stays_inside_its_cell) {
    results what{.measurements = {quartet::test::bare_measurement()}};
    what.measurements[0].verification = "line one\nline \"two\"";
    EXPECT_NE(to_csv(what).find(",\"line one\nline \"\"two\"\"\","), std::string::npos);
}

}  // namespace quartet::measure::report_csv_test
