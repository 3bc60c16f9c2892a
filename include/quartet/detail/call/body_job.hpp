// include/quartet/detail/call/body_job.hpp
//
// Bodies of one kind over inputs, in this process: what all models run.
#pragma once

#include <quartet/backend/job.hpp>
#include <quartet/detail/base/own_process.hpp>
#include <quartet/detail/call/body_call.hpp>
#include <quartet/detail/call/body_name.hpp>
#include <quartet/detail/call/call_timer.hpp>
#include <quartet/detail/call/describe_failure.hpp>
#include <quartet/detail/io/limited.hpp>
#include <quartet/outcome.hpp>

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
        be_called(identity_of(body_));
    }

    void run(context& ctx, std::size_t first, std::size_t last) noexcept override {
        // Each range has its own copy, so that a body with state of its own is not shared by two threads.
        Body body = body_;
        process_stamp const process = this_process();
        task_run recorded(record_slots(), ctx, first, last);
        for (std::size_t index = first; index < last; ++index) {
            for (std::size_t const record = std::min(recorded.next(), last); index < record; ++index)
                run_one(body, ctx, index, process);
            if (index < last) run_recorded(recorded, body, ctx, index);
        }
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
                if (started->body.done()) {
                    started->end_record();
                    store(*started);
                    return nullptr;
                }
                started->body.set_listener(started.get());
                return started.release();  // collect_outcome() takes it back
            } catch (...) {
                fail(describe_current_exception(index, ctx.where().name));
                return nullptr;
            }
        }
    }

    bool suspends() const noexcept override { return is_coroutine_body<Body, In>; }

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
            : running_body(list, of, index), body(std::move(started)), ctx(task_ctx), record(slot) {}

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

    void run_one(Body& body, context& ctx, std::size_t index, process_stamp process) noexcept {
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

    [[gnu::noinline]] void run_recorded(task_run& recorded, Body& body, context& ctx,
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
    Body body_;
    Inputs const& inputs_;
    Sink& sink_;
};

}  // namespace quartet::inline v0::detail
