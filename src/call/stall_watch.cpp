#include "src/base/timers.hpp"

#include <quartet/backend/job.hpp>
#include <quartet/detail/call/body_name.hpp>
#include <quartet/detail/io/stall_watch.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <exception>

namespace quartet::inline v0::detail {
namespace {

/// As exact as the coarse clock.
constexpr auto a_tick = std::chrono::milliseconds(10);
/// How often a body that has been named is looked at again.
constexpr auto patience_with_the_named = std::chrono::seconds(1);

double milliseconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

/// Watches one loop, on the thread that watches all loops of the process.
class stall_watch::lookout final : public timed, public std::enable_shared_from_this<lookout> {
public:
    explicit lookout(stall_watch& of) : watch_(&of) {}

    /// The loop's thread has begun a body, and nothing watches it.
    void begin(std::chrono::nanoseconds in) noexcept {
        std::lock_guard const lock(mutex_);
        watch_->looked_at_.store(true, std::memory_order_relaxed);
        watch_->rests_ = false;
        if (!queued_) look_again(in);
    }

    void time_is_up() noexcept override {
        std::lock_guard const lock(mutex_);
        queued_ = false;
        if (!watch_) return;
        if (auto const in = watch_->look()) look_again(*in);
    }

    /// Ends the watching; waits for a look that is under way.
    void end() noexcept {
        {
            std::lock_guard const lock(mutex_);
            watch_ = nullptr;
        }
        timers::take_back(*this);
    }

private:
    /// Without memory or a thread the loop is not watched: a stall is told of when it is over.
    void look_again(std::chrono::nanoseconds in) noexcept {
        try {
            timers::of_watchers().add(shared_from_this(), timers::clock::now() + in);
            queued_ = true;
        } catch (std::exception const&) {
            watch_->looked_at_.store(true, std::memory_order_relaxed);
        }
    }

    std::mutex mutex_;  // guards what follows; held while it looks
    stall_watch* watch_;
    bool queued_ = false;
};

stall_watch::stall_watch(std::chrono::nanoseconds limit, std::function<void(std::string)> report,
                         loop_holder* shown)
    : limit_(limit), report_(std::move(report)), shown_(shown ? *shown : own_) {
    if (limit_ > std::chrono::hours(24)) return;
    lookout_ = std::make_shared<lookout>(*this);
    looked_at_ = false;
}

stall_watch::~stall_watch() {
    if (lookout_) lookout_->end();
}

void stall_watch::show(running_body const& body, time_point now) noexcept {
    show(body.of(), body.index(), now);
}

void stall_watch::show(job const& work, std::size_t task, time_point now) noexcept {
    auto const& name = work.name();
    shown_.work.store(work.remote, std::memory_order_relaxed);
    shown_.task.store(task, std::memory_order_relaxed);
    shown_.number.store(work.number_of(task), std::memory_order_relaxed);
    shown_.function.store(name.function, std::memory_order_relaxed);
    shown_.type.store(name.type, std::memory_order_relaxed);
    shown_.since.store(now.count(), std::memory_order_release);
    // A look that finds the loop at rest clears looked_at_, and looks once more afterwards. So it does not
    // matter if this thread does not see the cleared value yet.
    if (!looked_at_.load(std::memory_order_relaxed)) [[unlikely]]
        lookout_->begin(limit_ + a_tick);
}

/// On the watching thread. Returns the time until the next look; nothing if there need not be one.
std::optional<std::chrono::nanoseconds> stall_watch::look() {
    std::int64_t const since = shown_.since.load(std::memory_order_acquire);
    if (since == loop_holder::nobody) {
        if (std::exchange(rests_, true)) return std::nullopt;
        looked_at_.store(false, std::memory_order_relaxed);
        return limit_ + a_tick;
    }
    rests_ = false;
    looked_at_.store(true, std::memory_order_relaxed);
    auto const held = coarse_now() - time_point(since);
    if (held <= limit_) return limit_ - held + a_tick;
    tell_of_holder(since, held);
    return std::max<std::chrono::nanoseconds>(limit_, patience_with_the_named);
}

void stall_watch::tell_of_holder(std::int64_t since, std::chrono::nanoseconds held) {
    std::size_t const number = shown_.number.load(std::memory_order_relaxed);
    body_identity const who{shown_.function.load(std::memory_order_relaxed),
                            shown_.type.load(std::memory_order_relaxed)};
    std::atomic_thread_fence(std::memory_order_acquire);
    if (shown_.since.load(std::memory_order_relaxed) != since) return;  // it has just let go
    auto const name = name_of(who);
    {
        std::lock_guard const lock(mutex_);
        if (!told_.insert(name).second) return;
        named_since_ = since;
    }
    report_(
        fmt::format("task {} of {} held its event loop for {:.0f} ms so far, and no other can go on "
                    "meanwhile; what computes or blocks belongs into ctx.offload()",
                    number, name, milliseconds(held)));
}

bool stall_watch::is_first(std::string const& name) {
    std::lock_guard const lock(mutex_);
    return told_.insert(name).second;
}

void stall_watch::tell(running_body const& body, std::chrono::nanoseconds held) {
    tell(body.of(), body.index(), held);
}

void stall_watch::tell(job const& work, std::size_t task, std::chrono::nanoseconds held) {
    bool was_named = false;
    {
        std::lock_guard const lock(mutex_);
        was_named = std::exchange(named_since_, loop_holder::nobody) != loop_holder::nobody;
    }
    auto const name = work.body_name();
    if (was_named)
        return report_(fmt::format("task {} of {} has let its event loop go, after {:.0f} ms",
                                   work.number_of(task), name, milliseconds(held)));
    if (!is_first(name)) return;
    report_(
        fmt::format("task {} of {} held its event loop for {:.0f} ms, and no other could go on meanwhile; "
                    "what computes or blocks belongs into ctx.offload()",
                    work.number_of(task), name, milliseconds(held)));
}

}  // namespace quartet::inline v0::detail
