// include/quartet/detail/call/body_name.hpp
//
// What a body is called, for people.
#pragma once

#include <quartet/detail/call/body_adaptors.hpp>

#include <string>
#include <type_traits>
#include <typeinfo>

namespace quartet::inline v0::detail {

/// The name of a type, readable.
std::string readable_name(std::type_info const& type);

/// The name of the function at an address; where the program does not tell it, the offset in its file.
std::string function_name(void const* address);

/// What a name is made of: either the function or the type of the body. Both lie in the program.
struct body_identity {
    void const* function = nullptr;
    std::type_info const* type = nullptr;
};

template <class Body>
body_identity identity_of(Body const& body) noexcept {
    if constexpr (std::is_pointer_v<Body>) {
        return {.function = reinterpret_cast<void const*>(body)};
    } else {
        return {.type = &typeid(Body)};
    }
}
template <class Body>
body_identity identity_of(apply_args<Body> const& made) noexcept {
    return identity_of(made.body);
}
template <class Body>
body_identity identity_of(drop_result<Body> const& made) noexcept {
    return identity_of(made.body);
}

std::string name_of(body_identity const& body);

template <class Body>
std::string body_name(Body const& body) {
    return name_of(identity_of(body));
}

}  // namespace quartet::inline v0::detail
