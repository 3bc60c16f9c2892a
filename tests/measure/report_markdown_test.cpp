// tests/measure/report_markdown_test.cpp

#include "measure/report_markdown.hpp"

#include "tests/measure/sample_results.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

using namespace quartet::measure;

TEST(report_markdown, is_this_text) {
    results what = quartet::test::sample_results();
    EXPECT_EQ(to_markdown(what), R"(# Results of quartet 0.1.0

- cpu\_model: A Processor
- usable\_cpus: 2
- kernel: Linux 6.1
- memory\_bytes: 8.0 GiB
- build\_type: Release
- compiler: g++ 12.2.0
- preset: quick
- rounds: 3
- seed: 7
- parameters: sleep.scale = 0.1

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
| wall\_seconds.samples | 2 s |
| cpu\_user\_seconds |  |
| cpu\_system\_seconds |  |
| heap\_current\_bytes |  |
| heap\_peak\_bytes |  |
| tree\_peak\_bytes |  |
| tree\_peak\_method |  |
| context\_switches |  |
| verification |  |
| failures |  |
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
| wall\_seconds.samples | 1.5 s<br>1 s<br>1.25 s |
| cpu\_user\_seconds | 0.5 s |
| cpu\_system\_seconds | 0.125 s |
| heap\_current\_bytes | 4.0 KiB |
| heap\_peak\_bytes | 3.0 MiB |
| tree\_peak\_bytes | 8.0 MiB |
| tree\_peak\_method | pss |
| context\_switches | 1234 |
| verification | 98 pages, not 100 |
| failures | task 7: "timed out", after 15 s<br>task 9: a \| b second line |
| laps | name = first 10, tasks = 10, wall\_seconds = 0.25<br>name = all, tasks = 100, wall\_seconds = 1.25 |
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
