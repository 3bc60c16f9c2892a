// src/io/event_loop.hpp
//
// One thread's event loop: timers, HTTP transfers, files and offloaded functions on one Asio io_context.
//
// All members are for the thread that runs the loop, except post().
#pragma once

#include "src/io/async_files.hpp"
#include "src/io/channel_waits.hpp"
#include "src/io/command_runner.hpp"
#include "src/io/http_client.hpp"
#include "src/io/offload_pool.hpp"
#include "src/io/timer_queue.hpp"

#include <quartet/file.hpp>
#include <quartet/operations.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quartet::detail {

class event_loop {
public:
    /// Throws std::system_error.
    explicit event_loop(file_backend files);

    void start(sleep_operation& operation);
    void start(yield_operation& operation) { ready_.push_back(&operation); }
    void start(offload_base& operation);
    void start(fetch_operation& operation);
    void start(command_operation& operation) { commands_.start(operation); }
    void start(file_operation& operation) { files_->start(operation); }
    /// True if it is done already.
    bool start(channel_operation& operation) { return channels_.start(operation); }

    /// Completes an operation that did not begin, when that time is over.
    void complete_later(operation& ended, std::chrono::nanoseconds time);

    enum class waiting { for_an_event, not_at_all };

    /// Waits until something happens, then completes all that is due.
    void run_some(waiting how = waiting::for_an_event);

    /// Ends one that is under way; it completes in a turn to come.
    void cancel(sleep_operation& operation) noexcept;
    void cancel(fetch_operation& operation) noexcept;
    void cancel(command_operation& operation) noexcept { commands_.cancel(operation); }
    void cancel(file_operation& operation) noexcept { files_->cancel(operation); }
    void cancel(channel_operation& operation) noexcept;
    /// If its function has begun it goes on, and `tell` is called when that lasts.
    void cancel(offload_base& operation, std::function<void(std::string const&)> tell) noexcept;

    /// Runs `function` on the loop's thread, from within run_some(). Any thread.
    template <class Function>
    void post(Function&& function) {
        boost::asio::post(io_, std::forward<Function>(function));
    }

    std::string file_backend_name() const { return files_->name(); }

private:
    void arm_timer();
    void complete_due_sleeps();
    void complete_ready();

    boost::asio::io_context io_;  // with the hint that one thread runs it
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> alive_{io_.get_executor()};
    timer_queue sleeps_;
    boost::asio::steady_timer timer_{io_};
    std::optional<timer_queue::time_point> armed_for_;
    std::vector<operation*> ready_;
    command_runner commands_{io_};
    channel_waits channels_{io_};
    std::unique_ptr<http_client> http_;  // made by the first fetch
    std::unique_ptr<async_files> files_;
    std::unique_ptr<offload_pool> side_pool_;  // made by the first offload
};

}  // namespace quartet::detail
