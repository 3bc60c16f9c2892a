#include "src/io/context/look_for_stop.hpp"
#include "src/io/loop/thread_io.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/base/misuse.hpp>
#include <quartet/detail/io/operations/asio_wait.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>

namespace quartet::inline v0::detail {
namespace {

using time_point = std::chrono::steady_clock::time_point;

/// After a stop, how long Asio may take to end an operation until somebody is told.
constexpr auto patience = std::chrono::seconds(1);

}  // namespace

void asio_wait::ask_for_end() noexcept {
    end_asked_ = true;
    end_early();
}

void asio_wait::complain() const {
    warn(
        "a body is kept by an operation of Asio that was cancelled a second ago: either nobody runs its "
        "io_context, or nothing was named that cancels it");
}

void asio_wait::perform(blocking_thread& here) {
    initiate();
    own_ = find_thread_io();
    if (own_) waits_for_->tell(*this);
    wait_blocking(here);
    if (own_) waits_for_->tell(*this);  // who has ended it has left this when it gets its lock
}

void asio_wait::wait_blocking(blocking_thread& here) {
    static std::atomic<std::uint32_t> const no_stop{0};
    auto complains_at = time_point::max();
    while (!waits_for_->ended()) {
        auto const now = std::chrono::steady_clock::now();
        if (!end_asked_ && owner().stop_requested()) {
            ask_for_end();
            complains_at = now + patience;
        } else if (complains_at <= now) {
            complains_at = time_point::max();
            complain();
        }
        auto const until = end_asked_ ? complains_at : here.deadline();
        if (!own_) {
            waits_for_->wait(end_asked_ ? no_stop : here.stop_word(), until);
            continue;
        }
        try {
            if (own_->stopped()) own_->restart();
            own_->run_one_until(std::min(until, now + look_for_stop));
        } catch (...) {
            // Of a handler of the body's own. The body can't go on before its operation has ended.
            if (!error) error = std::current_exception();
        }
    }
}

// The loop is there as long as a body waits on it, and this one does until it has been told.
bool asio_wait::begin(event_loop& loop) {
    initiate();
    loop_ = &loop;
    return !waits_for_->tell(*this);
}

void asio_wait::suspension_ended() noexcept {
    if (loop_)
        loop_->complete_from_any_thread(*this);
    else
        boost::asio::post(*own_, [] {});  // so that it is awake
}

bool asio_wait::pretend(fake_loop&) {
    misuse("a fake does nothing outside of its world: it can't wait for an operation of Asio");
}

void asio_wait::cancel_begun(event_loop& loop) noexcept {
    if (end_asked_) return;
    ask_for_end();
    try {
        auto timer = std::make_shared<boost::asio::steady_timer>(loop.io(), patience);
        timer->async_wait([timer, this, ended = waits_for_](boost::system::error_code const&) {
            if (!ended->ended()) complain();  // so this operation is still there
        });
    } catch (...) {
        // Then nobody is told.
    }
}

boost::asio::io_context& asio_place::find() {
    await_ready();
    throw_error();
    return *found_;
}

void asio_place::perform(blocking_thread&) {
    found_ = &thread_io();
}

bool asio_place::begin(event_loop& loop) {
    found_ = &loop.io();
    return true;
}

bool asio_place::pretend(fake_loop&) {
    misuse("a fake does nothing outside of its world: it has no executor for Asio");
}

}  // namespace quartet::inline v0::detail
