#include "workloads/data/csv_digest.hpp"

#include "tests/workloads/data/csv_reading.hpp"
#include "workloads/data/generate_csv.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::csv_digest_test {
namespace {

csv_digest digest_of_text(std::string_view text) {
    csv_header const header(text);
    csv_reader reader(header, text);
    return digest_of(reader);
}

TEST(csv_digest, counts_rows_fields_and_bytes_of_content) {
    csv_digest const digest = digest_of_text("a,b\n1,\"2\"\"\n\"\n,33\n");
    EXPECT_EQ(digest.rows, 2U);
    EXPECT_EQ(digest.fields, 4U);
    EXPECT_EQ(digest.bytes_of_content, 6U);
}

// Digests are stored and compared across machines and releases; this one must not change unnoticed.
TEST(csv_digest, has_a_fixed_value) {
    EXPECT_EQ(digest_of_text("a,b\n1,twenty-four characters in all\n,eight ch\n").hash,
              12738703808087561591U);
}

TEST(csv_digest, form_does_not_matter_content_does) {
    csv_digest const digest = digest_of_text("a,b\n1,2\n3,4\n");
    EXPECT_EQ(digest_of_text("a,b\r\n\"1\",2\r\n\r\n3,\"4\""), digest);
    EXPECT_NE(digest_of_text("a,b\n1,2\n3,5\n"), digest);
}

TEST(csv_digest, notices_what_moved) {
    std::vector<std::string> const texts = {
        "a,b\n1,2\n3,4\n",                     // as it is
        "a,b\n3,4\n1,2\n",                     // records swapped
        "a,b\n2,1\n3,4\n",                     // fields swapped
        "a,b\n1,4\n3,2\n",                     // fields swapped between records
        "a,b\n12,\n3,4\n",                     // content moved to the field before
        "a,b\n,12\n3,4\n",                     // and to the one after
        "a,b\n1,2\n34,\n",                     //
        "a,b\n1,2\n,\n3,4\n",                  // an empty record more
        "a,b\n,\n1,2\n3,4\n",                  // elsewhere
        "a,b\n1,2\n3,4\n,\n",                  //
        "a,b\n1,2\n",                          // a record less
        "a,b,c\n1,2,\n3,4,\n",                 // an empty column more
        "a,b,c\n,1,2\n,3,4\n",                 //
        "a\n1\n2\n3\n4\n",                     // other records, same fields
        std::string("a,b\n1,2\0\n3,4\n", 13),  // a zero byte more
    };
    std::set<std::uint64_t> hashes;
    for (std::string const& text : texts)
        hashes.insert(digest_of_text(text).hash);
    EXPECT_EQ(hashes.size(), texts.size());
}

// Each length takes its own way through the hash; a bit that it overlooks would show here.
TEST(csv_digest, notices_each_bit_at_each_length) {
    for (std::size_t length = 1; length <= 70; ++length) {
        std::string text = "a,b\n" + std::string(length, 'x') + ",y\n";
        std::uint64_t const before = digest_of_text(text).hash;
        for (std::size_t i = 4; i < 4 + length; ++i) {
            for (int const bit : {1, 2, 4, 16, 64}) {
                text[i] = static_cast<char>(text[i] ^ bit);
                ASSERT_NE(digest_of_text(text).hash, before) << "length " << length << ", byte " << i - 4;
                text[i] = static_cast<char>(text[i] ^ bit);
            }
        }
    }
}

TEST(csv_digest, is_the_same_for_every_cut) {
    std::string const text = generate_csv(300);
    csv_digest const whole = digest_of_text(text);
    for (std::size_t parts = 1; parts <= 64; ++parts)
        EXPECT_EQ(digest_in_parts(text, parts), whole) << parts;
}

TEST(csv_digest, parts_in_the_wrong_order_are_noticed) {
    csv_digest const first = digest_of_text("a,b\n1,2\n3,4\n");
    csv_digest const second = digest_of_text("a,b\n5,6\n");
    csv_digest right = first;
    right.append(second);
    csv_digest wrong = second;
    wrong.append(first);
    EXPECT_EQ(right, digest_of_text("a,b\n1,2\n3,4\n5,6\n"));
    EXPECT_NE(wrong, right);
}

TEST(csv_digest, empty_one_changes_nothing) {
    csv_digest const some = digest_of_text("a,b\n1,2\n");
    csv_digest before;
    before.append(some);
    csv_digest after = some;
    after.append({});
    EXPECT_EQ(before, some);
    EXPECT_EQ(after, some);
}

}  // namespace
}  // namespace quartet::csv_digest_test
