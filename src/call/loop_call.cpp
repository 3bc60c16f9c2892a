#include <quartet/backend/loop.hpp>
#include <quartet/detail/base/misuse.hpp>
#include <quartet/detail/call/loop_call.hpp>
#include <quartet/outcome.hpp>

#include <coroutine>
#include <exception>
#include <memory>
#include <utility>

namespace quartet::inline v0::detail {

// ---- The body

void running_body::call_ended() noexcept {
    if (--calls_ == 0 && over_) list_->push(*this);
}

void running_body::keep(std::unique_ptr<kept_by_body> what) noexcept {
    what->next_ = std::move(kept_);
    kept_ = std::move(what);
    if (++kept_count_ >= look_at_) drop_ended();
}

/// In the end a constant share of those that are kept, whenever there are twice as many as last time.
void running_body::drop_ended() noexcept {
    std::unique_ptr<kept_by_body> ended;
    kept_count_ = 0;
    for (auto* place = &kept_; *place;) {
        if ((*place)->ended()) {
            auto one = std::move(*place);
            *place = std::move(one->next_);
            one->next_ = std::move(ended);
            ended = std::move(one);
        } else {
            ++kept_count_;
            place = &(*place)->next_;
        }
    }
    look_at_ = 2 * kept_count_ + 16;
    drop_all(std::move(ended));  // which may drop calls in turn
}

void running_body::drop_all(std::unique_ptr<kept_by_body> first) noexcept {
    while (first)
        first = std::move(first->next_);  // one after another, however many there are
}

running_body::~running_body() {
    drop_all(std::move(kept_));
}

// ---- The call

void loop_call::begin(child& what) {
    child_ = &what;
    body_ = current_scope()->body();
    what.own_scope().begin_within(&body_->own_scope);
    body_->call_begins();
    if (what.begin_for(*this)) child_ended(what);
}

std::coroutine_handle<> loop_call::child_ended(child&) noexcept {
    ended_ = true;
    if (waiting_) loop_->complete_soon(*std::exchange(waiting_, nullptr));
    body_->call_ended();
    return std::noop_coroutine();
}

bool loop_call::tell(operation& waiting, loop& here) {
    if (ended_) return false;
    if (waiting_) misuse("a call is awaited by one part of its body at a time");
    waiting_ = &waiting;
    loop_ = &here;
    return true;
}

void loop_call::drop(std::unique_ptr<loop_call> which) noexcept {
    if (which->ended_) return;
    which->child_->own_scope().cancel();
    running_body& body = *which->body_;
    body.keep(std::move(which));
}

// ---- The wait

bool loop_call_operation::begin(event_loop& loop) {
    return !of_.tell(*this, loop);
}

bool loop_call_operation::pretend(fake_loop& loop) {
    return !of_.tell(*this, loop);
}

void loop_call_operation::cancel_begun(event_loop& loop) noexcept {
    end_cancelled(loop);
}

void loop_call_operation::cancel_pretended(fake_loop& loop) noexcept {
    end_cancelled(loop);
}

void loop_call_operation::end_cancelled(loop& any) noexcept {
    if (of_.ended()) return;  // it completes already
    of_.forget_waiting();
    error = std::make_exception_ptr(cancelled());
    any.complete_soon(*this);
}

}  // namespace quartet::inline v0::detail
