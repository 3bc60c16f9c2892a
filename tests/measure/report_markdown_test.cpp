// tests/measure/report_markdown_test.cpp

#include "measure/results/report_markdown.hpp"

#include "tests/measure/sample_results.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace quartet::measure::report_markdown_test {

TEST(report_markdown, is_this_text) {
    results what = quartet::test::sample_results();
    EXPECT_EQ(to_markdown(what), R"(# Results of quartet 0.1.0

- cpu\_model: A Processor
- cpus: 4
- usable\_cpus: 2
- cpu\_quota: 1.5
- memory\_bytes: 8.0 GiB
- swap\_bytes: 0 bytes
- kernel: Linux 6.1
- build\_type: Release
- compiler: g++ 12.2.0
- command: quartet run
- preset: quick
- warmup: 1
- rounds: 3
- margin: 0.03
- seed: 7
- parameters: sleep.scale = 0.1
- started: 2026-11-24T15:00:00Z
- finished: 2026-11-24T15:01:00Z
- stopped\_by: rounds
- load\_before: 0.5
- load\_after: 0
- other\_cpu\_share: 0.0625
- steal\_share: 0
- sampling\_share: 0
- recording\_share: 0
- warnings: other programs used 6 % of the processors

## sleep

|  | single |
| --- | --- |
| workload | sleep |
| model | single |
| spec | single |
| tasks | 0 |
| failed | 0 |
| checksum |  |
| wall\_seconds.median | 2 s |
| wall\_seconds.low | 2 s |
| wall\_seconds.high | 2 s |
| wall\_seconds.confidence | 0 |
| wall\_seconds.samples | 2 s |
| tasks\_per\_second |  |
| cpu\_user\_seconds |  |
| cpu\_system\_seconds |  |
| heap\_current\_bytes |  |
| heap\_peak\_bytes |  |
| tree\_peak\_bytes |  |
| tree\_peak\_method |  |
| voluntary\_switches |  |
| involuntary\_switches |  |
| minor\_faults |  |
| major\_faults |  |
| read\_bytes |  |
| written\_bytes |  |
| queue\_seconds.p50 |  |
| queue\_seconds.p90 |  |
| queue\_seconds.p99 |  |
| queue\_seconds.max |  |
| service\_seconds.p50 |  |
| service\_seconds.p90 |  |
| service\_seconds.p99 |  |
| service\_seconds.max |  |
| verification |  |
| failures |  |
| warnings |  |
| laps |  |

## fetch

|  | threads:8 |
| --- | --- |
| workload | fetch |
| model | threads |
| spec | threads:8 |
| tasks | 100 |
| failed | 2 |
| checksum | 5d41402abc4b2a76 |
| wall\_seconds.median | 1.25 s |
| wall\_seconds.low | 1 s |
| wall\_seconds.high | 1.5 s |
| wall\_seconds.confidence | 0.75 |
| wall\_seconds.samples | 1.5 s<br>1 s<br>1.25 s |
| tasks\_per\_second | 80 |
| cpu\_user\_seconds | 0.5 s |
| cpu\_system\_seconds | 0.125 s |
| processor\_wait\_seconds | 0.0625 s |
| heap\_current\_bytes | 4.0 KiB |
| heap\_peak\_bytes | 3.0 MiB |
| tree\_peak\_bytes | 8.0 MiB |
| tree\_peak\_method | pss |
| voluntary\_switches | 1234 |
| involuntary\_switches | 5 |
| minor\_faults | 600 |
| major\_faults | 1 |
| read\_bytes | 4.0 KiB |
| written\_bytes | 8.0 KiB |
| queue\_seconds.p50 | 0.5 s |
| queue\_seconds.p90 | 0.75 s |
| queue\_seconds.p99 |  |
| queue\_seconds.max | 1 s |
| service\_seconds.p50 | 0.0625 s |
| service\_seconds.p90 | 0.125 s |
| service\_seconds.p99 |  |
| service\_seconds.max | 0.25 s |
| verification | 98 pages, not 100 |
| failures | task 7: "timed out", after 15 s<br>task 9: a \| b second line |
| warnings | far from the median: round 1, +20 % |
| laps | name = first 10, tasks = 10, wall\_seconds = 0.25<br>name = all, tasks = 100, wall\_seconds = 1.25 |

## time

| command | time | interval | ratio | user | system | memory | instructions |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| gzip \| cat, quick | 0.25 s | 0.25 s to 0.25 s | 1.00 |  |  | 4.0 KiB | 1000 |
)");
}

TEST(report_markdown, models_of_a_workload_share_its_table) {
    auto single = quartet::test::bare_measurement();
    auto threads = single;
    threads.spec = "threads:each";
    auto const text = to_markdown({.measurements = {single, threads, quartet::test::complete_measurement()}});
    EXPECT_NE(text.find("## sleep\n\n|  | single | threads:each |\n| --- | --- | --- |\n"),
              std::string::npos);
    EXPECT_NE(text.find("## fetch\n\n|  | threads:8 |\n"), std::string::npos);
}

TEST(report_markdown, every_row_has_as_many_cells_as_the_table_has_columns) {
    auto hostile = quartet::test::bare_measurement();
    hostile.verification = "a | b || \\| c\n| d";
    std::istringstream lines(to_markdown({.measurements = {hostile, hostile}}));
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with('|')) continue;
        int separators = 0;
        for (std::size_t i = 0; i < line.size(); ++i) {
            if (line[i] == '\\')
                ++i;  // escaped
            else
                separators += line[i] == '|';
        }
        EXPECT_EQ(separators, 4) << line;
    }
}

}  // namespace quartet::measure::report_markdown_test
