// include/quartet/detail/call/retry.hpp
//
// Further tries of tasks that failed.
#pragma once

#include <quartet/call_options.hpp>
#include <quartet/detail/call/any_inputs.hpp>
#include <quartet/outcome.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {

/// The pauses before further tries.
class retry_pauses {
public:
    explicit retry_pauses(retry_options const& options) noexcept
        : next_(std::min<double_nanoseconds>(options.pause, longest)), factor_(options.factor) {}

    /// The next one.
    std::chrono::nanoseconds take() noexcept;

    /// Waits for as long as the next one. False if a stop came.
    bool wait(std::stop_token const& stop);

private:
    using double_nanoseconds = std::chrono::duration<double, std::nano>;
    static constexpr std::chrono::hours longest{1'000'000};  // which may be added to any time

    double_nanoseconds next_;
    double factor_;
};

/// Whether a task that failed so is to be tried again.
inline bool is_tried_again(retry_options const& options, failure const& why) noexcept {
    if (!options.when) return why.why != cause::cancelled;
    try {
        return options.when(why);
    } catch (...) {
        return false;
    }
}

/// The nodes of a cluster that were lost with tasks of a call. A task that has cost two is taken to be what
/// loses them, and would lose all others one after another.
class lost_nodes {
public:
    /// A task has failed and would be tried again: whether it has cost two nodes now, and is not.
    bool gives_up(failure const& why);
    bool has_given_up(std::size_t number) const noexcept { return given_up_.contains(number); }

    /// Puts that into a failure for which gives_up() was true.
    void explain(failure& why) const;

private:
    std::map<std::size_t, std::string> first_;  // the node's name, by the task's number
    std::set<std::size_t> given_up_;            // numbers
};

/// Some of a call's inputs, such as those whose failures are tried again, and the sink of that try.
template <class In, class R, class Elements, class Sink>
class picked final : public any_inputs<In>, public any_sink<R> {
public:
    /// Takes the failures out of the sink, which gives them the numbers of the whole call: those of its own
    /// tasks begin at `first`.
    picked(Elements const& elements, Sink& sink, std::size_t first, retry_options const& options,
           lost_nodes& lost)
        : elements_(elements), sink_(sink), first_(first) {
        std::vector<failure> given_up;
        sink.take_failures([&](failure const& why) {
            if (lost.has_given_up(why.index) || !is_tried_again(options, why)) return false;
            if (lost.gives_up(why)) {
                given_up.push_back(why);
            } else {
                failures_.push_back(why);
                numbers_.push_back(why.index);
            }
            return true;
        });
        for (auto& each : given_up) {
            lost.explain(each);
            each.index -= first_;
            sink.fail(std::move(each));
        }
    }

    /// Those tasks of a whole call.
    picked(Elements const& elements, Sink& sink, std::vector<std::size_t> numbers) noexcept
        : elements_(elements), sink_(sink), first_(0), numbers_(std::move(numbers)) {}

    std::size_t size() const noexcept { return numbers_.size(); }
    In const& operator[](std::size_t index) const override { return elements_[call_index(index)]; }

    /// In the whole call.
    std::vector<std::size_t> const& numbers() const noexcept { return numbers_; }

    void set(std::size_t index, value_or_nothing<R>&& value) override {
        if constexpr (std::is_void_v<R>)
            sink_.set(call_index(index));
        else
            sink_.set(call_index(index), std::move(value));
    }
    void fail(failure why) override {
        why.index = call_index(why.index);
        sink_.fail(std::move(why));
    }

    /// There is no further try.
    void give_back() {
        for (auto& each : failures_) {
            each.index -= first_;
            sink_.fail(std::move(each));
        }
    }

private:
    /// Among the elements.
    std::size_t call_index(std::size_t index) const noexcept { return numbers_[index] - first_; }

    Elements const& elements_;
    Sink& sink_;
    std::size_t first_;
    std::vector<failure> failures_;
    std::vector<std::size_t> numbers_;
};

/// Runs tasks again whose failures are to be tried again, all together: `run_again(inputs, sink, numbers)`
/// does it. The tasks are those from number `first` on in their call.
template <class In, class R, class Elements, class Sink>
void retry_failed(Elements const& elements, Sink& sink, std::size_t first, retry_options const& options,
                  std::stop_token const& stop, auto&& run_again) {
    retry_pauses pauses(options);
    lost_nodes lost;
    for (std::size_t round = 0; round < options.times; ++round) {
        picked<In, R, Elements, Sink> again(elements, sink, first, options, lost);
        if (again.size() == 0) return;
        if (!pauses.wait(stop)) return again.give_back();
        run_again(static_cast<any_inputs<In> const&>(again), static_cast<any_sink<R>&>(again),
                  again.numbers());
    }
}

}  // namespace quartet::inline v0::detail
