// include/quartet/detail/call/body_job.hpp
//
// Bodies of one kind over inputs, in this process: what all models run.
//
// One job serves all bodies that take and give the same types; what each adds to it is how it is called. That
// keeps programs quick to compile. Only in a map is the loop of a blocking context compiled with each body,
// and all of the job with a plain function, which may take a nanosecond.
#pragma once

#include <quartet/backend/job.hpp>
#include <quartet/detail/base/own_process.hpp>
#include <quartet/detail/call/any_inputs.hpp>
#include <quartet/detail/call/body_call.hpp>
#include <quartet/detail/call/body_name.hpp>
#include <quartet/detail/call/call_timer.hpp>
#include <quartet/detail/call/describe_failure.hpp>
#include <quartet/detail/io/limited.hpp>
#include <quartet/outcome.hpp>
#include <quartet/task.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace quartet::inline v0::detail {

/// Bodies of one kind over inputs, in this process.
template <class Body, class In, class Inputs, class Sink>
class body_job : public job {
protected:
    using result = typename body_result<Body, In>::type;

public:
    body_job(Body const& body, Inputs const& inputs, std::size_t count, Sink& sink, on_failure policy,
             std::chrono::nanoseconds task_limit, call_timer const* timer) noexcept
        : job(count, policy, task_limit), body_(body), inputs_(inputs), sink_(sink) {
        ending().explain_by(timer);
    }

    void run(context& ctx, std::size_t first, std::size_t last) noexcept override {
        run_bodies(body_, ctx, first, last);
    }

    running_body* start(context& ctx, std::size_t index, ended_bodies& ended) noexcept override {
        if constexpr (!is_coroutine_body<Body, In>) {
            stall_watch* const watch = current_stall_watch();
            auto const since = watch ? watch->begin(*this, index) : stall_watch::time_point();
            run_single(ctx, index);
            if (watch) watch->end(*this, index, since);
            return nullptr;
        } else {
            try {
                auto* const record = record_slots().begin(index, ctx);
                task_switch const at_work(record_slots().at_work(record));
                // Not by make_unique, which would be one more function for each body to compile.
                std::unique_ptr<running> started(
                    new running(ended, begin(ctx, element(index)), *this, index, ctx, record));
                start_watched(*started);
                if (!started->body.done()) {
                    started->body.set_listener(started.get());
                } else {
                    started->end_record();
                    if (started->end()) {
                        store(*started);
                        return nullptr;
                    }
                }
                return started.release();  // collect_outcome() takes it back
            } catch (...) {
                fail(describe_current_exception(index, ctx.where().name));
                return nullptr;
            }
        }
    }

    Body const& own_body() const noexcept { return body_; }

    bool suspends() const noexcept override { return is_coroutine_body<Body, In>; }

    body_identity name() const noexcept override { return identity_of(body_); }

    void collect_outcome(running_body& ended) noexcept override {
        if constexpr (is_coroutine_body<Body, In>) {
            std::unique_ptr<running> const owned(static_cast<running*>(&ended));
            store(*owned);
        }
    }

    void fail(failure why) noexcept override {
        bool const cancels = why.why != cause::cancelled;
        ending().explain(why);
        record_failure(why.index);
        sink_.fail(std::move(why));
        if (cancels) after_failure();
    }

private:
    template <class Task>
    struct under_way final : running_body {
        under_way(ended_bodies& list, Task&& started, job const& of, std::size_t index, context& task_ctx,
                  task_slot* slot)
            : running_body(list, of, index, task_ctx),
              body(std::move(started)),
              ctx(task_ctx),
              record(slot) {}

        /// Others may run before its outcome is collected.
        std::coroutine_handle<> ended() noexcept override {
            end_forked();
            end_record();
            return running_body::ended();
        }
        void end_record() noexcept { of().record_slots().end(record, ctx); }

        /// It has ended or waits. In a child that it has forked nobody may go on: the loop is the parent's.
        void end_forked() const noexcept {
            if (!is_still(began)) [[unlikely]]
                end_forked_child(body.done() && !body.failed());
        }

        process_stamp const began = this_process();
        Task body;
        context& ctx;
        task_slot* record;
    };
    using running = under_way<task<result>>;

    In const& element(std::size_t index) const { return inputs_[index]; }

    template <class Called>
    void run_one(Called& body, context& ctx, std::size_t index, process_stamp process) noexcept {
        if (ctx.stop_requested()) [[unlikely]]
            return fail(describe_cancelled(index));
        try {
            if constexpr (std::is_void_v<result>) {
                call_body(body, ctx, element(index), task_limit(), process);
                sink_.set(index);
            } else {
                sink_.set(index, call_body(body, ctx, element(index), task_limit(), process));
            }
        } catch (...) {
            fail(describe_current_exception(index, ctx.where().name));
        }
    }

    void run_single(context& ctx, std::size_t index) noexcept {
        if (!record_slots().lets_by()) return run(ctx, index, index + 1);
        Body body = body_;
        run_one(body, ctx, index, this_process());
    }

    template <class Called>
    [[gnu::noinline]] void run_recorded(task_run& recorded, Called& body, context& ctx,
                                        std::size_t index) noexcept {
        task_slot* const record = recorded.begin(!ctx.stop_requested());
        task_switch const at_work(recorded.at_work(record));
        run_one(body, ctx, index, this_process());
        if (record) recorded.end(*record);
    }

    task<result> begin(context& ctx, In const& input) requires is_coroutine_body<Body, In> {
        if (!has_task_limit()) return body_(ctx, input);
        return limited<task_timed_out>(ctx, task_limit(), body_(ctx, input));
    }

    static void start_watched(running& started) {
        stall_watch* const watch = current_stall_watch();
        auto const since = watch ? watch->begin(started) : stall_watch::time_point();
        {
            scope_switch const inside(&started.own_scope);
            started.body.start();
        }
        started.end_forked();
        if (watch) watch->end(started, since);
    }

    void store(running& ended) noexcept {
        try {
            if constexpr (std::is_void_v<result>) {
                ended.body.take();
                sink_.set(ended.index());
            } else {
                sink_.set(ended.index(), ended.body.take());
            }
        } catch (...) {
            fail(describe_current_exception(ended.index(), ended.ctx.where().name));
        }
    }

protected:
    /// Each range has its own copy, so that a body with state of its own is not shared by two threads.
    template <class Called>
    void run_bodies(Called body, context& ctx, std::size_t first, std::size_t last) noexcept {
        process_stamp const process = this_process();
        task_run recorded(record_slots(), ctx, first, last);
        for (std::size_t index = first; index < last; ++index) {
            for (std::size_t const record = std::min(recorded.next(), last); index < record; ++index)
                run_one(body, ctx, index, process);
            if (index < last) run_recorded(recorded, body, ctx, index);
        }
    }

    Body body_;
    Inputs const& inputs_;
    Sink& sink_;
};

/// A body, without its type.
template <class Result, class... Args>
class body_ref {
public:
    template <class Body>
    static body_ref to(Body& body) noexcept {
        return {static_cast<void*>(&body),
                [](void* self, Args... args) -> Result { return (*static_cast<Body*>(self))(args...); }};
    }

    Result operator()(Args... args) const { return call_(body_, args...); }

private:
    using call_function = Result (*)(void*, Args...);
    body_ref(void* body, call_function call) noexcept : body_(body), call_(call) {}

    void* body_;
    call_function call_;
};

template <class Body, class In, class R = typename body_result<Body, In>::type>
using ref_of_body = std::conditional_t<
    takes_context<Body, In>,
    body_ref<std::conditional_t<is_coroutine_body<Body, In>, task<R>, R>, context&, In const&>,
    body_ref<R, In const&>>;

/// The job of one body among all that take and give the same.
template <class Body, class In, class Inputs, class Sink>
class erased_job : public body_job<ref_of_body<Body, In>, In, Inputs, Sink> {
    using ref = ref_of_body<Body, In>;
    using base = body_job<ref, In, Inputs, Sink>;

public:
    erased_job(Body const& body, Inputs const& inputs, std::size_t count, Sink& sink, on_failure policy,
               std::chrono::nanoseconds task_limit, call_timer const* timer) noexcept
        : base(ref::to(own_), inputs, count, sink, policy, task_limit, timer), own_(body) {}

    void run(context& ctx, std::size_t first, std::size_t last) noexcept override {
        if constexpr (std::is_same_v<Inputs, any_inputs<In>>) {
            Body copy = own_;
            this->run_bodies(ref::to(copy), ctx, first, last);
        } else {
            this->run_bodies(own_, ctx, first, last);
        }
    }

    Body const& own_body() const noexcept { return own_; }

    body_identity name() const noexcept override { return identity_of(own_); }

private:
    Body own_;
};

/// The job of a body over inputs and a sink. The loop of functions is compiled with them where the inputs and
/// the sink are known too.
template <class Body, class In, class Inputs, class Sink>
struct job_of_body {
    using type = std::conditional_t<is_coroutine_body<Body, In> || std::is_same_v<Inputs, any_inputs<In>>,
                                    erased_job<Body, In, Inputs, Sink>, body_job<Body, In, Inputs, Sink>>;
};

}  // namespace quartet::inline v0::detail
