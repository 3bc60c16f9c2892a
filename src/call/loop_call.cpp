#include <quartet/backend/loop.hpp>
#include <quartet/detail/base/misuse.hpp>
#include <quartet/detail/call/loop_call.hpp>
#include <quartet/detail/call/thread_call.hpp>
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

// ---- The call, on the loop of its body

void loop_call::begin(child& what) {
    child_ = &what;
    body_ = current_scope()->body();
    body_->call_begins();
    if (!for_others_only) record_ = recording_of(*ctx_, nested_recording::kind::call);
    loop_host* const host = nested_access::loop_host_of(*ctx_);
    if (!host || body_->own_scope.cancelled()) return begin_here();
    limit_ = body_->own_scope.deadline();
    home_ = host;
    host->offer(*this);
}

void loop_call::begin_here() {
    child_->own_scope().begin_within(&body_->own_scope);
    task_switch const at_work(record_ ? made_by_ : task_at_work());  // which may be over before
    if (begin_child(*body_)) end();
}

/// Within the body that makes it, or in a turn of a loop.
bool loop_call::begin_child(running_body const& as) {
    if (begins_within_body()) return child_->begin_for(*this);
    stall_watch* const watch = current_stall_watch();
    auto const since = watch ? watch->begin(as) : stall_watch::time_point();
    process_stamp const began = this_process();
    bool const is_over = child_->begin_for(*this);
    if (!is_still(began)) [[unlikely]]
        end_forked_child(false);  // it is a forked child that goes on, and the loop is the parent's
    if (watch) watch->end(as, since);
    return is_over;
}

void loop_call::end() noexcept {
    ended_ = true;
    if (waiting_) loop_->complete_soon(*std::exchange(waiting_, nullptr));
    body_->call_ended();
}

bool loop_call::tell(operation& waiting, loop& here) {
    if (ended_) return false;
    if (waiting_) misuse("a call is awaited by one part of its body at a time");
    waiting_ = &waiting;
    loop_ = &here;
    return true;
}

bool loop_call::withdraw() noexcept {
    if (ended_ || !home_ || !home_->take_back(*this)) return false;
    end();
    return true;
}

void loop_call::cancel() noexcept {
    if (ended_ || std::exchange(cancelled_, true)) return;
    if (!taken_by) return child_->own_scope().cancel();
    ++notes_;
    taken_by->post([this] {
        if (guest_) child_->own_scope().cancel();
        home_->post([this] { note_from_away(); });
    });
}

void loop_call::drop(std::unique_ptr<loop_call> which) noexcept {
    if (which->withdraw() || which->ended_) return;
    which->cancel();
    running_body& body = *which->body_;
    body.keep(std::move(which));
}

void loop_call::note_from_away() noexcept {
    if (--notes_ == 0) end();
}

// ---- The call, on a loop that has taken it

std::unique_ptr<guest_body> loop_call::become_guest(context& there, ended_bodies& list) {
    return std::make_unique<guest_body>(list, *this, *body_, there);
}

void loop_call::begin_as(guest_body& guest) {
    guest_ = &guest;
    ctx_ = guest.own_scope.body_context();
    if (limit_ != scope::time_point::max()) guest.own_scope.set_deadline(limit_);
    child_->own_scope().begin_within(&guest.own_scope);
    task_switch const of_nobody({});
    if (begin_child(guest)) guest.ended();
}

void loop_call::tell_home() {
    guest_ = nullptr;
    home_->post([this] { note_from_away(); });
}

// ---- The call, on either

std::coroutine_handle<> loop_call::child_ended(child&) noexcept {
    if (guest_) return guest_->ended();
    end();
    return std::noop_coroutine();
}

// ---- The wait

bool loop_call_operation::begin(event_loop& loop) {
    return begin_on(loop);
}

bool loop_call_operation::pretend(fake_loop& loop) {
    return begin_on(loop);
}

bool loop_call_operation::begin_on(loop& any) {
    if (!of_.tell(*this, any)) return true;
    if (to_the_end_ && owner().stop_requested()) of_.cancel();
    return false;
}

void loop_call_operation::cancel_begun(event_loop& loop) noexcept {
    end_cancelled(loop);
}

void loop_call_operation::cancel_pretended(fake_loop& loop) noexcept {
    end_cancelled(loop);
}

void loop_call_operation::end_cancelled(loop& any) noexcept {
    if (to_the_end_) return of_.cancel();
    if (of_.ended()) return;  // it completes already
    of_.forget_waiting();
    error = std::make_exception_ptr(cancelled());
    any.complete_soon(*this);
}

}  // namespace quartet::inline v0::detail
