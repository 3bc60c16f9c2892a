// Parent and workers are the same program, so the index in one table says which type it is. Only the very
// type counts: of a type derived from a known one too much would be lost.
#include "src/call/carried_exception.hpp"

#include <quartet/detail/call/describe_failure.hpp>
#include <quartet/http.hpp>
#include <quartet/outcome.hpp>

#include <array>
#include <chrono>
#include <new>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <typeinfo>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

struct known_type {
    std::type_info const* type;
    std::optional<std::int64_t> (*number)(std::exception const& thrown);  // none: it can't cross as itself
    std::exception_ptr (*make)(carried_exception const& carried);
};

template <class Error>
constexpr known_type of_a_text{
    &typeid(Error), [](std::exception const&) { return std::optional<std::int64_t>(0); },
    [](carried_exception const& carried) { return std::make_exception_ptr(Error(carried.message)); }};

/// The code and, in bit 32, which of the two categories it is of; none for any other category.
std::optional<std::int64_t> number_of_code(std::error_code const& code) {
    bool const is_system = code.category() == std::system_category();
    if (!is_system && code.category() != std::generic_category()) return std::nullopt;
    return static_cast<std::int64_t>(static_cast<std::uint32_t>(code.value())) |
           (is_system ? std::int64_t{1} << 32 : 0);
}

std::error_code code_of(std::int64_t number) {
    auto const value = static_cast<int>(static_cast<std::uint32_t>(number));
    return {value, number >> 32 ? std::system_category() : std::generic_category()};
}

/// Cuts the words of the code off the text, since the new system_error adds them again.
std::exception_ptr system_error_of(carried_exception const& carried) {
    auto const code = code_of(carried.number);
    std::string text = carried.message;
    if (auto const words = code.message(); text.ends_with(words)) text.resize(text.size() - words.size());
    if (text.ends_with(": ")) text.resize(text.size() - 2);
    return std::make_exception_ptr(text.empty() ? std::system_error(code) : std::system_error(code, text));
}

std::array const known_types{
    of_a_text<std::runtime_error>,
    of_a_text<std::range_error>,
    of_a_text<std::overflow_error>,
    of_a_text<std::underflow_error>,
    of_a_text<std::logic_error>,
    of_a_text<std::invalid_argument>,
    of_a_text<std::domain_error>,
    of_a_text<std::length_error>,
    of_a_text<std::out_of_range>,
    known_type{&typeid(std::bad_alloc), [](std::exception const&) { return std::optional<std::int64_t>(0); },
               [](carried_exception const&) { return std::make_exception_ptr(std::bad_alloc()); }},
    known_type{&typeid(std::system_error),
               [](std::exception const& thrown) {
                   return number_of_code(static_cast<std::system_error const&>(thrown).code());
               },
               &system_error_of},
    known_type{&typeid(fetch_error),
               [](std::exception const& thrown) {
                   return std::optional<std::int64_t>(
                       static_cast<std::int64_t>(static_cast<fetch_error const&>(thrown).what_kind()));
               },
               [](carried_exception const& carried) {
                   return std::make_exception_ptr(
                       fetch_error(static_cast<fetch_error::kind>(carried.number), carried.message));
               }},
    known_type{&typeid(task_timed_out),
               [](std::exception const& thrown) {
                   return std::optional<std::int64_t>(static_cast<timed_out const&>(thrown).limit().count());
               },
               [](carried_exception const& carried) {
                   return std::make_exception_ptr(task_timed_out(std::chrono::nanoseconds(carried.number)));
               }},
    known_type{&typeid(timed_out),
               [](std::exception const& thrown) {
                   return std::optional<std::int64_t>(static_cast<timed_out const&>(thrown).limit().count());
               },
               [](carried_exception const& carried) {
                   return std::make_exception_ptr(timed_out(std::chrono::nanoseconds(carried.number)));
               }},
};

void recognize(std::exception const& thrown, carried_exception& carried) {
    for (std::size_t index = 0; index < known_types.size(); ++index) {
        if (*known_types[index].type != typeid(thrown)) continue;
        auto const number = known_types[index].number(thrown);
        if (!number) return;
        carried.number = *number;
        carried.known = static_cast<std::uint32_t>(index);
    }
}

}  // namespace

carried_exception carry_current_exception() {
    auto described = describe_current_exception(0, {});
    carried_exception carried{
        .why = described.why, .type = current_exception_type(), .message = std::move(described.message)};
    try {
        throw;
    } catch (remote_error const& thrown) {
        carried.type = thrown.type();  // it has crossed before
    } catch (std::exception const& thrown) {
        recognize(thrown, carried);
    } catch (...) {
    }
    return carried;
}

std::exception_ptr revive(carried_exception const& carried, std::string const& origin) {
    if (carried.known < known_types.size()) return known_types[carried.known].make(carried);
    return std::make_exception_ptr(remote_error(carried.message, carried.type, origin));
}

}  // namespace quartet::inline v0::detail
