#include "src/io/sync/gate_waits.hpp"

#include <quartet/outcome.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <new>
#include <sys/epoll.h>
#include <system_error>
#include <utility>

namespace quartet::inline v0::detail {

bool gate_waits::start(gate_operation& operation) {
    operation.host = this;
    if (operation.try_for(&operation)) return true;
    try {
        waiting_.push_back(&operation);
        operation.list_index = waiting_.size() - 1;
        if (operation.at().descriptor() >= 0) watch(operation);
    } catch (...) {
        withdraw(operation);
        throw;
    }
    return false;
}

bool gate_waits::cancel(gate_operation& operation) noexcept {
    if (operation.list_index == gate_operation::nowhere) return false;
    withdraw(operation);
    operation.error = std::make_exception_ptr(cancelled());
    return true;
}

void gate_waits::withdraw(gate_operation& operation) noexcept {
    operation.at().leave(operation);  // from here on nobody wakes it
    {
        std::lock_guard const lock(mutex_);
        woken_.remove(operation);
    }
    to_try_.remove(operation);
    if (operation.list_index != gate_operation::nowhere) forget(operation);
}

void gate_waits::forget(gate_operation& operation) noexcept {
    unwatch(operation);
    waiting_.back()->list_index = operation.list_index;
    waiting_[operation.list_index] = waiting_.back();
    waiting_.pop_back();
    operation.list_index = gate_operation::nowhere;
}

// A loop that sleeps hears of it by the post; one that is awake looks by itself, each turn, and has the post
// whenever it asks Asio next.
void gate_waits::woken(gate_operation& operation) noexcept {
    std::lock_guard const lock(mutex_);
    if (!std::exchange(is_posted_, true)) {
        boost::asio::post(io_, [this] {
            {
                std::lock_guard const own(mutex_);
                is_posted_ = false;
            }
            try_woken();
        });
    }
    woken_.add(operation);
    has_woken_.store(true, std::memory_order_release);
}

// Takes the whole list at once: operations that are woken meanwhile come in a later turn, so that timers and
// sockets have theirs.
void gate_waits::try_woken() {
    {
        std::lock_guard const lock(mutex_);
        has_woken_.store(false, std::memory_order_relaxed);
        while (auto* const each = woken_.pop())
            to_try_.add(*each);
    }
    while (auto* const each = to_try_.pop())
        try_again(static_cast<gate_operation&>(*each));
}

/// Completes the operation if it is done.
bool gate_waits::try_again(gate_operation& operation) {
    if (!operation.try_for(&operation)) return false;
    forget(operation);
    operation.complete();
    return true;
}

void gate_waits::watch(gate_operation& operation) {
    if (!set_) open_set();
    int const descriptor = operation.at().descriptor();
    auto const [found, is_new] = watched_.try_emplace(descriptor);
    found->second[operation.side()].push_back(&operation);
    plan_look(operation.at());
    if (!is_new) return;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.fd = descriptor;
    if (epoll_ctl(set_->native_handle(), EPOLL_CTL_ADD, descriptor, &event) != 0)
        throw std::system_error(errno, std::generic_category(),
                                "cannot wait for a channel or a lock between processes");
    // What has happened since the last try has written to the descriptor, so epoll reports it at once.
}

void gate_waits::unwatch(gate_operation& operation) noexcept {
    auto const found = watched_.find(operation.at().descriptor());
    if (found == watched_.end()) return;
    std::erase(found->second[operation.side()], &operation);
    if (!std::ranges::all_of(found->second, [](auto const& line) { return line.empty(); })) return;
    epoll_ctl(set_->native_handle(), EPOLL_CTL_DEL, found->first, nullptr);
    watched_.erase(found);
}

void gate_waits::open_set() {
    int const set = epoll_create1(EPOLL_CLOEXEC);
    if (set < 0)
        throw std::system_error(errno, std::generic_category(), "cannot wait for what is between processes");
    set_.emplace(io_, set);
    wait_for_set();
}

void gate_waits::wait_for_set() {
    set_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [this](boost::system::error_code const& error) {
                         if (error) return;
                         try_signalled();
                         wait_for_set();
                     });
}

void gate_waits::try_signalled() {
    std::array<epoll_event, 16> events{};
    int const count = epoll_wait(set_->native_handle(), events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < count; ++i)
        try_lines(events[static_cast<std::size_t>(i)].data.fd);
}

bool gate_waits::advance() {
    bool const has_woken = has_woken_.load(std::memory_order_acquire);
    if (has_woken) try_woken();
    return look_again() || has_woken;
}

// At gates whose waiters have to. Bodies that go on may change everything.
bool gate_waits::look_again() {
    if (!next_look_ || std::chrono::steady_clock::now() < *next_look_) return false;
    next_look_.reset();
    std::vector<int> descriptors;
    for (auto const& [descriptor, waiting] : watched_)
        descriptors.push_back(descriptor);
    for (int const each : descriptors)
        try_lines(each);
    for (auto const* each : waiting_)
        plan_look(each->at());
    return true;
}

void gate_waits::plan_look(gate const& at) {
    if (!next_look_ && at.look_again() != std::chrono::nanoseconds::max())
        next_look_ = at.wait_until(time_point::max());
}

/// Tries each line until one would block; that one has left its mark for all. Bodies that go on may change
/// everything.
void gate_waits::try_lines(int descriptor) {
    for (std::size_t side = 0; side < gate_operation::sides; ++side) {
        for (;;) {
            auto const found = watched_.find(descriptor);
            if (found == watched_.end()) return;
            auto const& line = found->second[side];
            if (line.empty() || !try_again(*line.front())) break;
        }
    }
}

}  // namespace quartet::inline v0::detail
