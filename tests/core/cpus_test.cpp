// cgroup trees are made in a temporary folder, in the forms of v1 and v2 and of containers.

#include <quartet/cpus.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sched.h>
#include <stdlib.h>
#include <string>
#include <thread>

namespace quartet {
namespace {

namespace fs = std::filesystem;

class Cpus : public testing::Test {
protected:
    Cpus() {
        std::string name = fs::temp_directory_path() / "quartet-cpus-XXXXXX";
        root = mkdtemp(name.data());
    }
    ~Cpus() override { fs::remove_all(root); }

    void write(std::string const& path, std::string const& content) const {
        fs::create_directories((root / path).parent_path());
        std::ofstream(root / path) << content;
    }
    std::size_t limit() const { return detail::cgroup_cpu_limit(root / "cgroup", root / "mountinfo", root); }

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

TEST_F(Cpus, WithoutCgroupsThereIsNoLimit) {
    EXPECT_EQ(limit(), 0u);
}

TEST_F(Cpus, AV2QuotaIsRoundedUp) {
    mount_v2();
    write("cgroup", "0::/user/app\n");
    write("sys/fs/cgroup/user/app/cpu.max", "150000 100000\n");
    EXPECT_EQ(limit(), 2u);
}

TEST_F(Cpus, MaxIsNoLimit) {
    mount_v2();
    write("cgroup", "0::/app\n");
    write("sys/fs/cgroup/app/cpu.max", "max 100000\n");
    EXPECT_EQ(limit(), 0u);
}

TEST_F(Cpus, TheTightestGroupOnTheWayUpCounts) {
    mount_v2();
    write("cgroup", "0::/a/b/c\n");
    write("sys/fs/cgroup/a/cpu.max", "400000 100000\n");
    write("sys/fs/cgroup/a/b/cpu.max", "200000 100000\n");
    write("sys/fs/cgroup/a/b/c/cpu.max", "800000 100000\n");
    EXPECT_EQ(limit(), 2u);
    write("sys/fs/cgroup/a/cpu.max", "100000 100000\n");
    EXPECT_EQ(limit(), 1u);
}

TEST_F(Cpus, AFractionOfACpuIsOne) {
    mount_v2();
    write("cgroup", "0::/a\n");
    write("sys/fs/cgroup/a/cpu.max", "10000 100000\n");
    EXPECT_EQ(limit(), 1u);
}

TEST_F(Cpus, AContainerSeesItsOwnPartOfTheHierarchy) {
    mount_v2("/docker/abc");
    write("cgroup", "0::/docker/abc\n");
    write("sys/fs/cgroup/cpu.max", "300000 100000\n");
    EXPECT_EQ(limit(), 3u);
}

TEST_F(Cpus, AGroupOutsideTheMountIsReadAtItsRoot) {
    mount_v2("/docker/abc");
    write("cgroup", "0::/../other\n");
    write("sys/fs/cgroup/cpu.max", "200000 100000\n");
    EXPECT_EQ(limit(), 2u);
}

TEST_F(Cpus, AV1QuotaIsFoundInTheCpuHierarchy) {
    mount_v1();
    write("cgroup", "5:memory:/m\n4:cpu,cpuacct:/jobs/one\n0::/\n");
    write("sys/fs/cgroup/cpu,cpuacct/jobs/one/cpu.cfs_quota_us", "250000\n");
    write("sys/fs/cgroup/cpu,cpuacct/jobs/one/cpu.cfs_period_us", "100000\n");
    write("sys/fs/cgroup/memory/jobs/one/cpu.cfs_quota_us", "100000\n");
    EXPECT_EQ(limit(), 3u);
}

TEST_F(Cpus, MinusOneIsNoLimitInV1) {
    mount_v1();
    write("cgroup", "4:cpu,cpuacct:/jobs\n");
    write("sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_quota_us", "-1\n");
    write("sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(limit(), 0u);
}

TEST_F(Cpus, RubbishIsNoLimit) {
    mount_v2();
    write("cgroup", "nonsense\n0::/a\n");
    write("sys/fs/cgroup/a/cpu.max", "");
    EXPECT_EQ(limit(), 0u);
}

// On a thread of its own, whose mask goes with it.
TEST(UsableCpus, FollowAffinity) {
    std::size_t before = 0;
    std::size_t restricted = 0;
    std::thread([&] {
        before = usable_cpus();
        cpu_set_t mask;
        CPU_ZERO(&mask);
        sched_getaffinity(0, sizeof mask, &mask);
        int first = 0;
        while (!CPU_ISSET(first, &mask))
            ++first;
        CPU_ZERO(&mask);
        CPU_SET(first, &mask);
        sched_setaffinity(0, sizeof mask, &mask);
        restricted = usable_cpus();
    }).join();
    EXPECT_GE(before, 1u);
    EXPECT_EQ(restricted, 1u);
}

}  // namespace
}  // namespace quartet
