// curl_easy_perform would do but for one thing: it looks up only once a second while nothing arrives, and
// a stop should not wait for that. What it does inside is the loop below.

#include "src/io/http/blocking_http.hpp"

#include "src/base/poll_timeout.hpp"

#include <quartet/context.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <new>

namespace quartet::inline v0::detail {
namespace {

constexpr int look_up_ms = 100;

/// A connection, and what libcurl wakes itself up with.
constexpr std::size_t descriptors_of_a_client = 3;

bool is_over(blocking_http::limits const& until) noexcept {
    return until.of.stop_requested() || poll_timeout(until.deadline) == 0;
}

}  // namespace

blocking_http::blocking_http()
    : multi_(new_curl_multi()), transfer_([multi = multi_.get()] { curl_multi_wakeup(multi); }) {
    kept_.keep(descriptors_of_a_client);
}

void blocking_http::perform(fetch_operation& operation, limits const& until) {
    transfer_.prepare(operation);
    try {
        if (!carry_out(until)) transfer_.cancel();
    } catch (...) {
        transfer_.fail();
    }
}

/// False if a limit was reached before the end.
bool blocking_http::carry_out(limits const& until) {
    for (;;) {
        if (!wait_until_ready(until)) return false;
        require(curl_multi_add_handle(multi_.get(), transfer_.handle()));
        std::optional<CURLcode> result;
        try {
            result = run(until);
        } catch (...) {
            curl_multi_remove_handle(multi_.get(), transfer_.handle());
            throw;
        }
        curl_multi_remove_handle(multi_.get(), transfer_.handle());
        if (!result) return false;
        if (!transfer_.take_reply(*result)) return true;
    }
}

bool blocking_http::wait_until_ready(limits const& until) {
    while (!transfer_.is_ready()) {
        if (is_over(until)) return false;
        wait(until);
    }
    return true;
}

/// How the transfer ended; nothing if a limit was reached first.
std::optional<CURLcode> blocking_http::run(limits const& until) {
    for (int running = 1; running > 0;) {
        if (is_over(until)) return std::nullopt;
        require(curl_multi_perform(multi_.get(), &running));
        if (running > 0) wait(until);
    }
    int left = 0;
    while (CURLMsg const* message = curl_multi_info_read(multi_.get(), &left)) {
        if (message->msg == CURLMSG_DONE) return message->data.result;
    }
    return CURLE_OUT_OF_MEMORY;  // can't be: a transfer that runs no more has said how it ended
}

/// Until something comes, a look-up ends (curl_multi_wakeup), or it is time to look at the limits.
void blocking_http::wait(limits const& until) {
    int const left = poll_timeout(std::min(until.deadline, transfer_.deadline()));
    int const longest = left < 0 ? look_up_ms : std::min(left, look_up_ms);
    require(curl_multi_poll(multi_.get(), nullptr, 0, longest, nullptr));
}

void blocking_http::require(CURLMcode result) {
    if (result == CURLM_OK) return;
    is_broken_ = true;
    if (result == CURLM_OUT_OF_MEMORY) throw std::bad_alloc();
    throw http_failure{fetch_error::kind::other,
                       fmt::format("the HTTP client failed: {}", curl_multi_strerror(result))};
}

}  // namespace quartet::inline v0::detail
