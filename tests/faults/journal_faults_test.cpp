// Journals of programs that are killed, and on disks that are full.
#include "tests/conformance/models.hpp"
#include "tests/faults/limits.hpp"
#include "tests/journal_records.hpp"
#include "tests/waiting.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <ranges>
#include <set>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::faults::journal_faults_test {
namespace {

using namespace std::chrono_literals;
using conformance::any_model;
using conformance::temporary_folder;
using test::bytes_of;
using test::records_in;
using testing::HasSubstr;

// ---- A program that is killed

class a_killed_program : public any_model {
protected:
    /// The tasks whose values the journal has.
    std::set<std::size_t> kept() const {
        std::set<std::size_t> found;
        for (auto const& each : records_in(bytes_of(journal_)))
            found.insert(each.index);
        return found;
    }

    /// How often tasks have run since the last time: each run leaves a line.
    std::map<std::size_t, std::size_t> runs() {
        std::map<std::size_t, std::size_t> found;
        std::ifstream file(log_);
        for (std::size_t line = 0; line < seen_lines_; ++line)
            file.ignore(100, '\n');
        for (std::size_t task = 0; file >> task; ++seen_lines_)
            ++found[task];
        return found;
    }

    temporary_folder folder_;
    std::string const journal_ = folder_ / "jobs.journal";
    std::string const log_ = folder_ / "runs";
    std::size_t seen_lines_ = 0;
};
QUARTET_SUITE(a_killed_program, conformance::rows_where([](conformance::row const&) {
                  return conformance::with_processes;  // where a child may have threads
              }));

constexpr std::size_t tasks = 120;

std::string value_of(std::size_t task) {
    return std::string(task, 'v') + std::to_string(task);
}

/// Leaves a line of its number, of seven characters and the end. Those that the gate does not let through
/// wait to be killed.
std::string work_on(std::pair<std::size_t, std::string> const& given) {
    auto const& [task, folder] = given;
    auto line = std::to_string(task);
    line = std::string(7 - line.size(), ' ') + line + '\n';
    int const file = open((folder + "runs").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    bool const written = write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    close(file);
    if (!written) throw std::runtime_error("no line could be written");
    std::size_t gate = 0;
    std::ifstream(folder + "gate") >> gate;
    while (task >= gate)
        usleep(1000);
    return value_of(task);
}

/// What the program does; 0 if all values are right.
int run_program(executor runs, std::string const& journal, std::string const& folder, bool streams) {
    std::vector<std::pair<std::size_t, std::string>> inputs;
    for (std::size_t task = 0; task < tasks; ++task)
        inputs.emplace_back(task, folder);
    std::size_t right = 0;
    if (streams) {
        stream_options const options{.order = stream_order::as_completed, .call = {.journal = journal}};
        for (auto& each : runs.stream(&work_on, inputs, options))
            right += *each == value_of(each.index);
    } else {
        auto const values = runs.map(&work_on, inputs, {.journal = journal});
        for (std::size_t task = 0; task < tasks; ++task)
            right += values[task] == value_of(task);
    }
    return right == tasks ? 0 : 1;
}

TEST_P(a_killed_program, goes_on_where_it_was_killed) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    std::mt19937 random(7);
    auto const up_to = [&random](std::size_t most) { return random() % (most + 1); };
    for (bool const streams : {false, true}) {
        std::set<std::size_t> had;
        std::filesystem::remove(journal_);
        for (std::size_t gate = 0; gate < tasks;) {
            gate = std::min(gate + 1 + up_to(50), tasks);
            std::ofstream(folder_ / "gate") << gate << std::flush;
            pid_t const child = fork();
            ASSERT_GE(child, 0);
            if (child == 0) std::_Exit(run_program(make(), journal_, folder_ / "", streams));
            if (gate < tasks) {
                std::size_t const enough = had.size() + up_to(gate - had.size());
                EXPECT_TRUE(test::comes_true([&] { return kept().size() >= enough; }));
                usleep(static_cast<useconds_t>(up_to(2000)));
                kill(child, SIGKILL);
            }
            int status = 0;
            ASSERT_EQ(waitpid(child, &status, 0), child);
            EXPECT_EQ(status, gate < tasks ? SIGKILL : 0);
            while (waitpid(-1, nullptr, 0) > 0) {  // its workers
            }
            // What the journal had is not run again, and whatever else ran did so once.
            for (auto const& [task, times] : runs()) {
                EXPECT_FALSE(had.contains(task)) << task;
                EXPECT_EQ(times, 1u) << task;
            }
            had = kept();
        }
        EXPECT_EQ(records_in(bytes_of(journal_)).size(), tasks);
        EXPECT_EQ(had.size(), tasks);
    }
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

// ---- Disks

constexpr std::size_t large = 20'000;  // a value

std::string large_value(int n) {
    return std::string(large, static_cast<char>('a' + n));
}

class a_journal_on_a_full_disk : public any_model {
protected:
    std::vector<int> const inputs_{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

    /// The sentence that the call ends with, and the values that are there then.
    void expect_refusal(executor& runs, std::string const& path, std::string const& words, bool streams) {
        try {
            if (streams) {
                stream_options const options{.call = {.journal = path}};
                for (auto& each : runs.stream(&large_value, inputs_, options)) {
                    EXPECT_TRUE(each || each.error().why == cause::cancelled);
                }
            } else {
                runs.try_map(&large_value, inputs_, {.journal = path});
            }
            ADD_FAILURE() << "nothing was thrown";
        } catch (std::system_error const& refused) {
            EXPECT_EQ(refused.what(), "quartet: cannot write to the journal '" + path + "': " + words);
        }
        auto const bytes = bytes_of(path);
        auto const records = records_in(bytes);
        EXPECT_LT(records.size(), inputs_.size());
        EXPECT_EQ(records.empty() ? test::header_end(bytes) : records.back().end, bytes.size());
    }

    void expect_values(executor& runs, std::string const& path, bool streams) {
        std::size_t index = 0;
        if (streams) {
            stream_options const options{.call = {.journal = path}};
            for (auto& each : runs.stream(&large_value, inputs_, options))
                EXPECT_EQ(*each, large_value(inputs_[index++]));
        } else {
            for (auto const& each : runs.map(&large_value, inputs_, {.journal = path}))
                EXPECT_EQ(each, large_value(inputs_[index++]));
        }
        EXPECT_EQ(index, inputs_.size());
        EXPECT_EQ(records_in(bytes_of(path)).size(), inputs_.size());
    }
};
QUARTET_SUITE(a_journal_on_a_full_disk, conformance::all_rows());

TEST_P(a_journal_on_a_full_disk, stops_the_call_and_is_good_for_the_next) {
    std::optional<small_disk> disk;
    try {
        disk.emplace("size=128k");
    } catch (std::system_error const& refused) {
        GTEST_SKIP() << refused.what();
    }
    temporary_folder folder;
    auto executor = make();
    for (bool const streams : {false, true}) {
        auto const path = *disk / (streams ? "stream.journal" : "map.journal");
        std::string const filler = *disk / "filler";
        std::ofstream(filler) << std::string(40'000, 'f') << std::flush;
        expect_refusal(executor, path, "No space left on device", streams);
        std::filesystem::remove(filler);
        expect_refusal(executor, path, "No space left on device", streams);
        auto const with_room = folder / "jobs.journal";  // a file may be moved
        std::filesystem::copy_file(path, with_room);
        expect_values(executor, with_room, streams);
        std::filesystem::remove(with_room);
        std::filesystem::remove(path);
    }
}

/// Workers that are forked under the limit have it too, and no shared memory then.
class a_journal_under_a_limit : public a_journal_on_a_full_disk {};
QUARTET_SUITE(a_journal_under_a_limit, conformance::rows_where([](conformance::row const& each) {
                  return !each.name.starts_with("processes");
              }));

TEST_P(a_journal_under_a_limit, of_the_size_of_files_stops_the_call_and_no_signal_the_program) {
    temporary_folder folder;
    auto const path = folder / "jobs.journal";
    auto executor = make();
    for (bool const streams : {false, true}) {
        {
            resource_limit const lower(RLIMIT_FSIZE, 5 * large);
            expect_refusal(executor, path, "File too large", streams);
        }
        expect_values(executor, path, streams);
        std::filesystem::remove(path);
    }
}

TEST_P(a_journal_under_a_limit, ends_a_stream_whose_inputs_have_no_end) {
    temporary_folder folder;
    stream_options const options{.call = {.journal = folder / "jobs.journal"}};
    auto executor = make();
    auto const body = [](int n) { return large_value(n % 26); };
    resource_limit const lower(RLIMIT_FSIZE, 5 * large);
    auto stream = executor.stream(body, std::views::iota(0), options);
    auto const take_all = [&] {
        while (stream.next()) {
        }
    };
    EXPECT_THROW(take_all(), std::system_error);
}

TEST_P(a_journal_under_a_limit, that_lets_nothing_be_written_is_an_error_before_any_body_runs) {
    temporary_folder folder;
    auto const path = folder / "jobs.journal";
    auto executor = make();
    std::size_t runs = 0;
    struct counting {
        std::size_t* runs;
        int operator()(int n) const { return ++*runs, n; }
    };
    resource_limit const lower(RLIMIT_FSIZE, 100);
    try {
        executor.map(counting{&runs}, inputs_, {.journal = path});
        FAIL() << "nothing was thrown";
    } catch (std::system_error const& refused) {
        EXPECT_EQ(refused.what(), "quartet: cannot write to the journal '" + path + "': File too large");
    }
    EXPECT_EQ(runs, 0u);
}

}  // namespace
}  // namespace quartet::faults::journal_faults_test
