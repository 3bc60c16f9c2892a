#include "src/models/cluster/launch.hpp"

#include "src/models/cluster/mpi_loader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>

namespace quartet::detail::launch_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using variables = std::map<std::string, std::string>;

environment_reader of(variables set) {
    return [set = std::move(set)](char const* name) -> char const* {
        auto const found = set.find(name);
        return found == set.end() ? nullptr : found->second.c_str();
    };
}

/// "openmpi 2/3 by mpirun of Open MPI", or "none".
std::string seen(variables set) {
    auto const found = how_launched(of(std::move(set)));
    if (!found) return "none";
    return std::string(name_of(found->flavour)) + " " + std::to_string(found->rank) + "/" +
           std::to_string(found->size) + " by " + found->launcher;
}

template <class Function>
std::string message_of(Function&& function) {
    try {
        function();
    } catch (std::exception const& error) {
        return error.what();
    }
    return "nothing was thrown";
}

TEST(Launch, SeesWhoStartedTheProgram) {
    EXPECT_EQ(seen({}), "none");
    EXPECT_EQ(seen({{"OMPI_COMM_WORLD_RANK", "2"}, {"OMPI_COMM_WORLD_SIZE", "3"}, {"PMIX_RANK", "2"}}),
              "openmpi 2/3 by mpirun of Open MPI");
    EXPECT_EQ(seen({{"PMI_RANK", "0"}, {"PMI_SIZE", "4"}, {"PMI_FD", "6"}}), "mpich 0/4 by mpirun of MPICH");
    variables slurm{{"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "3"}, {"SLURM_STEP_ID", "0"}};
    auto pmix = slurm;
    pmix["PMIX_RANK"] = "1";
    EXPECT_EQ(seen(pmix), "openmpi 1/3 by srun");
    pmix["SLURM_STEP_NUM_TASKS"] = "2";
    EXPECT_EQ(seen(pmix), "openmpi 1/2 by srun");
    auto pmi2 = slurm;
    pmi2.insert({{"PMI_RANK", "1"}, {"PMI_SIZE", "3"}});
    EXPECT_EQ(seen(pmi2), "mpich 1/3 by srun --mpi=pmi2");
    // A launcher of MPI that srun has started on each node.
    auto both = slurm;
    both.insert({{"OMPI_COMM_WORLD_RANK", "7"}, {"OMPI_COMM_WORLD_SIZE", "8"}});
    EXPECT_EQ(seen(both), "openmpi 7/8 by mpirun of Open MPI");
}

TEST(Launch, ABatchScriptIsNoRank) {
    EXPECT_EQ(seen({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "3"}}), "none");
    EXPECT_EQ(seen({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "1"}, {"SLURM_STEP_ID", "0"}}), "none");
}

TEST(Launch, OddVariablesAreNone) {
    EXPECT_EQ(seen({{"OMPI_COMM_WORLD_RANK", "x"}, {"OMPI_COMM_WORLD_SIZE", "3"}}), "none");
    EXPECT_EQ(seen({{"OMPI_COMM_WORLD_RANK", "3"}, {"OMPI_COMM_WORLD_SIZE", "3"}}), "none");
    EXPECT_EQ(seen({{"OMPI_COMM_WORLD_RANK", ""}, {"OMPI_COMM_WORLD_SIZE", "3"}}), "none");
    EXPECT_EQ(seen({{"PMI_RANK", "0"}}), "none");
}

TEST(Launch, TheUserChoosesTheMpi) {
    variables set{{"PMI_RANK", "0"}, {"PMI_SIZE", "4"}, {"QUARTET_MPI", "openmpi"}};
    EXPECT_EQ(seen(set), "openmpi 0/4 by mpirun of MPICH");
    set["QUARTET_MPI"] = "intel";
    EXPECT_EQ(message_of([&] { seen(set); }), "quartet: QUARTET_MPI is 'intel', and may be openmpi or mpich");
}

TEST(Launch, KnowsTheLaunchersDescriptor) {
    EXPECT_EQ(how_launched(of({{"PMI_RANK", "0"}, {"PMI_SIZE", "4"}, {"PMI_FD", "6"}}))->descriptor, 6);
    EXPECT_EQ(how_launched(of({{"PMI_RANK", "0"}, {"PMI_SIZE", "4"}}))->descriptor, -1);
}

TEST(Launch, SrunHasToOfferAnMpi) {
    EXPECT_EQ(message_of([] {
                  seen({{"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "3"}, {"SLURM_STEP_ID", "0"}});
              }),
              "quartet: srun offers no MPI to this program; say srun --mpi=pmix for Open MPI, or --mpi=pmi2 "
              "for MPICH");
}

TEST(Launch, IsForgotten) {
    for (char const* name :
         {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_FD", "OMPI_ALLOW_RUN_AS_ROOT", "PMIXER"})
        setenv(name, "1", 1);
    forget_launch();
    EXPECT_EQ(std::getenv("OMPI_COMM_WORLD_RANK"), nullptr);
    EXPECT_EQ(std::getenv("PMIX_RANK"), nullptr);
    EXPECT_EQ(std::getenv("PMI_FD"), nullptr);
    EXPECT_STREQ(std::getenv("OMPI_ALLOW_RUN_AS_ROOT"), "1");
    EXPECT_STREQ(std::getenv("PMIXER"), "1");
}

TEST(MpiPlugin, OneThatIsNotThereIsRefused) {
    EXPECT_EQ(message_of([] {
                  find_mpi_plugin(mpi_flavour::mpich, of({{"QUARTET_MPI_PLUGIN", "/nowhere/x.so"}}));
              }),
              "quartet: QUARTET_MPI_PLUGIN is '/nowhere/x.so', where no file is");
    EXPECT_EQ(find_mpi_plugin(mpi_flavour::mpich, of({{"QUARTET_MPI_PLUGIN", "/proc/self/exe"}})),
              "/proc/self/exe");
}

TEST(MpiPlugin, OneThatIsNoneIsRefused) {
    EXPECT_THAT(message_of([] { load_mpi_plugin("/proc/self/environ", mpi_flavour::openmpi); }),
                AllOf(HasSubstr("quartet: the plug-in of openmpi can't be loaded: "),
                      HasSubstr("apt install libopenmpi-dev")));
    EXPECT_THAT(message_of([] { load_mpi_plugin("libz.so.1", mpi_flavour::openmpi); }),
                HasSubstr("quartet: libz.so.1 is no plug-in of quartet"));
}

}  // namespace
}  // namespace quartet::detail::launch_test
