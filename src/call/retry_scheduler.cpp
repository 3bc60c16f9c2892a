#include <quartet/detail/call/retry_scheduler.hpp>

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
    inside_.emplace(who, entry{std::move(call)});
    ++entered_;
}

void retry_desk::leave(guest const& call) noexcept {
    std::shared_ptr<guest> gone;
    std::lock_guard const lock(mutex_);
    auto const place = inside_.find(&call);
    if (place == inside_.end()) return;
    gone = std::move(place->second.call);
    inside_.erase(place);
    changed_.notify_all();  // under the lock: who joins may end the desk
}

bool retry_desk::wait(guest const& call, clock::time_point until) noexcept {
    std::lock_guard const lock(mutex_);
    if (closed_) return false;
    try {
        if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
        inside_.at(&call).pause = pausing_.emplace(until, &call);
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
        auto const place = inside_.find(&call);
        if (place == inside_.end() || !place->second.pause) return;
        pausing_.erase(*std::exchange(place->second.pause, std::nullopt));
        kept = place->second.call;
    }
    kept->give_up();
}

void retry_desk::stop() noexcept {
    std::vector<std::shared_ptr<guest>> calls;
    {
        std::lock_guard const lock(mutex_);
        for (auto const& [who, each] : inside_)
            calls.push_back(each.call);
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

std::size_t retry_desk::join() noexcept {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return inside_.empty(); });
    return entered_;
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
        auto& place = inside_.at(call);
        pausing_.erase(*std::exchange(place.pause, std::nullopt));
        auto kept = place.call;
        lock.unlock();
        kept->try_again();
        kept.reset();
        lock.lock();
    }
}

}  // namespace quartet::detail
