// src/io/http/content_decoder.hpp
//
// Takes the codings of a reply's Content-Encoding off its body, as it comes. libcurl does that too, but takes
// a stream that is broken off for a whole one, and a second gzip member for an error that it has no name for.
#pragma once

#include "src/io/http/inflater.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::inline v0::detail {

class content_decoder {
public:
    /// What a request asks for, as the value of Accept-Encoding.
    static constexpr char const* accepted = "gzip, deflate";

    /// Ready for another reply, which has no coding so far.
    void clear() noexcept;

    /// Adds the codings of one Content-Encoding header. Those that are unknown are an error only once there
    /// is a body. Throws std::bad_alloc.
    void add(std::string_view codings);

    bool is_used() const noexcept { return !layers_.empty() || !unknown_.empty(); }

    bool can_decode() const noexcept { return unknown_.empty(); }

    /// Passes what `data` decodes to on to `take`, piece by piece. Throws http_failure of kind `reply` if it
    /// can't be decoded or becomes longer than `most_bytes` on the way, std::bad_alloc, and what `take` does.
    using taker = std::function<void(std::string_view)>;
    void write(std::string_view data, std::size_t most_bytes, taker const& take);

    /// The body is at its end. Throws http_failure if its coding is not.
    void end() const;

private:
    void write_through(std::size_t layers, std::string_view data, std::size_t most_bytes, taker const& take);

    std::vector<std::unique_ptr<inflater>> layers_;  // in the order they were put on
    std::string unknown_;                            // coding
};

}  // namespace quartet::inline v0::detail
