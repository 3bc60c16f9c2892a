// tests/measure/checkup_test.cpp

#include "measure/analysis/checkup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

namespace quartet::measure::checkup_test {

using testing::HasSubstr;
using testing::IsEmpty;

namespace {

/// A machine without fault.
checkup_readings fit_machine() {
    checkup_readings made;
    made.machine = {.cpus = 4,
                    .usable_cpus = 4,
                    .threads_per_core = 1,
                    .governor = "performance",
                    .clock_source = "tsc",
                    .memory_bytes = std::uint64_t{8} << 30,
                    .huge_pages = "madvise",
                    .scratch_file_system = "ext4",
                    .open_files_limit = 20'000};
    made.idle = {.seconds = 1, .cpus = 4, .io_pressure_seconds = 0, .memory_pressure_seconds = 0};
    made.clock_nanoseconds = 25;
    made.oversleep_microseconds = 60;
    made.scratch_free_bytes = std::uint64_t{10} << 30;
    made.file_backend = "io_uring";
    made.has_io_uring = made.shows_pss = made.shows_schedstat = made.traces_heap = true;
    made.floors = {{.spec = "single", .rounds = 15, .median_seconds = 0.04, .farthest = 0.01}};
    return made;
}

/// What is said of a subject when one thing is changed.
checkup_finding found(std::string const& subject, std::function<void(checkup_readings&)> const& change) {
    auto readings = fit_machine();
    change(readings);
    for (auto const& each : judge(readings)) {
        if (each.subject == subject) return each;
    }
    return {.subject = "nothing is said of " + subject, .value = ""};
}

void expect_doubt(std::string const& subject, fitness how, std::string const& value,
                  std::string const& advice, std::function<void(checkup_readings&)> const& change) {
    auto const finding = found(subject, change);
    EXPECT_EQ(finding.subject, subject);
    EXPECT_EQ(finding.verdict, how) << subject;
    EXPECT_THAT(finding.value, HasSubstr(value)) << subject;
    EXPECT_THAT(finding.advice, HasSubstr(advice)) << subject;
}

}  // namespace

TEST(checkup, finds_nothing_to_mend_on_a_fit_machine) {
    for (auto const& each : judge(fit_machine())) {
        EXPECT_EQ(each.verdict, fitness::good) << each.subject;
        EXPECT_THAT(each.advice, IsEmpty()) << each.subject;
        EXPECT_FALSE(each.value.empty()) << each.subject;
    }
}

TEST(checkup, says_what_to_mend) {
    using r = checkup_readings;
    auto const mend = fitness::warning;
    expect_doubt("processors", mend, "1 usable of 4", "nothing runs in parallel",
                 [](r& m) { m.machine.usable_cpus = 1; });
    expect_doubt("quota", mend, "0.5 processors", "cpu.max", [](r& m) { m.machine.cpu_quota = 0.5; });
    expect_doubt("frequency", mend, "powersave", "cpupower", [](r& m) { m.machine.governor = "powersave"; });
    expect_doubt("other programs", mend, "25 %", "end them", [](r& m) { m.idle.other_cpu_seconds = 1; });
    expect_doubt("steal", mend, "25 %", "not shared", [](r& m) { m.idle.steal_seconds = 1; });
    expect_doubt("memory pressure", mend, "50 %", "add memory",
                 [](r& m) { m.idle.memory_pressure_seconds = 0.5; });
    expect_doubt("disk pressure", mend, "50 %", "too slow", [](r& m) { m.idle.io_pressure_seconds = 0.5; });
    expect_doubt("clock", mend, "hpet, 900 ns", "tsc", [](r& m) {
        m.machine.clock_source = "hpet";
        m.clock_nanoseconds = 900;
    });
    expect_doubt("timers", mend, "5000 us late", "busy", [](r& m) { m.oversleep_microseconds = 5000; });
    expect_doubt("memory", mend, "256 MiB, limited", "killed",
                 [](r& m) { m.machine.memory_limit_bytes = 256u << 20; });
    expect_doubt("open files", mend, "1024", "ulimit -n", [](r& m) { m.machine.open_files_limit = 1024; });
    expect_doubt("processes and threads", mend, "100", "pids.max", [](r& m) { m.tasks_limit = 100; });
    expect_doubt("temporary folder", mend, "1 MiB free", "TMPDIR",
                 [](r& m) { m.scratch_free_bytes = 1 << 20; });
    expect_doubt("files of async", mend, "not permitted", "kernel.io_uring_disabled=0", [](r& m) {
        m.has_io_uring = false;
        m.file_backend = "io_uring: not permitted";
    });
    expect_doubt("memory of processes", mend, "rss", "smaps_rollup", [](r& m) { m.shows_pss = false; });
    expect_doubt("noise, single", mend, "7.0 % after 15 rounds of 40 ms", "more rounds",
                 [](r& m) { m.floors[0].farthest = 0.07; });
}

TEST(checkup, notes_what_is_not_to_be_mended) {
    using r = checkup_readings;
    auto const note = fitness::note;
    expect_doubt("cores", note, "2 processors each", "slower together",
                 [](r& m) { m.machine.threads_per_core = 2; });
    expect_doubt("virtual machine", note, "KVM", "partly shows",
                 [](r& m) { m.machine.virtualization = "KVM"; });
    expect_doubt("swap", note, "1.0 GiB", "swapoff", [](r& m) { m.machine.swap_bytes = 1u << 30; });
    expect_doubt("huge pages", note, "always", "merge pages", [](r& m) { m.machine.huge_pages = "always"; });
    expect_doubt("temporary folder", note, "tmpfs", "TMPDIR",
                 [](r& m) { m.machine.scratch_file_system = "tmpfs"; });
    expect_doubt("time of threads", note, "not shown", "missing", [](r& m) { m.shows_schedstat = false; });
    expect_doubt("traced heap", note, "no", "sanitizer", [](r& m) { m.traces_heap = false; });
}

TEST(checkup, reads_this_machine) {
    auto const readings = take_readings(testing::TempDir());
    EXPECT_GT(readings.clock_nanoseconds, 0);
    EXPECT_GT(readings.oversleep_microseconds, 0);
    EXPECT_GT(readings.scratch_free_bytes, 0u);
    EXPECT_GT(readings.record_nanoseconds, 0);
    EXPECT_GT(readings.sample_microseconds, 0);
    EXPECT_GE(readings.idle.seconds, 1);
    EXPECT_FALSE(readings.file_backend.empty());
    EXPECT_GT(judge(readings).size(), 15u);
}

}  // namespace quartet::measure::checkup_test
