#include <quartet/detail/call/retry_scheduler.hpp>

#include <exception>
#include <utility>
#include <vector>

namespace quartet::detail {

retry_scheduler::~retry_scheduler() {
    join();
}

void retry_scheduler::enter(std::shared_ptr<client> call) {
    std::lock_guard const lock(mutex_);
    auto const* const who = call.get();
    clients_.emplace(who, entry{std::move(call)});
    ++entered_;
}

void retry_scheduler::leave(client const& call) noexcept {
    std::shared_ptr<client> gone;
    std::lock_guard const lock(mutex_);
    auto const found = clients_.find(&call);
    if (found == clients_.end()) return;
    gone = std::move(found->second.call);
    clients_.erase(found);
    changed_.notify_all();  // under the lock: the thread that joins may destroy the scheduler
}

bool retry_scheduler::wait(client const& call, clock::time_point until) noexcept {
    std::lock_guard const lock(mutex_);
    if (closed_) return false;
    try {
        if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
        clients_.at(&call).pause = pausing_.emplace(until, &call);
    } catch (std::exception const&) {
        return false;
    }
    changed_.notify_all();
    return true;
}

void retry_scheduler::disturb(client const& call) noexcept {
    std::shared_ptr<client> kept;
    {
        std::lock_guard const lock(mutex_);
        auto const found = clients_.find(&call);
        if (found == clients_.end() || !found->second.pause) return;
        pausing_.erase(*std::exchange(found->second.pause, std::nullopt));
        kept = found->second.call;
    }
    kept->give_up();
}

void retry_scheduler::stop() noexcept {
    std::vector<std::shared_ptr<client>> calls;
    {
        std::lock_guard const lock(mutex_);
        for (auto const& [who, each] : clients_)
            calls.push_back(each.call);
    }
    for (auto const& each : calls)
        each->cancel();
}

void retry_scheduler::close() noexcept {
    {
        std::lock_guard const lock(mutex_);
        closed_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    stop();
}

std::size_t retry_scheduler::join() noexcept {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return clients_.empty(); });
    return entered_;
}

void retry_scheduler::run() noexcept {
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
        auto& pausing = clients_.at(call);
        pausing_.erase(*std::exchange(pausing.pause, std::nullopt));
        auto kept = pausing.call;
        lock.unlock();
        kept->try_again();
        kept.reset();
        lock.lock();
    }
}

}  // namespace quartet::detail
