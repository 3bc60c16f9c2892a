#include "workloads/data/generate_csv.hpp"

#include "tests/workloads/data/csv_reading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <unistd.h>

namespace quartet::generate_csv_test {
namespace {

TEST(generate_csv, default_file_has_30001_profiles_in_10_megabytes) {
    std::string const text = generate_csv();
    csv_header const header(text);
    csv_reader reader(header, text);
    csv_digest const digest = digest_of(reader);
    EXPECT_EQ(digest.rows, 30'001U);
    EXPECT_EQ(digest.fields, 30'001U * 13);
    EXPECT_NEAR(static_cast<double>(text.size()), 10e6, 0.03 * 10e6);
}

TEST(generate_csv, columns_are_those_of_a_profile) {
    EXPECT_THAT(csv_header(generate_csv(0)).names(),
                testing::ElementsAre("job", "company", "ssn", "residence", "current_location", "blood_group",
                                     "website", "username", "name", "sex", "address", "mail", "birthdate"));
}

TEST(generate_csv, has_as_many_records_as_asked_for) {
    for (std::size_t const records : {0, 1, 2, 1000})
        EXPECT_EQ(read_csv(generate_csv(records)).rows.size(), records + 1);
}

TEST(generate_csv, every_rule_of_the_format_is_at_work) {
    csv_rows const rows = read_csv(generate_csv(1000)).rows;
    auto const fields_with = [&rows](std::string_view what) {
        std::size_t count = 0;
        for (auto const& row : rows)
            for (std::string const& field : row)
                count += field.find(what) != field.npos;
        return count;
    };
    EXPECT_GT(fields_with(","), 1000U);
    EXPECT_GT(fields_with("\n"), 1000U);
    EXPECT_GT(fields_with("\""), 100U);
    EXPECT_GT(fields_with("\xc3"), 10U);
}

TEST(generate_csv, seed_decides) {
    EXPECT_EQ(generate_csv(100, 7), generate_csv(100, 7));
    EXPECT_NE(generate_csv(100, 7), generate_csv(100, 8));
}

// Others compare their results with ours by way of this file; it must not change unnoticed.
TEST(generate_csv, default_file_is_the_same_everywhere) {
    EXPECT_EQ(digest_in_parts(generate_csv(), 1).hash, 7622203040196520148U);
}

TEST(generate_csv, stream_gets_the_same_text) {
    std::ostringstream out;
    generate_csv(out, 3000, 5);
    EXPECT_EQ(out.str(), generate_csv(3000, 5));
}

TEST(generate_csv, stops_when_the_stream_fails) {
    std::ofstream full("/dev/full");
    ASSERT_TRUE(full);
    generate_csv(full, 100'000'000'000);  // would take an hour
    EXPECT_FALSE(full);
}

/// All fields with their lengths before them, which leaves nothing to interpret.
std::string spell_out(csv_rows const& rows) {
    std::string text;
    for (auto const& row : rows) {
        for (std::string const& field : row)
            text += std::to_string(field.size()) + ":" + field;
        text += '\n';
    }
    return text;
}

constexpr char const* python_spell_out = R"(
import csv, sys
with open(sys.argv[1], newline='', encoding='latin-1') as text, open(sys.argv[2], 'wb') as out:
    for row in csv.reader(text):
        out.write((''.join('%d:%s' % (len(field), field) for field in row) + '\n').encode('latin-1'))
)";

std::string read_whole(std::filesystem::path const& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST(generate_csv, python_reads_the_same_fields) {
    if (std::system("python3 -c 'import csv' >/dev/null 2>&1") != 0) GTEST_SKIP() << "there is no python3";
    std::filesystem::path const folder =
        std::filesystem::path(testing::TempDir()) / ("generate_csv_test." + std::to_string(getpid()));
    std::filesystem::create_directory(folder);
    std::string const text = generate_csv(5000);
    std::ofstream(folder / "data.csv", std::ios::binary) << text;
    std::ofstream(folder / "spell_out.py") << python_spell_out;
    std::string const command = "cd '" + folder.string() + "' && python3 spell_out.py data.csv spelled";
    EXPECT_EQ(std::system(command.c_str()), 0);
    EXPECT_TRUE(read_whole(folder / "spelled") == spell_out(read_csv(text).rows));
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace quartet::generate_csv_test
