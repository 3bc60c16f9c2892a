// The deflate stream comes from Beast, which the server needs anyway; a gzip file is that stream between a
// fixed head and a checksum. That is shorter than depending on zlib for one path of a test server.
#include "server/gzip.hpp"

#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/crc.hpp>
#include <boost/system/system_error.hpp>

#include <cstdint>

namespace quartet::server_detail {
namespace {

namespace zlib = boost::beast::zlib;

constexpr std::string_view head{"\x1f\x8b\x08\0\0\0\0\0\0\xff", 10};  // deflate, no name, no time, any system

void append_little_endian(std::string& out, std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8)
        out.push_back(static_cast<char>(value >> shift & 0xff));
}

std::uint32_t crc_of(std::string_view text) {
    boost::crc_32_type crc;
    crc.process_bytes(text.data(), text.size());
    return crc.checksum();
}

}  // namespace

std::string gzip(std::string_view text) {
    zlib::deflate_stream deflate;
    std::string out(head);
    out.resize(head.size() + deflate.upper_bound(text.size()));

    zlib::z_params buffers;
    buffers.next_in = text.data();
    buffers.avail_in = text.size();
    buffers.next_out = out.data() + head.size();
    buffers.avail_out = out.size() - head.size();
    boost::system::error_code error;
    deflate.write(buffers, zlib::Flush::finish, error);
    if (error && error != zlib::error::end_of_stream) throw boost::system::system_error(error, "gzip");

    out.resize(head.size() + buffers.total_out);
    append_little_endian(out, crc_of(text));
    append_little_endian(out, static_cast<std::uint32_t>(text.size()));
    return out;
}

}  // namespace quartet::server_detail
