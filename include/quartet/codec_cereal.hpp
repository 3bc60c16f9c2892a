// include/quartet/codec_cereal.hpp
//
// A codec for whatever the serialization library cereal can save and load in binary form and
// <quartet/codec.hpp> can't: smart pointers, variants, types with a function serialize(), with save() and
// load(), or with a class version. Include it before such a type is used, and cereal's own headers
// (cereal/types/...) for types of the standard library other than those two.
#pragma once

#if !__has_include(<cereal/archives/binary.hpp>)
#error "<quartet/codec_cereal.hpp> needs cereal (on Debian: apt install libcereal-dev)"
#endif

#include <quartet/codec.hpp>

#include <cereal/archives/binary.hpp>
#include <cereal/types/array.hpp>
#include <cereal/types/chrono.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>

#include <cstddef>
#include <cstring>
#include <istream>
#include <ostream>
#include <streambuf>
#include <type_traits>

namespace quartet::inline v0 {
namespace detail {

/// CEREAL_NVP(member) is the member.
template <class Part>
struct archived<cereal::NameValuePair<Part>> {
    using type = std::remove_reference_t<Part>;
    static type& of(cereal::NameValuePair<Part>& part) noexcept { return part.value; }
};

template <class T>
concept left_to_cereal =
    !as_bytes<T> && !std::is_empty_v<T> && !serializes_itself<T> && !crossable_container<T> &&
    cereal::traits::is_output_serializable<T, cereal::BinaryOutputArchive>::value &&
    cereal::traits::is_input_serializable<T, cereal::BinaryInputArchive>::value &&
    std::is_default_constructible_v<T>;

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

template <detail::left_to_cereal T>
struct codec<T> {
    static void encode(T const& value, byte_writer& out) {
        detail::writer_buffer buffer(out);
        std::ostream stream(&buffer);
        cereal::BinaryOutputArchive archive(stream);
        archive(value);
    }
    static T decode(byte_reader& in) {
        T value{};
        detail::reader_buffer buffer(in);
        std::istream stream(&buffer);
        cereal::BinaryInputArchive archive(stream);
        archive(value);
        return value;
    }
};

}  // namespace quartet::inline v0
