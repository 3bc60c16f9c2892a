// workloads/data/csv_scan.hpp
//
// Finds the characters that shape CSV (quote, comma, line feed, carriage return), 64 bytes at a time.
//
// csv_scanner gives their positions in order; it reads each byte once and never past the end of the text.
// csv_count counts quotes and line feeds, which is all that splitting needs. Both have an SSE2 form, part
// of every x86-64, and a portable one; the tests hold one against the other. Plain values, no locking:
// one thread at a time.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace quartet {

inline constexpr std::size_t csv_block_size = 64;

/// How often the two characters that decide about record borders occur.
struct csv_count {
    std::size_t quotes = 0;
    std::size_t line_feeds = 0;

    friend bool operator==(csv_count const&, csv_count const&) = default;
};

/// The bytes at `from` as one number, the first byte lowest, on any machine.
inline std::uint64_t load_little_endian(char const* from) {
    std::uint64_t value;
    std::memcpy(&value, from, sizeof value);
    if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap64(value);
    return value;
}

/// 0x80 in each byte of `word` that equals `wanted`, 0 in the others.
constexpr std::uint64_t bytes_equal(std::uint64_t word, char wanted) {
    constexpr std::uint64_t low_bits = 0x7f7f7f7f7f7f7f7f;
    std::uint64_t const difference = word ^ (0x0101010101010101 * static_cast<unsigned char>(wanted));
    // The shorter well-known form lets a borrow run into the next byte; this one is exact in each byte.
    return ~(((difference & low_bits) + low_bits) | difference | low_bits);
}

/// Bit i is set when byte i of the 64 at `block` is one of the four characters.
inline std::uint64_t csv_block_mask_portable(char const* block) {
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < csv_block_size; i += 8) {
        std::uint64_t const word = load_little_endian(block + i);
        std::uint64_t const found = bytes_equal(word, '"') | bytes_equal(word, ',') |
                                    bytes_equal(word, '\n') | bytes_equal(word, '\r');
        // The multiplication gathers the eight lowest bits of the bytes in the highest byte, in order.
        mask |= (((found >> 7) * 0x0102040810204080) >> 56) << i;
    }
    return mask;
}

inline csv_count csv_count_portable(std::string_view text) {
    return {static_cast<std::size_t>(std::count(text.begin(), text.end(), '"')),
            static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'))};
}

#if defined(__SSE2__)

inline std::uint64_t csv_block_mask_sse2(char const* block) {
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < csv_block_size; i += 16) {
        __m128i const bytes = _mm_loadu_si128(reinterpret_cast<__m128i const*>(block + i));
        __m128i const separators = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                                _mm_cmpeq_epi8(bytes, _mm_set1_epi8(',')));
        __m128i const line_ends = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')),
                                               _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r')));
        auto const found = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_or_si128(separators, line_ends)));
        mask |= std::uint64_t{found} << i;
    }
    return mask;
}

inline csv_count csv_count_sse2(std::string_view text) {
    __m128i const zero = _mm_setzero_si128();
    __m128i quotes = zero;
    __m128i line_feeds = zero;
    std::size_t at = 0;
    while (text.size() - at >= 16) {
        // A match is -1, so subtracting counts it; after 255 of them a byte is full.
        std::size_t const stop = at + 16 * std::min<std::size_t>(255, (text.size() - at) / 16);
        __m128i some_quotes = zero;
        __m128i some_line_feeds = zero;
        for (; at != stop; at += 16) {
            __m128i const bytes = _mm_loadu_si128(reinterpret_cast<__m128i const*>(text.data() + at));
            some_quotes = _mm_sub_epi8(some_quotes, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
            some_line_feeds = _mm_sub_epi8(some_line_feeds, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
        }
        quotes = _mm_add_epi64(quotes, _mm_sad_epu8(some_quotes, zero));
        line_feeds = _mm_add_epi64(line_feeds, _mm_sad_epu8(some_line_feeds, zero));
    }
    auto const both_halves = [](__m128i sums) {
        return static_cast<std::size_t>(_mm_cvtsi128_si64(sums)) +
               static_cast<std::size_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(sums, sums)));
    };
    csv_count const tail = csv_count_portable(text.substr(at));
    return {both_halves(quotes) + tail.quotes, both_halves(line_feeds) + tail.line_feeds};
}

inline std::uint64_t csv_block_mask(char const* block) {
    return csv_block_mask_sse2(block);
}
inline csv_count count_quotes_and_lines(std::string_view text) {
    return csv_count_sse2(text);
}

#else

inline std::uint64_t csv_block_mask(char const* block) {
    return csv_block_mask_portable(block);
}
inline csv_count count_quotes_and_lines(std::string_view text) {
    return csv_count_portable(text);
}

#endif

/// Walks over the quotes, commas and line ends of a text, which must outlive it.
class csv_scanner {
public:
    explicit csv_scanner(std::string_view text)
        : block_(text.data()), next_block_(text.data()), end_(text.data() + text.size()) {}

    /// The position of the next such character, or end() if there is none.
    char const* next() {
        while (mask_ == 0) {
            if (next_block_ == end_) return end_;
            load();
        }
        char const* const found = block_ + std::countr_zero(mask_);
        mask_ &= mask_ - 1;
        return found;
    }

    char const* end() const { return end_; }

private:
    void load() {
        block_ = next_block_;
        auto const left = static_cast<std::size_t>(end_ - block_);
        if (left >= csv_block_size) {
            mask_ = csv_block_mask(block_);
            next_block_ = block_ + csv_block_size;
        } else {
            std::array<char, csv_block_size> padded{};
            std::memcpy(padded.data(), block_, left);
            mask_ = csv_block_mask(padded.data());
            next_block_ = end_;
        }
    }

    // mask_ holds the characters of the block at block_ that next() has not given yet.
    char const* block_;
    char const* next_block_;
    char const* end_;
    std::uint64_t mask_ = 0;
};

}  // namespace quartet
