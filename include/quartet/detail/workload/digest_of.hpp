// include/quartet/detail/workload/digest_of.hpp
//
// The digest of an outcome, whatever its type.
#pragma once

#include <quartet/codec.hpp>
#include <quartet/outcome.hpp>
#include <quartet/workload/checksum.hpp>
#include <quartet/workload/task_digest.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

namespace quartet::inline v0::detail {

task_digest digest_of_failure(failure const& why);
std::string beginning_of(std::string_view text);

/// What `outcome` holds; nothing of values whose bytes say nothing.
template <class T>
task_digest digest_of(outcome<T> const& of) {
    if (!of) return digest_of_failure(of.error());
    task_digest made;
    if constexpr (!std::is_void_v<T> && crossable<T>) {
        if constexpr (has_equal_bytes<T>) {
            byte_writer bytes;
            codec<T>::encode(*of, bytes);
            quartet::checksum sum;
            sum.add_bytes(bytes.bytes());
            made.value = sum.value();
        }
        if constexpr (std::is_arithmetic_v<T>) made.text = std::to_string(*of);
        if constexpr (std::same_as<T, std::string>) made.text = beginning_of(*of);
    }
    return made;
}

}  // namespace quartet::inline v0::detail
