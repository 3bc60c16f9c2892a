#include "src/io/http/inflater.hpp"

#include "src/io/http/http_failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <new>

namespace quartet::inline v0::detail {
namespace {

constexpr int window = MAX_WBITS;  // inflate's words for the three formats
constexpr int gzip_window = MAX_WBITS + 16;
constexpr int bare_window = -MAX_WBITS;

/// RFC 1950, 2.2; a stream without its frame begins so by chance only where its blocks are not compressed.
bool begins_zlib(char first, char second) noexcept {
    auto const method = static_cast<unsigned char>(first);
    return (method & 0x0f) == Z_DEFLATED && (method * 256 + static_cast<unsigned char>(second)) % 31 == 0;
}

}  // namespace

inflater::~inflater() {
    if (is_open_) inflateEnd(&stream_);
}

std::string_view inflater::next(std::string_view& data) {
    if (position_ == position::before) begin(data);
    if (position_ == position::between) go_on_with_next(data);
    return position_ == position::within ? decode(data) : std::string_view();
}

void inflater::begin(std::string_view& data) {
    if (data.empty()) return;
    if (coding_ == coding::gzip) return open(gzip_window);
    if (first_.empty() && data.size() == 1) {
        first_ = data;
        data = {};
        return;
    }
    char const first = first_.empty() ? data[0] : first_[0];
    open(begins_zlib(first, data[first_.empty() ? 1 : 0]) ? window : bare_window);
    std::string_view held = first_;
    if (!held.empty()) decode(held);  // nothing comes out yet: a byte is less than a block's head
}

// RFC 1952, 2.2: members follow one another. Tools fill up with zeros what they write in blocks.
void inflater::go_on_with_next(std::string_view& data) {
    if (coding_ == coding::gzip) data.remove_prefix(std::min(data.find_first_not_of('\0'), data.size()));
    if (data.empty()) return;
    if (coding_ != coding::gzip || data[0] != '\x1f') refuse("is followed by something else");
    inflateReset(&stream_);
    position_ = position::within;
}

std::string_view inflater::decode(std::string_view& data) {
    auto const size = static_cast<uInt>(std::min<std::size_t>(data.size(), std::numeric_limits<uInt>::max()));
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
    stream_.avail_in = size;
    stream_.next_out = reinterpret_cast<Bytef*>(buffer_);
    stream_.avail_out = room;
    int const result = inflate(&stream_, Z_NO_FLUSH);
    data.remove_prefix(size - stream_.avail_in);
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (result == Z_STREAM_END) position_ = position::between;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        refuse(fmt::format("is damaged ({})", stream_.msg ? stream_.msg : "it wants a dictionary"));
    std::size_t const got = room - stream_.avail_out;
    produced_ += got;
    return {buffer_, got};
}

void inflater::open(int window_bits) {
    if (inflateInit2(&stream_, window_bits) != Z_OK) throw std::bad_alloc();
    is_open_ = true;
    position_ = position::within;
}

void inflater::end() const {
    bool const has_begun =
        position_ == position::within || (position_ == position::before && !first_.empty());
    if (has_begun) refuse("breaks off before its end");
}

void inflater::refuse(std::string_view why) const {
    throw http_failure{
        fetch_error::kind::reply,
        fmt::format("the reply's {} data {}", coding_ == coding::gzip ? "gzip" : "deflate", why)};
}

}  // namespace quartet::inline v0::detail
