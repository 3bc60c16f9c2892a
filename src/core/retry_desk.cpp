#include <quartet/detail/retry_desk.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace quartet::detail {

retry_desk::~retry_desk() {
    close();
    {
        std::lock_guard const lock(mutex_);
        over_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void retry_desk::enter() noexcept {
    std::lock_guard const lock(mutex_);
    ++inside_;
}

void retry_desk::leave() noexcept {
    std::lock_guard const lock(mutex_);
    --inside_;
    changed_.notify_all();  // under the lock: who joins may end the desk
}

bool retry_desk::wait(std::shared_ptr<guest> call, clock::time_point until) noexcept {
    std::lock_guard const lock(mutex_);
    if (closed_) return false;
    try {
        if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
        pausing_.emplace(until, std::move(call));
    } catch (std::exception const&) {
        return false;
    }
    changed_.notify_all();
    return true;
}

void retry_desk::disturb(guest const& call) noexcept {
    std::shared_ptr<guest> found;
    {
        std::lock_guard const lock(mutex_);
        auto const place =
            std::ranges::find_if(pausing_, [&](auto const& each) { return each.second.get() == &call; });
        if (place == pausing_.end()) return;
        found = std::move(place->second);
        pausing_.erase(place);
    }
    found->give_up();
}

void retry_desk::stop() noexcept {
    std::multimap<clock::time_point, std::shared_ptr<guest>> stopped;
    {
        std::lock_guard const lock(mutex_);
        stopped.swap(pausing_);
    }
    for (auto const& [until, call] : stopped)
        call->give_up();
}

void retry_desk::close() noexcept {
    {
        std::lock_guard const lock(mutex_);
        closed_ = true;
    }
    stop();
}

void retry_desk::join() noexcept {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return inside_ == 0; });
}

void retry_desk::run() noexcept {
    std::unique_lock lock(mutex_);
    while (!over_) {
        if (pausing_.empty()) {
            changed_.wait(lock);
        } else if (auto const next = pausing_.begin(); next->first > clock::now()) {
            changed_.wait_until(lock, next->first);
        } else {
            auto const call = std::move(next->second);
            pausing_.erase(next);
            lock.unlock();
            call->try_again();
            lock.lock();
        }
    }
}

}  // namespace quartet::detail
