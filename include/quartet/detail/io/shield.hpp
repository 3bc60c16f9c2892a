// include/quartet/detail/io/shield.hpp
//
// What keeps a stop and the time limits around it away from a part of a body, for a while: see
// context::shielded.
//
// In a blocking context a part behind a shield waits for the stop's word until that is set, and from then on
// for a word of the shield, which is set when the time is over; so waits that are under way need not know of
// it. On a loop the part is a child that a cancelled parent does not cancel until then.
#pragma once

#include <quartet/context.hpp>
#include <quartet/detail/io/child_group.hpp>
#include <quartet/detail/io/scope.hpp>
#include <quartet/task.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

// g++ 12 takes the frame of a coroutine template for a type that others may see, and warns where a value's
// type is in an anonymous namespace.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

namespace quartet::inline v0::detail {

class shield {
public:
    shield() = default;
    shield(shield const&) = delete;
    shield& operator=(shield const&) = delete;
    ~shield();

    /// Not 0 when the time is over, which begins when this is called with the mark of a stop.
    std::uint32_t look(std::uint32_t stopped) noexcept;

    /// For a blocking wait: the word to wait for, where `stop` is that of the run's stop.
    std::atomic<std::uint32_t> const& word(std::atomic<std::uint32_t> const& stop) const noexcept;

private:
    class alarm;
    std::shared_ptr<alarm> alarm_;  // since it has seen a stop
    std::atomic<std::uint32_t> over_{0};
};

/// On a loop: waits until the time is over that begins when the parent is cancelled.
class shield_alarm final : public timed_operation {
public:
    explicit shield_alarm(context& owner) noexcept : timed_operation(owner) {}
    void await_resume() { throw_error(); }

    /// The parent is cancelled, and resumes nobody from within.
    void ring_later() noexcept;

private:
    void perform(blocking_thread&) override {}  // never begun there
    bool begin(event_loop& loop) override;
    bool pretend(fake_loop& loop) override;
    void cancel_begun(event_loop& loop) noexcept override;
    void cancel_pretended(fake_loop& loop) noexcept override;
    bool ends_with_body() const noexcept override { return false; }
    void end(loop& any) noexcept;

    loop* loop_ = nullptr;
    bool rings_ = false;
};

inline task<void> wait_for(shield_alarm& alarm) {
    co_await alarm;
}

/// Awaits `what` behind a shield.
template <class T>
task<T> shielded(context& ctx, task<T> what) {
    shield against;
    shield_alarm alarm(ctx);
    typed_child<T> work(std::move(what));
    typed_child<void> end(wait_for(alarm));  // in a blocking context it never begins
    child* const list[] = {&work, &end};
    child_group group(list, decided_by::first_end);
    group.begin_behind(against, alarm);
    co_await group;
    if constexpr (std::is_void_v<T>)
        work.take();
    else
        co_return work.take();
}

}  // namespace quartet::inline v0::detail

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
