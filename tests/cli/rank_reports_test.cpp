// What ranks tell over standard error, taken out of it in whatever pieces it comes.

#include "cli/launching/hosts.hpp"
#include "cli/launching/rank_script.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace quartet::cli::rank_reports_test {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

std::string told(std::string const& mark, std::vector<std::string> const& pieces) {
    report_reader reader(mark);
    std::string all;
    std::string reports;
    for (auto const& each : pieces) {
        auto const found = reader.take(each);
        all += found.text;
        for (auto const& report : found.reports)
            reports += std::to_string(report.what) + ":" + std::to_string(report.number) + report.host +
                       report.step + " ";
    }
    return all + reader.rest() + "|" + reports;
}

TEST(RankReports, AreFoundWhereverTheyAreCut) {
    std::string const mark = "quartet-rank-0123:";
    std::string const text = "begins quart\n" + mark + " begun 0 qa 7.0\nquartet-rank-0124: no\nno end" +
                             mark + " ended 139\n" + mark + " lacks 2 qc\n" + mark +
                             " is in the script\nquartet-ra";
    std::string const expected = "begins quart\nquartet-rank-0124: no\nno end" + mark +
                                 " is in the script\nquartet-ra|0:0qa7.0 2:139 1:2qc ";
    EXPECT_EQ(told(mark, {text}), expected);
    for (std::size_t cut = 0; cut <= text.size(); ++cut)
        EXPECT_EQ(told(mark, {text.substr(0, cut), text.substr(cut)}), expected) << cut;
    std::vector<std::string> letters;
    for (char const each : text)
        letters.emplace_back(1, each);
    EXPECT_EQ(told(mark, letters), expected);
}

TEST(RankReports, TextIsNotHeldBackBehindSomethingThatIsNoMark) {
    report_reader reader("quartet-rank-0123:");
    EXPECT_EQ(reader.take("50 %").text, "50 %");
    EXPECT_EQ(reader.take("q").text, "");
    EXPECT_EQ(reader.take(" 60 %").text, "q 60 %");
}

TEST(RankReports, WithoutWatchingAProgramRunsAsItIs) {
    EXPECT_TRUE(words_before_program(launcher_kind::open_mpi, {{.name = "a"}}, "").empty());
    auto const words =
        words_before_program(launcher_kind::open_mpi, {{.name = "a"}, {.name = "b", .workers = 4}}, "");
    ASSERT_EQ(words.size(), 4u);
    EXPECT_THAT(words[2], HasSubstr("1) export QUARTET_WORKERS=4"));
}

/// Starts rank 0 of a program, and sends it a signal as soon as it tells that it has begun; all that it
/// tells.
std::string told_by_one_that_is_stopped(launcher_kind kind, std::vector<std::string> const& program) {
    auto words = words_before_program(kind, {{.name = "a"}}, "mark");
    words.insert(words.end(), program.begin(), program.end());
    std::array<int, 2> errors{};
    if (pipe(errors.data()) != 0) return "no pipe";
    pid_t const rank = fork();
    if (rank == 0) {
        dup2(errors[1], STDERR_FILENO);
        close(errors[0]);
        close(errors[1]);
        for (char const* number : {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"})
            setenv(number, "0", 1);
        std::vector<char*> pointers;
        for (auto& each : words)
            pointers.push_back(each.data());
        pointers.push_back(nullptr);
        execvp(pointers[0], pointers.data());
        _exit(1);
    }
    close(errors[1]);
    std::string all;
    std::array<char, 256> piece{};
    for (ssize_t count = 0; (count = read(errors[0], piece.data(), piece.size())) > 0;) {
        bool const had_begun = all.find("begun") != all.npos;
        all.append(piece.data(), static_cast<std::size_t>(count));
        if (!had_begun && all.find("begun") != all.npos) kill(rank, signal_for_stop(kind));
    }
    close(errors[0]);
    waitpid(rank, nullptr, 0);
    return all;
}

TEST(RankScript, PassesOnASignalThatComesBeforeTheProgramHasBegun) {
    for (auto const kind : {launcher_kind::open_mpi, launcher_kind::hydra, launcher_kind::srun}) {
        for (int i = 0; i < 10; ++i)
            EXPECT_THAT(told_by_one_that_is_stopped(kind, {"sleep", "20"}), HasSubstr("mark ended 130\n"));
    }
}

TEST(Hosts, AreReadAsTheyAreTyped) {
    std::vector<cluster_host> const expected{{.name = "a"}, {.name = "b.example", .workers = 4}};
    EXPECT_EQ(parse_hosts("a,b.example:4"), expected);
    EXPECT_EQ(names_of(expected), "a,b.example");
    for (char const* wrong : {"", "a,", "a:", "a:4097", "a:1:2", "a/b", "a a", "a,a"})
        EXPECT_THROW(parse_hosts(wrong), std::invalid_argument) << wrong;
    EXPECT_THAT([] { read_hosts("/"); }, ThrowsMessage<std::invalid_argument>(HasSubstr("can't be read")));
}

}  // namespace
}  // namespace quartet::cli::rank_reports_test
