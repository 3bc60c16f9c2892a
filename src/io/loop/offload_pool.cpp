#include "src/io/loop/offload_pool.hpp"

#include "src/io/context/cancelled_wait.hpp"

#include <quartet/context.hpp>
#include <quartet/cpus.hpp>

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <limits>
#include <set>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {
namespace {

// How often it is checked which threads compute, while functions wait for one.
constexpr auto look_again = std::chrono::milliseconds(5);

// How long threads beyond those that may compute stay without a function.
constexpr auto idle_time = std::chrono::seconds(1);

// After which a function is said to keep a body that is to end.
constexpr auto lateness = std::chrono::seconds(1);

/// Whether a thread of this process computes or wants to. One of which nothing is known does not: too many
/// threads do less harm than too few.
bool computes(long thread) {
    std::ifstream file(fmt::format("/proc/self/task/{}/stat", thread));
    std::string const line{std::istreambuf_iterator<char>(file), {}};
    auto const after_name = line.rfind(") ");  // the name may hold anything
    return after_name != std::string::npos && line[after_name + 2] == 'R';
}

}  // namespace

offload_pool::offload_pool(boost::asio::io_context& io, std::size_t most)
    : io_(io),
      timer_(io),
      cpus_(most == 0 ? cpu_share() : std::min(cpu_share(), most)),
      most_(most == 0 ? std::numeric_limits<std::size_t>::max() : most) {}

offload_pool::~offload_pool() {
    {
        std::lock_guard const lock(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    for (auto& each : workers_)
        each.thread.join();
}

void offload_pool::start(offload_base& operation) {
    std::unique_lock lock(mutex_);
    if (line_.empty()) note_progress();
    line_.push_back(&operation);
    if (line_.size() <= idle_ + beginning_) return changed_.notify_one();
    bool const may_compute = alive_ < cpus_;
    bool const is_first = alive_ == 0;
    lock.unlock();
    if (is_first) {
        try {
            return add_worker();
        } catch (...) {
            lock.lock();
            std::erase(line_, &operation);
            throw;
        }
    }
    if (!may_compute || !try_to_add_workers(1)) watch();
}

bool offload_pool::cancel(offload_base& operation, std::function<void(std::string const&)> tell) noexcept {
    std::size_t workers = 0;
    {
        std::lock_guard const lock(mutex_);
        workers = alive_;
        operation.is_cancelled = true;
        if (std::erase(line_, &operation) == 0) workers = 0;
    }
    try {
        if (workers > 0) {
            operation.error = std::make_exception_ptr(cancelled_wait(fmt::format(
                "one of the {} threads that run offloaded functions, all of which are busy", workers)));
            return true;
        }
        auto const [found, is_new] =
            late_.try_emplace(&operation, boost::asio::steady_timer(io_, lateness), std::move(tell));
        if (!is_new) return false;
        found->second.timer.async_wait([this, late = &operation](boost::system::error_code const& error) {
            if (!error) tell_of_late(late);
        });
    } catch (...) {  // no memory to say so
        if (workers > 0) operation.error = std::current_exception();
    }
    return workers > 0;
}

void offload_pool::tell_of_late(offload_base const* operation) {
    auto const found = late_.find(operation);
    if (found == late_.end()) return;
    found->second.tell(
        fmt::format("a body that is to end has waited {} s longer for the function that it gave "
                    "to offload(), and waits on: a function that has begun can't be ended",
                    lateness.count()));
}

void offload_pool::complete(offload_base& operation) {
    late_.erase(&operation);
    note_progress();
    operation.complete();
}

void offload_pool::add_worker() {
    join_ended();
    std::lock_guard const lock(mutex_);
    auto const added = workers_.emplace(workers_.end());
    try {
        added->thread = std::thread([this, added] { work(added); });
    } catch (...) {
        workers_.erase(added);
        throw;
    }
    ++alive_;
    ++beginning_;
}

/// False if the system refuses.
bool offload_pool::try_to_add_workers(std::size_t count) noexcept {
    try {
        for (std::size_t n = 0; n < count; ++n)
            add_worker();
        return true;
    } catch (...) {
        return false;
    }
}

void offload_pool::work(worker_iterator self) {
    set_thread_cpu_share(1);
    while (offload_base* const operation = next(self)) {
        operation->run();
        {
            std::lock_guard const lock(mutex_);
            self->at = nullptr;  // the loop destroys it
        }
        boost::asio::post(io_, [this, operation] { complete(*operation); });
    }
}

/// Waits for a function; null if the thread is to end.
offload_base* offload_pool::next(worker_iterator self) {
    std::unique_lock lock(mutex_);
    if (self->id == 0) --beginning_;
    self->id = gettid();
    ++idle_;
    auto const is_wanted = [this] { return !line_.empty() || ending_; };
    while (!changed_.wait_for(lock, idle_time, is_wanted) && alive_ <= cpus_) {
    }
    --idle_;
    if (line_.empty()) {
        --alive_;
        self->over = true;
        return nullptr;
    }
    self->at = line_.front();
    line_.pop_front();
    return self->at;
}

void offload_pool::join_ended() {
    std::list<worker> ended;
    {
        std::lock_guard const lock(mutex_);
        for (auto each = workers_.begin(); each != workers_.end();) {
            auto const self = each++;
            if (self->over) ended.splice(ended.end(), workers_, self);
        }
    }
    for (auto& each : ended)
        each.thread.join();
}

void offload_pool::watch() {
    if (std::exchange(watches_, true)) return;
    timer_.expires_after(look_again);
    timer_.async_wait([this](boost::system::error_code const& error) {
        if (!error) look();
    });
}

void offload_pool::look() {
    watches_ = false;
    join_ended();
    auto const missing = missing_workers();
    if (missing > 0 && !try_to_add_workers(missing)) give_up_cancelled();
    tell_if_stuck();
    std::lock_guard const lock(mutex_);
    if (!line_.empty()) watch();
}

/// How many threads should be started, so that as many compute as may, if there is so much to do.
std::size_t offload_pool::missing_workers() {
    std::vector<long> at_work;
    std::size_t wanted = 0;
    std::size_t coming = 0;
    {
        std::lock_guard const lock(mutex_);
        coming = idle_ + beginning_;
        wanted = line_.size() - std::min(line_.size(), coming);
        for (auto const& each : workers_) {
            if (each.at) at_work.push_back(each.id);
        }
    }
    if (wanted == 0) return 0;
    // Those that come late have not been given a processor, so there is none for others.
    auto const computing = coming + static_cast<std::size_t>(std::ranges::count_if(at_work, computes));
    if (computing >= cpus_) return 0;
    // Where very many wait, most of those to come will too.
    return std::min(
        {wanted, std::max(cpus_ - computing, at_work.size() / 4), most_ - std::min(most_, alive())});
}

std::size_t offload_pool::alive() {
    std::lock_guard const lock(mutex_);
    return alive_;
}

void offload_pool::note_progress() {
    last_end_ = std::chrono::steady_clock::now();
    told_ = false;
}

/// All the threads that there may be are at work and have ended nothing for a while, and none computes.
bool offload_pool::is_stuck() {
    if (std::chrono::steady_clock::now() - last_end_ < lateness) return false;
    std::vector<long> at_work;
    {
        std::lock_guard const lock(mutex_);
        for (auto const& each : workers_) {
            if (each.at) at_work.push_back(each.id);
        }
        if (line_.empty() || at_work.size() < most_) return false;
    }
    return std::ranges::none_of(at_work, computes);
}

/// Each once.
std::vector<std::string> offload_pool::bodies_at_work() {
    std::set<std::string> names;
    std::lock_guard const lock(mutex_);
    for (auto const& each : workers_) {
        if (each.at) names.insert(each.at->body_name());
    }
    return {names.begin(), names.end()};
}

void offload_pool::tell_if_stuck() {
    if (told_ || !is_stuck()) return;
    told_ = true;
    offload_base* next = nullptr;
    {
        std::lock_guard const lock(mutex_);
        next = line_.empty() ? nullptr : line_.front();
    }
    if (!next) return;
    next->tell(fmt::format(
        "all {} threads for offloaded functions have waited for {} s, and others stand in line; if they wait "
        "for those, give executor_options::offload_threads a larger number. They are of {}",
        most_, lateness.count(), fmt::join(bodies_at_work(), ", ")));
}

/// Those that are to end, and for which there is no thread.
void offload_pool::give_up_cancelled() {
    std::vector<offload_base*> cancelled_ones;
    {
        std::lock_guard const lock(mutex_);
        std::ranges::copy_if(line_, std::back_inserter(cancelled_ones), &offload_base::is_cancelled);
        std::erase_if(line_, [](offload_base const* each) { return each->is_cancelled; });
    }
    for (offload_base* const each : cancelled_ones) {
        each->error = std::make_exception_ptr(
            cancelled_wait("a thread to run an offloaded function, which the system refuses"));
        each->complete();
    }
}

}  // namespace quartet::inline v0::detail
