// include/quartet/detail/call/map_job.hpp
//
// The job that an executor's calls make: one body, a sequence of inputs, and a sink for the outcomes.
#pragma once

#include <quartet/backend/job.hpp>
#include <quartet/detail/base/own_process.hpp>
#include <quartet/detail/call/body_name.hpp>
#include <quartet/detail/call/call_timer.hpp>
#include <quartet/detail/call/remote.hpp>
#include <quartet/detail/io/limited.hpp>
#include <quartet/outcome.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace quartet::detail {

/// A failure with the text of the exception that is being handled. `worker` is empty if it never began.
failure describe_current_exception(std::size_t index, std::string worker);

/// The readable name of the type of the exception that is being handled.
std::string current_exception_type();

/// A failure of a task that a stop reached before it began.
failure describe_cancelled(std::size_t index);

/// Keeps failures in the order they come; any thread.
class failure_list {
public:
    void add(failure why) {
        std::lock_guard const lock(mutex_);
        failures_.push_back(std::move(why));
    }
    bool empty() const noexcept { return failures_.empty(); }
    /// Drops those of which `taken` says so.
    void take_if(auto&& taken) { std::erase_if(failures_, taken); }
    /// All of them, ordered by index.
    std::vector<failure> take() {
        std::ranges::sort(failures_, {}, &failure::index);
        return std::move(failures_);
    }

private:
    std::mutex mutex_;
    std::vector<failure> failures_;
};

/// For map: plain values in place, failures aside. Needs values that can be there before their task ran.
template <class R>
class value_sink {
public:
    explicit value_sink(std::size_t count) : values_(count) {}
    void set(std::size_t index, R&& value) { values_[index] = std::move(value); }
    void fail(failure why) { failures_.add(std::move(why)); }
    void take_failures(auto&& taken) { failures_.take_if(taken); }
    std::vector<R> take() {
        std::size_t const tasks = values_.size();
        if (!failures_.empty()) throw map_error(failures_.take(), tasks);
        return std::move(values_);
    }

private:
    std::vector<R> values_;
    failure_list failures_;
};

template <>
class value_sink<void> {
public:
    explicit value_sink(std::size_t count) : count_(count) {}
    void set(std::size_t) const noexcept {}
    void fail(failure why) { failures_.add(std::move(why)); }
    void take_failures(auto&& taken) { failures_.take_if(taken); }
    void take() {
        if (!failures_.empty()) throw map_error(failures_.take(), count_);
    }

private:
    std::size_t count_;
    failure_list failures_;
};

/// For try_map: an outcome per task.
template <class R>
class outcome_sink {
public:
    explicit outcome_sink(std::size_t count) : outcomes_(count) {}
    using value = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

    void set(std::size_t index, value&& result) { outcomes_[index] = outcome<R>(std::move(result)); }
    void set(std::size_t index) requires std::is_void_v<R> { set(index, std::monostate{}); }
    void fail(failure why) { fail_at(why.index, std::move(why)); }
    void take_failures(auto&& taken) {
        for (auto const& each : outcomes_) {
            if (!each) static_cast<void>(taken(each.error()));
        }
    }
    std::vector<outcome<R>> take() { return std::move(outcomes_); }

protected:
    void fail_at(std::size_t place, failure&& why) { outcomes_[place] = outcome<R>(std::move(why)); }

private:
    std::vector<outcome<R>> outcomes_;
};

/// What a body gives: R of task<R>(context&, In) or of R(In).
template <class Body, class In>
struct body_result {
    using type = std::decay_t<std::invoke_result_t<Body&, In const&>>;
};
template <class Body, class In>
requires is_coroutine_body<Body, In>
struct body_result<Body, In> {
    using type = typename std::invoke_result_t<Body&, context&, In const&>::value_type;
};

/// Bodies of one kind over inputs, in this process.
template <class Body, class In, class Inputs, class Sink>
class body_job : public job {
protected:
    using result = typename body_result<Body, In>::type;

public:
    body_job(Body const& body, Inputs const& inputs, std::size_t count, Sink& sink, on_failure policy,
             std::chrono::nanoseconds task_limit, call_timer const* timer) noexcept
        : job(count, policy, task_limit), body_(body), inputs_(inputs), sink_(sink) {
        explain_by(timer);
        be_called(identity_of(body_));
    }

    void run(context& where, std::size_t first, std::size_t last) noexcept override {
        // Each range has its own copy, so that a body with state of its own is not shared by two threads.
        Body body = body_;
        process_stamp const process = this_process();
        task_run recorded(places(), where, first, last);
        for (std::size_t index = first; index < last; ++index) {
            for (std::size_t const record = std::min(recorded.next(), last); index < record; ++index)
                run_one(body, where, index, process);
            if (index < last) run_recorded(recorded, body, where, index);
        }
    }

    running_body* start(context& where, std::size_t index, ended_bodies& ended) noexcept override {
        if constexpr (!is_coroutine_body<Body, In>) {
            stall_watch* const watch = current_stall_watch();
            auto const since = watch ? watch->begin(*this, index) : stall_watch::time_point();
            run_single(where, index);
            if (watch) watch->end(*this, index, since);
            return nullptr;
        } else {
            try {
                auto* const record = places().begin(index, where);
                task_switch const at_work(places().at_work(record));
                auto started = std::make_unique<running>(ended, begin(where, element(index)), *this, index,
                                                         where, record);
                start_watched(*started);
                if (started->body.done()) {
                    started->end_record();
                    store(*started);
                    return nullptr;
                }
                started->body.set_listener(started.get());
                return started.release();  // settle() takes it back
            } catch (...) {
                fail(describe_current_exception(index, where.where().name));
                return nullptr;
            }
        }
    }

    bool suspends() const noexcept override { return is_coroutine_body<Body, In>; }

    void settle(running_body& ended) noexcept override {
        if constexpr (is_coroutine_body<Body, In>) {
            std::unique_ptr<running> const owned(static_cast<running*>(&ended));
            store(*owned);
        }
    }

    void fail(failure why) noexcept override {
        bool const cancels = why.why != cause::cancelled;
        explain(why);
        record_failure(why.index);
        sink_.fail(std::move(why));
        if (cancels) after_failure();
    }

private:
    template <class Task>
    struct under_way final : running_body {
        under_way(ended_bodies& list, Task&& started, job const& of, std::size_t place, context& context_of,
                  task_slot* slot)
            : running_body(list, of, place), body(std::move(started)), where(context_of), record(slot) {}

        /// Others may run before it is settled.
        std::coroutine_handle<> ended() noexcept override {
            end_forked();
            end_record();
            return running_body::ended();
        }
        void end_record() noexcept { of().places().end(record, where); }

        /// It has ended or waits. In a child that it has forked nobody may go on: the loop is the parent's.
        void end_forked() const noexcept {
            if (this_process() != began) [[unlikely]]
                end_forked_child(body.done() && !body.failed());
        }

        process_stamp const began = this_process();
        Task body;
        context& where;
        task_slot* record;
    };
    using running = under_way<task<result>>;

    In const& element(std::size_t index) const { return inputs_[index]; }

    void run_one(Body& body, context& where, std::size_t index, process_stamp process) noexcept {
        if (where.stop_requested()) [[unlikely]]
            return fail(describe_cancelled(index));
        try {
            if constexpr (std::is_void_v<result>) {
                call_body(body, where, element(index), task_limit(), process);
                sink_.set(index);
            } else {
                sink_.set(index, call_body(body, where, element(index), task_limit(), process));
            }
        } catch (...) {
            fail(describe_current_exception(index, where.where().name));
        }
    }

    void run_single(context& where, std::size_t index) noexcept {
        if (!places().lets_by()) return run(where, index, index + 1);
        Body body = body_;
        run_one(body, where, index, this_process());
    }

    [[gnu::noinline]] void run_recorded(task_run& recorded, Body& body, context& where,
                                        std::size_t index) noexcept {
        task_slot* const record = recorded.begin(!where.stop_requested());
        task_switch const at_work(recorded.at_work(record));
        run_one(body, where, index, this_process());
        if (record) recorded.end(*record);
    }

    task<result> begin(context& where, In const& input) requires is_coroutine_body<Body, In> {
        if (!has_task_limit()) return body_(where, input);
        return limited<task_timed_out>(where, task_limit(), body_(where, input));
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
            fail(describe_current_exception(ended.index(), ended.where.where().name));
        }
    }

protected:
    Body body_;
    Inputs const& inputs_;
    Sink& sink_;
};

/// The inputs of a batch, in a worker process with an event loop; decoded ones live as long as their body.
template <class In>
class remote_inputs {
public:
    explicit remote_inputs(remote_batch const& batch) noexcept : batch_(batch) {}

    In const& operator[](std::size_t index) const {
        if constexpr (fixed_size<In>) {
            return stored_value<In>(batch_.inputs, index);
        } else {
            decoded_.erase(index);  // an input need not be assignable
            return decoded_.emplace(index, stored_value<In>(batch_.inputs, index)).first->second;
        }
    }
    void forget(std::size_t index) noexcept { decoded_.erase(index); }

private:
    remote_batch const& batch_;
    mutable std::unordered_map<std::size_t, In> decoded_;
};

/// Where the outcomes of bodies go there: into the batch.
template <class In, class R>
class remote_sink {
public:
    remote_sink(remote_hands& hands, remote_inputs<In>& inputs) noexcept : hands_(hands), inputs_(inputs) {}

    void set(std::size_t index) requires std::is_void_v<R> { end(index, task_state::done); }
    void set(std::size_t index, value_or_nothing<R>&& value) requires(!std::is_void_v<R>) {
        byte_writer scratch;
        store_result<R>(hands_, index, std::move(value), scratch);
        end(index, task_state::done);
    }
    void fail(failure why) noexcept {
        if (!why.exception) return end(why.index, task_state::cancelled);
        try {
            std::rethrow_exception(why.exception);
        } catch (...) {
            file_failure(hands_, why.index);
        }
        end(why.index, task_state::failed);
    }

private:
    void end(std::size_t index, task_state how) noexcept {
        inputs_.forget(index);
        end_task(hands_.batch, hands_.worker, index, how);
    }

    remote_hands& hands_;
    remote_inputs<In>& inputs_;
};

/// A batch as a job, in a worker process with an event loop.
template <class Body, class In, class R>
class remote_job final : private remote_inputs<In>,
                         private remote_sink<In, R>,
                         public body_job<Body, In, remote_inputs<In>, remote_sink<In, R>> {
    using inputs = remote_inputs<In>;
    using sink = remote_sink<In, R>;

public:
    explicit remote_job(remote_hands& hands)
        : inputs(hands.batch),
          sink(hands, *this),
          body_job<Body, In, inputs, sink>(*reinterpret_cast<Body const*>(hands.batch.closure),
                                           static_cast<inputs&>(*this), hands.batch.count,
                                           static_cast<sink&>(*this), on_failure::finish_all,
                                           hands.batch.task_limit, nullptr) {
        this->number_tasks(hands.batch.first_number, hands.batch.numbers);
        this->leave_records_at(hands.batch.places);
    }

    // It has come to where it runs.
    remote_code code() const noexcept override { return {}; }
    void encode(shared_arena&, remote_batch&) override {}
    void collect(remote_batch const&) noexcept override {}
};

template <class Body, class In, class R>
std::unique_ptr<job> make_remote_job(remote_hands& hands) {
    return std::make_unique<remote_job<Body, In, R>>(hands);
}

/// The same, with a way to other processes and back.
template <class Body, class In, class Inputs, class Sink>
class map_job : public body_job<Body, In, Inputs, Sink> {
    using base = body_job<Body, In, Inputs, Sink>;
    using result = typename base::result;

public:
    map_job(Body const& body, Inputs const& inputs, std::size_t count, Sink& sink, on_failure policy,
            std::chrono::nanoseconds task_limit, call_timer const* timer = nullptr) noexcept
        : base(body, inputs, count, sink, policy, task_limit, timer) {}

    remote_code code() const noexcept override {
        return {&run_remote<Body, In, result>, &make_remote_job<Body, In, result>,
                std::as_bytes(std::span<Body const, 1>(&this->body_, 1))};
    }

    void encode(shared_arena& arena, remote_batch& batch) override {
        encode_inputs<In>(this->inputs_, this->size(), arena, batch,
                          [this](std::size_t index) { this->fail(describe_current_exception(index, {})); });
        batch.outputs = allocate_outputs<result>(arena, this->size());
    }

    void collect(remote_batch const& batch) noexcept override {
        for (std::size_t index = 0; index < batch.count; ++index) {
            auto const state = batch.tasks[index].state();
            if (state == task_state::cancelled) this->fail(describe_cancelled(index));
            if (state != task_state::done) continue;
            try {
                if constexpr (std::is_void_v<result>) {
                    this->sink_.set(index);
                } else {
                    this->sink_.set(index, result(stored_value<result>(batch.outputs, index)));
                }
            } catch (...) {
                this->sink_.fail(describe_current_exception(index, {}));
            }
        }
    }
};

}  // namespace quartet::detail
