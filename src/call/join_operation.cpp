#include "src/io/context/look_for_stop.hpp"

#include <quartet/backend/job.hpp>
#include <quartet/backend/loop.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/call/join_operation.hpp>
#include <quartet/outcome.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace quartet::inline v0::detail {

// ---- Either

bool call_operation::begin(event_loop& loop) {
    prepare(loop);
    return suspend_base::begin(loop);
}

bool call_operation::pretend(fake_loop& loop) {
    prepare(loop);
    return suspend_base::pretend(loop);
}

void call_operation::prepare(loop& here) {
    if (any_call* const own = call_of_own_executor()) lend_place(here, *own);
}

void call_operation::lend_place(loop& here, any_call& to) {
    running_body& body = *current_scope()->body();
    if (body.awaited_calls == 0) {
        to.begin_in_place();
        ++here.places_lent;
    }
    ++body.awaited_calls;
    loop_ = &here;
    place_of_ = &body;
}

void call_operation::take_place_back() noexcept {
    if (!place_of_) return;
    if (--place_of_->awaited_calls == 0) --loop_->places_lent;
    place_of_ = nullptr;
}

// ---- One

join_operation::join_operation(context& owner, std::shared_ptr<any_call> which) noexcept
    : call_operation(owner), call_(std::move(which)) {}

void join_operation::hand_out() {
    waits_for_ = any_call::suspend_until_end(std::move(call_));
}

// Not by a futex, as other suspensions: a thread of a pool runs the call itself, if nobody else does.
void join_operation::perform(blocking_thread& here) {
    using std::chrono::steady_clock;
    while (!call_->wait_until(std::min(steady_clock::now() + look_for_stop, here.deadline()))) {
        if (owner().stop_requested()) throw cancelled();
    }
}

void join_operation::await_resume() {
    take_place_back();
    throw_error();
}

// ---- The next of several

bool arrival_operation::await_ready() {
    if (of_.left() == 0) return true;
    index_ = of_.try_next();
    return index_ || operation::await_ready();
}

void arrival_operation::perform(blocking_thread& here) {
    using std::chrono::steady_clock;
    while (!(index_ = of_.next_until(std::min(steady_clock::now() + look_for_stop, here.deadline())))) {
        if (owner().stop_requested()) throw cancelled();
    }
}

std::optional<std::size_t> arrival_operation::await_resume() {
    take_place_back();
    throw_error();
    if (!index_) index_ = of_.try_next();
    return index_;
}

}  // namespace quartet::inline v0::detail
