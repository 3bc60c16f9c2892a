// What a journal's file may be, and what is said of one that may not: cut ends, flipped bytes, other calls.
#include "tests/journal_records.hpp"

#include <quartet/quartet.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::journal_file_test {
namespace {

using test::bytes_of;
using test::header_end;
using test::records_in;
using test::write_bytes;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

std::size_t runs = 0;

std::string tripled(int n) {
    ++runs;
    return std::to_string(3 * n);
}
std::string quadrupled(int n) {
    ++runs;
    return std::to_string(4 * n);
}

class journal_file : public testing::Test {
protected:
    journal_file() {
        std::string pattern = (std::filesystem::temp_directory_path() / "quartet-journal-XXXXXX").native();
        folder_ = mkdtemp(pattern.data());
        path_ = folder_ / "jobs.journal";
        runs = 0;
    }
    ~journal_file() override { std::filesystem::remove_all(folder_); }

    static auto triple() {
        return [](int n) { return tripled(n); };
    }
    std::vector<std::string> map() { return executor_.map(triple(), inputs_, {.journal = path_}); }

    /// What a call throws before any body has run, and the file is left as it is.
    std::string refusal_of(auto&& call) {
        auto const before = bytes_of(path_);
        runs = 0;
        std::string said = "nothing was thrown";
        try {
            call();
        } catch (std::exception const& refused) {
            said = refused.what();
        }
        EXPECT_EQ(runs, 0u);
        EXPECT_EQ(bytes_of(path_), before);
        return said;
    }
    std::string refusal() {
        return refusal_of([this] { map(); });
    }
    std::string sentence(std::string const& rest) const {
        return "quartet: the journal '" + path_ + "' " + rest;
    }

    /// The file with a line of the header changed.
    void change_header(std::string const& from, std::string const& to) {
        auto bytes = bytes_of(path_);
        auto const at = bytes.find(from);
        ASSERT_NE(at, bytes.npos);
        write_bytes(path_, bytes.replace(at, from.size(), to));
    }

    std::filesystem::path folder_;
    std::string path_;
    executor executor_ = make_executor("single");
    std::vector<int> const inputs_{7, 8, 9};
    std::vector<std::string> const values_{"21", "24", "27"};
};

TEST_F(journal_file, begins_with_what_people_can_read) {
    map();
    auto const bytes = bytes_of(path_);
    auto const header = bytes.substr(0, header_end(bytes));
    EXPECT_THAT(header, StartsWith("quartet journal 1\nprogram: build id "));
    EXPECT_THAT(header, HasSubstr("\nbody: quartet::journal_file_test::"));
    EXPECT_THAT(header, EndsWith("\ninputs: int\nresults: std::string\ncall: a map of 3 inputs\n\n"));
    ASSERT_EQ(records_in(bytes).size(), 3u);
    EXPECT_EQ(records_in(bytes)[2].end, bytes.size());
}

TEST_F(journal_file, takes_28_bytes_a_value_and_those_of_the_value) {
    executor_.map([](int n) { return n; }, inputs_, {.journal = path_});
    auto const bytes = bytes_of(path_);
    EXPECT_EQ(bytes.size() - header_end(bytes), 3 * (28 + sizeof(int)));
}

// ---- Ends that are cut

TEST_F(journal_file, is_cut_back_to_its_last_whole_record) {
    map();
    auto const whole = bytes_of(path_);
    auto const last = records_in(whole).back();
    for (std::size_t size = last.begin; size < last.end; ++size) {
        write_bytes(path_, whole.substr(0, size));
        runs = 0;
        EXPECT_EQ(map(), values_);
        EXPECT_EQ(runs, 1u);
        EXPECT_EQ(bytes_of(path_), whole);
    }
}

TEST_F(journal_file, is_cut_before_anything_is_added) {
    map();
    auto const whole = bytes_of(path_);
    auto const last = records_in(whole).back();
    write_bytes(path_, whole.substr(0, last.end - 1));
    auto const fails_at_nine = [](int n) { return n == 9 ? throw std::runtime_error("no") : tripled(n); };
    EXPECT_THAT(refusal_of([&] { executor_.map(fails_at_nine, inputs_, {.journal = path_}); }),
                HasSubstr("another body"));
    auto stopped = std::stop_source();
    stopped.request_stop();
    executor_.try_map(triple(), inputs_, {.stop = stopped.get_token(), .journal = path_});
    EXPECT_EQ(bytes_of(path_), whole.substr(0, last.begin));
}

TEST_F(journal_file, whose_end_was_never_written_is_cut) {
    map();
    auto const whole = bytes_of(path_);
    auto const first = records_in(whole).front();
    write_bytes(path_, whole.substr(0, first.end) + std::string(5000, '\0'));
    runs = 0;
    EXPECT_EQ(map(), values_);
    EXPECT_EQ(runs, 2u);
    EXPECT_EQ(bytes_of(path_), whole);
}

TEST_F(journal_file, with_a_flipped_bit_gives_no_wrong_value) {
    map();
    auto const whole = bytes_of(path_);
    auto const records = records_in(whole);
    for (std::size_t at = header_end(whole); at < whole.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            auto changed = whole;
            changed[at] = static_cast<char>(changed[at] ^ 1 << bit);
            write_bytes(path_, changed);
            runs = 0;
            ASSERT_EQ(map(), values_) << "byte " << at << ", bit " << bit;
            // It and those behind it.
            EXPECT_EQ(runs, at < records[0].end ? 3u : at < records[1].end ? 2u : 1u);
            EXPECT_EQ(bytes_of(path_), whole);
        }
    }
}

TEST_F(journal_file, with_a_flipped_bit_in_its_header_is_refused) {
    map();
    auto const whole = bytes_of(path_);
    for (std::size_t at = 0; at < header_end(whole); ++at) {
        auto changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        write_bytes(path_, changed);
        auto const said = refusal();
        EXPECT_THAT(said, HasSubstr("'" + path_ + "'")) << "byte " << at;
        EXPECT_THAT(said, testing::AnyOf(HasSubstr("is not a journal"), HasSubstr("is damaged"),
                                         HasSubstr("has format"), HasSubstr(" there, ")));
    }
}

TEST_F(journal_file, that_was_cut_within_its_header_is_begun_again) {
    map();
    auto const whole = bytes_of(path_);
    for (std::size_t size = 16; size < header_end(whole); ++size) {
        write_bytes(path_, whole.substr(0, size));
        runs = 0;
        ASSERT_EQ(map(), values_);
        EXPECT_EQ(runs, 3u);
        EXPECT_EQ(bytes_of(path_), whole);
    }
    write_bytes(path_, "");
    EXPECT_EQ(map(), values_);
    EXPECT_EQ(bytes_of(path_), whole);
}

TEST_F(journal_file, with_several_values_of_a_task_gives_the_last) {
    map();
    auto const whole = bytes_of(path_);
    auto const first = records_in(whole).front();
    auto const record = whole.substr(first.begin, first.end - first.begin);
    // One that this program would give for another body, of the same name in another build.
    executor_.map([](int n) { return std::to_string(n) + "!"; }, inputs_, {.journal = path_ + "2"});
    auto const other = bytes_of(path_ + "2");
    auto const other_first = records_in(other).front();
    write_bytes(path_, whole + other.substr(other_first.begin, other_first.end - other_first.begin));
    runs = 0;
    EXPECT_EQ(map(), (std::vector<std::string>{"7!", "24", "27"}));
    write_bytes(path_, bytes_of(path_) + record);
    EXPECT_EQ(map(), values_);
    EXPECT_EQ(runs, 0u);
}

// ---- Of something else

TEST_F(journal_file, of_other_inputs_is_refused) {
    map();
    std::vector<int> const other{7, 80, 9};
    EXPECT_EQ(refusal_of([&] { executor_.map(triple(), other, {.journal = path_}); }),
              sentence("is of other inputs: that of task 1 is not the one that it has a value for"));
    EXPECT_EQ(refusal_of([&] {
                  executor_.map(triple(), std::vector{7, 8}, {.journal = path_});
              }),
              sentence("is of another call: a map of 3 inputs there, a map of 2 inputs here"));
}

TEST_F(journal_file, of_another_kind_of_call_is_refused) {
    map();
    stream_options const options{.call = {.journal = path_}};
    EXPECT_EQ(refusal_of([&] { executor_.stream(triple(), inputs_, options).next(); }),
              sentence("is of another call: a map of 3 inputs there, a stream here"));
}

struct by_type {
    template <class T>
    T operator()(T const& n) const {
        return ++runs, n;
    }
};
TEST_F(journal_file, of_another_body_is_refused) {
    map();
    auto const said =
        refusal_of([&] { executor_.map([](int n) { return quadrupled(n); }, inputs_, {.journal = path_}); });
    EXPECT_THAT(said, AllOf(StartsWith(sentence("is of another body: quartet::journal_file_test::")),
                            HasSubstr(" there, quartet::journal_file_test::"), EndsWith(" here")));
    // Functions have no names here, but offsets.
    std::filesystem::remove(path_);
    executor_.map(&tripled, inputs_, {.journal = path_});
    EXPECT_THAT(refusal_of([&] { executor_.map(&quadrupled, inputs_, {.journal = path_}); }),
                testing::MatchesRegex(
                    ".*is of another body: the function at offset 0x[0-9a-f]+ there, the function at offset "
                    "0x[0-9a-f]+ here"));
}

TEST_F(journal_file, of_other_types_is_refused) {
    executor_.map(by_type(), inputs_, {.journal = path_});
    EXPECT_EQ(refusal_of([&] {
                  executor_.map(by_type(), std::vector<std::string>{"7", "8", "9"}, {.journal = path_});
              }),
              sentence("is of other inputs: int there, std::string here"));
    EXPECT_EQ(refusal_of([&] { executor_.for_each(by_type(), inputs_, {.journal = path_}); }),
              sentence("is of other results: int there, void here"));
}

TEST_F(journal_file, of_another_program_is_refused) {
    map();
    auto const bytes = bytes_of(path_);
    auto const begin = bytes.find("build id ");
    auto const here = bytes.substr(begin, bytes.find('\n', begin) - begin);
    change_header(here, "build id 0123456789abcdef");
    EXPECT_EQ(refusal(),
              sentence("is of another program: build id 0123456789abcdef there, " + here + " here"));
}

TEST_F(journal_file, of_another_format_is_refused) {
    map();
    change_header("quartet journal 1\n", "quartet journal 2\n");
    EXPECT_EQ(refusal(), sentence("has format '2', and this program knows format 1"));
}

TEST_F(journal_file, that_is_no_journal_is_refused) {
    for (std::string const bytes : {"x", "some text\n\nof mine", "quartet", "quartet journ"}) {
        write_bytes(path_, bytes);
        EXPECT_EQ(refusal(), "quartet: '" + path_ + "' is not a journal of quartet; it was left as it is");
    }
    write_bytes(path_, std::string(200'000, '\0'));
    EXPECT_EQ(refusal(), "quartet: '" + path_ + "' is not a journal of quartet; it was left as it is");
}

// ---- What the system refuses

TEST_F(journal_file, that_can_not_be_opened_is_an_error) {
    std::string const file = path_;
    path_ = folder_ / "nowhere" / "jobs.journal";
    EXPECT_EQ(refusal(), "quartet: cannot open the journal '" + path_ + "': No such file or directory");
    path_ = folder_;
    EXPECT_EQ(refusal(), "quartet: cannot open the journal '" + path_ + "': Is a directory");
    path_ = "/dev/null";
    EXPECT_EQ(refusal(), sentence("is no ordinary file"));
    path_ = folder_ / "pipe";
    ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
    EXPECT_EQ(refusal(), sentence("is no ordinary file"));
    path_ = file;
    EXPECT_EQ(map(), values_);
}

TEST_F(journal_file, is_no_more_than_one_call_s) {
    static std::string const* path = nullptr;
    path = &path_;
    auto const calls_itself = [](int n) {
        try {
            make_executor("single").map(triple(), std::vector{1}, {.journal = *path});
        } catch (std::runtime_error const& refused) {
            return std::string(refused.what());
        }
        return std::to_string(n);
    };
    EXPECT_EQ(executor_.map(calls_itself, std::vector{1}, {.journal = path_})[0],
              sentence("is in use by another call"));
    std::filesystem::remove(path_);
    map();
    int const other = open(path_.c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_EQ(flock(other, LOCK_EX), 0);
    EXPECT_EQ(refusal(), sentence("is in use by another call"));
    std::jthread const lets_go([other] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        close(other);
    });
    for (bool taken = false; !taken;) {  // a slow machine may need several
        try {
            taken = map() == values_;
        } catch (std::runtime_error const& refused) {
            EXPECT_EQ(refused.what(), sentence("is in use by another call"));
        }
    }
}

TEST_F(journal_file, is_free_when_its_call_has_ended) {
    map();
    int const other = open(path_.c_str(), O_RDWR | O_CLOEXEC);
    EXPECT_EQ(flock(other, LOCK_EX | LOCK_NB), 0);
    close(other);
}

}  // namespace
}  // namespace quartet::journal_file_test
