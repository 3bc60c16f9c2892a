// Turns a spec and the executor's options into a model, refuses options that the model has no use for, and
// keeps a forked copy of an executor from being used: the child has none of its threads, and its worker
// processes are the parent's.

#include "src/advice/cost_file.hpp"
#include "src/executor/automatic.hpp"
#include "src/executor/cluster.hpp"
#include "src/models/initializing.hpp"

#include <quartet/backend/async.hpp>
#include <quartet/backend/processes.hpp>
#include <quartet/backend/single.hpp>
#include <quartet/backend/threads.hpp>
#include <quartet/cpus.hpp>
#include <quartet/detail/base/fork_visibility.hpp>
#include <quartet/detail/base/misuse.hpp>
#include <quartet/executor.hpp>
#include <quartet/spec.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace quartet::inline v0 {
namespace {

async_options loops(executor_options&& options, std::optional<std::size_t> in_flight, bool all) {
    async_options chosen{.name = std::move(options.name),
                         .files = options.files,
                         .offload_threads = options.offload_threads,
                         .log = std::move(options.log),
                         .initialize = std::move(options.initialize),
                         .stall_limit = options.stall_limit};
    if (in_flight) chosen.limit = *in_flight;
    if (all) chosen.limit = async_options::no_limit;
    return chosen;
}

std::unique_ptr<model> make_threads(model_spec const& spec, executor_options&& options) {
    std::size_t const count = spec.count.value_or(cpu_share());
    if (spec.loops) {
        auto chosen = loops(std::move(options), spec.in_flight, spec.all_in_flight);
        chosen.loops = count;
        chosen.composed = true;
        return std::make_unique<async>(std::move(chosen));
    }
    threads_options chosen{
        .count = count, .log = std::move(options.log), .initialize = std::move(options.initialize)};
    if (!options.name.empty()) chosen.name = std::move(options.name);
    if (spec.each) return std::make_unique<thread_per_task>(std::move(chosen));
    return std::make_unique<threads>(std::move(chosen));
}

std::unique_ptr<model> make_processes(model_spec const& spec, executor_options&& options) {
    processes_options workers{.count = spec.count.value_or(cpu_share()),
                              .log = std::move(options.log),
                              .initialize = std::move(options.initialize),
                              .recycle_after = options.recycle_after};
    if (!options.name.empty()) workers.name = std::move(options.name);
    if (spec.each) return std::make_unique<processes>(processes::one_per_task{}, std::move(workers));
    if (spec.loops) {
        async_options const inner = loops({.files = options.files}, spec.in_flight, spec.all_in_flight);
        workers.in_flight = inner.limit;
        workers.files = inner.files;
        workers.offload_threads = options.offload_threads;
        workers.stall_limit = options.stall_limit;
    }
    return std::make_unique<processes>(std::move(workers));
}

/// Throws std::invalid_argument for what this model has no use for.
void check(executor_options const& options, std::string_view spec, bool has_loops, bool recycles) {
    auto const refuse = [spec](std::string_view option, std::string_view why) {
        throw std::invalid_argument(fmt::format(
            "quartet: executor_options::{} means nothing to '{}': it is for {}", option, spec, why));
    };
    constexpr std::string_view loops = "models with an event loop: async, threads:N+async:M and so on";
    if (options.stall_limit < options.stall_limit.zero())
        throw std::invalid_argument(
            "quartet: executor_options::stall_limit is below zero; it is a length of time, or 0 for nobody "
            "to look");
    detail::check_count(options.recycle_after, "executor_options::recycle_after");
    bool const asks_for_stalls = options.stall_limit != executor_options::usual_stall_limit &&
                                 options.stall_limit != options.stall_limit.zero();
    if (!has_loops && asks_for_stalls) refuse("stall_limit", loops);
    if (!has_loops && options.files != file_backend::automatic) refuse("files", loops);
    detail::check_count(options.offload_threads, "executor_options::offload_threads");
    if (!has_loops && options.offload_threads > 0) refuse("offload_threads", loops);
    if (!recycles && options.recycle_after > 0)
        refuse("recycle_after", "pools of processes: processes:N and processes:N+async:M");
}

std::unique_ptr<model> make_automatic(executor_options options) {
    auto const kept = detail::load_costs();
    auto costs = kept ? kept->costs : usual_costs(usable_cpus());
    costs.cpus = std::min(costs.cpus, cpu_share());
    auto log = options.log;
    if (options.name.empty()) options.name = "auto";
    auto name = options.name;
    return std::make_unique<detail::automatic>(detail::automatic_options{
        .make = [options = std::move(options)](
                    model_spec const& spec) { return detail::make_model(spec, options); },
        .costs = costs,
        .log = std::move(log),
        .name = std::move(name)});
}

}  // namespace

std::unique_ptr<model> detail::make_model(model_spec const& spec, executor_options options) {
    if (spec.cluster) return detail::make_cluster(spec, std::move(options));
    switch (spec.kind) {
        case model_kind::single:
            if (auto const refused = detail::run_initialize(options.initialize,
                                                            options.name.empty() ? "single" : options.name))
                throw std::runtime_error(*refused);
            if (options.name.empty()) return std::make_unique<single>(std::move(options.log));
            return std::make_unique<single>(std::move(options.log), std::move(options.name));
        case model_kind::threads:
            return make_threads(spec, std::move(options));
        case model_kind::processes:
            return make_processes(spec, std::move(options));
        case model_kind::async:
            break;
    }
    return std::make_unique<async>(loops(std::move(options), spec.count, spec.each));
}

executor::executor(std::unique_ptr<model> how)
    : retried_(std::make_unique<detail::retried_calls>()),
      stops_(std::make_unique<detail::stop_switch>()),
      model_(std::move(how)),
      made_after_(detail::forks) {
    if (!model_) throw std::invalid_argument("quartet: an executor needs a model");
}

executor& executor::operator=(executor&& other) noexcept {
    std::swap(retried_, other.retried_);
    std::swap(stops_, other.stops_);
    std::swap(model_, other.model_);
    std::swap(made_after_, other.made_after_);
    return *this;
}

executor::~executor() {
    // A copy that a fork has made has none of its threads, and its processes are the parent's.
    if (made_after_ != detail::forks) {
        static_cast<void>(model_.release());
        static_cast<void>(retried_.release());
    }
    if (!model_) return;
    retried_->close();
    stops_->request();  // ends their pauses
}

void executor::join() {
    model& how = own_model();
    // A task of the model may begin a call with further tries, and such a call may begin tasks of the model.
    // So both are joined until there are no new calls.
    for (std::size_t seen = retried_->join();;) {
        how.join();
        std::size_t const now = retried_->join();
        if (now == seen) return;
        seen = now;
    }
}

void executor::stop() {
    model& how = own_model();
    stops_->request();
    how.stop();
}

model& executor::own_model() const {
    if (made_after_ != detail::forks)
        throw std::logic_error(
            "quartet: this executor belongs to the process that made it; make one of its own in this "
            "process");
    return any_model();
}

model& executor::any_model() const {
    if (!model_) detail::misuse("this executor was moved from");
    return *model_;
}

executor make_executor(std::string_view spec, executor_options options) {
    auto* const recorder = options.recorder;
    std::unique_ptr<model> how;
    if (spec == "auto") {
        check(options, spec, true, false);
        how = make_automatic(std::move(options));
    } else {
        auto const parsed = parse_spec(spec);
        check(options, spec, parsed.kind == model_kind::async || parsed.loops,
              parsed.kind == model_kind::processes && !parsed.each);
        how = detail::make_model(parsed, std::move(options));
    }
    how->record_in(recorder);
    return executor(std::move(how));
}

}  // namespace quartet::inline v0
