#include "src/base/futex.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/base/deadline.hpp>
#include <quartet/detail/io/operations/sleep.hpp>
#include <quartet/outcome.hpp>

#include <algorithm>
#include <chrono>
#include <exception>

namespace quartet::inline v0::detail {

void sleep_operation::perform(blocking_thread& here) {
    using std::chrono::steady_clock;
    auto const deadline = std::min(deadline_after(steady_clock::now(), duration), here.deadline());
    while (!owner().stop_requested() && steady_clock::now() < deadline)
        futex_wait(here.stop_word(), 0, deadline);
    if (owner().stop_requested()) error = std::make_exception_ptr(cancelled());
}

bool sleep_operation::begin(event_loop& loop) {
    return begin_on(loop);
}

bool sleep_operation::pretend(fake_loop& loop) {
    return begin_on(loop);
}

/// Each loop has its own clock.
bool sleep_operation::begin_on(loop& any) {
    if (duration <= duration.zero()) return true;
    any.complete_after(*this, duration);
    return false;
}

void sleep_operation::cancel_begun(event_loop& loop) noexcept {
    loop.cancel_wait(*this);
}

bool yield_operation::begin(event_loop& loop) {
    loop.complete_soon(*this);
    return false;
}

bool yield_operation::pretend(fake_loop& loop) {
    loop.complete_soon(*this);
    return false;
}

}  // namespace quartet::inline v0::detail
