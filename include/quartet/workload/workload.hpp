// include/quartet/workload/workload.hpp
//
// A workload: something that `quartet run` can run under every model, measure and check. The seven tests
// are written with this header, and so is yours:
//
//     #include <quartet/workload/workload.hpp>
//
//     double body(double x) { … }
//
//     static quartet::registration const mine{{
//         .name = "mine",
//         .help = "what it does, in a line",
//         .parameters = {quartet::integer("count", 1000, 1, 1'000'000, "how many tasks")},
//         .run = [](quartet::workload_run& run) { run.checksum(run.map(body, inputs(run.get<int>("count"))));
//         },
//     }};
//
//     QUARTET_MAIN()
//
// Linked with quartet::main this is a program with the whole command line of `quartet` (run, list, clean).
#pragma once

#include <quartet/codec.hpp>
#include <quartet/detail/call/inputs.hpp>
#include <quartet/executor.hpp>
#include <quartet/outcome.hpp>
#include <quartet/spec.hpp>
#include <quartet/workload/parameter.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace quartet {

/// A stretch of a run that is timed by itself.
struct workload_lap {
    std::string name;
    std::size_t tasks;
    std::chrono::nanoseconds wall;
};

/// Over values in the form in which they cross to another process: notices accidents, not attacks. The step
/// of FNV-1a (Fowler, Noll, Vo; IETF draft-eastlake-fnv) on 8 bytes at a time, with the upper half of the
/// product folded into the lower: eight times as fast as by bytes, so that a large answer costs a run little.
/// Bytes added in other portions give another sum.
class checksum {
public:
    template <crossable T>
    void add(T const& value) {
        static_assert(
            !detail::fixed_size<T> || std::has_unique_object_representations_v<T> ||
                std::is_floating_point_v<T>,
            "quartet: a checksum over this type would take in its padding, which differs from run to run; "
            "give its members one size, or add them one by one");
        byte_writer bytes;
        codec<T>::encode(value, bytes);
        add_bytes(bytes.bytes());
    }
    void add_bytes(std::span<std::byte const> bytes) noexcept;
    std::uint64_t value() const noexcept { return value_; }

private:
    std::uint64_t value_ = 14695981039346656037u;
};

/// In which order the tasks of a map begin; its outcomes come in that of the inputs all the same.
struct task_order {
    enum kind { as_given, backwards, shuffled };
    kind how = as_given;
    std::uint64_t seed = 0;  ///< of shuffled

    /// The indices of `count` tasks in the order they are to begin. The same for the same seed, on every
    /// machine.
    std::vector<std::size_t> indices(std::size_t count) const;

    friend bool operator==(task_order const&, task_order const&) = default;
};

/// What a task gave, small enough to be kept of every one.
struct task_digest {
    std::uint64_t value = 0;  ///< of all its bytes, or of the failure's text
    bool failed = false;
    std::string text{};  ///< a number or the beginning of a text, for people; empty for other types

    friend bool operator==(task_digest const&, task_digest const&) = default;
};

namespace detail {

/// Whether equal values of the type have equal bytes.
template <class T>
inline constexpr bool has_equal_bytes =
    !fixed_size<T> || std::has_unique_object_representations_v<T> || std::is_floating_point_v<T>;

task_digest digest_of_failure(failure const& why);
std::string beginning_of(std::string_view text);

/// What `outcome` holds; nothing of values whose bytes say nothing.
template <class T>
task_digest digest_of(outcome<T> const& of) {
    if (!of) return digest_of_failure(of.error());
    task_digest made;
    if constexpr (!std::is_void_v<T> && crossable<T>) {
        if constexpr (has_equal_bytes<T>) {
            byte_writer bytes;
            codec<T>::encode(*of, bytes);
            quartet::checksum sum;
            sum.add_bytes(bytes.bytes());
            made.value = sum.value();
        }
        if constexpr (std::is_arithmetic_v<T>) made.text = std::to_string(*of);
        if constexpr (std::same_as<T, std::string>) made.text = beginning_of(*of);
    }
    return made;
}

}  // namespace detail

/// One run of a workload under one model, as the workload sees it. For the thread that runs the workload.
class workload_run {
public:
    /// What a run is made of; the command line fills it in.
    struct setting {
        parameter_values parameters{};
        model_spec model{};
        std::filesystem::path scratch{};  ///< an empty folder of this run's own, removed after it
        std::string server_url{};         ///< the test server, if the workload asked for it
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

    /// Counts a task as failed whose outcome is a value: if what it read or gave turns out to be wrong only
    /// beside that of others. Once for a task; `task` is the index of its input.
    void fail(std::size_t task, std::string_view why);

    /// The answer that must be the same under all models: here the values in order, failures left out.
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

    /// Says what must be so after a run; the first thing that is not is reported, and fails the run.
    void expect(bool holds, std::string_view otherwise);

    /// What came before does not count: clock, processor time and memory start again, with new workers. For
    /// what belongs to a run but is not what it measures.
    void start_clock();

    /// Ends a stretch: everything since the start of the run, the clock or the last lap.
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

/// How many workers a model has where its spec does not say.
struct worker_defaults {
    /// 0: the CPUs this process may use.
    std::size_t threads = 0;
    std::size_t async = 100;
};

struct workload {
    std::string name;
    std::string help;
    std::vector<parameter> parameters{};
    worker_defaults workers{};

    /// What the Python study (docs/concepts.md) found, for the sentence below the table; empty if it has no
    /// such test.
    std::string seed_finding{};

    /// Not part of `quartet run` without names: it can't run without being told what on.
    bool only_by_name = false;

    /// Whether a run with these values asks the test server; empty: no.
    std::function<bool(parameter_values const&)> needs_server{};

    /// Throws std::invalid_argument, with a sentence for the user, if these values can't be run together;
    /// called once, before anything is run. May be empty.
    std::function<void(parameter_values const&)> check{};

    /// Before the clock: makes what the run reads. May be empty.
    std::function<void(workload_run&)> prepare{};

    /// What is measured. An exception that leaves it ends the run with its text.
    std::function<void(workload_run&)> run;

    /// After the clock: checks the end state by expect(). May be empty.
    std::function<void(workload_run&)> verify{};
};

/// Adds a workload to those this program has. Throws std::invalid_argument if the name is taken or not made
/// of letters, digits and underscores.
void register_workload(workload added);

/// All of them, in the order of registration. Valid until another is registered.
std::vector<workload> const& registered_workloads();

/// The one of that name, likewise. Throws std::invalid_argument, with the names that there are, if there is
/// none.
workload const& find_workload(std::string_view name);

/// Registers when the program starts.
class registration {
public:
    explicit registration(workload added) { register_workload(std::move(added)); }
};

/// The command line of `quartet` for the workloads of this program: the exit code for main(). In
/// quartet::main.
int command_line(int argc, char** argv);

}  // namespace quartet

#define QUARTET_MAIN()                            \
    int main(int argc, char** argv) {             \
        return quartet::command_line(argc, argv); \
    }
