// Random documents and random rubbish. A failure prints the seed and the text; nothing depends on time.
#include "tests/workloads/data/csv_reading.hpp"
#include "workloads/data/seeded_random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace quartet::csv_property_test {
namespace {

constexpr std::size_t most_parts = 17;

std::string random_field(seeded_random& random) {
    constexpr std::array<std::string_view, 10> pieces = {"a", "bc", "1",  " ",    "\xc3\xab",
                                                         ",", "\"", "\n", "\r\n", "\r"};
    std::string field;
    std::uint64_t const plain_only = random.between(0, 1);
    for (std::uint64_t left = random.between(0, random.once_in(20) ? 200 : 12); left != 0; --left)
        field += pieces[random.between(0, plain_only != 0 ? 4 : 9)];
    return field;
}

csv_rows random_rows(seeded_random& random) {
    csv_rows rows(random.between(1, 40), std::vector<std::string>(random.between(1, 8)));
    for (auto& row : rows)
        for (std::string& field : row)
            field = random_field(random);
    if (rows[0].size() == 1 && rows[0][0].empty()) rows[0][0] = "name";
    return rows;
}

void write_field(std::string& text, std::string_view field, bool quote) {
    if (!quote && field.find_first_of(",\"\r\n") == field.npos) {
        text += field;
        return;
    }
    text += '"';
    for (char const c : field)
        text.append(c == '"' ? 2 : 1, c);
    text += '"';
}

/// Writes the rows in one of the many forms that mean the same.
std::string write_csv(csv_rows const& rows, seeded_random& random) {
    std::string text = random.once_in(4) ? "\xef\xbb\xbf" : "";
    std::string_view const line_end = random.once_in(2) ? "\r\n" : "\n";
    for (auto const& row : rows) {
        for (std::size_t i = 0; i != row.size(); ++i) {
            if (i != 0) text += ',';
            // The mark of a text without a mark would be taken for one; empty lines have no meaning of their
            // own.
            write_field(text, row[i], random.once_in(4) || (row.size() == 1 && row[i].empty()));
        }
        text += line_end;
        while (row.size() > 1 && random.once_in(30))
            text += line_end;
    }
    if (random.once_in(3)) text.resize(text.find_last_not_of("\r\n") + 1);
    return text;
}

TEST(csv_property, what_was_written_is_read_back_in_any_number_of_parts) {
    for (std::uint64_t seed = 0; seed < 1500; ++seed) {
        seeded_random random(seed);
        csv_rows const rows = random_rows(random);
        std::string const text = write_csv(rows, random);
        csv_reading const reading = read_csv(text);
        ASSERT_EQ(reading.error, "") << "seed " << seed << "\n" << text;
        ASSERT_EQ(reading.rows, rows) << "seed " << seed << "\n" << text;
        ASSERT_EQ(disagreement(text, most_parts), "") << "seed " << seed << "\n" << text;
    }
}

// One change in a good document: mostly broken, and the error must be the same however it is read.
TEST(csv_property, damaged_documents_give_the_same_error_in_any_number_of_parts) {
    for (std::uint64_t seed = 0; seed < 1500; ++seed) {
        seeded_random random(seed);
        std::string text = write_csv(random_rows(random), random);
        text[random.between(0, text.size() - 1)] = std::string_view(",\"\n\rx")[random.between(0, 4)];
        ASSERT_EQ(disagreement(text, most_parts), "") << "seed " << seed << "\n" << text;
    }
}

TEST(csv_property, rubbish_is_read_the_same_in_any_number_of_parts) {
    for (std::uint64_t seed = 0; seed < 30'000; ++seed) {
        seeded_random random(seed);
        std::string text = random.once_in(2) ? "a,b\n" : "";
        for (std::uint64_t left = random.between(0, 40); left != 0; --left)
            text += std::string_view("x,,\"\"\n\n\r")[random.between(0, 7)];
        ASSERT_EQ(disagreement(text, 5), "") << "seed " << seed << "\n" << text;
    }
}

}  // namespace
}  // namespace quartet::csv_property_test
