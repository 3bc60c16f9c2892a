#include "src/io/event_loop.hpp"

#include "src/base/descriptor.hpp"

#include <quartet/detail/base/deadline.hpp>
#include <quartet/outcome.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>

namespace quartet::detail {
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

}  // namespace

event_loop::event_loop(file_backend files) : io_(require_watches()), files_(make_async_files(io_, files)) {}

void event_loop::start(sleep_operation& operation) {
    sleeps_.add(operation, deadline_after(std::chrono::steady_clock::now(), operation.duration));
}

void event_loop::start(fetch_operation& operation) {
    if (!http_) http_ = std::make_unique<http_client>(io_);
    http_->start(operation);
}

void event_loop::start(offload_base& operation) {
    if (!side_pool_) side_pool_ = std::make_unique<offload_pool>(io_);
    side_pool_->start(operation);
}

void event_loop::complete_later(operation& ended, std::chrono::nanoseconds time) {
    auto timer = std::make_shared<boost::asio::steady_timer>(io_, time);
    timer->async_wait([timer, &ended](boost::system::error_code const&) { ended.complete(); });
}

void event_loop::run_some(waiting how) {
    bool progress = files_->submit();
    if (http_) progress |= http_->advance(std::chrono::steady_clock::now());
    if (!progress && ready_.empty() && how == waiting::for_an_event) {
        arm_timer();
        io_.run_one();
    }
    io_.poll();
    complete_due_sleeps();
    complete_ready();
}

// One Asio timer stands for all sleeps and for libcurl. It is set only when the loop is about to wait, so a
// sleep that is added and becomes the earliest costs nothing extra; and only to an earlier moment, since
// setting it is dear (some 10 µs in a virtual machine) and waking too early once is not.
void event_loop::arm_timer() {
    auto deadline = http_ ? http_->deadline() : std::nullopt;
    if (!sleeps_.empty() && (!deadline || sleeps_.earliest() < *deadline)) deadline = sleeps_.earliest();
    if (!deadline || (armed_for_ && *armed_for_ <= *deadline)) return;
    armed_for_ = deadline;
    timer_.expires_at(*armed_for_);
    timer_.async_wait([this](boost::system::error_code const& error) {
        if (!error) armed_for_.reset();
    });
}

void event_loop::complete_due_sleeps() {
    if (sleeps_.empty()) return;
    auto const now = std::chrono::steady_clock::now();
    while (!sleeps_.empty() && sleeps_.earliest() <= now)
        sleeps_.pop().complete();
}

void event_loop::complete_ready() {
    auto const now_ready = std::exchange(ready_, {});
    for (operation* each : now_ready)
        each->complete();
}

void event_loop::cancel(sleep_operation& operation) noexcept {
    if (!sleeps_.remove(operation)) return;
    operation.error = std::make_exception_ptr(cancelled());
    ready_.push_back(&operation);
}

void event_loop::cancel(fetch_operation& operation) noexcept {
    if (http_ && http_->cancel(operation)) ready_.push_back(&operation);
}

void event_loop::cancel(offload_base& operation, std::function<void(std::string const&)> tell) noexcept {
    if (side_pool_ && side_pool_->cancel(operation, std::move(tell))) ready_.push_back(&operation);
}

void event_loop::cancel(channel_operation& operation) noexcept {
    if (channels_.cancel(operation)) ready_.push_back(&operation);
}

}  // namespace quartet::detail
