// include/quartet/detail/body_name.hpp
//
// What a body is called, for people.
#pragma once

#include <quartet/detail/spread.hpp>

#include <string>
#include <type_traits>
#include <typeinfo>

namespace quartet::detail {

/// The name of a type, readable.
std::string readable_name(std::type_info const& type);

/// The name of the function at an address; where the program does not tell it, the place in its file.
std::string function_name(void const* address);

template <class Body>
std::string body_name(Body const& body) {
    if constexpr (std::is_pointer_v<Body>) {
        return function_name(reinterpret_cast<void const*>(body));
    } else {
        return readable_name(typeid(Body));
    }
}
template <class Body>
std::string body_name(spread<Body> const& made) {
    return body_name(made.body);
}
template <class Body>
std::string body_name(drop_result<Body> const& made) {
    return body_name(made.body);
}

}  // namespace quartet::detail
