// include/quartet/codec.hpp
//
// codec<T>: how a value crosses to another process. The inputs of a map and the results of its bodies
// cross this way under `processes`, and later to other machines.
//
// What already has a codec:
//   - trivially copyable types, as their bytes, but for pointers, views, iterators and structs that hold one:
//     what they point to stays behind (detail/shm/holds_pointer.hpp has what of that can be seen in a type);
//   - std::string and std::vector of trivially copyable elements, as length and bytes;
//   - tuples and pairs of what has a codec;
//   - whatever the serialization library cereal can save and load in binary form: the standard containers,
//     optionals, smart pointers, and types with a serialize() member or function.
//
// Any other type gets one by specialization:
//
//     template <> struct quartet::codec<my_type> {
//         static void encode(my_type const& value, quartet::byte_writer& out);
//         static my_type decode(quartet::byte_reader& in);
//     };
//
// encode and decode may throw; that makes the task a failed outcome. decode reads exactly what encode wrote.
#pragma once

#include <quartet/detail/shm/holds_pointer.hpp>

#include <cereal/archives/binary.hpp>
#include <cereal/types/array.hpp>
#include <cereal/types/chrono.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/vector.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <istream>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <span>
#include <stdexcept>
#include <streambuf>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace quartet {

/// Gathers encoded bytes.
class byte_writer {
public:
    void write(void const* data, std::size_t size) {
        auto const* first = static_cast<std::byte const*>(data);
        bytes_.insert(bytes_.end(), first, first + size);
    }
    std::span<std::byte const> bytes() const noexcept { return bytes_; }
    void clear() noexcept { bytes_.clear(); }

private:
    std::vector<std::byte> bytes_;
};

/// Reads what a byte_writer gathered. Throws std::length_error when asked for more than is there.
class byte_reader {
public:
    explicit byte_reader(std::span<std::byte const> bytes) noexcept : rest_(bytes) {}

    /// The next `size` bytes, where they stand.
    std::byte const* take(std::size_t size) {
        if (size > rest_.size())
            throw std::length_error("quartet: an encoded value is shorter than its decoder expects");
        auto const* taken = rest_.data();
        rest_ = rest_.subspan(size);
        return taken;
    }
    std::size_t left() const noexcept { return rest_.size(); }

private:
    std::span<std::byte const> rest_;
};

template <class T>
struct codec;

namespace detail {

template <class T>
concept cereal_type = cereal::traits::is_output_serializable<T, cereal::BinaryOutputArchive>::value &&
    cereal::traits::is_input_serializable<T, cereal::BinaryInputArchive>::value &&
    std::is_default_constructible_v<T>;

template <class T>
concept as_bytes = std::is_trivially_copyable_v<T> && !holds_pointer<T> && !std::is_empty_v<T>;

/// True for the primary template below, false for a user's specialization.
template <class T>
concept own_codec = requires {
    typename codec<T>::is_quartets_own;
};

/// Values of this type have one size and may be read where they stand.
template <class T>
concept fixed_size = as_bytes<T> && own_codec<T>;

class writer_buffer final : public std::streambuf {
public:
    explicit writer_buffer(byte_writer& out) noexcept : out_(out) {}

protected:
    std::streamsize xsputn(char const* data, std::streamsize size) override {
        out_.write(data, static_cast<std::size_t>(size));
        return size;
    }
    int_type overflow(int_type next) override {
        char const byte = traits_type::to_char_type(next);
        out_.write(&byte, 1);
        return next;
    }

private:
    byte_writer& out_;
};

class reader_buffer final : public std::streambuf {
public:
    explicit reader_buffer(byte_reader& in) noexcept : in_(in) {}

protected:
    std::streamsize xsgetn(char* data, std::streamsize size) override {
        std::memcpy(data, in_.take(static_cast<std::size_t>(size)), static_cast<std::size_t>(size));
        return size;
    }

private:
    byte_reader& in_;
};

}  // namespace detail

/// The codec of all types that have none of their own.
template <class T>
struct codec {
    using is_quartets_own = void;

    static void encode(T const& value, byte_writer& out) requires detail::as_bytes<T> || std::is_empty_v<T> ||
        detail::cereal_type<T> {
        if constexpr (detail::as_bytes<T>) {
            out.write(&value, sizeof value);
        } else if constexpr (!std::is_empty_v<T>) {
            detail::writer_buffer buffer(out);
            std::ostream stream(&buffer);
            cereal::BinaryOutputArchive archive(stream);
            archive(value);
        }
    }

    static T decode(byte_reader& in) requires detail::as_bytes<T> ||
        (std::is_empty_v<T>&& std::is_default_constructible_v<T>) ||
        detail::cereal_type<T> {
        if constexpr (detail::as_bytes<T>) {
            alignas(T) std::byte storage[sizeof(T)];
            std::memcpy(storage, in.take(sizeof(T)), sizeof(T));
            return std::move(*std::launder(reinterpret_cast<T*>(storage)));
        } else {
            T value{};
            if constexpr (!std::is_empty_v<T>) {
                detail::reader_buffer buffer(in);
                std::istream stream(&buffer);
                cereal::BinaryInputArchive archive(stream);
                archive(value);
            }
            return value;
        }
    }
};

template <>
struct codec<std::string> {
    static void encode(std::string const& value, byte_writer& out) {
        std::uint64_t const size = value.size();
        out.write(&size, sizeof size);
        out.write(value.data(), value.size());
    }
    static std::string decode(byte_reader& in) {
        auto const size = codec<std::uint64_t>::decode(in);
        return {reinterpret_cast<char const*>(in.take(size)), size};
    }
};

template <detail::as_bytes T>
requires(!std::same_as<T, bool>) struct codec<std::vector<T>> {
    static void encode(std::vector<T> const& value, byte_writer& out) {
        std::uint64_t const size = value.size();
        out.write(&size, sizeof size);
        out.write(value.data(), value.size() * sizeof(T));
    }
    static std::vector<T> decode(byte_reader& in) {
        auto const size = codec<std::uint64_t>::decode(in);
        if (size > in.left() / sizeof(T)) throw std::length_error("quartet: an encoded vector is cut short");
        std::vector<T> value(size);
        if (size) std::memcpy(value.data(), in.take(size * sizeof(T)), size * sizeof(T));
        return value;
    }
};

namespace detail {

/// Whether what a value consists of can cross, as far as this library and cereal take it apart.
template <class T>
inline constexpr bool parts_cross = true;

}  // namespace detail

/// A type whose values can cross to another process.
template <class T>
concept crossable = !detail::is_view<T> && (!detail::own_codec<T> || detail::parts_cross<T>)&&requires(
                                               T const& value, byte_writer& out, byte_reader& in) {
    codec<T>::encode(value, out);
    { codec<T>::decode(in) } -> std::same_as<T>;
};

namespace detail {

template <class Element>
inline constexpr bool part_crosses = crossable<std::remove_cv_t<Element>>;

template <class T, std::size_t size>
inline constexpr bool parts_cross<std::array<T, size>> = part_crosses<T>;
template <class T>
inline constexpr bool parts_cross<std::optional<T>> = part_crosses<T>;
template <class T, class Allocator>
inline constexpr bool parts_cross<std::vector<T, Allocator>> = part_crosses<T>;
template <class T, class... Rest>
inline constexpr bool parts_cross<std::set<T, Rest...>> = part_crosses<T>;
template <class T, class... Rest>
inline constexpr bool parts_cross<std::multiset<T, Rest...>> = part_crosses<T>;
template <class Key, class T, class... Rest>
inline constexpr bool parts_cross<std::map<Key, T, Rest...>> = part_crosses<Key>&& part_crosses<T>;
template <class Key, class T, class... Rest>
inline constexpr bool parts_cross<std::multimap<Key, T, Rest...>> = part_crosses<Key>&& part_crosses<T>;
template <class Key, class T, class... Rest>
inline constexpr bool parts_cross<std::unordered_map<Key, T, Rest...>> = part_crosses<Key>&& part_crosses<T>;
template <class Key, class T, class... Rest>
inline constexpr bool parts_cross<std::unordered_multimap<Key, T, Rest...>> =
    part_crosses<Key>&& part_crosses<T>;
template <class... Ts>
inline constexpr bool parts_cross<std::tuple<Ts...>> = (part_crosses<Ts> && ...);
template <class First, class Second>
inline constexpr bool parts_cross<std::pair<First, Second>> = part_crosses<First>&& part_crosses<Second>;

}  // namespace detail

/// Tuples and pairs cross element by element, each by its own codec.
template <crossable... Ts>
requires(sizeof...(Ts) > 0) struct codec<std::tuple<Ts...>> {
    static void encode(std::tuple<Ts...> const& value, byte_writer& out) {
        std::apply([&out](Ts const&... each) { (codec<Ts>::encode(each, out), ...); }, value);
    }
    static std::tuple<Ts...> decode(byte_reader& in) {
        return std::tuple<Ts...>{codec<Ts>::decode(in)...};  // braces: from left to right
    }
};

/// The key of a map's element is const.
template <class First, class Second>
requires(crossable<std::remove_cv_t<First>>&&
             crossable<std::remove_cv_t<Second>>) struct codec<std::pair<First, Second>> {
    static void encode(std::pair<First, Second> const& value, byte_writer& out) {
        codec<std::remove_cv_t<First>>::encode(value.first, out);
        codec<std::remove_cv_t<Second>>::encode(value.second, out);
    }
    static std::pair<First, Second> decode(byte_reader& in) {
        return std::pair<First, Second>{codec<std::remove_cv_t<First>>::decode(in),
                                        codec<std::remove_cv_t<Second>>::decode(in)};
    }
};

}  // namespace quartet
