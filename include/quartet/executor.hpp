// include/quartet/executor.hpp
//
// Runs one body over many inputs under a model that is named by a word.
//
//     auto executor = quartet::make_executor("processes:4");
//     for (std::size_t size : executor.map(save_page, urls)) …
//
// An executor owns its threads, processes or event loop. One map at a time; the executor may move between
// threads meanwhile. Construction costs what the model's workers cost; a map beyond that some tens of
// nanoseconds a task or less (benchmarks/dispatch).
#pragma once

#include <quartet/codec.hpp>
#include <quartet/detail/map_job.hpp>
#include <quartet/model.hpp>
#include <quartet/models/async.hpp>
#include <quartet/outcome.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <deque>
#include <memory>
#include <ranges>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace quartet {

struct map_options {
    std::stop_token stop{};  ///< a request cancels what has not ended
    on_failure failure = on_failure::finish_all;

    /// For each task, from when its body begins. What the body awaits then ends early, as in
    /// context::with_timeout, and stop_requested() turns true; the outcome's cause is timed_out. A body that
    /// goes on regardless is waited for, and its value counts; under `processes` its worker is killed 250 ms
    /// later.
    std::chrono::nanoseconds task_timeout = std::chrono::nanoseconds::max();

    /// For the whole call: then it is stopped, as by `stop`, and what has not ended has timed out. Costs a
    /// thread that waits.
    std::chrono::nanoseconds timeout = std::chrono::nanoseconds::max();
};

namespace detail {

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;

template <class Body, class In>
concept coroutine_body = requires(Body& body, context& where, In const& input) {
    requires is_task<std::remove_cvref_t<decltype(body(where, input))>>;
};
template <class Body, class In>
concept plain_body = requires(Body& body, In const& input) {
    body(input);
    requires !is_task<std::remove_cvref_t<decltype(body(input))>>;
};

template <class R>
concept crossable_result = std::is_void_v<R> || crossable<R>;

// std::vector<bool> has no elements that could be referred to.
template <class In>
using input_store = std::conditional_t<std::same_as<In, bool>, std::deque<bool>, std::vector<In>>;

/// The inputs as something with operator[]: in place where they lie in a row, copied otherwise.
template <std::ranges::input_range Range>
auto indexable(Range&& range) {
    using in = std::ranges::range_value_t<Range>;
    if constexpr (std::ranges::contiguous_range<Range> && std::ranges::sized_range<Range>) {
        return std::span<in const>(std::ranges::data(range), std::ranges::size(range));
    } else {
        input_store<in> copies;
        if constexpr (std::ranges::sized_range<Range> && requires { copies.reserve(1); })
            copies.reserve(std::ranges::size(range));
        for (auto&& element : range)
            copies.push_back(static_cast<decltype(element)&&>(element));
        return copies;
    }
}

/// Says in one sentence what is wrong with a body or its inputs; false if there is anything.
template <class Body, class In>
consteval bool check_body() {
    constexpr bool callable = coroutine_body<Body, In> || plain_body<Body, In>;
    static_assert(
        callable,
        "quartet: a body is a coroutine task<R>(context&, In) or a plain function R(In) that takes an "
        "element of the inputs by value or const reference");
    constexpr bool closure = std::is_trivially_copyable_v<Body>;
    static_assert(
        closure,
        "quartet: the body can't cross to a process: what it captures must be trivially copyable; pass "
        "strings, containers and other owners of memory as inputs instead");
    constexpr bool input = crossable<In>;
    static_assert(
        input,
        "quartet: the inputs can't cross to a process: pointers and views leave behind what they point to, "
        "and other types need a serialize() function or a specialization of quartet::codec");
    if constexpr (callable && closure && input) {
        constexpr bool result = crossable_result<typename body_result<Body, In>::type>;
        static_assert(
            result,
            "quartet: the result can't cross from a process: pointers and views leave behind what they point "
            "to, and other types need a serialize() function or a specialization of quartet::codec");
        return result;
    } else {
        return false;
    }
}

}  // namespace detail

class executor {
public:
    explicit executor(std::unique_ptr<model> how) noexcept : model_(std::move(how)) {}

    /// Runs `body` on every element of `inputs`; the results in the order of the inputs.
    ///
    /// `body` is a coroutine `task<R>(context&, In)` or a plain function `R(In)`, called with const
    /// references to the elements. Throws map_error, with every failure, if any task failed; the others
    /// have run all the same (map_options::failure).
    template <class Body, std::ranges::input_range Range>
    auto map(Body body, Range&& inputs, map_options const& options = {}) {
        using in = std::ranges::range_value_t<Range>;
        if constexpr (detail::check_body<Body, in>()) {
            using result = typename detail::body_result<Body, in>::type;
            if constexpr (std::is_void_v<result> ||
                          (std::default_initializable<result> && !std::same_as<result, bool> &&
                           std::is_move_assignable_v<result>)) {
                return run<detail::value_sink<result>>(body, inputs, options);
            } else {
                return values(run<detail::outcome_sink<result>>(body, inputs, options));
            }
        }
    }

    /// As map, but gives one outcome per input, and does not throw when tasks fail.
    template <class Body, std::ranges::input_range Range>
    auto try_map(Body body, Range&& inputs, map_options const& options = {}) {
        using in = std::ranges::range_value_t<Range>;
        if constexpr (detail::check_body<Body, in>())
            return run<detail::outcome_sink<typename detail::body_result<Body, in>::type>>(body, inputs,
                                                                                           options);
    }

    /// Runs a job that is not a map.
    void run(job& work, std::stop_token stop = {}) {
        detail::scope_switch const outside(nullptr);  // a body may run an executor of its own
        model_->run(work, std::move(stop));
    }

    /// The spec with all numbers filled in.
    std::string spec() const { return model_->spec(); }
    model_traits traits() const noexcept { return model_->traits(); }

private:
    template <class Sink, class Body, class Range>
    auto run(Body const& body, Range&& inputs, map_options const& options) {
        using in = std::ranges::range_value_t<Range>;
        auto const elements = detail::indexable(inputs);
        Sink sink(elements.size());
        detail::call_timer const timer(options.stop, options.timeout);
        detail::map_job<Body, in, std::remove_const_t<decltype(elements)>, Sink> work(
            body, elements, elements.size(), sink, options.failure, options.task_timeout, timer);
        if (work.size() > 0) run(work, timer.token());
        return sink.take();
    }

    template <class R>
    static std::vector<R> values(std::vector<outcome<R>> outcomes) {
        std::vector<failure> failures;
        for (auto const& each : outcomes) {
            if (!each) failures.push_back(each.error());
        }
        if (!failures.empty()) throw map_error(std::move(failures), outcomes.size());
        std::vector<R> result;
        result.reserve(outcomes.size());
        for (auto& each : outcomes)
            result.push_back(std::move(each).value());
        return result;
    }

    std::unique_ptr<model> model_;
};

struct executor_options {
    log_handler log{};
    file_backend files = file_backend::automatic;  ///< for async
};

/// An executor from a spec (spec.hpp): "single", "threads:8", "processes", "async:100", "threads:each".
///
/// A count that is left out means cpu_share() for threads and processes, and async_options::limit for
/// async. Throws std::invalid_argument for a spec that is none, std::system_error if the system refuses
/// the model what it needs.
executor make_executor(std::string_view spec, executor_options options = {});

}  // namespace quartet
