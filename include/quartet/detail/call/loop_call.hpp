// include/quartet/detail/call/loop_call.hpp
//
// A call that a body on an event loop has made of its context: a coroutine in a scope of its own, on the loop
// of the body. The body is not over before its calls are.
#pragma once

#include <quartet/backend/job.hpp>
#include <quartet/backend/operation.hpp>
#include <quartet/detail/io/child_group.hpp>
#include <quartet/task.hpp>

#include <coroutine>
#include <memory>
#include <utility>

namespace quartet::inline v0 {

class loop;

namespace detail {

class loop_call : public kept_by_body, private child_host {
public:
    bool ended() const noexcept override { return ended_; }

    /// `waiting` completes in a turn to come when it has ended; false if it has. Throws std::logic_error if
    /// another part of the body waits for it.
    bool tell(operation& waiting, loop& here);
    void forget_waiting() noexcept { waiting_ = nullptr; }

    /// Nobody wants its value any more: it is cancelled, and gone with the body.
    static void drop(std::unique_ptr<loop_call> which) noexcept;

protected:
    loop_call() = default;

    /// Begins it, as a part of the body that runs.
    void begin(child& what);

private:
    std::coroutine_handle<> child_ended(child&) noexcept override;

    running_body* body_ = nullptr;
    child* child_ = nullptr;
    operation* waiting_ = nullptr;
    loop* loop_ = nullptr;  // on which that waits
    bool ended_ = false;
};

/// One that gives an R.
template <class R>
class typed_loop_call final : public loop_call {
public:
    explicit typed_loop_call(task<R> body) : child_(std::move(body)) { begin(child_); }

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

/// A body waits for the end of such a call.
class loop_call_operation final : public operation {
public:
    loop_call_operation(context& owner, loop_call& of) noexcept : operation(owner), of_(of) {}

    void await_resume() { throw_error(); }

private:
    void perform(blocking_thread&) override {}  // there are none in a blocking context
    bool begin(event_loop& loop) override;
    bool pretend(fake_loop& loop) override;
    void cancel_begun(event_loop& loop) noexcept override;
    void cancel_pretended(fake_loop& loop) noexcept override;
    void end_cancelled(loop& any) noexcept;

    loop_call& of_;
};

}  // namespace detail
}  // namespace quartet::inline v0
