#include "src/io/loop/asio_loop.hpp"

#include "src/base/descriptor.hpp"

#include <quartet/detail/base/deadline.hpp>
#include <quartet/outcome.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <memory>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>

namespace quartet::inline v0::detail {
namespace {

// Asio does not look whether the system watches its own two descriptors. Without them a loop would never hear
// of what other threads post to it, nor of its timer.
int require_watches() {
    descriptor const set(epoll_create1(EPOLL_CLOEXEC));
    std::array<descriptor, 3> watched;
    for (descriptor& each : watched) {
        each = descriptor(eventfd(0, EFD_CLOEXEC));
        epoll_event event{};
        event.events = EPOLLIN;
        if (each.get() < 0 || epoll_ctl(set.get(), EPOLL_CTL_ADD, each.get(), &event) != 0)
            throw std::system_error(errno, std::generic_category(), "an event loop can't watch anything");
    }
    return 1;
}

constexpr auto busy_time_between_polls = std::chrono::microseconds(50);

}  // namespace

asio_loop::asio_loop(file_backend files, std::size_t offload_threads) : io_(require_watches()) {
    most_offload_threads = offload_threads;
    services.add(make_async_files(*this, files));
}

asio_loop::~asio_loop() {
    services.clear();  // they use the io_context
}

void asio_loop::complete_after(timed_operation& timed, std::chrono::nanoseconds time) {
    timed_.add(timed, deadline_after(std::chrono::steady_clock::now(), time));
}

void asio_loop::cancel_wait(timed_operation& timed) noexcept {
    if (!timed_.remove(timed)) return;
    timed.error = std::make_exception_ptr(cancelled());
    ready_.push_back(&timed);
}

void asio_loop::complete_unbegun(operation& ended, std::chrono::nanoseconds time) {
    auto timer = std::make_shared<boost::asio::steady_timer>(io_, time);
    timer->async_wait([timer, &ended](boost::system::error_code const&) { ended.complete(); });
}

/// True if it was something.
bool asio_loop::advance_services() {
    runs_here = this;
    bool progress = false;
    services.for_each([&progress](loop_service& each) { progress |= each.advance(); });
    return progress;
}

void asio_loop::wait_for_event() {
    arm_timer();
    io_.run_one();
    inbox_.wake();
}

// To ask Asio costs a system call even if it has nothing to tell, so a loop that is busy asks it now and then.
void asio_loop::finish_turn(bool is_busy) {
    if (!is_busy || poll_is_due()) io_.poll();
    complete_due();
    complete_ready();
}

bool asio_loop::poll_is_due() {
    auto const now = std::chrono::steady_clock::now();
    if (now < next_poll_) return false;
    next_poll_ = now + busy_time_between_polls;
    return true;
}

// One Asio timer stands for all moments that are waited for. It is set only when the loop is about to wait,
// so one that is added and becomes the earliest costs nothing extra; and only to an earlier moment, since
// setting it is dear (some 10 µs in a virtual machine) and waking too early once is not.
void asio_loop::arm_timer() {
    std::optional<timer_queue::time_point> deadline;
    if (!timed_.empty()) deadline = timed_.earliest();
    services.for_each([&deadline](loop_service const& each) {
        auto const its = each.deadline();
        if (its && (!deadline || *its < *deadline)) deadline = its;
    });
    if (!deadline || (armed_for_ && *armed_for_ <= *deadline)) return;
    armed_for_ = deadline;
    timer_.expires_at(*armed_for_);
    timer_.async_wait([this](boost::system::error_code const& error) {
        if (!error) armed_for_.reset();
    });
}

void asio_loop::complete_due() {
    if (timed_.empty()) return;
    auto const now = std::chrono::steady_clock::now();
    while (!timed_.empty() && timed_.earliest() <= now)
        timed_.pop().complete();
}

void asio_loop::complete_ready() {
    auto const now_ready = std::exchange(ready_, {});
    for (operation* each : now_ready)
        each->complete();
}

}  // namespace quartet::inline v0::detail
