// include/quartet/detail/map_job.hpp
//
// The job that executor::map makes: one body, a sequence of inputs, and a sink for the outcomes.
#pragma once

#include <quartet/detail/call_timer.hpp>
#include <quartet/detail/limited.hpp>
#include <quartet/detail/remote.hpp>
#include <quartet/job.hpp>
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
    void fail(failure why) {
        auto const index = why.index;
        outcomes_[index] = outcome<R>(std::move(why));
    }
    std::vector<outcome<R>> take() { return std::move(outcomes_); }

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

template <class Body, class In, class Inputs, class Sink>
class map_job final : public job {
    using result = typename body_result<Body, In>::type;

public:
    map_job(Body const& body, Inputs const& inputs, std::size_t count, Sink& sink, on_failure policy,
            std::chrono::nanoseconds task_limit, call_timer const& timer) noexcept
        : job(count, policy, task_limit), body_(body), inputs_(inputs), sink_(sink), timer_(timer) {}

    void run(context& where, std::size_t first, std::size_t last) noexcept override {
        // Each range has its own copy, so that a body with state of its own is not shared by two threads.
        Body body = body_;
        for (std::size_t index = first; index < last; ++index) {
            if (where.stop_requested()) [[unlikely]] {
                fail(describe_cancelled(index));
                continue;
            }
            try {
                if constexpr (std::is_void_v<result>) {
                    call_body(body, where, element(index), task_limit());
                    sink_.set(index);
                } else {
                    sink_.set(index, call_body(body, where, element(index), task_limit()));
                }
            } catch (...) {
                fail(describe_current_exception(index, where.where().name));
            }
        }
    }

    bool start(context& where, std::size_t index, ended_bodies& ended) noexcept override {
        if constexpr (!is_coroutine_body<Body, In>) {
            run(where, index, index + 1);
            return false;
        } else {
            try {
                auto started = std::make_unique<running>(ended, begin(where, element(index)), index, where);
                started->body.start();
                if (started->body.done()) {
                    store(*started);
                    return false;
                }
                started->body.set_listener(started.get());
                started.release();  // settle() takes it back
                return true;
            } catch (...) {
                fail(describe_current_exception(index, where.where().name));
                return false;
            }
        }
    }

    void settle(running_body& ended) noexcept override {
        if constexpr (is_coroutine_body<Body, In>) {
            std::unique_ptr<running> const owned(static_cast<running*>(&ended));
            store(*owned);
        }
    }

    void fail(failure why) noexcept override {
        bool const cancels = why.why != cause::cancelled;
        if (!cancels && timer_.fired()) timer_.explain(why);
        sink_.fail(std::move(why));
        if (cancels) after_failure();
    }

    remote_code code() const noexcept override {
        return {&run_remote<Body, In, result>, std::as_bytes(std::span<Body const, 1>(&body_, 1))};
    }

    void encode(shared_heap& heap, remote_batch& batch) override {
        encode_inputs<In>(inputs_, size(), heap, batch,
                          [this](std::size_t index) { fail(describe_current_exception(index, {})); });
        batch.outputs = allocate_outputs<result>(heap, size());
        batch.policy = policy();
    }

    void collect(remote_batch const& batch) noexcept override {
        for (std::size_t index = 0; index < batch.count; ++index) {
            auto const state = batch.states[index].load(std::memory_order_acquire);
            if (state == task_state::cancelled) fail(describe_cancelled(index));
            if (state != task_state::done) continue;
            try {
                if constexpr (std::is_void_v<result>) {
                    sink_.set(index);
                } else {
                    sink_.set(index, decode_output<result>(batch, index));
                }
            } catch (...) {
                sink_.fail(describe_current_exception(index, {}));
            }
        }
    }

private:
    template <class Task>
    struct under_way final : running_body {
        under_way(ended_bodies& list, Task&& started, std::size_t place, context& context_of)
            : running_body(list), body(std::move(started)), index(place), where(context_of) {}
        Task body;
        std::size_t index;
        context& where;
    };
    using running = under_way<task<result>>;

    In const& element(std::size_t index) const { return inputs_[index]; }

    task<result> begin(context& where, In const& input) requires is_coroutine_body<Body, In> {
        if (!has_task_limit()) return body_(where, input);
        return limited<task_timed_out>(where, task_limit(), body_(where, input));
    }

    void store(running& ended) noexcept {
        try {
            if constexpr (std::is_void_v<result>) {
                ended.body.take();
                sink_.set(ended.index);
            } else {
                sink_.set(ended.index, ended.body.take());
            }
        } catch (...) {
            fail(describe_current_exception(ended.index, ended.where.where().name));
        }
    }

    Body body_;
    Inputs const& inputs_;
    Sink& sink_;
    call_timer const& timer_;
};

}  // namespace quartet::detail
