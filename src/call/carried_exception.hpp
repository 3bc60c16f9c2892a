// src/call/carried_exception.hpp
//
// An exception on its way to another process: its text, the name of its type, and for types that both sides
// know what it takes to make it again.
#pragma once

#include <quartet/outcome.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>

namespace quartet::inline v0::detail {

struct carried_exception {
    static constexpr std::uint32_t unknown = ~std::uint32_t{0};

    std::uint32_t known = unknown;  ///< which of the known types it is
    std::int64_t number = 0;        ///< what such a type holds besides the text: an error code, a kind
    cause why = cause::threw;
    std::string type;     ///< "std::out_of_range"
    std::string message;  ///< one line
};

/// The exception that is being handled.
carried_exception carry_current_exception();

/// The same exception, if its type is known: those of <stdexcept>, std::bad_alloc, std::system_error with the
/// system's codes, fetch_error, timed_out. Otherwise a remote_error that says where it comes from.
std::exception_ptr revive(carried_exception const& carried, std::string const& origin);

}  // namespace quartet::inline v0::detail
