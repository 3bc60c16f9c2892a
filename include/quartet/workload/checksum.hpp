// include/quartet/workload/checksum.hpp
//
// A checksum of a workload's answer. It must be the same under every model; if not, one has computed
// something else. Plain value.
#pragma once

#include <quartet/codec.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace quartet::inline v0 {

namespace detail {

/// Whether equal values of the type have equal bytes.
template <class T>
inline constexpr bool has_equal_bytes =
    !fixed_size<T> || std::has_unique_object_representations_v<T> || std::is_floating_point_v<T>;

}  // namespace detail

/// Goes over values in the form in which they cross to another process. Notices accidents, not attacks. The
/// step of FNV-1a (Fowler, Noll, Vo; IETF draft-eastlake-fnv) on 8 bytes at a time, with the upper half of
/// the product folded into the lower: eight times as fast as by bytes, so that a large answer costs a run
/// little. Bytes added in other portions give another sum.
class checksum {
public:
    template <crossable T>
    void add(T const& value) {
        static_assert(
            detail::has_equal_bytes<T>,
            "quartet: a checksum over this type would take in its padding, which differs from run to run; "
            "give its members one size, or add them one by one");
        byte_writer bytes;
        codec<T>::encode(value, bytes);
        add_bytes(bytes.bytes());
    }
    void add_bytes(std::span<std::byte const> bytes) noexcept;
    std::uint64_t value() const noexcept { return value_; }

private:
    std::uint64_t value_ = 14695981039346656037u;
};

}  // namespace quartet::inline v0
