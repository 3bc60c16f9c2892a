// include/quartet/detail/io/scope.hpp
//
// A part of a body that can be ended by itself: what with_timeout, when_all, when_any and gather begin.
//
// A chain of tasks that await each other waits at one point at a time: in an operation, or for the children
// of a group. Its scope knows that point, and to cancel the scope is to cancel the waiting. What runs next
// in the chain then gets the exception `cancelled`, as after a stop of the whole run.
//
// A scope also knows what ended it first, its own time limit or something else: a task that was cancelled may
// take long to clean up, and by then its limit is over too.
//
// The scope of the coroutine that runs on a thread is current_scope(); a body that has begun nothing of the
// kind has none, and pays for a comparison. The code that resumes a coroutine sets it. For one thread.
#pragma once

#include <quartet/detail/base/deadline.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace quartet::inline v0 {

class context;

namespace detail {

class scope;
class running_body;
class shield;

/// What a body on a loop is called, for people.
std::string name_of(running_body const& which);

/// The value of a task_local in a scope and those within. Kept by who has bound it, around the scope.
struct local_binding {
    void const* of;
    void const* value;
    local_binding const* outer;
};

/// As shield::look.
std::uint32_t look_behind(shield& which, std::uint32_t stopped) noexcept;

/// Where a chain of tasks is suspended.
class suspension_point {
public:
    /// Ends the waiting soon; nothing is resumed from within. What can't be ended goes on.
    virtual void cancel() noexcept = 0;

protected:
    virtual ~suspension_point() = default;
};

/// The scope of what runs on this thread; null for a body that is in no group.
inline scope*& current_scope() noexcept {
    static thread_local constinit scope* current = nullptr;
    return current;
}

/// What ended a scope first.
enum class ended_by : std::uint8_t {
    nothing,    ///< nothing yet, as far as it has noticed
    own_limit,  ///< the time limit that was set for it
    another,    ///< a stop, a sibling, the limit of a surrounding one
};

class scope {
public:
    using time_point = std::chrono::steady_clock::time_point;

    scope() = default;
    scope(scope const&) = delete;
    scope& operator=(scope const&) = delete;

    /// Sets what the scope inherits. Once, before anything runs in it.
    void begin_within(scope* outer) noexcept {
        if (!outer) return;
        outer_ = outer;
        if (outer->deadline_ < deadline_) {
            deadline_ = outer->deadline_;
            deadline_is_own_ = false;
        }
        if (outer->cancelled_) cancel();
        body_ = outer->body_;
        context_ = outer->context_;
        shield_ = outer->shield_;
        if (!locals_) locals_ = outer->locals_;
    }

    /// The same for a part that what ends the outer one does not end at once. In a blocking context it has
    /// `time` more than the outer one.
    void begin_behind(shield& against, scope const* outer, std::chrono::nanoseconds time) noexcept {
        shield_ = &against;
        if (!outer) return;
        body_ = outer->body_;
        context_ = outer->context_;
        if (!locals_) locals_ = outer->locals_;
        if (!body_ && outer->has_deadline()) set_deadline(deadline_after(outer->deadline_, time));
    }

    /// What is bound here; the innermost first.
    local_binding const* locals() const noexcept { return locals_; }
    /// Before it begins.
    void bind(local_binding const& one) noexcept { locals_ = &one; }

    /// Null if it is behind none.
    shield* behind() const noexcept { return shield_; }

    /// The body on an event loop that this is a part of; null in a blocking context.
    running_body* body() const noexcept { return body_; }
    /// The context of that body.
    context* body_context() const noexcept { return context_; }
    void set_body(running_body& whole, context& its) noexcept {
        body_ = &whole;
        context_ = &its;
    }

    /// Its own time limit.
    void set_deadline(time_point when) noexcept {
        deadline_ = when;
        deadline_is_own_ = true;
    }

    /// Blocking waits end at this moment by themselves; on a loop a timer cancels the scope.
    time_point deadline() const noexcept { return deadline_; }
    bool has_deadline() const noexcept { return deadline_ != time_point::max(); }

    bool cancelled() const noexcept { return cancelled_; }

    void cancel(ended_by what = ended_by::another) noexcept {
        if (cancelled_) return;
        cancelled_ = true;
        note_end(what);
        if (waiting_in_) waiting_in_->cancel();
    }

    ended_by first_end() const noexcept { return first_end_; }

    /// The largest part of the body around this one that is to end. Requires that this one is.
    scope& largest_ended() noexcept {
        scope* found = this;
        for (scope* each = outer_; each; each = each->outer_) {
            if (each->first_end_ != ended_by::nothing) found = each;
        }
        return *found;
    }

    /// See context::count_unheard.
    std::uint32_t unheard = 0;

    /// What runs in it has seen at `now` that it is to end: it was cancelled, its time is up, or a stop came
    /// at `stopped`. What it is in may be at its end as well.
    void notice_end(time_point now, time_point stopped) noexcept {
        for (scope* each = this; each; each = each->outer_) {
            if (each->deadline_ <= now && each->deadline_ <= stopped) {
                each->note_end(each->deadline_is_own_ ? ended_by::own_limit : ended_by::another);
            } else if (stopped <= now) {
                each->note_end(ended_by::another);
            }
        }
    }

    void wait_in(suspension_point* point) noexcept { waiting_in_ = point; }

private:
    void note_end(ended_by what) noexcept {
        if (first_end_ == ended_by::nothing) first_end_ = what;
    }

    suspension_point* waiting_in_ = nullptr;
    scope* outer_ = nullptr;
    running_body* body_ = nullptr;
    context* context_ = nullptr;
    shield* shield_ = nullptr;
    local_binding const* locals_ = nullptr;
    time_point deadline_ = time_point::max();
    bool deadline_is_own_ = false;
    bool cancelled_ = false;
    ended_by first_end_ = ended_by::nothing;
};

/// Makes a scope current for as long as this lives.
class scope_switch {
public:
    explicit scope_switch(scope* next) noexcept : before_(current_scope()) { current_scope() = next; }
    scope_switch(scope_switch const&) = delete;
    scope_switch& operator=(scope_switch const&) = delete;
    ~scope_switch() { current_scope() = before_; }

private:
    scope* before_;
};

}  // namespace detail
}  // namespace quartet::inline v0
