// src/io/http/blocking_http.hpp
//
// The HTTP transfers of one blocking context, one after another. Connections are kept for the next one. For
// one thread.
#pragma once

#include "src/io/http/curl_multi.hpp"
#include "src/io/http/http_transfer.hpp"
#include "src/io/loop/kept_descriptors.hpp"

#include <quartet/backend/services.hpp>
#include <quartet/detail/io/operations/fetch.hpp>

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <optional>

namespace quartet::inline v0::detail {

class blocking_http final : public service {
public:
    /// Throws std::bad_alloc if libcurl gives no handle.
    blocking_http();

    /// Whether libcurl is at odds with itself since the last fetch: then it is no good for another.
    bool is_broken() const noexcept { return is_broken_; }

    /// When to give up: as soon as the body is to end, or at the deadline.
    struct limits {
        context const& of;
        std::chrono::steady_clock::time_point deadline;
    };

    /// Does all of `operation`, or ends it within 0.1 s from when a limit is reached. What makes it
    /// impossible to begin is thrown: http_failure, std::bad_alloc.
    void perform(fetch_operation& operation, limits const& until);

private:
    bool carry_out(limits const& until);
    bool wait_until_ready(limits const& until);
    std::optional<CURLcode> run(limits const& until);
    void wait(limits const& until);
    void require(CURLMcode result);

    curl_multi multi_;
    bool is_broken_ = false;
    kept_descriptors kept_;
    http_transfer transfer_;  // after multi_: it is to be gone first
};

}  // namespace quartet::inline v0::detail
