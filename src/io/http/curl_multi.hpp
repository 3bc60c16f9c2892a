// src/io/http/curl_multi.hpp
//
// A libcurl multi handle, which has one owner.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <new>

namespace quartet::inline v0::detail {

using curl_multi = std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)>;

/// Throws std::bad_alloc.
inline curl_multi new_curl_multi() {
    curl_multi made(curl_multi_init(), &curl_multi_cleanup);
    if (!made) throw std::bad_alloc();
    return made;
}

}  // namespace quartet::inline v0::detail
