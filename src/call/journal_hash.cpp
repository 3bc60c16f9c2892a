#include <quartet/detail/call/call_journal.hpp>

#include <cstring>

namespace quartet::inline v0::detail {

/// MurmurHash64A by Austin Appleby, which is in the public domain: inputs are hashed once for each task, and
/// most are short.
std::uint64_t hash_of_bytes(std::span<std::byte const> bytes) noexcept {
    constexpr std::uint64_t factor = 0xc6a4'a793'5bd1'e995;
    constexpr int shift = 47;
    std::uint64_t hash = bytes.size() * factor;
    for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), 8);
        word *= factor;
        word ^= word >> shift;
        hash = (hash ^ word * factor) * factor;
    }
    if (!bytes.empty()) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), bytes.size());
        hash = (hash ^ word) * factor;
    }
    hash = (hash ^ hash >> shift) * factor;
    return hash ^ hash >> shift;
}

}  // namespace quartet::inline v0::detail
