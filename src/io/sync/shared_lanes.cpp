#include <quartet/detail/base/deadline.hpp>
#include <quartet/detail/io/shared_lanes.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <stdexcept>
#include <sys/mman.h>
#include <system_error>
#include <thread>

namespace quartet::inline v0::detail {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr std::size_t most_looked_at = 16;

// How long somebody else may hold the table: some hundred nanoseconds, or as long as it takes to notice that
// his process has died.
constexpr auto longest_turn = std::chrono::seconds(1);

std::uint64_t scattered(std::uint64_t key) noexcept {
    key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9;  // the finalizer of SplitMix64 (Steele et al., 2014)
    key = (key ^ (key >> 27)) * 0x94d049bb133111eb;
    return std::max<std::uint64_t>(key ^ (key >> 31), 1);
}

}  // namespace

/// Somebody who has a token for later.
class shared_lanes::sleeper {
public:
    sleeper(shared_lanes& of, token taken, nanoseconds interval) noexcept
        : of_(of), taken_(taken), interval_(interval) {}
    sleeper(sleeper const&) = delete;
    sleeper& operator=(sleeper const&) = delete;
    ~sleeper() { of_.end_wait(taken_, was_used_, interval_); }
    void use() noexcept { was_used_ = true; }

private:
    shared_lanes& of_;
    token taken_;
    nanoseconds interval_;
    bool was_used_ = false;
};

void shared_lanes::unmap::operator()(lane* first) const noexcept {
    munmap(first, bytes);
}

shared_lanes::shared_lanes(std::size_t most_keys, between_processes options)
    : turn_(1, options, "rate limiter"), count_(0), lanes_(nullptr, unmap{0}) {
    if (most_keys == 0 || most_keys > std::size_t{1} << 32)
        throw std::invalid_argument("quartet: a rate limiter by key has room for 1 to 2^32 keys");
    count_ = std::max(std::bit_ceil(2 * most_keys), most_looked_at);
    std::size_t const bytes = count_ * sizeof(lane);
    void* const made =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made == MAP_FAILED)
        throw std::system_error(errno, std::generic_category(), "cannot make a rate limiter");
    lanes_ = {static_cast<lane*>(made), unmap{bytes}};  // zeros are lanes that were never used
}

/// A key's lane is one of a few. Those whose buckets are full are as good as new; if there is none the key
/// shares a certain one with another key, so that neither gets more than its rate.
shared_lanes::lane& shared_lanes::lane_of(std::uint64_t key, nanoseconds now) noexcept {
    std::uint64_t const mark = scattered(key);
    lane* as_new = nullptr;
    for (std::size_t i = 0; i < most_looked_at; ++i) {
        lane& each = lanes_[(mark + i) & (count_ - 1)];
        if (each.key == mark) return each;
        if (!as_new && each.full_at <= now.count()) as_new = &each;
    }
    if (!as_new) return lanes_[mark & (count_ - 1)];
    *as_new = {.key = mark, .full_at = 0, .used_full_at = 0, .waiting = 0};
    return *as_new;
}

/// How long it is until there is a token that nobody has taken.
nanoseconds shared_lanes::wait_at(lane const& from, nanoseconds now, rate_schedule const& schedule) noexcept {
    return std::max(nanoseconds(from.full_at) - now - schedule.depth, nanoseconds(0));
}

shared_lanes::token shared_lanes::take(lane& from, nanoseconds now, nanoseconds wait,
                                       rate_schedule const& schedule) noexcept {
    if (from.full_at <= now.count()) from.waiting = 0;
    from.full_at = (std::max(nanoseconds(from.full_at), now) + schedule.interval).count();
    if (wait.count() > 0)
        ++from.waiting;
    else
        from.used_full_at = from.full_at;
    return {&from, from.key, from.full_at};
}

void shared_lanes::end_wait(token const& taken, bool was_used, nanoseconds interval) noexcept {
    bool owner_died = false;
    if (!turn_.take_until(steady_clock::now() + longest_turn, owner_died)) return;
    rate_turn const turn(turn_, owner_died);
    lane& from = *taken.from;
    if (from.key != taken.key || from.waiting == 0) return;  // so late that it is another's by now
    --from.waiting;
    if (was_used)
        from.used_full_at = std::max(from.used_full_at, taken.full_at);
    else if (from.full_at == taken.full_at)
        from.full_at -= interval.count();
    if (from.waiting == 0) from.full_at = std::min(from.full_at, from.used_full_at);
}

task<void> shared_lanes::acquire(context& ctx, std::uint64_t key, rate_schedule schedule) {
    nanoseconds wait{};
    token taken{};
    {
        auto const turn = co_await take_awaiter<rate_turn>(ctx, turn_);
        auto const now = ctx.now().time_since_epoch();
        lane& mine = lane_of(key, now);
        wait = wait_at(mine, now, schedule);
        taken = take(mine, now, wait, schedule);
    }
    if (wait.count() == 0) co_return;
    sleeper waits(*this, taken, schedule.interval);
    co_await ctx.sleep_for(wait);
    waits.use();
}

bool shared_lanes::acquire_until(time_point deadline, std::uint64_t key, rate_schedule const& schedule) {
    time_point then;
    token taken{};
    {
        bool owner_died = false;
        auto now = steady_clock::now();
        if (!turn_.take_until(std::max(deadline, now + longest_turn), owner_died)) return false;
        rate_turn const turn(turn_, owner_died);
        now = steady_clock::now();
        lane& mine = lane_of(key, now.time_since_epoch());
        auto const wait = wait_at(mine, now.time_since_epoch(), schedule);
        then = deadline_after(now, wait);
        if (wait.count() > 0 && then > deadline) return false;
        taken = take(mine, now.time_since_epoch(), wait, schedule);
        if (wait.count() == 0) return true;
    }
    sleeper waits(*this, taken, schedule.interval);
    std::this_thread::sleep_until(then);
    waits.use();
    return true;
}

bool shared_lanes::try_acquire(time_point now, std::uint64_t key, rate_schedule const& schedule) {
    bool owner_died = false;
    if (!turn_.take_until(steady_clock::now() + longest_turn, owner_died)) return false;
    rate_turn const turn(turn_, owner_died);
    lane& mine = lane_of(key, now.time_since_epoch());
    auto const wait = wait_at(mine, now.time_since_epoch(), schedule);
    if (wait.count() > 0) return false;
    take(mine, now.time_since_epoch(), wait, schedule);
    return true;
}

std::size_t shared_lanes::size(time_point now) const {
    bool owner_died = false;
    if (!turn_.take_until(steady_clock::now() + longest_turn, owner_died)) return 0;
    rate_turn const turn(turn_, owner_died);
    auto const not_full = [now](lane const& each) { return each.full_at > now.time_since_epoch().count(); };
    return static_cast<std::size_t>(std::count_if(lanes_.get(), lanes_.get() + count_, not_full));
}

}  // namespace quartet::inline v0::detail
