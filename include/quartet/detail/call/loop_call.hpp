// include/quartet/detail/call/loop_call.hpp
//
// A call that a body on an event loop has made of its context: a coroutine in a scope of its own. The body is
// not over before its calls are.
//
// It begins in a turn to come of the loop of the body. Where several loops share the calls, one that has
// nothing to do may take it before: then it is a guest there, and its end comes home by a post.
#pragma once

#include <quartet/backend/job.hpp>
#include <quartet/backend/operation.hpp>
#include <quartet/detail/io/child_group.hpp>
#include <quartet/detail/io/nested_recording.hpp>
#include <quartet/task.hpp>

#include <coroutine>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace quartet::inline v0 {

class loop;

namespace detail {

class loop_call;

/// How the calls of bodies are shared out between the loops of a pool. One for each loop.
class loop_host {
public:
    // ---- For its loop

    /// Begins the call in a turn to come, unless it is for others only or another loop takes it first.
    virtual void offer(loop_call& call) noexcept = 0;

    /// It is not offered any more. False if it has begun, or another loop has taken it.
    virtual bool take_back(loop_call& call) noexcept = 0;

    // ---- For all

    /// Runs `function` on its loop's thread.
    virtual void post(std::function<void()> function) = 0;

    /// How many there are.
    virtual std::size_t loops() const noexcept = 0;

protected:
    ~loop_host() = default;
};

/// What a call on another loop than its body's is there.
class guest_body final : public running_body {
public:
    guest_body(ended_bodies& list, loop_call& made, running_body const& maker, context& there) noexcept
        : running_body(list, maker.of(), maker.index(), there), call(made) {}

    loop_call& call;
};

class loop_call : public kept_by_body, private child_host {
public:
    // ---- For the body, on its loop's thread

    bool ended() const noexcept override { return ended_; }

    /// `waiting` completes in a turn to come when it has ended; false if it has. Throws std::logic_error if
    /// another part of the body waits for it.
    bool tell(operation& waiting, loop& here);
    void forget_waiting() noexcept { waiting_ = nullptr; }

    /// Nobody wants its value any more: it does not begin, or is cancelled, and gone with the body.
    static void drop(std::unique_ptr<loop_call> which) noexcept;

    /// It does not begin, if it has not; false if it has.
    bool withdraw() noexcept;

    void cancel() noexcept;

    // ---- For its coroutine

    /// That of the body, or of the loop that has taken it.
    context& where() const noexcept { return *ctx_; }
    /// Whether its coroutine has to wait for a turn to come.
    bool begins_within_body() const noexcept { return !home_; }

    /// Null if it leaves none.
    nested_recording* record() const noexcept { return record_.get(); }

    // ---- For the pool

    /// Begins on the loop of its body.
    void begin_here();

    /// Another loop takes it, whose context for its job is `there`: the caller has to begin the guest, and to
    /// keep it until it comes out of `list`, and then to tell_home().
    std::unique_ptr<guest_body> become_guest(context& there, ended_bodies& list);
    void begin_as(guest_body& guest);
    void tell_home();

    job* of = nullptr;  ///< as the pool knows it
    bool for_others_only = false;
    loop_host* taken_by = nullptr;  ///< guarded by the pool
    loop_call* before = nullptr;    ///< of those that are offered; guarded by the pool
    loop_call* after = nullptr;
    bool offered = false;

protected:
    explicit loop_call(context& ctx) noexcept : ctx_(&ctx) {}

    /// As a part of the body that runs.
    void begin(child& what);

private:
    std::coroutine_handle<> child_ended(child&) noexcept override;
    bool begin_child(running_body const& as);
    void end() noexcept;
    void note_from_away() noexcept;

    context* ctx_;
    loop_host* home_ = nullptr;  // if it may run on other loops
    running_body* body_ = nullptr;
    child* child_ = nullptr;
    guest_body* guest_ = nullptr;  // for the loop that has taken it
    task_at_work made_by_ = this_task;
    kept_recording record_;
    operation* waiting_ = nullptr;
    loop* loop_ = nullptr;  // on which that waits
    bool ended_ = false;
    bool cancelled_ = false;
    scope::time_point limit_ = scope::time_point::max();  // of the body; for a guest
    int notes_ = 1;                                       // that have to come from away before it has ended
};

/// One that gives an R.
template <class R>
class typed_loop_call final : public loop_call {
public:
    /// `make(call)` gives its coroutine. Begins it.
    template <class Make>
    typed_loop_call(context& ctx, bool others_only, Make&& make)
        : loop_call(ctx), child_(make(static_cast<loop_call&>(*this))) {
        for_others_only = others_only;
        begin(child_);
    }

    R take() {
        if constexpr (std::is_void_v<R>)
            child_.take();
        else
            return child_.take();
    }

private:
    typed_child<R> child_;
};

struct drop_loop_call {
    void operator()(loop_call* which) const noexcept { loop_call::drop(std::unique_ptr<loop_call>(which)); }
};

/// A body waits for the end of such a call. `to_the_end`: even if the body is to end, which cancels the call.
class loop_call_operation final : public operation {
public:
    loop_call_operation(context& owner, loop_call& of, bool to_the_end = false) noexcept
        : operation(owner), of_(of), to_the_end_(to_the_end) {}

    void await_resume() { throw_error(); }

private:
    void perform(blocking_thread&) override {}  // there are none in a blocking context
    bool begin(event_loop& loop) override;
    bool pretend(fake_loop& loop) override;
    void cancel_begun(event_loop& loop) noexcept override;
    void cancel_pretended(fake_loop& loop) noexcept override;
    bool ends_with_body() const noexcept override { return !to_the_end_; }
    bool begin_on(loop& any);
    void end_cancelled(loop& any) noexcept;

    loop_call& of_;
    bool to_the_end_;
};

}  // namespace detail
}  // namespace quartet::inline v0
