// include/quartet/workload/run.hpp
//
// What the functions of a workload are given: the values of its parameters, a map that runs its tasks under
// the model that is measured, and the means to report an answer and what turned out wrong.
#pragma once

#include <quartet/codec.hpp>
#include <quartet/detail/call/inputs.hpp>
#include <quartet/detail/workload/digest_of.hpp>
#include <quartet/executor.hpp>
#include <quartet/file.hpp>
#include <quartet/log.hpp>
#include <quartet/outcome.hpp>
#include <quartet/spec.hpp>
#include <quartet/task_recorder.hpp>
#include <quartet/workload/checksum.hpp>
#include <quartet/workload/parameter.hpp>
#include <quartet/workload/task_digest.hpp>
#include <quartet/workload/task_order.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <ranges>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace quartet::inline v0 {

/// A stretch of a run that is timed by itself.
struct workload_lap {
    std::string name;
    std::size_t tasks;
    std::chrono::nanoseconds wall;
};

/// One run of a workload under one model, as the workload sees it. For the thread that runs the workload.
class workload_run {
public:
    /// What a run is made of; the command line fills it in.
    struct setting {
        parameter_values parameters{};
        model_spec model{};
        std::filesystem::path scratch{};  ///< an empty folder of this run's own, removed after it
        std::string server_url{};  ///< the workload's own server, or the test server if it asked for it
        std::stop_token stop{};
        log_handler log{};
        file_backend files = file_backend::automatic;
        task_recorder* recorder = nullptr;  ///< where the tasks leave their records
        task_order order{};
        bool keep_digests = false;  ///< of what each task gives
    };

    explicit workload_run(setting chosen);
    ~workload_run();
    workload_run(workload_run const&) = delete;
    workload_run& operator=(workload_run const&) = delete;

    /// A parameter's value; `T` is an integer, double, bool or std::string as the parameter is.
    template <class T>
    T get(std::string_view name) const {
        parameter_value const& value = value_of(name);
        if constexpr (std::same_as<T, bool> || std::same_as<T, double> || std::same_as<T, std::string>) {
            return std::get<T>(value);
        } else {
            return static_cast<T>(std::get<std::int64_t>(value));
        }
    }

    std::filesystem::path const& scratch() const noexcept { return setting_.scratch; }
    std::string const& server_url() const noexcept { return setting_.server_url; }
    model_spec const& model() const noexcept { return setting_.model; }

    /// Runs a body over inputs under the run's model and counts tasks and failures. The outcomes come in
    /// the order of the inputs.
    template <class Body, class Range>
    auto map(Body body, Range&& inputs) {
        auto outcomes = map_in_order(std::move(body), std::forward<Range>(inputs));
        for (auto const& each : outcomes) {
            note(each ? nullptr : &each.error());
            if (setting_.keep_digests) digests_.push_back(detail::digest_of(each));
        }
        return outcomes;
    }

    /// Counts a task as failed although its outcome is a value, for a value that turns out to be wrong only
    /// when it is compared with those of others. Call it once for a task; `task` is the index of its input.
    void fail(std::size_t task, std::string_view why);

    /// Adds to the answer, which must be the same under all models: the values in order, without the
    /// failures.
    template <class T>
    void checksum(std::vector<outcome<T>> const& outcomes) {
        for (auto const& each : outcomes) {
            if constexpr (!std::is_void_v<T>) {
                if (each) answer_.add(*each);
            }
        }
    }
    template <crossable T>
    void checksum(T const& value) {
        answer_.add(value);
    }

    /// Checks something that must hold after a run. The first check that does not hold fails the run, and
    /// `otherwise` is reported.
    void expect(bool holds, std::string_view otherwise);

    /// Starts the measurement anew: clock, processor time and memory, with new workers. What the run did
    /// before is not measured.
    void start_clock();

    /// Ends a lap: everything since the last lap, the last start_clock(), or the start of the run.
    void lap(std::string name);

    /// For the run's owner.
    struct report {
        std::size_t tasks = 0;
        std::size_t failed = 0;
        std::vector<std::string> failures{};  ///< the first ten, "task 3: …"
        std::uint64_t checksum = 0;
        std::string verification{};
        std::vector<workload_lap> laps{};
        std::vector<task_digest> digests{};
    };
    report take_report() const;
    void on_start_clock(std::function<void()> hook) { start_clock_hook_ = std::move(hook); }
    void end_executor() noexcept { executor_.reset(); }

    /// The executor; made by the first use, so that its cost is part of what is measured.
    executor& how();

private:
    parameter_value const& value_of(std::string_view name) const;
    void note(failure const* why);

    template <class Body, class Range>
    auto map_in_order(Body body, Range&& inputs) {
        using in = std::ranges::range_value_t<Range>;
        if constexpr (std::copy_constructible<in>) {
            if (setting_.order.how != task_order::as_given)
                return map_out_of_order<in>(std::move(body), inputs);
        }
        return how().try_map(std::move(body), std::forward<Range>(inputs), {.stop = setting_.stop});
    }

    template <class In, class Body, class Range>
    auto map_out_of_order(Body body, Range&& inputs) {
        auto const elements = detail::indexable(inputs);
        auto const indices = setting_.order.indices(elements.size());
        detail::input_store<In> moved;
        for (std::size_t const index : indices)
            moved.push_back(elements[index]);
        auto outcomes = how().try_map(std::move(body), moved, {.stop = setting_.stop});
        decltype(outcomes) in_order(outcomes.size());
        using one = typename decltype(outcomes)::value_type;
        for (std::size_t i = 0; i < indices.size(); ++i) {
            if (outcomes[i]) {
                in_order[indices[i]] = std::move(outcomes[i]);
            } else {
                failure why = outcomes[i].error();
                why.index = indices[i];
                in_order[indices[i]] = one(std::move(why));
            }
        }
        return in_order;
    }

    setting setting_;
    std::optional<executor> executor_;
    std::function<void()> start_clock_hook_;
    std::size_t tasks_ = 0;
    std::size_t failed_ = 0;
    std::vector<std::string> failures_;
    std::string verification_;
    std::vector<workload_lap> laps_;
    std::chrono::steady_clock::time_point lap_start_ = std::chrono::steady_clock::now();
    std::size_t lap_tasks_ = 0;
    quartet::checksum answer_;
    std::vector<task_digest> digests_;
};

}  // namespace quartet::inline v0
