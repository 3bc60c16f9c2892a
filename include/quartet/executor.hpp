// include/quartet/executor.hpp
//
// Runs one body over many inputs, or once, under a model that is named by a word.
//
//     auto executor = quartet::make_executor("processes:4");
//     for (std::size_t size : executor.map(save_page, urls)) …
//     auto size = executor.submit(save_page, url);
//
// Construction costs what the model's workers cost; a map beyond that some tens of nanoseconds a task or
// less (benchmarks/dispatch).
#pragma once

#include <quartet/backend/async.hpp>
#include <quartet/backend/model.hpp>
#include <quartet/call_options.hpp>
#include <quartet/detail/call/body_adaptors.hpp>
#include <quartet/detail/call/call_job.hpp>
#include <quartet/detail/call/check_body.hpp>
#include <quartet/detail/call/inputs.hpp>
#include <quartet/detail/call/journaled.hpp>
#include <quartet/detail/call/map_call.hpp>
#include <quartet/detail/call/map_job.hpp>
#include <quartet/detail/call/retried_call.hpp>
#include <quartet/detail/call/retried_calls.hpp>
#include <quartet/detail/call/retry.hpp>
#include <quartet/detail/call/stop_switch.hpp>
#include <quartet/future.hpp>
#include <quartet/outcome.hpp>
#include <quartet/stream.hpp>
#include <quartet/task_recorder.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace quartet::inline v0 {

/// Calls under a model. It owns the model's threads, processes or event loops.
///
/// Any thread, and several at the same time; bodies too, but those of an event loop can't wait for calls of
/// their own executor other than by `co_await` of a future. It belongs to the process that made it: in a
/// worker process, or a child of a fork, its calls throw std::logic_error.
///
/// The destructor stops the calls that have not ended, and waits for that; join() first lets them end. One
/// that was moved from can be assigned to and destroyed; all else throws std::logic_error.
class executor {
public:
    /// Throws std::invalid_argument if there is no model.
    explicit executor(std::unique_ptr<model> how);
    executor(executor&&) noexcept = default;
    executor& operator=(executor&&) noexcept;
    ~executor();

    /// Runs `body` on every element of `inputs`; the results in the order of the inputs.
    ///
    /// `body` is a coroutine `task<R>(context&, In)` or a plain function, `R(In)` or `R(context&, In)`,
    /// called with const references to the elements. Throws map_error, with every failure, if any task
    /// failed; the others have run all the same (call_options::failure). Throws std::invalid_argument for
    /// negative options.
    template <class Body, std::ranges::input_range Range>
    auto map(Body body, Range&& inputs, call_options const& options = {}) {
        using in = std::ranges::range_value_t<Range>;
        if constexpr (detail::check_body<Body, in>() && detail::check_inputs<Range>()) {
            using result = typename detail::body_result<Body, in>::type;
            using sink = detail::map_sink<result>;
            if constexpr (std::is_void_v<result>) {
                run<sink>(body, inputs, options);
            } else {
                return detail::values_of(run<sink>(body, inputs, options));
            }
        }
    }

    /// As map, but gives one outcome per input, and does not throw when tasks fail.
    template <class Body, std::ranges::input_range Range>
    auto try_map(Body body, Range&& inputs, call_options const& options = {}) {
        using in = std::ranges::range_value_t<Range>;
        if constexpr (detail::check_body<Body, in>() && detail::check_inputs<Range>())
            return run<detail::outcome_sink<typename detail::body_result<Body, in>::type>>(body, inputs,
                                                                                           options);
    }

    /// Begins a map and does not wait for it: gives the future of its values, whose get() throws what map
    /// throws, and a task_error if it was cancelled. The inputs are copied or moved into it.
    ///
    /// Throws what the model throws if it can't begin, std::invalid_argument for options that are negative or
    /// that it has no use for: `progress`, and `retry`, since a further try needs somebody who waits.
    template <class Body, std::ranges::input_range Range>
    auto map_async(Body body, Range&& inputs, call_options const& options = {}) {
        using in = std::ranges::range_value_t<Range>;
        if constexpr (detail::check_body<Body, in>() && detail::check_inputs<Range>()) {
            using result = typename detail::body_result<Body, in>::type;
            model& how = own_model();
            detail::check_async_map(options);
            using call = detail::map_call<Body, in, result>;
            return future<detail::mapped_t<result>>(
                call::begin_under(how, body, detail::owned(std::forward<Range>(inputs)), options));
        }
    }

    /// As map, for a range of tuples or pairs: their elements are the body's arguments.
    template <class Body, std::ranges::input_range Range>
    auto starmap(Body body, Range&& inputs, call_options const& options = {}) {
        return map(detail::apply_args<Body>{body}, inputs, options);
    }

    /// As map, for what bodies do rather than give: their results are dropped where they were made.
    template <class Body, std::ranges::input_range Range>
    void for_each(Body body, Range&& inputs, call_options const& options = {}) {
        map(detail::drop_result<Body>{body}, inputs, options);
    }

    /// Begins the one call body(ctx, args…) or body(args…), and does not wait for it. The arguments are
    /// copied or moved into the call, a `char const*` or `char*` as a std::string.
    ///
    /// Throws what the model throws if it can't begin, std::invalid_argument for options that are negative or
    /// that a single call has no use for. Costs an allocation, some hundred nanoseconds in all;
    /// a few microseconds where a thread or a process has to be woken (benchmarks/submit).
    template <class Body, class... Args>
    auto submit(Body body, Args... args) {
        // Not by the other one: a call without options has no further tries to compile.
        using in = std::tuple<detail::kept_argument<Args>...>;
        using whole = detail::apply_args<Body>;
        if constexpr (detail::check_body<whole, in>())
            return call_once(own_model(), call_options{}, whole{std::move(body)}, in(std::move(args)...));
    }

    template <class Body, class... Args>
    auto submit(call_options const& options, Body body, Args... args) {
        using in = std::tuple<detail::kept_argument<Args>...>;
        using whole = detail::apply_args<Body>;
        if constexpr (detail::check_body<whole, in>()) {
            using result = typename detail::body_result<whole, in>::type;
            model& how = own_model();
            detail::check_single(options);
            if (options.retry.times == 0) [[likely]]
                return call_once(how, options, whole{std::move(body)}, in(std::move(args)...));
            if constexpr (std::copy_constructible<in>) {
                return future<result>(detail::retried_body<whole, in, result>::begin(
                    how, *retried_, stops_->token(), whole{std::move(body)}, in(std::move(args)...),
                    options));
            } else {
                throw std::invalid_argument(
                    "quartet: a call whose arguments can't be copied can't be tried again");
            }
        }
    }

    /// Runs `body` on the elements of `inputs` as they are pulled, and gives outcomes as they are taken; see
    /// stream.hpp. `inputs` may be endless; one that is not a temporary must outlive the stream.
    template <class Body, std::ranges::viewable_range Range>
    requires std::ranges::input_range<Range>
    auto stream(Body body, Range&& inputs, stream_options const& options = {}) {
        using in = std::ranges::range_value_t<Range>;
        if constexpr (detail::check_body<Body, in>()) {
            using result = typename detail::body_result<Body, in>::type;
            auto& how = own_model();
            detail::check_options(options);
            using source = detail::view_source<Body, std::views::all_t<Range>, result>;
            return quartet::stream<result>(std::make_unique<source>(
                how, body, std::views::all(std::forward<Range>(inputs)), options, stops_->token()));
        }
    }

    /// Waits until every call has ended.
    void join();

    /// Requests the stop of every call that was made before and has not ended: maps, also in the pause before
    /// a further try, single calls as by future::cancel, streams as by stream::stop. Calls that are made
    /// after it has returned are not touched. Does not wait.
    void stop();

    /// Runs a job that is not a map.
    void run(job& work, std::stop_token const& stop = {}) { work.run_under(own_model(), stop); }

    /// The spec with all numbers filled in. Of "auto" the model that was chosen, and until then "auto".
    std::string spec() const { return any_model().spec(); }

    /// Of "auto", once it has chosen: why, in two sentences. Else empty.
    std::string reason() const { return any_model().reason(); }
    model_traits traits() const { return any_model().traits(); }

    /// How many bodies are under way at the most.
    std::size_t concurrency() const { return any_model().concurrency(); }

private:
    /// Throws std::logic_error in a process that has a copy of the executor only.
    model& own_model() const;

    /// Throws std::logic_error if it was moved from.
    model& any_model() const;

    template <class Body, class In>
    static auto call_once(model& how, call_options const& options, Body const& body, In&& input) {
        using result = typename detail::body_result<Body, In>::type;
        return future<result>(
            detail::call_job<Body, In, result>::begin_under(how, body, std::move(input), options));
    }

    /// Runs the tasks of a call once; `numbers` are those of their inputs in the whole call, if there are
    /// others, and `early` gets values as they come, if that is not null.
    template <class Inputs, class Sink>
    using run_function = void (executor::*)(void const* body, Inputs const& inputs, std::size_t count,
                                            Sink& sink, call_options const& options,
                                            detail::call_timer const& timer, std::size_t const* numbers,
                                            detail::early_values* early);

    template <class Sink, class Body, class Range>
    auto run(Body const& body, Range&& inputs, call_options const& options) {
        using in = std::ranges::range_value_t<Range>;
        using result = typename detail::body_result<Body, in>::type;
        using any_inputs = detail::any_inputs<in>;
        using any_sink = detail::any_sink<result>;
        static_cast<void>(own_model());  // before anything is copied
        detail::check_options(options);
        auto const elements = detail::indexable(inputs);
        using own_inputs = std::remove_const_t<decltype(elements)>;
        return run_tries<in, result>(static_cast<void const*>(&body), detail::identity_of(body), elements,
                                     Sink(elements.size()), options,
                                     &executor::run_once<Body, in, own_inputs, Sink>,
                                     &executor::run_once<Body, in, any_inputs, any_sink>);
    }

    /// What does not depend on the body: its first try, and further ones of what failed.
    template <class In, class R, class Inputs, class Sink>
    [[gnu::noinline]] auto run_tries(void const* body, detail::body_identity const& name,
                                     Inputs const& elements, Sink sink, call_options const& options,
                                     run_function<Inputs, Sink> first,
                                     run_function<detail::any_inputs<In>, detail::any_sink<R>> again) {
        auto const journal =
            detail::open_journal(options.journal.text(), {name, typeid(In), typeid(R), elements.size()});
        // While it pauses before a further try the model does not know of it.
        auto further = options.retry.times > 0 ? stops_->token() : std::stop_token();
        if (journal) further = journal->stopped_by(stops_->token());
        detail::call_timer const timer(options.stop, options.timeout, further);
        auto const run_again = [&](detail::any_inputs<In> const& inputs, detail::any_sink<R>& to,
                                   std::vector<std::size_t> const& numbers, std::size_t before = 0) {
            if (!journal)
                return (this->*again)(body, inputs, numbers.size(), to, options, timer, numbers.data(),
                                      nullptr);
            detail::journaled<In, R> kept(*journal, inputs, to, 0, numbers.data());
            kept.before = before;
            (this->*again)(body, inputs, numbers.size(), kept, options, timer, numbers.data(), &kept);
        };
        if (journal) {
            auto const finished = journal->finished(elements.size());
            for (std::size_t const index : finished)
                detail::set_finished<R>(*journal, index, elements[index], sink, index);
            if (finished.size() == elements.size()) detail::tell_of_end(options, finished.size());
            detail::picked<In, R, Inputs, Sink> left(elements, sink, journal->unfinished(elements.size()));
            run_again(left, left, left.numbers(), finished.size());
        } else {
            (this->*first)(body, elements, elements.size(), sink, options, timer, nullptr, nullptr);
        }
        detail::retry_failed<In, R>(elements, sink, 0, options.retry, timer.token(), run_again);
        if (journal) journal->close();
        return sink.take();
    }

    template <class Body, class In, class Inputs, class Sink>
    void run_once(void const* body, Inputs const& inputs, std::size_t count, Sink& sink,
                  call_options const& options, detail::call_timer const& timer, std::size_t const* numbers,
                  detail::early_values* early) {
        if (count == 0) return;
        detail::map_job<Body, In, Inputs, Sink> work(*static_cast<Body const*>(body), inputs, count, sink,
                                                     options.failure, options.task_timeout, &timer);
        work.set_chunk_size(options.chunk_size);
        work.number_tasks(0, numbers);
        work.set_progress(options.progress);
        work.give_early(early);
        run(work, timer.token());
    }

    std::unique_ptr<detail::retried_calls> retried_;  // outlives the model, whose jobs end there
    std::unique_ptr<detail::stop_switch> stops_;
    std::unique_ptr<model> model_;
    std::uint32_t made_after_;  // so many forks, as detail::forks counts them
};

struct executor_options {
    log_handler log{};
    file_backend files = file_backend::automatic;  ///< for async

    /// How many threads each event loop may have for functions that are given to context::offload(). 0: as
    /// many as wait, and for those that compute one for each CPU; so functions that wait for each other all
    /// come to run. With a number they may not: when all those threads have waited for a second and others
    /// stand in line, the log is told whose they are.
    std::size_t offload_threads = 0;

    /// What its workers are called, before their number, in logs, failures and context::where(); empty: as
    /// the model.
    std::string name{};

    /// Run by each worker (thread, process, event loop) before its first body. If it throws,
    /// make_executor throws std::runtime_error with the exception's text. Of a worker that comes later (of
    /// "threads:each" and "processes:each", and one that replaces another) the tasks that it was to run fail
    /// with that text.
    std::function<void()> initialize{};

    /// For event loops: a body that holds one for longer is named in the log, once, also while it does;
    /// without a log handler on standard error. 0: loops are not watched.
    std::chrono::nanoseconds stall_limit = usual_stall_limit;

    /// Where tasks leave their records; made before the executor and destroyed after it.
    task_recorder* recorder = nullptr;

    /// Under `processes`: a worker that has run so many tasks is replaced by a fresh one. 0: never.
    std::size_t recycle_after = 0;

    static constexpr std::chrono::nanoseconds usual_stall_limit = std::chrono::milliseconds(25);
};

/// An executor from a spec (spec.hpp): "single", "threads:8", "processes", "async:100", "threads:each".
///
/// A count that is left out means cpu_share() for threads and processes, and async_options::limit for
/// async. Throws std::invalid_argument for a spec that is none, and for options that the model has no use
/// for: `files` and `stall_limit` without an event loop, `recycle_after` without a pool of processes, or a
/// negative number. Throws std::system_error if the system refuses the model what it needs,
/// std::runtime_error if options.initialize threw.
///
/// "auto" runs the first tasks on threads, measures them, and goes on with the model that suits what they do:
/// threads, an event loop, or threads with loops, by advise() (advice.hpp) with the costs that `quartet
/// doctor` measured on this machine, or else usual_costs(). executor::spec() and reason() tell the choice,
/// and so does the log. It stays on this machine, on a cluster too: bodies may use the caller's memory, which
/// other machines do not see; `quartet advise` says when a cluster is worth it. The numbers of its first
/// threads are those of the chosen model's workers again. One choice for the executor's life, so take one for
/// each kind of work. Bodies must be able to run in any of these: together with others, and without blocking
/// in anything but the context's operations if they are coroutines.
executor make_executor(std::string_view spec, executor_options options = {});

}  // namespace quartet::inline v0
