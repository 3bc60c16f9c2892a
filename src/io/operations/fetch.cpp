// How a fetch is done in each context: in a blocking one by a client of the thread (blocking_http), on an
// event loop by that of the loop (http_client), and in the fake by the function fake_world::on_fetch, whose
// reply arrives when its latency has passed on the virtual clock.

#include "src/io/http/blocking_http.hpp"
#include "src/io/http/http_client.hpp"
#include "src/io/http/http_failure.hpp"
#include "src/io/loop/kept_descriptors.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/io/operations/fetch.hpp>
#include <quartet/fake_world.hpp>

#include <chrono>
#include <exception>
#include <string>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

/// Fills in the fake's reply, or the error. Returns how long it takes to arrive.
std::chrono::nanoseconds answer(fetch_operation& operation, fake_world& world) {
    auto const& request = operation.request;
    auto const failed = [&operation](fetch_error::kind what, std::string reason) {
        operation.error = no_reply(operation.request, {what, std::move(reason)});
    };
    try {
        require_sendable(request);
        world.requests.push_back(request);
        if (!world.on_fetch) {
            failed(fetch_error::kind::connect, "the fake world answers no fetches");
            return {};
        }
        fake_reply reply = world.on_fetch(request);
        if (request.timeout > request.timeout.zero() && reply.latency > request.timeout) {
            failed(fetch_error::kind::timeout, "timed out");
            return request.timeout;
        }
        operation.response = std::move(reply.response);
        return reply.latency;
    } catch (http_failure const& why) {
        operation.error = no_reply(request, why);
    } catch (...) {
        operation.error = std::current_exception();
    }
    return {};
}

}  // namespace

void fetch_operation::perform(blocking_thread& here) {
    try {
        here.services.use<blocking_http>().perform(*this, {owner(), here.deadline()});
        static_cast<void>(
            owner().stop_requested());  // which notes what ended it, if that was a stop or a limit
    } catch (...) {
        refuse(*this);
    }
    auto const* const client = here.services.find<blocking_http>();
    if (client && (client->is_broken() || kept_descriptors::are_too_many()))
        here.services.drop<blocking_http>();
}

bool fetch_operation::begin(event_loop& loop) {
    try {
        loop.services.use<http_client>(loop.io()).start(*this);
        return false;
    } catch (...) {
        refuse(*this);
        return true;
    }
}

bool fetch_operation::pretend(fake_loop& loop) {
    loop.complete_after(*this, answer(*this, loop.world()));
    return false;
}

void fetch_operation::cancel_begun(event_loop& loop) noexcept {
    auto* const client = loop.services.find<http_client>();
    if (client && client->cancel(*this)) loop.complete_soon(*this);
}

}  // namespace quartet::inline v0::detail
