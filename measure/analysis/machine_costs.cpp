// measure/analysis/machine_costs.cpp
//
// All is measured in one session, side by side: configurations of synthetic work, each named after its model
// and what it is for ("threads/waits"). A cost is the difference between two of them, divided by how many
// there were of what they differ in; where noise makes a difference negative, the cost is 0.
//
//   start           one empty task: what a model needs to begin and to end
//   tasks           many empty tasks for one worker (on a loop, 100 at once): the time of each
//   tasks of all    the same for a worker per processor: the time to hand out a task when workers compete
//   waits           many short sleeps: the processor time of one, and how late its task goes on
//   files, fetches  small files read, requests to the test server: the processor time of each
//   results         few tasks with large results: the time of a byte that is given back
//   one held        one task that sleeps until its memory has been sampled
//   more held       the same with many workers or tasks in flight: the memory of each; on a loop also the
//                   processor time of a sleep
//   more started    one task and many workers: the time to start a worker

#include "measure/analysis/machine_costs.hpp"

#include "measure/analysis/cost_questions.hpp"
#include "measure/trial/synthetic.hpp"

#include <quartet/cpus.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>

namespace quartet::measure {
namespace {

using namespace std::chrono_literals;
using count = std::int64_t;

constexpr std::size_t more_workers = 33;
constexpr std::size_t waiting_workers = 8;
constexpr count short_tasks = 20'000;
constexpr count waits_of_a_worker = 50;
constexpr double short_wait = 0.002;
constexpr count asked = 500;
constexpr count large_results = 400;
constexpr count result_bytes = 100'000;
constexpr count much_memory = 64 << 20;
constexpr double long_wait = 0.05;  // in which memory is sampled several times
constexpr std::size_t many_in_flight = 10'000;
constexpr auto length_of_computing = 5ms;

constexpr model_spec one_after_another{.kind = model_kind::single};

model_spec spec_of(model_kind kind, std::size_t workers) {
    return {.kind = kind, .count = workers};
}

std::string named(model_kind kind, std::string_view what) {
    return fmt::format("{}/{}", to_string(kind), what);
}

count waits_of(model_kind kind) {
    return waits_of_a_worker * static_cast<count>(kind == model_kind::single ? 1 : waiting_workers);
}

void ask_for(cost_questions& all, model_kind kind, std::size_t cpus, bool has_server) {
    auto const ask = [&](std::string_view what, std::size_t workers, parameter_values const& values) {
        all.ask(named(kind, what), kind == model_kind::single ? one_after_another : spec_of(kind, workers),
                values);
    };
    bool const alone = kind == model_kind::single;
    bool const loop = kind == model_kind::async;
    ask("start", 1, {{"tasks", count{1}}});
    ask("tasks", loop ? 100 : 1, {{"tasks", short_tasks}});
    ask("waits", waiting_workers, {{"tasks", waits_of(kind)}, {"wait", short_wait}});
    std::size_t const askers = loop ? 100 : waiting_workers;
    ask("files", askers, {{"tasks", asked}, {"for", std::string("disk")}});
    if (has_server) ask("fetches", askers, {{"tasks", asked}, {"for", std::string("network")}});
    ask("results", 1, {{"tasks", large_results}, {"result", result_bytes}});
    ask("one held", 1, {{"tasks", count{1}}, {"wait", long_wait}});
    if (alone) return;
    std::size_t const more = loop ? many_in_flight : more_workers;
    if (!loop) ask("more started", more, {{"tasks", count{1}}});
    if (!loop) ask("tasks of all", cpus, {{"tasks", short_tasks}});
    ask("more held", more, {{"tasks", static_cast<count>(more)}, {"wait", long_wait}});
}

model_costs costs_of(cost_questions const& all, model_kind kind, double program_bytes, bool has_server) {
    auto const answer = [&](std::string_view what) { return all.answer(named(kind, what)); };
    bool const alone = kind == model_kind::single;
    auto const start = answer("start");
    model_costs made;
    double const per_task = at_least_nothing(answer("tasks").seconds - start.seconds) / short_tasks;
    auto const waits = answer("waits");
    made.task_seconds = made.hand_out_seconds = per_task;
    double const per_wait = at_least_nothing(
        (waits.cpu_seconds - start.cpu_seconds) / static_cast<double>(waits_of(kind)) - per_task);
    made.late_seconds = at_least_nothing((waits.seconds - start.seconds) / waits_of_a_worker - short_wait -
                                         per_task - per_wait);
    // A loop with much to do wakes up once for many waits, and only then does it matter what they cost.
    made.sleep_seconds =
        kind == model_kind::async
            ? at_least_nothing((answer("more held").cpu_seconds - start.cpu_seconds) / many_in_flight -
                               per_task)
            : per_wait;
    auto const each_of = [&](std::string_view what) {
        return at_least_nothing((answer(what).cpu_seconds - start.cpu_seconds) / asked - per_task);
    };
    made.disk_wait_seconds = each_of("files");
    made.network_wait_seconds = has_server ? each_of("fetches") : made.sleep_seconds;
    made.result_byte_seconds =
        at_least_nothing(answer("results").seconds - start.seconds) / (large_results * result_bytes);
    if (alone) {
        made.start_seconds = start.seconds;
        return made;
    }
    double const one_held = answer("one held").memory_bytes;
    double const more_held = answer("more held").memory_bytes;
    if (kind == model_kind::async) {
        made.start_seconds = start.seconds;
        made.in_flight_bytes = at_least_nothing(more_held - one_held) / (many_in_flight - 1);
        made.start_bytes = at_least_nothing(one_held - program_bytes);
        return made;
    }
    made.hand_out_seconds = at_least_nothing(answer("tasks of all").seconds - start.seconds) / short_tasks;
    made.worker_seconds =
        at_least_nothing(answer("more started").seconds - start.seconds) / (more_workers - 1);
    made.start_seconds = at_least_nothing(start.seconds - made.worker_seconds);
    made.worker_bytes = at_least_nothing(more_held - one_held) / (more_workers - 1);
    made.start_bytes = at_least_nothing(one_held - made.worker_bytes - program_bytes);
    return made;
}

/// How much all processors together do, compared with as many times what one does alone. By the clock; if
/// other programs hold some processors, by processor time, which misses only that the processors do not
/// finish at the same moment.
double efficiency_of(cost_questions const& all, machine_costs const& made) {
    constexpr double much_of_others = 0.05;
    auto const one = all.answer("one processor");
    auto const every = all.answer("all processors");
    if (all.disturbed_share() > much_of_others) return one.cpu_seconds / std::max(every.cpu_seconds, 1e-9);
    auto const cpus = static_cast<double>(made.cpus);
    double const together =
        at_least_nothing(every.seconds - made.threads.start_seconds - cpus * made.threads.worker_seconds);
    return one.seconds / cpus / std::max(together, 1e-9);
}

}  // namespace

measured_costs measure_costs(session_options options, session_observer& observer) {
    machine_costs made{.cpus = usable_cpus()};
    bool const has_server = !options.test_server.url.empty();
    cost_questions all;
    for (auto const kind : all_model_kinds)
        ask_for(all, kind, made.cpus, has_server);
    all.ask("memory", one_after_another, {{"tasks", count{1}}, {"memory", much_memory}});
    auto const computing = static_cast<count>(steps_in(length_of_computing));
    auto const pieces = static_cast<count>(4 * made.cpus);
    all.ask("one processor", one_after_another, {{"tasks", pieces}, {"steps", computing}});
    all.ask("all processors", spec_of(model_kind::threads, made.cpus),
            {{"tasks", pieces}, {"steps", computing}});
    options.stopping = {.rounds = 5};
    options.warmup = 1;
    all.measure(options, observer);
    made.memory_byte_seconds =
        at_least_nothing(all.answer("memory").seconds - all.answer("single/start").seconds) / much_memory;
    made.program_bytes = all.answer("single/one held").memory_bytes;
    for (auto const kind : all_model_kinds)
        made.of(kind) = costs_of(all, kind, made.program_bytes, has_server);
    double const cpus = static_cast<double>(made.cpus);
    made.efficiency = std::clamp(efficiency_of(all, made), 1 / cpus, 1.0);
    return {made, all.disturbed_share()};
}

}  // namespace quartet::measure
