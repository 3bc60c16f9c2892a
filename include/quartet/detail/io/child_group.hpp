// include/quartet/detail/io/child_group.hpp
//
// Children of a body: tasks that are begun together, each in a scope of its own, and awaited together.
//
// They are begun in order. In a blocking context each runs to its end before the next begins; on a loop it
// runs to its first wait. A group is over when a child has ended that decides it (the first of any, the first
// that threw); what has not begun then never does, and what is under way is cancelled. The group is done
// when no child is under way: children never outlive the body that awaits them.
#pragma once

#include <quartet/detail/base/misuse.hpp>
#include <quartet/detail/io/own_awaitable.hpp>
#include <quartet/detail/io/scope.hpp>
#include <quartet/task.hpp>

#include <chrono>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>

// g++ 12 takes the frame of a coroutine template for a type that others may see, and warns where a value's
// type is in an anonymous namespace.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

namespace quartet::inline v0::detail {

/// What `co_await` gives of it; void of what can't be awaited.
template <class Awaitable>
struct awaited {
    static auto find() {
        if constexpr (check_awaitable<Awaitable>()) {
            using awaiter = typename awaiter_of<Awaitable>::type;
            return std::type_identity<decltype(std::declval<awaiter&>().await_resume())>();
        } else {
            return std::type_identity<void>();
        }
    }
    using type = typename decltype(find())::type;
};
template <class T>
struct awaited<task<T>> {
    using type = T;
};
template <class Awaitable>
using awaited_t = std::decay_t<typename awaited<Awaitable>::type>;

/// A value where `void` can't stand.
template <class T>
using value_or_nothing = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// Throws std::logic_error for one that can't be begun: its siblings should not be either.
template <class T>
task<T> as_task(task<T> what) {
    if (!what.valid() || what.begun()) [[unlikely]]
        misuse("a task among those that are awaited together was awaited before, or was moved from");
    return what;
}
/// Operations are awaited by a task of their own.
template <class Awaitable>
task<awaited_t<Awaitable>> as_task(Awaitable what) {
    if constexpr (own_awaitable<Awaitable>) {
        co_return co_await std::move(what);
    } else {
        co_return;
    }
}

class shield_alarm;

/// As shield_alarm::ring_later.
void ring_later(shield_alarm& which) noexcept;

/// How long a shield holds, from the stop or the end of the time: less than a worker process has before it is
/// ended.
inline constexpr auto shield_time = std::chrono::milliseconds(200);

class child;

/// Who waits for children.
class child_host {
public:
    /// A child that did not end when it began has. Gives the coroutine that goes on now, or one that does
    /// nothing. The child must not be destroyed from within.
    virtual std::coroutine_handle<> child_ended(child& ended) noexcept = 0;

protected:
    ~child_host() = default;
};

class child : public task_listener {
public:
    child(child const&) = delete;
    child& operator=(child const&) = delete;

    /// Runs the task to its first wait, in the scope of the child, which was begun; true if that was its end.
    bool begin_for(child_host& host) {
        host_ = &host;
        begun_ = true;
        scope_switch const inside(&own_);
        return begin();
    }
    bool begun() const noexcept { return begun_; }

    /// Whether it threw. Requires its end.
    virtual bool failed() const noexcept = 0;

    /// Throws what the task threw. Requires that it failed.
    virtual void rethrow() = 0;

    scope& own_scope() noexcept { return own_; }
    scope const& own_scope() const noexcept { return own_; }

protected:
    child() = default;

private:
    virtual bool begin() = 0;
    std::coroutine_handle<> ended() noexcept final { return host_->child_ended(*this); }

    scope own_;
    child_host* host_ = nullptr;
    bool begun_ = false;
};

template <class T>
class typed_child final : public child {
public:
    explicit typed_child(task<T> body) noexcept : body_(std::move(body)) {}

    /// The value, or a throw of what the task threw. Requires its end.
    value_or_nothing<T> take() {
        if constexpr (std::is_void_v<T>) {
            body_.take();
            return {};
        } else {
            return body_.take();
        }
    }

    bool failed() const noexcept override { return body_.failed(); }
    void rethrow() override { static_cast<void>(body_.take()); }

private:
    bool begin() override {
        body_.start();
        if (body_.done()) return true;
        body_.set_listener(this);
        return false;
    }

    task<T> body_;
};

/// What decides a group before all its children have ended.
enum class decided_by { first_failure, first_end };

/// Awaited once, by the body whose children they are.
class child_group final : public suspension_point, public own_awaiter, private child_host {
public:
    child_group(std::span<child* const> children, decided_by rule) noexcept
        : children_(children), rule_(rule) {}

    /// Ends the first child's waits at `deadline`, which on a loop is when another child ends by itself.
    void limit_first(scope::time_point deadline) noexcept {
        children_.front()->own_scope().set_deadline(deadline);
        limits_first_ = true;
    }

    /// Begins the children behind a shield. `told` hears when the group is cancelled, and decides.
    void begin_behind(shield& against, shield_alarm& told) noexcept {
        shield_ = &against;
        told_ = &told;
    }

    /// Whether it was that limit, before anything else, that ended the first child.
    bool limit_ended_first() const noexcept {
        return children_.front()->own_scope().first_end() == ended_by::own_limit;
    }

    bool await_ready() {
        outer_ = current_scope();
        for (std::size_t index = 0; index < children_.size() && !decided_; ++index) {
            child& each = *children_[index];
            if (shield_)
                each.own_scope().begin_behind(*shield_, outer_, shield_time);
            else
                each.own_scope().begin_within(outer_);
            ++under_way_;
            if (each.begin_for(*this)) note_end(each);
        }
        if (told_ && outer_ && outer_->cancelled()) ring_later(*told_);
        return under_way_ == 0;
    }
    void await_suspend(std::coroutine_handle<> waiter) noexcept {
        waiter_ = waiter;
        if (outer_) outer_->wait_in(this);
    }
    /// The child that decided the group, or null.
    child* await_resume() noexcept {
        if (outer_ && waiter_) outer_->wait_in(nullptr);
        current_scope() = outer_;
        return decided_;
    }

    void cancel() noexcept override {
        if (told_)
            ring_later(*told_);
        else
            cancel_children();
    }

private:
    /// The last child goes on with the body.
    std::coroutine_handle<> child_ended(child& ended) noexcept override {
        note_end(ended);
        return under_way_ == 0 ? waiter_ : std::noop_coroutine();
    }

    void cancel_children() noexcept {
        for (child* each : children_) {
            if (each->begun()) each->own_scope().cancel();
        }
    }

    void note_end(child& ended) noexcept {
        --under_way_;
        if (decided_ || (rule_ == decided_by::first_failure && !ended.failed())) return;
        decided_ = &ended;
        if (limits_first_ && !ended.failed() && &ended != children_.front())
            children_.front()->own_scope().cancel(ended_by::own_limit);
        cancel_children();
    }

    std::span<child* const> children_;
    decided_by rule_;
    scope* outer_ = nullptr;
    std::coroutine_handle<> waiter_;
    std::size_t under_way_ = 0;
    bool limits_first_ = false;
    shield* shield_ = nullptr;  // of the children
    shield_alarm* told_ = nullptr;
    child* decided_ = nullptr;
};

}  // namespace quartet::inline v0::detail

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
