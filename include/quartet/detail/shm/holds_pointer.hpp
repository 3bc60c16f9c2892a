// include/quartet/detail/shm/holds_pointer.hpp
//
// Tells from a type whether its values hold a pointer. codec<T> copies a trivially copyable value byte by
// byte to another process, where a pointer in it would lead to memory that is not there; so such types are
// refused when the program is compiled.
//
// It finds pointers, views, iterators, references that one can write through, and references to objects that
// own memory; also arrays, optionals, variants, tuples and aggregates (structs without constructors, private
// members and the like) that hold one of these, at any depth. C++20 can't list the members of an aggregate,
// so each of the first 24 is tried with a probe: an object that converts only to types that hold a pointer.
// If the aggregate can be initialized with the probe at that place, the member holds one. It does not find
// what classes with constructors or private members hold, nor unions, nor references to constants that own no
// memory; docs/models.md warns of them.
#pragma once

#include <array>
#include <coroutine>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace quartet::inline v0 {

/// True for a type whose author vouches that its bytes mean the same in another process, though it holds a
/// pointer or is an iterator: one into memory that all processes share at one address, for example.
///
///     template <> inline constexpr bool quartet::crosses_as_bytes<my_handle> = true;
template <class T>
inline constexpr bool crosses_as_bytes = false;

namespace detail {

/// The types whose only purpose is to refer to something elsewhere.
template <class T>
inline constexpr bool is_reference_type = std::is_pointer_v<T> || std::is_member_pointer_v<T> ||
                                          std::is_null_pointer_v<T> || std::is_reference_v<T>;
template <class Char, class Traits>
inline constexpr bool is_reference_type<std::basic_string_view<Char, Traits>> = true;
template <class T, std::size_t Extent>
inline constexpr bool is_reference_type<std::span<T, Extent>> = true;
template <class T>
inline constexpr bool is_reference_type<std::reference_wrapper<T>> = true;
template <class T>
inline constexpr bool is_reference_type<std::initializer_list<T>> = true;
template <class Promise>
inline constexpr bool is_reference_type<std::coroutine_handle<Promise>> = true;
template <>
inline constexpr bool is_reference_type<std::vector<bool>::reference> = true;

/// Views of the standard library that hold their elements, or compute them, and refer to nothing.
template <class T>
inline constexpr bool is_view_of_its_own = false;
template <class First, class Last>
inline constexpr bool is_view_of_its_own<std::ranges::iota_view<First, Last>> = std::is_arithmetic_v<First> &&
                                                                                (std::is_arithmetic_v<Last> ||
                                                                                 std::is_empty_v<Last>);
template <class T>
inline constexpr bool is_view_of_its_own<std::ranges::empty_view<T>> = true;
template <class T>
inline constexpr bool is_view_of_its_own<std::ranges::single_view<T>> = true;

template <class T>
concept iterator_or_view = std::is_class_v<T> &&
    (std::input_or_output_iterator<T> || (std::ranges::view<T> && !is_view_of_its_own<T>));

template <class T>
inline constexpr bool is_view =
    !crosses_as_bytes<T> && (is_reference_type<std::remove_cv_t<T>> || iterator_or_view<std::remove_cv_t<T>>);

template <class T>
struct pointer_search;

/// Whether a value's bytes are known to lead elsewhere.
template <class T>
inline constexpr bool holds_pointer = pointer_search<std::remove_cv_t<T>>::found;

template <class T>
inline constexpr bool is_wrapper = false;
template <class T>
inline constexpr bool is_wrapper<std::optional<T>> = true;
template <class... Ts>
inline constexpr bool is_wrapper<std::variant<Ts...>> = true;

/// The probes. Each converts to one kind of types that hold pointers, and to nothing else. There are several,
/// since a single one could convert to a class and to the argument of its constructor, which is ambiguous.
template <class Of>
struct scalar_probe {
    template <class T>
    requires(!std::is_class_v<T> && holds_pointer<T>) operator T() const;
};
template <class Of>
struct class_probe {
    template <class T>
    requires(std::is_class_v<T> && !std::same_as<T, Of> && !is_wrapper<T> && holds_pointer<T>) operator T()
        const;
};
template <class Of>
struct wrapper_probe {
    template <class T>
    requires(is_wrapper<T> && !std::same_as<T, Of> && holds_pointer<T>) operator T() const;
};
/// Converts to references of which no value could be made in a type that is trivially copyable.
template <class Of>
struct owner_reference {
    template <class T>
    requires(!std::is_trivially_copyable_v<T>) operator T&() const;
};
/// These two tell `int&` from `int`: a reference can be initialized with the first only, a number with both.
template <class Of>
struct scalar_reference {
    template <class T>
    requires(!std::is_class_v<T>) operator T&() const;
};
template <class Of>
struct scalar_value {
    template <class T>
    requires(!std::is_class_v<T>) operator T() const;
};
/// These two do the same for a reference to an object that is not constant.
template <class Of>
struct class_reference {
    template <class T>
    requires(std::is_class_v<T> && !std::same_as<T, Of>) operator T&() const;
};
template <class Of>
struct class_value {
    template <class T>
    requires(std::is_class_v<T> && !std::same_as<T, Of>) operator T() const;
};

// clang-format off
/// Whether the member at this position can be initialized with a Probe.
template <class T, class Probe, std::size_t at>
consteval bool member_takes() {
    if constexpr (at == 0) return requires { T{Probe()}; };
    else if constexpr (at == 1) return requires { T{{}, Probe()}; };
    else if constexpr (at == 2) return requires { T{{}, {}, Probe()}; };
    else if constexpr (at == 3) return requires { T{{}, {}, {}, Probe()}; };
    else if constexpr (at == 4) return requires { T{{}, {}, {}, {}, Probe()}; };
    else if constexpr (at == 5) return requires { T{{}, {}, {}, {}, {}, Probe()}; };
    else if constexpr (at == 6) return requires { T{{}, {}, {}, {}, {}, {}, Probe()}; };
    else if constexpr (at == 7) return requires { T{{}, {}, {}, {}, {}, {}, {}, Probe()}; };
    else if constexpr (at == 8) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, Probe()}; };
    else if constexpr (at == 9) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()}; };
    else if constexpr (at == 10) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()}; };
    else if constexpr (at == 11) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()}; };
    else if constexpr (at == 12) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()}; };
    else if constexpr (at == 13) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()}; };
    else if constexpr (at == 14) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()}; };
    else if constexpr (at == 15) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()}; };
    else if constexpr (at == 16) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()}; };
    else if constexpr (at == 17) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()}; };
    else if constexpr (at == 18) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()}; };
    else if constexpr (at == 19) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()}; };
    else if constexpr (at == 20) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()}; };
    else if constexpr (at == 21) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()}; };
    else if constexpr (at == 22) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()}; };
    else if constexpr (at == 23) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()}; };
    else return false;
}
// clang-format on

template <class T, std::size_t at>
consteval bool member_holds_pointer() {
    // Without this a member that is a struct for which crosses_as_bytes vouches would be looked into: C++
    // lets the braces of an inner aggregate be left out, so a probe could initialize its first member.
    bool const is_object = member_takes<T, class_value<T>, at>();
    if ((!is_object && member_takes<T, scalar_probe<T>, at>()) || member_takes<T, class_probe<T>, at>() ||
        member_takes<T, wrapper_probe<T>, at>() || member_takes<T, owner_reference<T>, at>())
        return true;
    return (member_takes<T, scalar_reference<T>, at>() && !member_takes<T, scalar_value<T>, at>()) ||
           (member_takes<T, class_reference<T>, at>() && !member_takes<T, class_value<T>, at>());
}

template <class T>
consteval bool aggregate_holds_pointer() {
    constexpr std::size_t most = 24;
    return []<std::size_t... at>(std::index_sequence<at...>) {
        return (member_holds_pointer<T, at>() || ...);
    }
    (std::make_index_sequence<most>());
}

template <class T>
struct pointer_search {
    static constexpr bool find() {
        if constexpr (crosses_as_bytes<T>)
            return false;
        else if constexpr (is_view<T>)
            return true;
        else if constexpr (std::is_aggregate_v<T> && !std::is_union_v<T> && std::is_trivially_copyable_v<T>)
            return aggregate_holds_pointer<T>();
        else
            return false;
    }
    static constexpr bool found = find();
};
template <class T>
struct pointer_search<T[]> : pointer_search<std::remove_cv_t<T>> {};
template <class T, std::size_t size>
struct pointer_search<T[size]> : pointer_search<std::remove_cv_t<T>> {};
template <class T, std::size_t size>
struct pointer_search<std::array<T, size>> : pointer_search<std::remove_cv_t<T>> {};
template <class T>
struct pointer_search<std::optional<T>> : pointer_search<std::remove_cv_t<T>> {};
template <class T>
struct pointer_search<std::ranges::single_view<T>> : pointer_search<std::remove_cv_t<T>> {};
template <class... Ts>
struct pointer_search<std::variant<Ts...>> {
    static constexpr bool found = (holds_pointer<Ts> || ...);
};
template <class... Ts>
struct pointer_search<std::tuple<Ts...>> {
    static constexpr bool found = (holds_pointer<Ts> || ...);
};
template <class First, class Second>
struct pointer_search<std::pair<First, Second>> {
    static constexpr bool found = holds_pointer<First> || holds_pointer<Second>;
};

}  // namespace detail
}  // namespace quartet::inline v0
