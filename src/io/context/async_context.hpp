// src/io/context/async_context.hpp
//
// The context in which an awaited operation begins on an event loop and suspends its body until it is
// done. One object serves all bodies of a job on the loop. For the loop's thread.
#pragma once

#include "src/io/context/logging.hpp"
#include "src/io/loop/asio_loop.hpp"

#include <quartet/context.hpp>
#include <quartet/detail/io/stop_state.hpp>

#include <functional>
#include <string_view>

namespace quartet::inline v0::detail {

class async_context final : public context {
public:
    async_context(worker_info worker, asio_loop& loop, stop_state& stop, log_function log,
                  name_function body_name)
        : context(std::move(worker), stop.word()),
          loop_(loop),
          stop_(stop),
          log_(std::move(log)),
          body_name_(std::move(body_name)) {
        suspends_bodies();
    }

    /// Makes stop_requested() read another word than that of the stop.
    using context::follow;

    /// For the pool, which has other loops too.
    using context::share_calls_by;

    /// Does not slow down bodies that swallow their end: their process is ended when they hold the loop.
    void leave_the_deaf() noexcept { leaves_the_deaf_ = true; }

private:
    bool start(operation& begun) override;
    void cancel(operation& ended) noexcept override { ended.cancel_begun(loop_); }
    void warn(std::string_view line) override { tell(log_, where(), line); }
    void do_log(std::string_view line) override;
    std::stop_token do_stop_token() override { return stop_.token(); }

    /// An operation that does not begin, since its body is to end: whether it is done.
    bool end_at_once(operation& ended);

    asio_loop& loop_;
    stop_state& stop_;
    bool leaves_the_deaf_ = false;
    log_function log_;
    name_function body_name_;
};

}  // namespace quartet::inline v0::detail
