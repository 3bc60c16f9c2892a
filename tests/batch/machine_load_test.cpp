// How the machine is, as files in a temporary folder say it, and as this machine does.
#include "batch/control/machine_load.hpp"

#include "src/base/own_cpus.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace quartet::batch::machine_load_test {
namespace {

namespace fs = std::filesystem;

class a_machine : public testing::Test {
protected:
    a_machine() {
        std::string name = fs::temp_directory_path() / "quartet-load-XXXXXX";
        root = mkdtemp(name.data());
        auto const cpus = detail::own_cpus();
        first = static_cast<std::size_t>(std::find(cpus.begin(), cpus.end(), true) - cpus.begin());
    }
    ~a_machine() override { fs::remove_all(root); }

    void write(std::string const& path, std::string const& content) const {
        fs::create_directories((root / path).parent_path());
        std::ofstream(root / path) << content;
    }
    void write_stat(int busy, int running) const {
        auto const line =
            "cpu" + std::to_string(first) + " " + std::to_string(busy) + " 0 0 5000 900 0 0 0 0 0\n";
        auto const others = "cpu99999 " + std::to_string(3 * busy) + " 0 0 5000 900 0 0 0 0 0\n";
        write("proc/stat", "cpu  1 2 3 4 5 6 7 8 0 0\n" + line + others + "intr 5 4\nprocs_running " +
                               std::to_string(running) + "\nprocs_blocked 0\n");
    }
    machine_load load() const { return machine_load({root, {root / "cgroup", root / "mountinfo", root}}); }

    fs::path root;
    std::size_t first = 0;
};

TEST_F(a_machine, that_says_nothing_has_processors_and_nothing_else) {
    auto machine = load();
    machine.read(1);
    auto const state = machine.read(2);
    EXPECT_GE(state.processors, 1);
    EXPECT_FALSE(state.busy);
    EXPECT_FALSE(state.runnable);
    EXPECT_FALSE(state.load);
    EXPECT_FALSE(state.memory_available);
    EXPECT_FALSE(state.memory_stalled);
    EXPECT_FALSE(state.disk_stalled);
}

TEST_F(a_machine, processors_are_busy_in_the_mean_between_two_readings) {
    auto machine = load();
    write_stat(1000, 3);
    EXPECT_FALSE(machine.read(10).busy);
    write_stat(1000 + static_cast<int>(sysconf(_SC_CLK_TCK)), 5);
    auto const state = machine.read(12);
    EXPECT_NEAR(*state.busy, 0.5, 1e-9);
    EXPECT_EQ(*state.runnable, 4);
}

TEST_F(a_machine, load_memory_and_pressure) {
    write("proc/loadavg", "1.25 0.5 0.1 2/300 1234\n");
    write("proc/meminfo", "MemTotal:  8000000 kB\nMemFree: 1000 kB\nMemAvailable:    4000000 kB\n");
    write("proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000000\nfull total=5\n");
    write("proc/pressure/io", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
    auto machine = load();
    EXPECT_EQ(*machine.read(0).load, 1.25);
    write("proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=2000000\nfull total=5\n");
    auto const state = machine.read(4);
    EXPECT_EQ(*state.memory_available, 4'096'000'000u);
    EXPECT_NEAR(*state.memory_stalled, 0.25, 1e-9);
    EXPECT_EQ(*state.disk_stalled, 0);
}

TEST_F(a_machine, the_tightest_limit_of_memory_counts_with_its_cache_taken_off) {
    write("proc/meminfo", "MemAvailable:    4000000 kB\n");
    write("mountinfo", "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n");
    write("cgroup", "0::/user/app\n");
    write("sys/fs/cgroup/user/memory.max", "3000000000\n");
    write("sys/fs/cgroup/user/memory.current", "2500000000\n");
    write("sys/fs/cgroup/user/memory.stat", "anon 5\ninactive_file 300000000\n");
    write("sys/fs/cgroup/user/app/memory.max", "max\n");
    write("sys/fs/cgroup/user/app/memory.current", "5\n");
    EXPECT_EQ(*load().read(0).memory_available, 800'000'000u);
}

TEST_F(a_machine, a_limit_of_memory_of_version_1) {
    write("mountinfo", "41 23 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
    write("cgroup", "4:memory:/app\n");
    write("sys/fs/cgroup/memory/app/memory.limit_in_bytes", "1000000\n");
    write("sys/fs/cgroup/memory/app/memory.usage_in_bytes", "400000\n");
    EXPECT_EQ(*load().read(0).memory_available, 600'000u);
    write("sys/fs/cgroup/memory/app/memory.limit_in_bytes", "9223372036854771712\n");
    EXPECT_FALSE(load().read(0).memory_available);
}

TEST_F(a_machine, a_quota_of_processors_is_busy_when_it_is_used_up) {
    write("mountinfo", "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n");
    write("cgroup", "0::/app\n");
    write("sys/fs/cgroup/app/cpu.max", "50000 100000\n");
    write("sys/fs/cgroup/app/cpu.stat", "usage_usec 1000000\nuser_usec 1\n");
    write_stat(100, 2);
    auto machine = load();
    EXPECT_EQ(machine.read(0).processors, 0.5);
    write("sys/fs/cgroup/app/cpu.stat", "usage_usec 1500000\nuser_usec 1\n");
    EXPECT_NEAR(*machine.read(1).busy, 0.5, 1e-9);
}

TEST(ThisMachine, tells_of_itself) {
    machine_load machine;
    machine.read(0);
    auto const state = machine.read(1);
    EXPECT_GE(state.processors, 0.01);
    EXPECT_TRUE(state.memory_available);
    EXPECT_TRUE(state.load);
    EXPECT_TRUE(state.busy);
}

TEST(ThisMachine, has_a_descriptor_less_when_one_is_open) {
    machine_load machine;
    auto const before = machine.read(0).descriptors_free;
    std::ifstream open("/proc/self/stat");
    auto const after = machine.read(1).descriptors_free;
    ASSERT_TRUE(before && after);
    EXPECT_EQ(*after, *before - 1);
}

}  // namespace
}  // namespace quartet::batch::machine_load_test
