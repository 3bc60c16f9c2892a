// src/io/blocking_context.hpp
//
// The context in which an awaited operation is done at once, in the calling thread. A body in it never
// suspends. One object per thread, for the bodies of one job after another; its HTTP client keeps connections
// from one body to the next.
#pragma once

#include "src/io/blocking_http.hpp"

#include <quartet/context.hpp>
#include <quartet/detail/stop_state.hpp>
#include <quartet/job.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>

namespace quartet::detail {

class blocking_context final : public context {
public:
    using log_function = std::function<void(worker_info const&, std::string_view)>;
    using token_function = std::function<std::stop_token()>;

    /// Runs bodies of this job. `log` may be empty.
    blocking_context(worker_info where, job& work, log_function log);

    /// `stop_token` makes one for the word that is followed, on the body's thread.
    blocking_context(worker_info where, std::atomic<std::uint32_t> const& stop_word, log_function log,
                     token_function stop_token);

    /// The bodies that follow are of this job.
    void follow(job& work) noexcept {
        work_ = &work;
        stop_ = &work.stop();
        context::follow(work.stop().word());
    }
    using context::follow;

private:
    bool start(sleep_operation& operation) override;
    bool start(fetch_operation& operation) override;
    bool start(command_operation& operation) override;
    bool start(file_operation& operation) override;
    bool start(offload_base& operation) override;
    bool start(yield_operation& operation) override;
    bool start(channel_operation& operation) override;
    void do_log(std::string_view line) override;
    std::stop_token do_stop_token() override { return stop_ ? stop_->token() : make_token_(); }

    /// Whether an operation ends before it begins, since its body is to end.
    bool ends_at_once();

    job const* work_ = nullptr;  // none in a worker process
    stop_state* stop_ = nullptr;
    log_function log_;
    token_function make_token_;            // where there is no stop_state
    std::unique_ptr<blocking_http> http_;  // made by the first fetch
};

}  // namespace quartet::detail
