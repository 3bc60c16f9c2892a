#include "src/base/timers.hpp"

#include <quartet/detail/base/deadline.hpp>
#include <quartet/detail/call/call_timer.hpp>

#include <fmt/format.h>

#include <atomic>
#include <functional>

namespace quartet::inline v0::detail {

struct call_timer::state final : timed {
    enum class first : std::uint8_t { nobody, caller, limit };

    state(std::stop_token const& caller, std::stop_token const& further, std::chrono::nanoseconds time)
        : limit(time),
          follow(caller, [this] { stop(first::caller); }),
          follow_further(further, [this] { stop(first::caller); }) {}

    void time_is_up() noexcept override { stop(first::limit); }

    void stop(first who) noexcept {
        auto nobody = first::nobody;
        if (stopper.compare_exchange_strong(nobody, who)) source.request_stop();
    }

    std::chrono::nanoseconds limit;
    std::stop_source source;
    std::atomic<first> stopper = first::nobody;
    std::stop_callback<std::function<void()>> follow;  // last: they use the others
    std::stop_callback<std::function<void()>> follow_further;
};

call_timer::call_timer(std::stop_token caller, std::chrono::nanoseconds limit, std::stop_token const& further)
    : token_(std::move(caller)) {
    auto const deadline = deadline_after(timers::clock::now(), limit);
    bool const limited = deadline != timers::clock::time_point::max();
    if (!limited && !further.stop_possible()) return;
    state_ = std::make_shared<state>(token_, further, limit);
    token_ = state_->source.get_token();
    if (limited) timers::of_calls().add(state_, deadline);
}

call_timer::~call_timer() {
    if (state_) timers::take_back(*state_);
}

bool call_timer::fired() const noexcept {
    return state_ && state_->stopper == state::first::limit;
}

void call_timer::explain(failure& why) const {
    if (why.why == cause::cancelled) why.exception = nullptr;  // nobody outside of a body meets `cancelled`
    why.why = cause::timed_out;
    why.message = fmt::format("the call's time of {:g} s was up: {}",
                              std::chrono::duration<double>(state_->limit).count(), why.message);
}

}  // namespace quartet::inline v0::detail
