// src/io/context/blocking_context.hpp
//
// The context in which an awaited operation is done at once, in the calling thread. A body in it never
// suspends. One object per thread, for the bodies of one job after another; what operations share (an HTTP
// client with its connections) is kept from one body to the next.
#pragma once

#include "src/io/context/logging.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/io/current_context.hpp>
#include <quartet/detail/io/stop_state.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string_view>
#include <utility>

namespace quartet::inline v0::detail {

class blocking_context final : public context, private blocking_thread {
public:
    using token_function = std::function<std::stop_token()>;

    /// A context for bodies that `stop` stops.
    blocking_context(worker_info worker, stop_state& stop, log_function log, name_function body_name);

    /// `stop_token` makes a stop token of the word that is followed, on the body's thread.
    blocking_context(worker_info worker, std::atomic<std::uint32_t> const& stop_word, log_function log,
                     token_function stop_token);

    /// Another one on the thread of `on`, for bodies of the same job as `as`.
    blocking_context(blocking_context const& on, blocking_context const& as);

    /// From now on, for bodies that `stop` stops.
    void follow(stop_state& stop, name_function body_name) noexcept {
        body_name_ = std::move(body_name);
        stop_ = &stop;
        context::follow(stop.word());
    }
    using context::follow;

    /// From now on, for bodies of the same job as `other`, which is that of a body which waits meanwhile.
    void follow(blocking_context const& other) noexcept;

    /// Whether it is for bodies of the same job.
    bool follows_as(blocking_context const& other) const noexcept {
        return &context::stop_word() == &other.context::stop_word();
    }

    /// Has other threads take the calls of its bodies.
    using context::share_calls_by;

    ~blocking_context() override { current_blocking_context() = outer_; }

private:
    bool start(operation& begun) override;
    std::atomic<std::uint32_t> const& stop_word() const noexcept override;
    void warn(std::string_view line) override { tell(log_, where(), line); }
    void do_log(std::string_view line) override;
    std::stop_token do_stop_token() override { return stop_ ? stop_->token() : make_token_(); }

    /// An operation does not begin, since its body is to end.
    void end_at_once(operation& ended);

    context* const outer_ =
        std::exchange(current_blocking_context(), this);  // of a body that runs a model here
    stop_state* stop_ = nullptr;                          // none in a worker process
    log_function log_;
    name_function body_name_;
    token_function make_token_;  // where there is no stop_state
};

}  // namespace quartet::inline v0::detail
