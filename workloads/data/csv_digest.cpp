// workloads/data/csv_digest.cpp
//
// The hash of a text is the polynomial h1·k^(n-1) + h2·k^(n-2) + … + hn over the hashes of its n records,
// modulo 2^64. Two of them join by one multiplication with k^(rows of the second), which is what makes the
// cut irrelevant while the order of the records still matters. k is 5 modulo 8, so that k^d - 1, which
// weighs the difference when two records d apart change places, has few trailing zero bits.
//
// The hash of a record goes from field to field, each starting from the one before and ending with the
// field's length. A step multiplies two 64-bit words to 128 bits and folds them, as wyhash does.
#include "workloads/data/csv_digest.hpp"

#include "workloads/data/csv.hpp"
#include "workloads/data/csv_scan.hpp"

#include <cstddef>
#include <cstring>
#include <string_view>

namespace quartet {
namespace {

// Random odd numbers, except that record_factor is 5 modulo 8.
constexpr std::uint64_t record_factor = 0xd1342543de82ef95;
constexpr std::uint64_t word_secret = 0x2d358dccaa6c78a5;
constexpr std::uint64_t length_secret = 0x8bb84b93962eacc9;

std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    __extension__ using wide = unsigned __int128;
    wide const product = static_cast<wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Up to eight bytes as a number.
std::uint64_t load_short(char const* from, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
        value |= std::uint64_t{static_cast<unsigned char>(from[i])} << (8 * i);
    return value;
}

std::uint64_t hash_field(std::string_view field, std::uint64_t start) {
    char const* at = field.data();
    std::size_t left = field.size();
    for (; left > 16; left -= 16, at += 16)
        start = fold(load_little_endian(at) ^ word_secret, load_little_endian(at + 8) ^ start);
    // The two words of the rest overlap, which its length makes harmless.
    std::uint64_t const low = left >= 8 ? load_little_endian(at) : load_short(at, left);
    std::uint64_t const high = left >= 8 ? load_little_endian(at + left - 8) : 0;
    return fold(fold(low ^ word_secret, high ^ start), length_secret ^ field.size());
}

std::uint64_t power(std::uint64_t base, std::uint64_t exponent) {
    std::uint64_t result = 1;
    for (; exponent != 0; exponent >>= 1, base *= base)
        if (exponent & 1) result *= base;
    return result;
}

}  // namespace

void csv_digest::add(csv_record const& record) {
    std::uint64_t record_hash = length_secret;
    for (std::string_view const field : record.fields()) {
        record_hash = hash_field(field, record_hash);
        bytes_of_content += field.size();
    }
    rows += 1;
    fields += record.size();
    hash = hash * record_factor + record_hash;
}

void csv_digest::append(csv_digest const& following) {
    rows += following.rows;
    fields += following.fields;
    bytes_of_content += following.bytes_of_content;
    hash = hash * power(record_factor, following.rows) + following.hash;
}

csv_digest digest_of(csv_reader& reader) {
    csv_digest digest;
    for (csv_record record; reader.next(record);)
        digest.add(record);
    return digest;
}

}  // namespace quartet
