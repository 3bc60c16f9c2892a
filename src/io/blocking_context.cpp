#include "src/io/blocking_context.hpp"

#include "src/base/futex.hpp"
#include "src/base/poll_timeout.hpp"
#include "src/io/child_process.hpp"
#include "src/io/file_stream.hpp"
#include "src/io/files.hpp"
#include "src/io/logging.hpp"

#include <quartet/detail/base/deadline.hpp>
#include <quartet/detail/io/channel_waiter.hpp>
#include <quartet/outcome.hpp>

#include <algorithm>
#include <chrono>
#include <poll.h>
#include <thread>

namespace quartet::detail {
namespace {

// A stop is a word in memory, which poll() can't wait for.
constexpr auto look_for_stop = std::chrono::milliseconds(20);

/// Of the part of the body that runs now.
steady_deadline time_limit() {
    auto const* const part = current_scope();
    return part ? part->deadline() : steady_deadline::max();
}

/// Waits for a stream until the body is to end.
class wait_of_body final : public stream_wait {
public:
    explicit wait_of_body(context const& where) noexcept : where_(where) {}

    bool may_go_on() noexcept override { return !where_.stop_requested(); }
    bool wait(int descriptor, short events) noexcept override {
        pollfd waiting{.fd = descriptor, .events = events, .revents = 0};
        auto const limit = std::min(time_limit(), std::chrono::steady_clock::now() + look_for_stop);
        poll(&waiting, 1, poll_timeout(limit));
        return true;
    }

private:
    context const& where_;
};

}  // namespace

blocking_context::blocking_context(worker_info where, stop_state& stop, log_function log,
                                   name_function body_name)
    : context(std::move(where), stop.word()),
      stop_(&stop),
      log_(std::move(log)),
      body_name_(std::move(body_name)) {}

blocking_context::blocking_context(worker_info where, std::atomic<std::uint32_t> const& stop_word,
                                   log_function log, token_function stop_token)
    : context(std::move(where), stop_word), log_(std::move(log)), make_token_(std::move(stop_token)) {}

// A body that swallows its end can't be ended here. It shall not use up a processor as well.
bool blocking_context::ends_at_once() {
    if (!stop_requested()) return false;
    std::uint32_t const unheard = count_unheard();
    if (unheard == deaf_after) tell(log_, where(), describe_deafness(body_name_ ? body_name_() : "a body"));
    if (unheard >= deaf_after) std::this_thread::sleep_for(pause_of_the_deaf);
    return true;
}

bool blocking_context::start(sleep_operation& operation) {
    if (ends_at_once()) {
        operation.error = std::make_exception_ptr(cancelled());
        return true;
    }
    auto const deadline =
        std::min(deadline_after(std::chrono::steady_clock::now(), operation.duration), time_limit());
    while (!stop_requested() && std::chrono::steady_clock::now() < deadline)
        futex_wait(stop_word(), 0, deadline);
    if (stop_requested()) operation.error = std::make_exception_ptr(cancelled());
    return true;
}

bool blocking_context::start(fetch_operation& operation) {
    if (ends_at_once()) {
        operation.error = std::make_exception_ptr(cancelled());
        return true;
    }
    try {
        if (!http_) http_ = std::make_unique<blocking_http>();
        http_->perform(operation, {stop_word(), time_limit()});
        static_cast<void>(stop_requested());  // which notes what ended it, if that was a stop or a limit
    } catch (...) {
        refuse(operation);
    }
    if (kept_descriptors::are_too_many() || (http_ && http_->is_broken())) http_.reset();
    return true;
}

bool blocking_context::start(command_operation& operation) {
    if (ends_at_once()) throw cancelled();
    child_process child(operation.what);
    while (!child.advance()) {
        if (stop_requested()) child.end();
        pollfd waiting{.fd = child.poll_descriptor(), .events = POLLIN, .revents = 0};
        poll(&waiting, 1, static_cast<int>(look_for_stop.count()));
    }
    operation.result = child.take();
    return true;
}

bool blocking_context::start(file_operation& operation) {
    wait_of_body wait(*this);
    perform(operation, wait);
    return true;
}

bool blocking_context::start(offload_base& operation) {
    operation.run();
    return true;
}

bool blocking_context::start(yield_operation&) {
    return true;
}

bool blocking_context::start(channel_operation& operation) {
    if (ends_at_once()) {
        operation.error = std::make_exception_ptr(cancelled());
        return true;
    }
    thread_waiter self;
    while (!stop_requested()) {
        self.prepare();
        if (operation.try_for(self)) return true;
        self.wait(time_limit(), &stop_word());
    }
    operation.gate().leave(self);
    operation.error = std::make_exception_ptr(cancelled());
    return true;
}

void blocking_context::do_log(std::string_view line) {
    if (log_) log_(where(), line);
}

}  // namespace quartet::detail
