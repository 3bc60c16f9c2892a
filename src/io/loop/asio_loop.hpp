// src/io/loop/asio_loop.hpp
//
// One thread's event loop on an Asio io_context: timers, what completes soon, and the services of operations.
//
// All members are for the thread that runs the loop, except post() and complete_from_any_thread().
#pragma once

#include "src/io/files/async_files.hpp"
#include "src/io/loop/inbox.hpp"
#include "src/io/loop/timer_queue.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/file.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {

class asio_loop final : public event_loop {
public:
    /// With so many threads for offloaded functions at the most; 0: as many as wait. Throws
    /// std::system_error.
    explicit asio_loop(file_backend files, std::size_t offload_threads = 0);
    asio_loop(asio_loop const&) = delete;
    asio_loop& operator=(asio_loop const&) = delete;
    ~asio_loop();

    void complete_soon(operation& done) override { ready_.push_back(&done); }
    void complete_after(timed_operation& timed, std::chrono::nanoseconds time) override;
    void cancel_wait(timed_operation& timed) noexcept override;

    void post(std::function<void()> function) override { boost::asio::post(io_, std::move(function)); }
    void complete_from_any_thread(operation& done) override {
        if (runs_here == this) return complete_soon(done);
        if (!inbox_.add(done)) boost::asio::post(io_, [&done] { done.complete(); });
    }
    boost::asio::io_context& io() noexcept override { return io_; }

    /// Completes an operation that did not begin, when that time is over.
    void complete_unbegun(operation& ended, std::chrono::nanoseconds time);

    /// A turn: completes all that is due. If that is nothing, and `may_wait()` says so, it waits until
    /// something happens.
    template <std::predicate MayWait>
    void run_some(MayWait&& may_wait) {
        bool const progress = advance_services();
        inbox_.take_all([this](operation& done) { ready_.push_back(&done); });
        bool const waits = !progress && ready_.empty() && may_wait() && inbox_.fall_asleep();
        if (waits) wait_for_event();
        finish_turn(!waits);
    }

    std::string file_backend_name() const { return services.find<async_files>()->name(); }

private:
    bool advance_services();
    void wait_for_event();
    void finish_turn(bool is_busy);
    bool poll_is_due();
    void arm_timer();
    void complete_due();
    void complete_ready();

    boost::asio::io_context io_;  // with the hint that one thread runs it
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> alive_{io_.get_executor()};
    timer_queue timed_;
    boost::asio::steady_timer timer_{io_};
    std::optional<timer_queue::time_point> armed_for_;
    std::vector<operation*> ready_;
    alignas(64) inbox<operation> inbox_;
    std::chrono::steady_clock::time_point next_poll_;  // while it is busy

    static inline thread_local constinit asio_loop const* runs_here =
        nullptr;  // whose turns this thread runs
};

}  // namespace quartet::inline v0::detail
