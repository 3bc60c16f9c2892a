#include <quartet/detail/retry_desk.hpp>

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

namespace quartet::detail {

retry_desk::~retry_desk() {
    join();
}

void retry_desk::enter(std::shared_ptr<guest> call) {
    std::lock_guard const lock(mutex_);
    auto const* const who = call.get();
    inside_.emplace(who, std::move(call));
}

void retry_desk::leave(guest const& call) noexcept {
    std::shared_ptr<guest> gone;
    std::lock_guard const lock(mutex_);
    auto const place = inside_.find(&call);
    if (place == inside_.end()) return;
    gone = std::move(place->second);
    inside_.erase(place);
    changed_.notify_all();  // under the lock: who joins may end the desk
}

bool retry_desk::wait(guest& call, clock::time_point until) noexcept {
    std::lock_guard const lock(mutex_);
    if (closed_) return false;
    try {
        if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
        pausing_.emplace(until, &call);
    } catch (std::exception const&) {
        return false;
    }
    changed_.notify_all();
    return true;
}

void retry_desk::disturb(guest const& call) noexcept {
    std::shared_ptr<guest> kept;
    {
        std::lock_guard const lock(mutex_);
        auto const place = std::ranges::find(pausing_, &call, [](auto const& each) { return each.second; });
        if (place == pausing_.end()) return;
        pausing_.erase(place);
        kept = inside_.at(&call);
    }
    kept->give_up();
}

void retry_desk::stop() noexcept {
    std::vector<std::shared_ptr<guest>> calls;
    {
        std::lock_guard const lock(mutex_);
        for (auto const& [who, call] : inside_)
            calls.push_back(call);
    }
    for (auto const& each : calls)
        each->cancel();
}

void retry_desk::close() noexcept {
    {
        std::lock_guard const lock(mutex_);
        closed_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    stop();
}

void retry_desk::join() noexcept {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return inside_.empty(); });
}

void retry_desk::run() noexcept {
    std::unique_lock lock(mutex_);
    while (!closed_) {
        if (pausing_.empty()) {
            changed_.wait(lock);
            continue;
        }
        auto const [until, call] = *pausing_.begin();
        if (until > clock::now()) {
            changed_.wait_until(lock, until);
            continue;
        }
        pausing_.erase(pausing_.begin());
        auto kept = inside_.at(call);
        lock.unlock();
        kept->try_again();
        kept.reset();
        lock.lock();
    }
}

}  // namespace quartet::detail
