// include/quartet/detail/call/thread_call.hpp
//
// A call that a body has made of its context, where bodies run straight through: in a blocking context, and
// of plain functions on an event loop too.
#pragma once

#include <quartet/context.hpp>
#include <quartet/detail/base/misuse.hpp>
#include <quartet/detail/base/own_process.hpp>
#include <quartet/detail/call/body_call.hpp>
#include <quartet/detail/call/nested_part.hpp>
#include <quartet/detail/io/child_group.hpp>
#include <quartet/detail/io/current_context.hpp>
#include <quartet/detail/io/nested_work.hpp>
#include <quartet/outcome.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

namespace quartet::inline v0::detail {

struct nested_access {
    static nested_host* host_of(context const& ctx) noexcept { return ctx.host_; }
    static loop_host* loop_host_of(context const& ctx) noexcept { return ctx.loop_host_; }
    static bool suspends(context const& ctx) noexcept { return ctx.suspends_; }
};

/// Whether a coroutine that is called by what runs now has to be a part of it on an event loop. Throws
/// std::logic_error where it can't be, since that is a plain function.
inline bool begins_on_loop(context const& ctx) {
    if (!nested_access::suspends(ctx)) return false;
    scope const* const part = current_scope();
    if (!part || !part->body()) [[unlikely]]
        misuse("a plain function on an event loop can't wait for a coroutine: make it a coroutine too");
    return true;
}

/// Throws std::logic_error where another body's context is used.
inline void require_own_context(context const& ctx) {
    if (nested_access::host_of(ctx) && current_blocking_context() != &ctx) [[unlikely]]
        misuse("a body makes and awaits calls by the context that it was given itself, on its own thread");
}

/// Other threads may begin it from now on, if there are any. Not what is behind a shield, which is for one
/// thread.
inline void offer(nested_work& work, context const& ctx) noexcept {
    if (current_scope() && current_scope()->behind()) return;
    if (nested_host* const host = nested_access::host_of(ctx)) {
        work.limit_as_here();
        work.made_by = &ctx;
        host->offer(work);
    }
}

/// Has it ended: runs it, or waits for the thread that does.
inline void finish(nested_work& work, context& ctx) noexcept {
    if (work.ended()) return;
    nested_host* const host = nested_access::host_of(ctx);
    if (!host || host->take_back(work))
        work.run(ctx);
    else
        host->wait_for(work, ctx, true);
}

/// Whether it has ended.
inline bool has_ended(nested_work& work, context& ctx) noexcept {
    nested_host* const host = nested_access::host_of(ctx);
    if (host && !work.ended()) host->look(work, ctx);
    return work.ended();
}

/// Nobody wants it any more: it does not begin, or is waited for.
inline void withdraw(nested_work& work, context& ctx) noexcept {
    nested_host* const host = nested_access::host_of(ctx);
    if (host && !work.ended() && !host->take_back(work)) host->wait_for(work, ctx, false);
}

/// One that gives an R.
template <class R>
class thread_call : public nested_work {
public:
    virtual ~thread_call() = default;

    void offer() noexcept {
        this->be_recorded(ctx_, nested_recording::kind::call);
        detail::offer(*this, ctx_);
    }
    /// Throws std::logic_error as require_own_context() does.
    void finish() {
        require_own_context(ctx_);
        detail::finish(*this, ctx_);
    }
    bool has_ended() noexcept { return detail::has_ended(*this, ctx_); }
    void withdraw() noexcept { detail::withdraw(*this, ctx_); }

    /// Requires its end.
    R take() {
        if (std::exception_ptr const* const why = std::get_if<2>(&result_)) [[unlikely]] {
            // Its time was over on another thread: the part of the body that waits notes it too.
            static_cast<void>(ctx_.stop_requested());
            std::rethrow_exception(*why);
        }
        if constexpr (!std::is_void_v<R>) return std::move(std::get<1>(result_));
    }

protected:
    explicit thread_call(context& ctx) noexcept : ctx_(ctx) {}

    context& maker() noexcept { return ctx_; }

    std::variant<std::monostate, value_or_nothing<R>, std::exception_ptr> result_;

private:
    void fail_body(std::exception_ptr why) noexcept override { result_.template emplace<2>(std::move(why)); }
    std::exception_ptr failure() const noexcept override {
        auto const* const why = std::get_if<2>(&result_);
        return why ? *why : nullptr;
    }

    context& ctx_;  // of the body that has made it
};

struct drop_thread_call {
    template <class R>
    void operator()(thread_call<R>* which) const noexcept {
        which->withdraw();
        delete which;
    }
};

template <class Body, class In>
class body_thread_call final : public thread_call<typename body_result<Body, In>::type> {
    using result = typename body_result<Body, In>::type;

public:
    body_thread_call(context& ctx, Body&& body, In&& input)
        : thread_call<result>(ctx), body_(std::move(body)), input_(std::move(input)) {}

private:
    /// The call on its way to another process. Kept no longer than the call.
    class way final : public nested_part, private value_crossing<In, result, way, way> {
        using crossing_base = value_crossing<In, result, way, way>;

    public:
        explicit way(body_thread_call& of) noexcept : nested_part(1), of_(of) {}

        class crossing* crossing() noexcept override {
            return this;
        }

        void run(context& ctx, std::size_t, std::size_t) noexcept override { of_.run_body_or_record(ctx); }

        // ---- As inputs, and as a sink

        In const& operator[](std::size_t) const noexcept { return of_.input_; }
        void set(std::size_t, value_or_nothing<result>&& value) {
            of_.result_.template emplace<1>(std::move(value));
        }
        void set(std::size_t) requires std::is_void_v<result> { of_.result_.template emplace<1>(); }

    private:
        void take(quartet::failure&& why) noexcept override {
            of_.result_.template emplace<2>(thrown_for(why));
            of_.end_record(of_.maker());
        }

        remote_code code() const noexcept override { return code_of_part<Body, In, result>(of_.body_); }
        typename crossing_base::from_to ends() noexcept override { return {*this, *this, *this}; }

        body_thread_call& of_;
    };

    std::unique_ptr<nested_part> part_for_others() override { return std::make_unique<way>(*this); }

    void run_body(context& ctx) noexcept override {
        try {
            if (ctx.stop_requested()) [[unlikely]]
                throw cancelled();
            if constexpr (std::is_void_v<result>) {
                call_body(body_, ctx, input_, no_task_limit, this_process());
                this->result_.template emplace<1>();
            } else {
                this->result_.template emplace<1>(
                    call_body(body_, ctx, input_, no_task_limit, this_process()));
            }
        } catch (...) {
            this->result_.template emplace<2>(std::current_exception());
        }
    }

    Body body_;
    In input_;
};

}  // namespace quartet::inline v0::detail
