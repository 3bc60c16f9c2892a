// src/io/http/inflater.hpp
//
// One coding of a body: gzip (RFC 1952: one member or several) or deflate (RFC 1950, or without the frame, as
// many servers send it).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <zlib.h>

namespace quartet::inline v0::detail {

class inflater {
public:
    enum class coding { gzip, deflate };

    /// How much comes out of it at a time, at most.
    static constexpr std::size_t room = 16 * 1024;

    explicit inflater(coding what) noexcept : coding_(what) {}
    inflater(inflater const&) = delete;
    inflater& operator=(inflater const&) = delete;
    ~inflater();

    /// Decodes from the beginning of `data`, which it shortens by what it took, into a buffer of its own. All
    /// is decoded once `data` is empty and less than `room` came out. Throws http_failure, std::bad_alloc.
    std::string_view next(std::string_view& data);

    /// Throws http_failure if something has come, but not all.
    void end() const;

    /// How much has come out so far.
    std::size_t produced() const noexcept { return produced_; }

private:
    enum class position {
        before,   ///< the first byte
        within,   ///< a stream
        between,  ///< one that has ended and one that may begin
    };

    void begin(std::string_view& data);
    void go_on_with_next(std::string_view& data);
    std::string_view decode(std::string_view& data);
    void open(int window_bits);
    [[noreturn]] void refuse(std::string_view why) const;

    coding coding_;
    position position_ = position::before;
    bool is_open_ = false;
    z_stream stream_{};
    std::string first_;  // byte of a deflate stream, until the second tells what it is
    std::size_t produced_ = 0;
    char buffer_[room];
};

}  // namespace quartet::inline v0::detail
