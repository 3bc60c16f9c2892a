#include <quartet/workload/checksum.hpp>

#include <algorithm>
#include <cstring>

namespace quartet::inline v0 {

void checksum::add_bytes(std::span<std::byte const> bytes) noexcept {
    constexpr std::size_t word = sizeof(std::uint64_t);
    for (; !bytes.empty(); bytes = bytes.subspan(std::min(word, bytes.size()))) {
        std::uint64_t next = 0;
        std::memcpy(&next, bytes.data(), std::min(word, bytes.size()));
        value_ = (value_ ^ next) * 1099511628211u;
        value_ ^= value_ >> 32;
    }
}

}  // namespace quartet::inline v0
