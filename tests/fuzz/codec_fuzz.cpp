// Codecs: any bytes give a value, which is the same when it is encoded and decoded again, or an exception.
// Sizes that bytes only claim are refused, at the latest by the allocator, which here gives no more than a
// few MiB.
#include "tests/fuzz/require.hpp"

#include <quartet/codec_cereal.hpp>
#include <quartet/command.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <map>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

using quartet::fuzz::require;

namespace {

constexpr std::size_t most_bytes = std::size_t{4} << 20;
bool is_limited = false;  // while bytes are decoded; libFuzzer has needs of its own

struct point {
    std::int32_t x = 0;
    std::int32_t y = 0;
    bool operator==(point const&) const = default;
};

struct shape {
    std::string name{};
    std::vector<point> corners{};
    std::optional<std::map<std::string, std::vector<std::string>>> notes{};
    bool operator==(shape const&) const = default;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(name, corners, notes);
    }
};

template <class Archive>
void serialize(Archive& archive, point& each) {
    archive(each.x, each.y);
}

template <class T>
void decode_one(std::span<std::byte const> bytes) {
    quartet::byte_reader in(bytes);
    std::optional<T> value;
    is_limited = true;
    try {
        value = quartet::codec<T>::decode(in);
    } catch (std::exception const&) {
    }
    is_limited = false;
    if (!value) return;
    quartet::byte_writer out;
    quartet::codec<T>::encode(*value, out);
    quartet::byte_reader again(out.bytes());
    require(quartet::codec<T>::decode(again) == *value, "what is encoded is decoded as it was");
    require(again.left() == 0, "all that was encoded is decoded");
}

using decoder = void (*)(std::span<std::byte const>);
constexpr decoder decoders[] = {
    decode_one<std::uint64_t>,
    decode_one<point>,
    decode_one<std::string>,
    decode_one<std::vector<std::int32_t>>,
    decode_one<std::vector<point>>,
    decode_one<std::vector<std::string>>,
    decode_one<std::vector<std::vector<std::string>>>,
    decode_one<std::tuple<std::string, std::int64_t, std::vector<char>>>,
    decode_one<std::pair<std::string, std::vector<std::string>>>,
    decode_one<std::map<std::string, std::int32_t>>,
    decode_one<std::unordered_map<std::string, std::string>>,
    decode_one<std::optional<std::string>>,
    decode_one<std::array<std::string, 3>>,
    decode_one<shape>,
};

}  // namespace

// Some of the sanitizer's own operators are left beside these.
extern "C" char const* __asan_default_options() {
    return "alloc_dealloc_mismatch=0";
}

void* operator new(std::size_t size) {
    if (is_limited && size > most_bytes) throw std::bad_alloc();
    if (void* const place = std::malloc(size ? size : 1)) return place;
    throw std::bad_alloc();
}
void operator delete(void* place) noexcept {
    std::free(place);
}
void operator delete(void* place, std::size_t) noexcept {
    std::free(place);
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    std::span const bytes(reinterpret_cast<std::byte const*>(data), size);
    decoders[data[0] % std::size(decoders)](bytes.subspan(1));
    return 0;
}
