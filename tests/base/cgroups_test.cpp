// cgroup trees are made in a temporary folder, in the forms of v1 and v2 and of containers.

#include "src/base/cgroups.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdlib.h>
#include <string>

namespace quartet::cgroups_test {
namespace {

namespace fs = std::filesystem;

class own_cgroups : public testing::Test {
protected:
    own_cgroups() {
        std::string name = fs::temp_directory_path() / "quartet-cgroups-XXXXXX";
        root = mkdtemp(name.data());
    }
    ~own_cgroups() override { fs::remove_all(root); }

    void write(std::string const& path, std::string const& content) const {
        fs::create_directories((root / path).parent_path());
        std::ofstream(root / path) << content;
    }
    detail::cgroup_files files() const { return {root / "cgroup", root / "mountinfo", root}; }
    std::size_t limit() const { return detail::cgroup_cpu_limit(files()); }

    void mount_v2(std::string const& mounted_root = "/") const {
        write("mountinfo", "30 23 0:26 " + mounted_root + " /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n");
    }
    void mount_v1() const {
        write("mountinfo",
              "40 23 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
              "41 23 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
    }

    fs::path root;
};

TEST_F(own_cgroups, without_cgroups_there_is_no_limit) {
    EXPECT_EQ(limit(), 0u);
}

TEST_F(own_cgroups, a_v2_quota_is_rounded_up) {
    mount_v2();
    write("cgroup", "0::/user/app\n");
    write("sys/fs/cgroup/user/app/cpu.max", "150000 100000\n");
    EXPECT_EQ(limit(), 2u);
}

TEST_F(own_cgroups, max_is_no_limit) {
    mount_v2();
    write("cgroup", "0::/app\n");
    write("sys/fs/cgroup/app/cpu.max", "max 100000\n");
    EXPECT_EQ(limit(), 0u);
}

TEST_F(own_cgroups, the_tightest_group_on_the_way_up_counts) {
    mount_v2();
    write("cgroup", "0::/a/b/c\n");
    write("sys/fs/cgroup/a/cpu.max", "400000 100000\n");
    write("sys/fs/cgroup/a/b/cpu.max", "200000 100000\n");
    write("sys/fs/cgroup/a/b/c/cpu.max", "800000 100000\n");
    EXPECT_EQ(limit(), 2u);
    write("sys/fs/cgroup/a/cpu.max", "100000 100000\n");
    EXPECT_EQ(limit(), 1u);
}

TEST_F(own_cgroups, a_fraction_of_a_cpu_is_one) {
    mount_v2();
    write("cgroup", "0::/a\n");
    write("sys/fs/cgroup/a/cpu.max", "10000 100000\n");
    EXPECT_EQ(limit(), 1u);
}

TEST_F(own_cgroups, a_container_sees_its_own_part_of_the_hierarchy) {
    mount_v2("/docker/abc");
    write("cgroup", "0::/docker/abc\n");
    write("sys/fs/cgroup/cpu.max", "300000 100000\n");
    EXPECT_EQ(limit(), 3u);
}

TEST_F(own_cgroups, a_group_outside_the_mount_is_read_at_its_root) {
    mount_v2("/docker/abc");
    write("cgroup", "0::/../other\n");
    write("sys/fs/cgroup/cpu.max", "200000 100000\n");
    EXPECT_EQ(limit(), 2u);
}

TEST_F(own_cgroups, a_v1_quota_is_found_in_the_cpu_hierarchy) {
    mount_v1();
    write("cgroup", "5:memory:/m\n4:cpu,cpuacct:/jobs/one\n0::/\n");
    write("sys/fs/cgroup/cpu,cpuacct/jobs/one/cpu.cfs_quota_us", "250000\n");
    write("sys/fs/cgroup/cpu,cpuacct/jobs/one/cpu.cfs_period_us", "100000\n");
    write("sys/fs/cgroup/memory/jobs/one/cpu.cfs_quota_us", "100000\n");
    EXPECT_EQ(limit(), 3u);
}

TEST_F(own_cgroups, minus_one_is_no_limit_in_v1) {
    mount_v1();
    write("cgroup", "4:cpu,cpuacct:/jobs\n");
    write("sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_quota_us", "-1\n");
    write("sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(limit(), 0u);
}

TEST_F(own_cgroups, rubbish_is_no_limit) {
    mount_v2();
    write("cgroup", "nonsense\n0::/a\n");
    write("sys/fs/cgroup/a/cpu.max", "");
    EXPECT_EQ(limit(), 0u);
}

TEST_F(own_cgroups, have_a_quota_that_need_not_be_whole) {
    mount_v2();
    write("cgroup", "0::/a\n");
    EXPECT_FALSE(detail::cpu_quota(files()));
    write("sys/fs/cgroup/a/cpu.max", "50000 100000\n");
    EXPECT_EQ(detail::cpu_quota(files()), 0.5);
}

TEST_F(own_cgroups, limit_memory_in_both_versions) {
    mount_v2();
    write("cgroup", "0::/a/b\n");
    write("sys/fs/cgroup/a/b/memory.max", "max\n");
    EXPECT_FALSE(detail::memory_limit(files()));
    write("sys/fs/cgroup/a/memory.max", "1048576\n");
    EXPECT_EQ(detail::memory_limit(files()), 1048576u);

    mount_v1();
    write("cgroup", "5:memory:/m\n");
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    EXPECT_FALSE(detail::memory_limit(files()));
    write("sys/fs/cgroup/memory/m/memory.limit_in_bytes", "2097152\n");
    EXPECT_EQ(detail::memory_limit(files()), 2097152u);
}

TEST_F(own_cgroups, say_how_long_they_were_throttled) {
    mount_v2();
    write("cgroup", "0::/a/b\n");
    write("sys/fs/cgroup/a/b/cpu.stat", "usage_usec 5\nnr_throttled 2\nthrottled_usec 700\n");
    EXPECT_FALSE(detail::throttled_nanoseconds(files())) << "nobody limits it";
    write("sys/fs/cgroup/a/b/cpu.max", "50000 100000\n");
    EXPECT_EQ(detail::throttled_nanoseconds(files()), 700'000u);

    mount_v1();
    write("cgroup", "4:cpu,cpuacct:/jobs\n");
    write("sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_quota_us", "50000\n");
    write("sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_period_us", "100000\n");
    write("sys/fs/cgroup/cpu,cpuacct/jobs/cpu.stat", "nr_periods 9\nnr_throttled 3\nthrottled_time 123456\n");
    EXPECT_EQ(detail::throttled_nanoseconds(files()), 123'456u);
}

}  // namespace
}  // namespace quartet::cgroups_test
