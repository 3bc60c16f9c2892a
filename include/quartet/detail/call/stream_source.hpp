// include/quartet/detail/call/stream_source.hpp
//
// The works of executor::stream(): pulls inputs, makes a job of each chunk of them, and gives their outcomes
// one by one. All happens in next(), on the thread that reads the stream: it pulls as many inputs as the
// window allows, and waits for a chunk to end if no outcome is ready. So memory is bounded however many
// inputs there are.
#pragma once

#include <quartet/backend/job.hpp>
#include <quartet/backend/model.hpp>
#include <quartet/call_options.hpp>
#include <quartet/detail/call/call_timer.hpp>
#include <quartet/detail/call/inputs.hpp>
#include <quartet/detail/call/journaled.hpp>
#include <quartet/detail/call/map_job.hpp>
#include <quartet/detail/call/retry.hpp>
#include <quartet/detail/io/stop_state.hpp>
#include <quartet/outcome.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <stop_token>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace quartet::inline v0 {

enum class stream_order {
    as_inputs,     ///< results in the order of the inputs
    as_completed,  ///< whichever is there first
};

struct stream_options {
    stream_order order = stream_order::as_inputs;

    /// Inputs that are pulled and not yet taken as results, at the most. 0: enough to keep all workers
    /// busy, and no more than some ten thousand.
    std::size_t window = 0;

    /// What holds for all its tasks; `chunk_size` is how many of them are handed to the model together.
    call_options call{};
};

/// The outcome of one of a stream's tasks.
template <class R>
struct streamed : outcome<R> {
    std::size_t index = 0;  ///< of its input in the range

    streamed(outcome<R>&& what, std::size_t of_input) : outcome<R>(std::move(what)), index(of_input) {}
};

namespace detail {

/// Checks what is checked for a map, and that no progress is asked for. Throws std::invalid_argument.
void check_options(stream_options const& options);

template <class R>
class stream_source {
public:
    virtual ~stream_source() = default;
    virtual std::optional<streamed<R>> next() = 0;
    virtual void stop() noexcept = 0;
};

/// How many inputs a stream pulls, and how many of them make a chunk.
class stream_pace {
public:
    stream_pace(stream_options const& options, std::size_t concurrency) noexcept
        : fixed_window_(options.window),
          fixed_chunk_(options.call.chunk_size),
          usual_window_(std::clamp<std::size_t>(4 * std::min<std::size_t>(concurrency, 1000), 64, 4000)) {}

    std::size_t window() const noexcept {
        return fixed_window_ ? fixed_window_ : std::max(usual_window_, chunks * chunk_);
    }
    std::size_t chunk() const noexcept {
        if (fixed_chunk_) return std::min(fixed_chunk_, window());
        return fixed_window_ ? std::clamp<std::size_t>(chunk_, 1, std::max<std::size_t>(1, window() / chunks))
                             : chunk_;
    }

    /// Notes that so many results were taken. Chunks grow or shrink with that speed, to about 0.2 ms each.
    void took(std::size_t results) noexcept {
        taken_ += results;
        if (taken_ < chunks * chunk_) return;
        auto const now = clock::now();
        double const each = static_cast<double>((now - since_).count()) / static_cast<double>(taken_);
        auto const fitting =
            static_cast<std::size_t>(static_cast<double>(span.count()) / std::max(each, 1.0));
        chunk_ = std::clamp<std::size_t>(fitting, 1, std::min(2 * chunk_, most));
        since_ = now;
        taken_ = 0;
    }

private:
    using clock = std::chrono::steady_clock;
    static constexpr std::chrono::nanoseconds span = std::chrono::microseconds(200);
    static constexpr std::size_t chunks = 8;  // that are under way
    static constexpr std::size_t most = 4096;

    std::size_t fixed_window_;
    std::size_t fixed_chunk_;
    std::size_t usual_window_;
    std::size_t chunk_ = 1;
    std::size_t taken_ = 0;
    clock::time_point since_ = clock::now();
};

/// The outcomes of a chunk. The index of a failure is that of its input in the whole stream.
template <class R>
class chunk_sink : public outcome_sink<R> {
public:
    chunk_sink(std::size_t first, std::size_t count) : outcome_sink<R>(count), first_(first) {}

    void fail(failure why) {
        std::size_t const index = why.index;
        why.index += first_;
        this->fail_at(index, std::move(why));
    }

private:
    std::size_t first_;
};

/// What an inner part of a stream is made with.
struct stream_parts {
    call_options const& options;
    call_timer const& timer;
    call_journal* journal;  ///< null if there is none
};

/// Some inputs of a stream, as a job; or with the values that a journal has of all of them, and no job.
template <class Body, class In, class R>
class stream_chunk {
    using inputs = input_store<In>;
    using sink = chunk_sink<R>;

public:
    stream_chunk(Body const& body, inputs&& pulled, std::size_t first, stream_parts const& with)
        : first_(first),
          inputs_(std::move(pulled)),
          sink_(first, inputs_.size()),
          job_(body, job_inputs_, inputs_.size(), keep_in(with.journal), with.options.failure,
               with.options.task_timeout, &with.timer) {
        job_.number_tasks(first);
    }

    job& work() noexcept { return job_; }

    /// Takes all values from the journal, in place of running the job. Throws what set_finished() does.
    void finish_by(call_journal& journal) {
        for (std::size_t index = 0; index < inputs_.size(); ++index)
            set_finished<R>(journal, first_ + index, inputs_[index], sink_, index);
        finished_ = true;
    }

    bool ended() const noexcept { return finished_ || job_.ended(); }

    /// Of an earlier run.
    bool finished() const noexcept { return finished_; }

    void wait() {
        if (!finished_) job_.wait_until();
    }

    /// Runs the failed tasks again as `with` asks for. Call it when the job has finished, and before take().
    void retry(model& how, Body const& body, stream_parts const& with) {
        auto const run_again = [&](any_inputs<In> const& again, any_sink<R>& to, auto const& numbers) {
            std::optional<journaled<In, R>> kept;
            if (with.journal) kept.emplace(*with.journal, again, to, 0, numbers.data());
            any_map_job<Body, In> work(body, again, numbers.size(), kept ? *kept : to, with.options.failure,
                                       with.options.task_timeout, &with.timer);
            work.number_tasks(0, numbers.data());
            work.run_under(how, with.timer.token());
        };
        retry_failed<In, R>(inputs_, sink_, first_, with.options.retry, with.timer.token(), run_again);
    }

    std::size_t size() const noexcept { return inputs_.size(); }

    /// The next outcome in order. Requires that the job has finished here, and left() > 0.
    streamed<R> take() {
        if (outcomes_.empty()) outcomes_ = sink_.take();
        std::size_t const index = taken_++;
        return {std::move(outcomes_[index]), first_ + index};
    }
    std::size_t left() const noexcept { return inputs_.size() - taken_; }

private:
    any_sink<R>& keep_in(call_journal* journal) {
        if (!journal) return job_sink_;
        return kept_.emplace(*journal, job_inputs_, job_sink_, first_);
    }

    std::size_t first_;
    inputs inputs_;
    sink sink_;
    inputs_of<In, inputs> job_inputs_{inputs_};
    sink_of<R, sink> job_sink_{sink_};
    std::optional<journaled<In, R>> kept_;
    any_map_job<Body, In> job_;
    bool finished_ = false;
    std::vector<outcome<R>> outcomes_;
    std::size_t taken_ = 0;
};

template <class Body, class View, class R>
class view_source final : public stream_source<R> {
    using in = std::ranges::range_value_t<View>;
    using chunk = stream_chunk<Body, in, R>;
    using chunk_list = std::list<chunk>;

public:
    /// `stops` is that of the executor.
    view_source(model& how, Body const& body, View inputs, stream_options const& options,
                std::stop_token const& stops)
        : model_(how),
          body_(body),
          inputs_(std::move(inputs)),
          options_(options),
          pace_(options, how.concurrency()),
          journal_(
              open_journal(options.call.journal.text(), {identity_of(body), typeid(in), typeid(R), std::nullopt})),
          timer_(options.call.stop, options.call.timeout,
                 journal_ ? journal_->stopped_by({}) : std::stop_token()),
          follow_(timer_.token(), [this] { stop(who_stops(&timer_)); }),
          follow_executor_(stops, [this] { stop(); }) {}

    ~view_source() override {
        stop();
        for (auto& each : under_way_)
            each.wait();
    }

    std::optional<streamed<R>> next() override {
        fill();
        if (ready_.empty() && under_way_.empty()) {
            if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
            if (auto const ended = std::exchange(journal_, nullptr)) ended->close();
            return std::nullopt;
        }
        if (ready_.empty()) wait();
        auto& first = ready_.front();
        streamed<R> result = first.take();
        if (!first.finished()) pace_.took(1);
        if (first.left() == 0) ready_.pop_front();
        --pulled_;
        if (!result && options_.call.failure == on_failure::stop_all) stop();
        return result;
    }

    void stop() noexcept override { stop(stopped_by::request); }

private:
    void stop(stopped_by who) noexcept {
        std::lock_guard const lock(mutex_);
        static_cast<void>(stop_.request(who));
        for (auto& each : under_way_)
            each.work().request_stop(who);
    }

    /// Pulls inputs and begins their tasks, as far as the window allows. A model that runs them within
    /// start() has a result after the first chunk; then no more are begun.
    void fill() {
        while (pulled_ + pace_.chunk() <= pace_.window() && !over_) {
            model_.driver().check_wait();
            bool const finished = journal_ && journal_->has(begun_);
            auto pulled = pull(finished ? pace_.window() - pulled_ : pace_.chunk());
            if (pulled.empty()) return;
            if (finished) {
                if (!take_finished(std::move(pulled))) return;
            } else if (begin(std::move(pulled)).ended()) {
                return;
            }
        }
    }

    /// With a journal it has values of all these inputs, or of none.
    input_store<in> pull(std::size_t most) {
        input_store<in> pulled;
        try {
            if (!at_) at_.emplace(std::ranges::begin(inputs_));
            for (; pulled.size() < most && !over_; ++*at_) {
                over_ = stopped() || *at_ == std::ranges::end(inputs_);
                if (over_ || (journal_ && journal_->has(begun_ + pulled.size()) != journal_->has(begun_)))
                    break;
                pulled.push_back(**at_);
            }
        } catch (...) {
            end_by_exception();
        }
        return pulled;
    }

    /// Gives these inputs the values that the journal has. False if the first result is there, or none comes.
    bool take_finished(input_store<in>&& pulled) {
        std::size_t const size = pulled.size();
        add_chunk(std::move(pulled), false);
        try {
            under_way_.back().finish_by(*journal_);
        } catch (...) {
            drop_last();
            end_by_exception();
            return false;
        }
        begun_ += size;
        pulled_ += size;
        return !under_way_.front().ended();
    }

    job& begin(input_store<in>&& pulled) {
        std::size_t const size = pulled.size();
        add_chunk(std::move(pulled), true);
        job& work = under_way_.back().work();
        if (stopped()) work.request_stop(who_stopped());
        try {
            model_.start(work);
        } catch (...) {
            drop_last();
            over_ = true;  // these inputs are lost, and the exception says so
            throw;
        }
        begun_ += size;
        pulled_ += size;
        if (journal_) work.watch();  // its values are kept when they are there, not when they are taken
        return work;
    }

    void add_chunk(input_store<in>&& pulled, bool to_be_run) {
        std::lock_guard const lock(mutex_);
        under_way_.emplace_back(body_, std::move(pulled), begun_, parts());
        if (to_be_run) under_way_.back().work().taken_by(model_);
    }

    void drop_last() noexcept {
        std::lock_guard const lock(mutex_);
        under_way_.pop_back();
    }

    /// The exception that is being handled comes out of next() when the results before it are taken.
    void end_by_exception() noexcept {
        thrown_ = std::current_exception();
        over_ = true;
    }

    stream_parts parts() const noexcept { return {options_.call, timer_, journal_.get()}; }

    /// Waits until a chunk has ended: the first, or with as_completed any. Moves it to `ready_`.
    void wait() {
        if (options_.order == stream_order::as_inputs) {
            under_way_.front().wait();
            return make_ready(under_way_.begin());
        }
        typename chunk_list::iterator found;
        auto const one_has_ended = [&] {
            found = std::ranges::find_if(under_way_, [](chunk const& each) { return each.ended(); });
            return found != under_way_.end();
        };
        if (!one_has_ended()) {
            under_way_.front().work().help();
            model_.driver().ends().wait_until(one_has_ended);
        }
        found->wait();
        make_ready(found);
    }

    void make_ready(typename chunk_list::iterator which) {
        if (!stopped()) which->retry(model_, body_, parts());
        std::lock_guard const lock(mutex_);
        ready_.splice(ready_.end(), under_way_, which);
    }

    bool stopped() const noexcept { return stop_.requested(); }
    stopped_by who_stopped() const noexcept {
        return stop_.by_call_limit() ? stopped_by::call_limit : stopped_by::request;
    }

    model& model_;
    Body body_;
    View inputs_;
    std::optional<std::ranges::iterator_t<View>> at_;
    stream_options options_;
    stream_pace pace_;
    bool over_ = false;          // no more inputs
    std::exception_ptr thrown_;  // by the inputs
    std::size_t begun_ = 0;      // tasks so far
    std::size_t pulled_ = 0;     // and those not taken as results
    chunk_list ready_;
    std::unique_ptr<call_journal> journal_;
    call_timer timer_;

    std::mutex mutex_;  // guards what follows from stop(); only the stream's thread changes the list
    stop_state stop_;
    chunk_list under_way_;

    std::stop_callback<std::function<void()>> follow_;  // last: they use the others
    std::stop_callback<std::function<void()>> follow_executor_;
};

}  // namespace detail
}  // namespace quartet::inline v0
