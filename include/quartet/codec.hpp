// include/quartet/codec.hpp
//
// codec<T>: how a value crosses to another process. The inputs of a map and the results of its bodies
// cross this way under `processes`, and later to other machines.
//
// What already has a codec:
//   - trivially copyable types, as their bytes, but for pointers, views, iterators and structs that hold one:
//     what they point to stays behind (detail/shm/holds_pointer.hpp has what of that can be seen in a type);
//   - std::string, the standard containers, arrays, optionals, tuples and pairs of what has a codec;
//   - types with a member serialize(Archive&) that hands its members to the archive: `archive(name, age)`.
//
// <quartet/codec_cereal.hpp> adds whatever the serialization library cereal can save and load.
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

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace quartet::inline v0 {

/// Gathers encoded bytes.
class byte_writer {
public:
    void write(void const* data, std::size_t size) {
        auto const* first = static_cast<std::byte const*>(data);
        bytes_.insert(bytes_.end(), first, first + size);
    }
    std::span<std::byte const> bytes() const noexcept { return bytes_; }
    void clear() noexcept { bytes_.clear(); }

    /// What was gathered; nothing is left.
    std::vector<std::byte> take() noexcept { return std::exchange(bytes_, {}); }

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

/// A type whose values can cross to another process.
template <class T>
concept crossable = !detail::is_view<T> && requires(T const& value, byte_writer& out, byte_reader& in) {
    codec<T>::encode(value, out);
    { codec<T>::decode(in) } -> std::same_as<T>;
};

namespace detail {

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

/// What an archive is given in the place of a member; see codec_cereal.hpp.
template <class Part>
struct archived {
    using type = Part;
    static Part& of(Part& part) noexcept { return part; }
};

/// What serialize() hands its members to when they are encoded.
class encoding_archive {
public:
    explicit encoding_archive(byte_writer& out) noexcept : out_(out) {}

    template <class... Parts>
    encoding_archive& operator()(Parts&&... parts) {
        (put(parts), ...);
        return *this;
    }
    template <class Part>
    encoding_archive& operator&(Part&& part) {
        return (*this)(part);
    }

private:
    template <class Part>
    void put(Part& part) {
        using value = std::remove_const_t<typename archived<std::remove_const_t<Part>>::type>;
        constexpr bool cross = crossable<value>;
        static_assert(
            cross,
            "quartet: serialize() is given a member that can't cross to another process: a pointer, "
            "a view, or a type without a codec; what cereal can save needs "
            "<quartet/codec_cereal.hpp>");
        if constexpr (cross) codec<value>::encode(archived<std::remove_const_t<Part>>::of(part), out_);
    }

    byte_writer& out_;
};

/// And when they are decoded.
class decoding_archive {
public:
    explicit decoding_archive(byte_reader& in) noexcept : in_(in) {}

    template <class... Parts>
    decoding_archive& operator()(Parts&&... parts) {
        (get(parts), ...);
        return *this;
    }
    template <class Part>
    decoding_archive& operator&(Part&& part) {
        return (*this)(part);
    }

private:
    template <class Part>
    void get(Part& part) {
        using value = typename archived<Part>::type;
        if constexpr (crossable<value>) archived<Part>::of(part) = codec<value>::decode(in_);
    }

    byte_reader& in_;
};

template <class T>
concept serializes_itself = std::is_class_v<T> && !as_bytes<T> && std::is_default_constructible_v<T> &&
                            requires(T & value, encoding_archive& out, decoding_archive& in) {
    value.serialize(out);
    value.serialize(in);
};

/// A container of what can cross, to which elements can be added one after another.
template <class T>
concept crossable_container =
    !as_bytes<T> && !serializes_itself<T> && !is_view<T> && std::is_default_constructible_v<T> &&
    requires(T & value, T const& given, typename T::value_type element) {
    { given.size() } -> std::convertible_to<std::size_t>;
    given.begin();
    value.insert(value.end(), std::move(element));
    requires !std::same_as<typename T::value_type, T>;
    requires crossable<typename T::value_type>;
};

/// The number of elements that follow.
inline void encode_size(std::size_t size, byte_writer& out) {
    std::uint64_t const fixed = size;
    out.write(&fixed, sizeof fixed);
}
inline std::uint64_t decode_size(byte_reader& in) {
    std::uint64_t size = 0;
    std::memcpy(&size, in.take(sizeof size), sizeof size);
    return size;
}

}  // namespace detail

/// The codec of all types that have none of their own.
template <class T>
struct codec {
    using is_quartets_own = void;

    static void encode(T const& value, byte_writer& out) requires detail::as_bytes<T> || std::is_empty_v<T> {
        if constexpr (detail::as_bytes<T>) out.write(&value, sizeof value);
    }

    static T decode(byte_reader& in) requires detail::as_bytes<T> ||
        (std::is_empty_v<T>&& std::is_default_constructible_v<T>) {
        if constexpr (detail::as_bytes<T>) {
            alignas(T) std::byte storage[sizeof(T)];
            std::memcpy(storage, in.take(sizeof(T)), sizeof(T));
            return std::move(*std::launder(reinterpret_cast<T*>(storage)));
        } else {
            return T{};
        }
    }
};

template <>
struct codec<std::string> {
    static void encode(std::string const& value, byte_writer& out) {
        detail::encode_size(value.size(), out);
        out.write(value.data(), value.size());
    }
    static std::string decode(byte_reader& in) {
        auto const size = detail::decode_size(in);
        return {reinterpret_cast<char const*>(in.take(size)), size};
    }
};

template <detail::as_bytes T>
requires(!std::same_as<T, bool>) struct codec<std::vector<T>> {
    static void encode(std::vector<T> const& value, byte_writer& out) {
        detail::encode_size(value.size(), out);
        out.write(value.data(), value.size() * sizeof(T));
    }
    static std::vector<T> decode(byte_reader& in) {
        auto const size = detail::decode_size(in);
        if (size > in.left() / sizeof(T)) throw std::length_error("quartet: an encoded vector is cut short");
        std::vector<T> value(size);
        if (size) std::memcpy(value.data(), in.take(size * sizeof(T)), size * sizeof(T));
        return value;
    }
};

template <detail::crossable_container T>
struct codec<T> {
    using element = typename T::value_type;

    static void encode(T const& value, byte_writer& out) {
        detail::encode_size(value.size(), out);
        for (element const& each : value)
            codec<element>::encode(each, out);
    }
    static T decode(byte_reader& in) {
        T value;
        for (auto left = detail::decode_size(in); left > 0; --left)
            value.insert(value.end(), codec<element>::decode(in));
        return value;
    }
};

template <detail::serializes_itself T>
struct codec<T> {
    static void encode(T const& value, byte_writer& out) {
        detail::encoding_archive archive(out);
        const_cast<T&>(value).serialize(archive);  // which only reads it: the archive takes no part away
    }
    static T decode(byte_reader& in) {
        T value{};
        detail::decoding_archive archive(in);
        value.serialize(archive);
        return value;
    }
};

template <class T>
requires(!detail::as_bytes<std::optional<T>> && crossable<T>) struct codec<std::optional<T>> {
    static void encode(std::optional<T> const& value, byte_writer& out) {
        codec<std::uint8_t>::encode(value.has_value(), out);
        if (value) codec<T>::encode(*value, out);
    }
    static std::optional<T> decode(byte_reader& in) {
        if (codec<std::uint8_t>::decode(in) == 0) return std::nullopt;
        return codec<T>::decode(in);
    }
};

template <class T, std::size_t size>
requires(!detail::as_bytes<std::array<T, size>> && size > 0 &&
         crossable<T>) struct codec<std::array<T, size>> {
    static void encode(std::array<T, size> const& value, byte_writer& out) {
        for (T const& each : value)
            codec<T>::encode(each, out);
    }
    static std::array<T, size> decode(byte_reader& in) {
        return [&]<std::size_t... indices>(std::index_sequence<indices...>) {
            return std::array<T, size>{(static_cast<void>(indices), codec<T>::decode(in))...};
        }
        (std::make_index_sequence<size>());
    }
};

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

}  // namespace quartet::inline v0
