// tests/batch/input_memory_test.cpp
//
// A batch's inputs may be more than the memory holds.
#include "batch/inputs/input_arguments.hpp"
#include "tests/batch/input_files.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sys/stat.h>
#include <thread>

namespace quartet::batch::input_memory_test {

constexpr std::size_t count = 1'000'000;
// Of 100 MB that are read. AddressSanitizer keeps 16 MB of what was freed, and what it knows of that.
constexpr std::size_t most_bytes = std::size_t{48} << 20;

std::size_t resident_bytes() {
    std::size_t all = 0;
    std::size_t resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return resident * 4096;
}

std::string text_of(std::size_t number) {
    return std::string(90, 'x') + std::to_string(number);
}

struct reading {
    std::size_t rows = 0;
    std::size_t most_resident = 0;
    bool in_order = true;
};

// Through a pipe, as from a program that writes them without end.
reading read_all(source_kind kind, char separator, std::vector<source_description> others) {
    test::temporary_folder const folder;
    auto const path = folder / "pipe";
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    std::thread writer([&] {
        std::ofstream pipe(path);
        if (kind == source_kind::csv) pipe << "name\n";
        for (std::size_t number = 0; number < count; ++number)
            pipe << text_of(number) << separator;
    });
    std::vector<source_description> sources{{.kind = kind, .file = path.native()}};
    std::size_t const combinations = others.empty() ? 1 : others.front().values.size();
    sources.insert(sources.end(), others.begin(), others.end());
    auto const source = open_inputs(sources);
    std::size_t const before = resident_bytes();
    reading seen;
    while (auto const row = source->next()) {
        if (row->front() != text_of(seen.rows / combinations)) seen.in_order = false;
        if (++seen.rows % 50'000 == 0) seen.most_resident = std::max(seen.most_resident, resident_bytes());
    }
    writer.join();
    seen.most_resident -= std::min(before, seen.most_resident);
    return seen;
}

TEST(input_memory, is_the_same_for_a_million_lines) {
    auto const seen = read_all(source_kind::lines, '\n', {});
    EXPECT_EQ(seen.rows, count);
    EXPECT_TRUE(seen.in_order);
    EXPECT_LT(seen.most_resident, most_bytes);
}

TEST(input_memory, is_the_same_for_a_million_records) {
    auto const seen = read_all(source_kind::csv, '\n', {});
    EXPECT_EQ(seen.rows, count);
    EXPECT_TRUE(seen.in_order);
    EXPECT_LT(seen.most_resident, most_bytes);
}

TEST(input_memory, is_the_same_for_a_million_values_that_are_crossed) {
    auto const seen = read_all(source_kind::nul_separated, '\0', {{.values = {"a", "b"}}});
    EXPECT_EQ(seen.rows, 2 * count);
    EXPECT_TRUE(seen.in_order);
    EXPECT_LT(seen.most_resident, most_bytes);
}

}  // namespace quartet::batch::input_memory_test
