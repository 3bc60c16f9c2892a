#include "workloads/data/csv_scan.hpp"

#include "workloads/data/seeded_random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::csv_scan_test {
namespace {

constexpr std::string_view special = "\",\n\r";

/// Bytes of all values, a good part of them special or one bit away from special.
std::string random_bytes(seeded_random& random, std::size_t size) {
    std::string text;
    while (text.size() != size) {
        char c = static_cast<char>(random.between(0, 255));
        if (random.once_in(3)) c = special[random.between(0, 3)];
        if (random.once_in(8))
            c = static_cast<char>(special[random.between(0, 3)] ^ (1 << random.between(0, 7)));
        text += c;
    }
    return text;
}

std::uint64_t mask_by_definition(std::string_view block) {
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < csv_block_size; ++i)
        if (special.find(block[i]) != special.npos) mask |= std::uint64_t{1} << i;
    return mask;
}

TEST(csv_scan, portable_block_mask_finds_each_byte_value_at_each_place) {
    for (int value = 0; value < 256; ++value) {
        for (std::size_t place = 0; place < csv_block_size; ++place) {
            std::string block(csv_block_size, 'x');
            block[place] = static_cast<char>(value);
            ASSERT_EQ(csv_block_mask_portable(block.data()), mask_by_definition(block))
                << value << " at " << place;
        }
    }
}

TEST(csv_scan, block_masks_agree_on_random_bytes) {
    seeded_random random(1);
    for (int i = 0; i < 20'000; ++i) {
        std::string const block = random_bytes(random, csv_block_size);
        ASSERT_EQ(csv_block_mask_portable(block.data()), mask_by_definition(block));
        ASSERT_EQ(csv_block_mask(block.data()), mask_by_definition(block));
    }
}

TEST(csv_scan, counts_agree_at_all_lengths) {
    seeded_random random(2);
    for (std::size_t size = 0; size < 300; ++size) {
        std::string const text = random_bytes(random, size);
        ASSERT_EQ(count_quotes_and_lines(text), csv_count_portable(text)) << size;
    }
}

// The SSE2 form counts in bytes, which overflow after 255 blocks.
TEST(csv_scan, counts_texts_of_nothing_but_quotes) {
    for (std::size_t const size : {255 * 16 - 1, 255 * 16, 256 * 16, 256 * 16 + 5, 100'000}) {
        EXPECT_EQ(count_quotes_and_lines(std::string(size, '"')), (csv_count{size, 0}));
        EXPECT_EQ(count_quotes_and_lines(std::string(size, '\n')), (csv_count{0, size}));
    }
}

// The text is an allocation of exactly its size, so that AddressSanitizer sees a read past the end.
TEST(csv_scan, scanner_gives_each_position_once_and_then_the_end) {
    seeded_random random(3);
    for (std::size_t size = 0; size < 300; ++size) {
        std::string const bytes = random_bytes(random, size);
        auto const exact = std::make_unique<char[]>(size);
        std::copy(bytes.begin(), bytes.end(), exact.get());

        std::vector<std::size_t> expected;
        for (std::size_t i = 0; i < size; ++i)
            if (special.find(bytes[i]) != special.npos) expected.push_back(i);

        csv_scanner scanner({exact.get(), size});
        std::vector<std::size_t> found;
        for (char const* at = scanner.next(); at != scanner.end(); at = scanner.next())
            found.push_back(static_cast<std::size_t>(at - exact.get()));
        ASSERT_EQ(found, expected) << size;
        ASSERT_EQ(scanner.next(), scanner.end());
    }
}

}  // namespace
}  // namespace quartet::csv_scan_test
