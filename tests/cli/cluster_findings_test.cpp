// What `doctor` says about MPI and a cluster.

#include "cli/commands/cluster_findings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace quartet::cli::cluster_findings_test {
namespace {

using namespace std::chrono_literals;
using detail::cluster_reading;
using detail::installed_mpi;
using detail::mpi_flavour;
using detail::node_reading;
using measure::checkup_finding;
using measure::fitness;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

installed_mpi with_plugin() {
    return {.flavour = mpi_flavour::openmpi, .plugin = "/usr/lib/x.so", .about = "Open MPI v4.1.4"};
}

installed_mpi absent() {
    return {.flavour = mpi_flavour::mpich, .refused = "quartet: the model 'cluster' needs MPI"};
}

node_reading node(std::string const& name) {
    return {.name = name,
            .program = "build id 0123",
            .processors = 4,
            .all_processors = 4,
            .workers = 4,
            .memory_bytes = std::uint64_t{6} << 30,
            .clock_ahead = -12us,
            .clock_error = 30us,
            .way = detail::way_reading{45us, 812e6, 790e6}};
}

/// What is said of a cluster with one other node.
checkup_finding said_of(node_reading const& other) {
    return judge_cluster({with_plugin()}, {}, cluster_reading{.nodes = {other}}).back();
}

checkup_finding said_of(cluster_reading const& cluster) {
    return judge_cluster({with_plugin()}, {}, cluster).at(2);
}

TEST(ClusterFindings, WithoutMpiItIsOneLineThatSaysWhatToDo) {
    auto const all = judge_cluster({absent(), absent()}, {{"mpirun.mpich", "4.0.2"}}, {});
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].verdict, fitness::note);
    EXPECT_THAT(all[0].value,
                HasSubstr("'cluster' is not available: apt install openmpi-bin libopenmpi-dev, and "));
    EXPECT_THAT(all[0].advice, IsEmpty());
}

TEST(ClusterFindings, NamesMpisAndLaunchersAndHowToLookAtMachines) {
    auto const all =
        judge_cluster({with_plugin(), absent()}, {{"mpirun.openmpi", "4.1.4"}, {"srun", ""}}, {});
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].value, "Open MPI v4.1.4");
    EXPECT_EQ(all[1].value, "mpirun.openmpi 4.1.4, srun");
    EXPECT_EQ(all[1].verdict, fitness::good);
    EXPECT_THAT(all[1].advice, StartsWith("quartet cluster --hosts"));
}

TEST(ClusterFindings, AnMpiThatCannotBeLoadedIsToBeMended) {
    installed_mpi const broken{
        .flavour = mpi_flavour::openmpi, .plugin = "/usr/lib/x.so", .refused = "quartet: no libmpi.so.40"};
    auto const all = judge_cluster({broken, absent()}, {}, {});
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].verdict, fitness::warning);
    EXPECT_EQ(all[0].advice, "no libmpi.so.40");
}

TEST(ClusterFindings, MpiWithoutALauncher) {
    auto const all = judge_cluster({with_plugin()}, {}, {});
    EXPECT_EQ(all[1].verdict, fitness::note);
    EXPECT_THAT(all[1].advice, HasSubstr("apt install openmpi-bin"));
}

TEST(ClusterFindings, ANodeThatIsWell) {
    auto const said = said_of(node("qb"));
    EXPECT_EQ(said.subject, "node qb");
    EXPECT_EQ(said.verdict, fitness::good);
    EXPECT_EQ(said.value,
              "4 workers, 4 of 4 processors, 6.0 GiB; same program; clock 12.0 us behind, give or take 30.0 "
              "us; half a "
              "round trip 45.0 us, 812 MB/s there and 790 MB/s back");
}

TEST(ClusterFindings, ARankThatIsBoundToOneProcessor) {
    auto bound = node("qb");
    bound.processors = bound.workers = 1;
    auto const said = said_of(bound);
    EXPECT_EQ(said.verdict, fitness::warning);
    EXPECT_THAT(said.value, StartsWith("1 worker, 1 of 4 processors"));
    EXPECT_THAT(said.advice, HasSubstr("--bind-to none"));
    bound.processors = 2;
    EXPECT_EQ(said_of(bound).verdict, fitness::note);
    bound.processors = bound.all_processors = 1;
    EXPECT_EQ(said_of(bound).verdict, fitness::good);
}

TEST(ClusterFindings, ANodeWithAnotherProgram) {
    auto other = node("qb");
    other.same_program = false;
    auto const said = said_of(other);
    EXPECT_EQ(said.verdict, fitness::warning);
    EXPECT_THAT(said.value, HasSubstr("; another program;"));
    EXPECT_THAT(said.advice, HasSubstr("build id 0123"));
}

TEST(ClusterFindings, ANodeThatIsLost) {
    auto const said = said_of(node_reading{.name = "qb", .refused = "nothing was heard of it for 2.0 s"});
    EXPECT_EQ(said.verdict, fitness::warning);
    EXPECT_EQ(said.value, "not here");
    EXPECT_EQ(said.advice, "nothing was heard of it for 2.0 s");
}

TEST(ClusterFindings, WhatCouldNotBeMeasuredIsSaid) {
    auto hasty = node("qb");
    hasty.clock_ahead.reset();
    hasty.way.reset();
    EXPECT_THAT(said_of(hasty).value, HasSubstr("clock not compared yet; the way to it was not measured"));
}

TEST(ClusterFindings, TheRootHasNoWayToItself) {
    auto root = node("qa");
    root.is_root = true;
    EXPECT_EQ(said_of(root).value, "4 workers, 4 of 4 processors, 6.0 GiB; the root");
}

TEST(ClusterFindings, MessagesThatWakeNobody) {
    cluster_reading seen{
        .mpi = "Open MPI v4.1.4", .nodes = {node("qa"), node("qb")}, .messages = 9, .found_late = 4};
    EXPECT_EQ(said_of(seen).verdict, fitness::good);
    EXPECT_EQ(said_of(seen).value, "2 nodes, Open MPI v4.1.4; messages wake who waits for them");
    seen.found_late = 5;
    EXPECT_EQ(said_of(seen).verdict, fitness::warning);
    EXPECT_THAT(said_of(seen).value, HasSubstr("5 of 9 messages"));
    EXPECT_THAT(said_of(seen).advice, HasSubstr("up to 20 ms late"));
}

TEST(ClusterFindings, AClusterThatCouldNotBeMade) {
    auto const said = said_of(cluster_reading{.refused = "quartet: MPI does not start"});
    EXPECT_EQ(said.verdict, fitness::warning);
    EXPECT_EQ(said.advice, "MPI does not start");
}

}  // namespace
}  // namespace quartet::cli::cluster_findings_test
