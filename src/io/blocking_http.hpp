// src/io/blocking_http.hpp
//
// The HTTP transfers of one blocking context, one after another. Connections are kept for the next one. For
// one thread.
#pragma once

#include "src/io/http_transfer.hpp"

#include <curl/curl.h>

#include <atomic>
#include <cstdint>
#include <memory>

namespace quartet::detail {

class blocking_http {
public:
    /// Throws std::bad_alloc if libcurl gives no handle.
    blocking_http();

    /// Does all of `operation`, or ends it within 0.1 s from when `stop_word` turns non-zero. Throws
    /// std::bad_alloc.
    void perform(fetch_operation& operation, std::atomic<std::uint32_t> const& stop_word);

private:
    CURLcode run(std::atomic<std::uint32_t> const& stop_word);

    std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi_;
    http_transfer transfer_;  // after multi_: it is to be gone first
};

}  // namespace quartet::detail
