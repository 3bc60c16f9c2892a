// curl_easy_perform would do but for one thing: it looks up only once a second while nothing arrives, and
// a stop should not wait for that. What it does inside is the loop below.

#include "src/io/blocking_http.hpp"

#include "src/core/poll_timeout.hpp"

#include <algorithm>
#include <atomic>
#include <new>
#include <sys/resource.h>

namespace quartet::detail {
namespace {

constexpr int look_up_ms = 100;

/// A connection, and what libcurl wakes itself up with.
constexpr rlim_t descriptors_of_a_client = 3;

/// In this process.
std::atomic<rlim_t> clients{0};

CURLM* new_multi() {
    CURLM* const multi = curl_multi_init();
    if (!multi) throw std::bad_alloc();
    return multi;
}

}  // namespace

blocking_http::blocking_http() : multi_(new_multi(), &curl_multi_cleanup) {
    clients.fetch_add(1, std::memory_order_relaxed);
}

blocking_http::~blocking_http() {
    clients.fetch_sub(1, std::memory_order_relaxed);
}

bool blocking_http::are_too_many() noexcept {
    rlimit descriptors{};
    if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return false;
    return clients.load(std::memory_order_relaxed) * descriptors_of_a_client > descriptors.rlim_cur / 3;
}

void blocking_http::perform(fetch_operation& operation, limits const& until) {
    transfer_.prepare(operation);
    if (curl_multi_add_handle(multi_.get(), transfer_.handle()) != CURLM_OK) throw std::bad_alloc();
    CURLcode const result = run(until);
    curl_multi_remove_handle(multi_.get(), transfer_.handle());
    transfer_.finish(result);
}

CURLcode blocking_http::run(limits const& until) {
    for (int running = 1; running > 0;) {
        if (until.stop_word.load(std::memory_order_relaxed) != 0) return CURLE_ABORTED_BY_CALLBACK;
        int const left = poll_timeout(until.deadline);
        if (left == 0) return CURLE_ABORTED_BY_CALLBACK;
        int const wait = left < 0 ? look_up_ms : std::min(left, look_up_ms);
        if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) return CURLE_OUT_OF_MEMORY;
        if (running > 0 && curl_multi_poll(multi_.get(), nullptr, 0, wait, nullptr) != CURLM_OK)
            return CURLE_OUT_OF_MEMORY;
    }
    int left = 0;
    while (CURLMsg const* message = curl_multi_info_read(multi_.get(), &left)) {
        if (message->msg == CURLMSG_DONE) return message->data.result;
    }
    return CURLE_OUT_OF_MEMORY;  // can't be: a transfer that runs no more has said how it ended
}

}  // namespace quartet::detail
