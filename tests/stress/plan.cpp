#include "tests/stress/plan.hpp"

#include "tests/sanitized.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <signal.h>
#include <utility>

namespace quartet::stress {
namespace {

/// What a deed asks for.
struct deed_facts {
    deed what;
    std::string_view name;
    std::uint32_t most_tasks;  ///< of a call whose every task does so
    bool in_processes_only = false;
    bool needs_end = false;  ///< a stop or a limit
    bool kills_worker = false;
    bool awaits = true;  ///< only a coroutine can do it
    std::uint32_t least_amount = 0;
    std::uint32_t most_amount = 0;
};

constexpr deed_facts facts[] = {
    {.what = deed::nothing, .name = "does nothing", .most_tasks = 3000, .awaits = false},
    {.what = deed::computes, .name = "computes", .most_tasks = 2000, .awaits = false, .most_amount = 50},
    {.what = deed::sleeps, .name = "sleeps", .most_tasks = 300, .most_amount = 300},
    {.what = deed::yields, .name = "yields", .most_tasks = 1000, .most_amount = 5},
    {.what = deed::has_children, .name = "has children", .most_tasks = 200, .most_amount = 100},
    {.what = deed::has_limit, .name = "has a limit", .most_tasks = 100, .most_amount = 300},
    {.what = deed::offloads, .name = "offloads", .most_tasks = 200, .most_amount = 50},
    {.what = deed::logs, .name = "logs", .most_tasks = 300},
    {.what = deed::asks_for_token, .name = "asks for a stop token", .most_tasks = 60},
    {.what = deed::uses_files, .name = "uses files", .most_tasks = 40, .most_amount = 100'000},
    {.what = deed::appends, .name = "appends", .most_tasks = 100},
    {.what = deed::runs_command, .name = "runs a command", .most_tasks = 6, .most_amount = 3},
    {.what = deed::fetches_in_vain, .name = "fetches in vain", .most_tasks = 10},
    {.what = deed::is_large, .name = "is large", .most_tasks = 30, .most_amount = 300'000},
    {.what = deed::is_huge,
     .name = "is huge",
     .most_tasks = 2,
     .least_amount = 10'000'000,
     .most_amount = 40'000'000},
    {.what = deed::throws, .name = "throws", .most_tasks = 1000, .awaits = false},
    {.what = deed::throws_own_type, .name = "throws a type of its own", .most_tasks = 1000, .awaits = false},
    {.what = deed::sends, .name = "sends", .most_tasks = 400},
    {.what = deed::receives, .name = "receives", .most_tasks = 400},
    {.what = deed::marks, .name = "marks an element", .most_tasks = 2000},
    {.what = deed::forks, .name = "forks", .most_tasks = 20, .awaits = false},
    {.what = deed::forks_and_returns,
     .name = "forks, and the child returns",
     .most_tasks = 20,
     .awaits = false},
    {.what = deed::forks_and_throws,
     .name = "forks, and the child throws",
     .most_tasks = 20,
     .awaits = false},
    {.what = deed::forks_and_awaits, .name = "forks, and the child awaits", .most_tasks = 20},
    {.what = deed::makes_executor, .name = "makes an executor", .most_tasks = 10},
    {.what = deed::asks_own_pool, .name = "asks its own pool", .most_tasks = 60},
    {.what = deed::is_refused, .name = "is refused", .most_tasks = 60, .in_processes_only = true},
    {.what = deed::waits_for_ever, .name = "waits for ever", .most_tasks = 60, .needs_end = true},
    {.what = deed::computes_until_stopped,
     .name = "computes until stopped",
     .most_tasks = 12,
     .needs_end = true},
    {.what = deed::swallows_stop, .name = "swallows a stop", .most_tasks = 40, .needs_end = true},
    {.what = deed::is_deaf,
     .name = "is deaf",
     .most_tasks = 2,
     .in_processes_only = true,
     .needs_end = true,
     .kills_worker = true,
     .awaits = false},
    {.what = deed::is_deaf_to_stop,
     .name = "is deaf to stops",
     .most_tasks = 3,
     .in_processes_only = true,
     .needs_end = true,
     .kills_worker = true,
     .awaits = false},
    {.what = deed::dies_by_signal,
     .name = "dies by a signal",
     .most_tasks = 20,
     .in_processes_only = true,
     .kills_worker = true,
     .awaits = false,
     .most_amount = 4},
    {.what = deed::exits,
     .name = "exits",
     .most_tasks = 20,
     .in_processes_only = true,
     .kills_worker = true,
     .awaits = false,
     .most_amount = 8},
    {.what = deed::kills_fork_server,
     .name = "kills the fork server",
     .most_tasks = 1,
     .in_processes_only = true,
     .kills_worker = true,
     .awaits = false},
    {.what = deed::closes_descriptors,
     .name = "closes all descriptors",
     .most_tasks = 10,
     .in_processes_only = true},
    {.what = deed::sets_timer, .name = "sets a timer", .most_tasks = 20, .in_processes_only = true},
};

bool forks(deed what) noexcept {
    return what == deed::forks || what == deed::forks_and_returns || what == deed::forks_and_throws ||
           what == deed::forks_and_awaits;
}

deed_facts const& facts_of(deed what) noexcept {
    return *std::ranges::find(facts, what, &deed_facts::what);
}

constexpr std::string_view call_names[] = {"map",    "try_map", "for_each", "starmap",  "submits",
                                           "stream", "stop",    "join",     "destroy",  "channel",
                                           "array",  "process", "fork",     "companion"};
constexpr std::string_view start_names[] = {"", ", made in vain at first", ", some later workers can't begin",
                                            ", no later worker can begin"};
constexpr std::string_view child_names[] = {"", " SIGCHLD is ignored", " ends of children are not kept",
                                            " ends of children are taken by a handler"};
constexpr std::string_view form_names[] = {"numbers", "plain function", "strings", "no result"};

std::uint64_t mixed(std::uint64_t state) noexcept {
    state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
    state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
    return state ^ (state >> 31);
}

/// Makes one plan, from left to right.
class planner {
public:
    planner(std::uint64_t seed, std::uint64_t episode, std::vector<std::string> const& specs)
        : dice_(mixed(seed) ^ mixed(episode + 0x9e3779b97f4a7c15)), specs_(specs) {
        made_.seed = seed;
        made_.episode = episode;
    }

    plan make() {
        weather();
        std::size_t const shared = 1 + dice_.roll(2);
        for (std::size_t n = 0; n < shared; ++n)
            add_executor(true);
        std::size_t const callers = 1 + dice_.roll(3);
        for (std::size_t n = 0; n < callers; ++n)
            add_caller(shared);
        note_disturbances();
        return std::move(made_);
    }

private:
    void weather() {
        made_.kills_workers = dice_.one_in(3);
        made_.kills_fork_servers = dice_.one_in(8);
        made_.timer = dice_.one_in(4);
        // A sanitizer does not know of the process that then waits for a command.
        if (dice_.one_in(4) && !test::sanitized) made_.children = static_cast<child_ends>(1 + dice_.roll(3));
        // More than the bodies' files have, and than threads and executors take; less than the machine has.
        if (dice_.one_in(8)) made_.most_file_bytes = std::uint64_t{1} << (20 + dice_.roll(4));
        if (dice_.one_in(8) && !test::sanitized) made_.most_address_bytes = std::uint64_t{12} << 30;
    }

    std::size_t add_executor(bool shared) {
        executor_plan one;
        one.spec = dice_.any_of(specs_);
        one.shared = shared;
        one.logs = dice_.one_in(2);
        one.records = dice_.one_in(4);
        one.file_threads = dice_.one_in(3);
        habits const how(one.spec);
        if (how.processes && !how.each && dice_.one_in(4)) one.recycle_after = 1 + dice_.roll(50);
        one.timer_in_workers = how.processes && dice_.one_in(6);
        one.joins_before_end = dice_.one_in(2);
        one.channel_capacity = 1 + dice_.roll(40);
        if (dice_.one_in(6)) one.starts = bad_starts::at_first;
        if ((how.processes || how.each) && dice_.one_in(6))
            one.starts = dice_.one_in(2) ? bad_starts::later : bad_starts::all_later;
        made_.executors.push_back(one);
        channel_used_.push_back(false);
        return made_.executors.size() - 1;
    }

    void add_caller(std::size_t shared) {
        auto& steps = made_.callers.emplace_back();
        std::size_t const count = 2 + dice_.roll(5);
        std::optional<std::size_t> own;
        for (std::size_t n = 0; n < count; ++n) {
            if (dice_.one_in(4)) {
                if (own) steps.push_back({.call = call_kind::destroy, .executor = *own});
                own = add_executor(false);
            }
            bool const with_own = own && dice_.one_in(2);
            steps.push_back(make_step(with_own ? *own : dice_.roll(shared)));
        }
    }

    step make_step(std::size_t executor) {
        step one;
        one.executor = executor;
        one.seed = dice_.next();
        one.call = choose_call(executor);
        if (one.call == call_kind::stop || one.call == call_kind::join || one.call == call_kind::process ||
            one.call == call_kind::fork || one.call == call_kind::companion)
            return one;
        choose_options(one);
        choose_deeds(one);
        choose_count(one);
        choose_end(one);
        one.first_id = made_.ids;
        made_.ids += one.tasks;
        return one;
    }

    call_kind choose_call(std::size_t executor) {
        using enum call_kind;
        constexpr std::array usual{map,     try_map, try_map, for_each, starmap,
                                   submits, submits, submits, stream,   stream};
        if (!dice_.one_in(4)) return dice_.any_of(usual);
        constexpr std::array others{channel, channel, array, array, stop, join, process, fork, companion};
        call_kind const chosen = dice_.any_of(others);
        if (chosen == channel) {
            if (channel_used_[executor]) return array;
            channel_used_[executor] = true;  // it is closed at the end
        }
        if ((chosen == fork || chosen == process || chosen == companion) && test::sanitized) return join;
        return chosen;
    }

    void choose_options(step& one) {
        constexpr std::array forms{form::numbers, form::numbers, form::plain_function, form::strings,
                                   form::no_result};
        one.types =
            one.call == call_kind::starmap || one.call == call_kind::channel || one.call == call_kind::array
                ? form::numbers
                : dice_.any_of(forms);
        one.stop_all = dice_.one_in(8);
        if (dice_.one_in(6)) one.retries = 1 + dice_.roll(2);
        if (dice_.one_in(4)) one.chunk_size = 1 + dice_.roll(20);
        one.progress = dice_.one_in(8);
        one.as_completed = dice_.one_in(2);
        if (dice_.one_in(2)) one.window = 1 + dice_.roll(100);
    }

    bool suits(deed_facts const& what, step const& one) const {
        habits const how(made_.executors[one.executor].spec);
        if (what.in_processes_only && !how.processes) return false;
        if (what.awaits && one.types == form::plain_function) return false;
        if (forks(what.what) && test::sanitized) return false;
        if ((what.what == deed::is_large || what.what == deed::is_huge) && one.types != form::strings)
            return false;
        if (what.what == deed::closes_descriptors && how.loops) return false;  // the loop's too
        if (what.what == deed::asks_own_pool && !how.pool) return false;
        // Waits that others end: not where a retry begins them again, with nobody left to end them.
        if (what.needs_end && one.retries > 0) return false;
        return what.what != deed::sends && what.what != deed::receives && what.what != deed::marks;
    }

    deed choose_deed(step const& one) {
        for (;;) {
            deed_facts const& chosen = facts[dice_.roll(std::size(facts))];
            if (suits(chosen, one)) return chosen.what;
        }
    }

    void choose_deeds(step& one) {
        if (one.call == call_kind::channel) {
            one.usual = dice_.one_in(2) ? deed::sends : deed::receives;
            one.retries = 0;
        } else if (one.call == call_kind::array) {
            one.usual = deed::marks;
        } else {
            do {
                one.usual = choose_deed(one);
            } while (one.usual == deed::kills_fork_server);
        }
        if (one.usual == deed::receives || !dice_.one_in(2)) return;
        one.rare = choose_deed(one);
        one.rare_in_thousand = 1 + dice_.roll(100);
    }

    void choose_count(step& one) {
        executor_plan const& where = made_.executors[one.executor];
        habits const how(where.spec);
        std::uint32_t most = facts_of(one.usual).most_tasks;
        if (one.rare_in_thousand > 0)
            most = std::min(most, std::max(1u, facts_of(one.rare).most_tasks * 1000 / one.rare_in_thousand));
        if (how.each) most = std::min(most, how.processes ? 25u : 100u);
        // Each call of a stream tries a dozen workers in vain.
        if (where.starts == bad_starts::all_later) most = std::min(most, 25u);
        if (one.call == call_kind::submits) most = std::min(most, 60u);
        if (test::sanitized) most = std::max(1u, most / 4);
        constexpr std::array shares{1u, 10u, 100u, 1000u};
        std::uint32_t const limit = std::max(1u, most * dice_.any_of(shares) / 1000);
        one.tasks = one.call == call_kind::map && dice_.one_in(20) ? 0 : 1 + dice_.roll(limit);
        one.takes = dice_.one_in(2) ? one.tasks + 1 : dice_.roll(one.tasks + 1);
        one.stops = dice_.one_in(2);
    }

    void choose_end(step& one) {
        auto const soon = [&](std::uint32_t most) { return std::chrono::microseconds(dice_.roll(most)); };
        bool const needs =
            facts_of(one.usual).needs_end || (one.rare_in_thousand > 0 && facts_of(one.rare).needs_end);
        if (!needs && !dice_.one_in(5)) return;
        switch (dice_.roll(4)) {
            case 0:
                one.stop_after = soon(20'000);
                break;
            case 1:
                one.executor_stop_after = soon(20'000);
                break;
            // For each task: in a row on one worker they add up.
            case 2:
                one.task_timeout = soon(needs ? 3'000 : 20'000);
                if (needs) one.tasks = std::min(one.tasks, 12u);
                break;
            default:
                one.timeout = soon(20'000);
                break;
        }
        one.takes = std::min(one.takes, one.tasks + 1);
    }

    void note_disturbances() {
        for (auto const& steps : made_.callers) {
            for (step const& one : steps) {
                executor_plan& on = made_.executors[one.executor];
                on.deaths |= facts_of(one.usual).kills_worker;
                on.deaths |= one.rare_in_thousand > 0 && facts_of(one.rare).kills_worker;
                on.server_deaths |= one.has(deed::kills_fork_server);
                // A loop that a busy machine keeps from answering in time is ended with all that is on it.
                auto const how = habits(on.spec);
                bool const is_ended = one.stop_after || one.executor_stop_after || one.stop_all ||
                                      one.task_timeout || one.timeout;
                on.deaths |= how.processes && how.loops && is_ended;
            }
        }
        for (executor_plan& each : made_.executors) {
            bool const processes = habits(each.spec).processes;
            each.deaths |= processes && (made_.kills_workers || made_.kills_fork_servers);
            each.server_deaths |= processes && made_.kills_fork_servers;
        }
    }

    dice dice_;
    std::vector<std::string> const& specs_;
    std::vector<bool> channel_used_;
    plan made_;
};

}  // namespace

std::uint64_t dice::next() noexcept {
    return mixed(state_ += 0x9e3779b97f4a7c15);
}

std::string_view to_string(deed what) noexcept {
    return facts_of(what).name;
}

std::string_view to_string(call_kind what) noexcept {
    return call_names[static_cast<std::size_t>(what)];
}

order step::task(std::uint32_t index) const noexcept {
    dice own(seed ^ (std::uint64_t{index} << 20));
    order made{.id = first_id + index, .what = own.roll(1000) < rare_in_thousand ? rare : usual};
    deed_facts const& how = facts_of(made.what);
    if (how.most_amount > 0)
        made.amount = how.least_amount + own.roll(how.most_amount - how.least_amount + 1);
    return made;
}

habits::habits(std::string_view spec)
    : processes(spec.starts_with("processes")),
      loops(spec.find("async") != spec.npos || spec == "auto"),
      pool(!loops && !processes),
      each(spec.find("each") != spec.npos) {}

std::vector<std::string> const& usual_specs() {
    static std::vector<std::string> const specs = [] {
        std::vector<std::string> made{"single",  "threads:1",  "threads:3",         "threads:each", "async:1",
                                      "async:7", "async:each", "threads:2+async:5", "auto"};
        // A fork copies the locks that a sanitizer's allocator holds in other threads;
        // tests/conformance/models.hpp.
        if (!test::sanitized)
            made.insert(made.end(), {"processes:1", "processes:2", "processes:3", "processes:each",
                                     "processes:2+async:5"});
        return made;
    }();
    return specs;
}

plan make_plan(std::uint64_t seed, std::uint64_t episode, std::vector<std::string> const& specs) {
    return planner(seed, episode, specs).make();
}

std::string describe(step const& what, plan const& of) {
    auto text =
        fmt::format("{} on {} ({})", to_string(what.call), what.executor, of.executors[what.executor].spec);
    if (what.tasks == 0) return text;
    text += fmt::format(": {} tasks from id {}, {}, each {}", what.tasks, what.first_id,
                        form_names[static_cast<std::size_t>(what.types)], to_string(what.usual));
    if (what.rare_in_thousand > 0)
        text += fmt::format(", {} in 1000 {}", what.rare_in_thousand, to_string(what.rare));
    if (what.stop_after) text += fmt::format(", stopped after {} us", what.stop_after->count());
    if (what.executor_stop_after)
        text += fmt::format(", all stopped {} us after its begin", what.executor_stop_after->count());
    if (what.task_timeout) text += fmt::format(", {} us a task", what.task_timeout->count());
    if (what.timeout) text += fmt::format(", {} us for all", what.timeout->count());
    if (what.stop_all) text += ", the first failure stops all";
    if (what.retries) text += fmt::format(", {} retries", what.retries);
    if (what.chunk_size) text += fmt::format(", chunks of {}", what.chunk_size);
    if (what.progress) text += ", with progress";
    if (what.call == call_kind::stream)
        text +=
            fmt::format(", {}, window {}, takes {}, then {}", what.as_completed ? "as completed" : "in order",
                        what.window, what.takes, what.stops ? "stops" : "drops it");
    return text;
}

std::string describe(plan const& what) {
    auto text = fmt::format(
        "seed {}, episode {}:{}{}{}{}{}{}\n", what.seed, what.episode,
        what.kills_workers ? " workers are killed" : "",
        what.kills_fork_servers ? " fork servers are killed" : "", what.timer ? " a timer at 1 kHz" : "",
        child_names[static_cast<std::size_t>(what.children)],
        what.most_file_bytes ? fmt::format(" files of {} bytes at the most", what.most_file_bytes) : "",
        what.most_address_bytes ? fmt::format(" {} bytes of addresses", what.most_address_bytes) : "");
    for (std::size_t n = 0; n < what.executors.size(); ++n) {
        executor_plan const& one = what.executors[n];
        text += fmt::format("  executor {}: {}{}{}{}{}{}{}{}{}\n", n, one.spec,
                            one.shared ? ", shared" : ", of one caller", one.logs ? ", logs" : "",
                            one.records ? ", records" : "", one.file_threads ? ", files by threads" : "",
                            one.recycle_after ? fmt::format(", recycled after {}", one.recycle_after) : "",
                            one.timer_in_workers ? ", timers in workers" : "",
                            start_names[static_cast<std::size_t>(one.starts)],
                            one.joins_before_end ? ", joined at its end" : "");
    }
    for (std::size_t n = 0; n < what.callers.size(); ++n) {
        text += fmt::format("  caller {}\n", n);
        for (step const& each : what.callers[n])
            text += fmt::format("    {}\n", describe(each, what));
    }
    return text;
}

}  // namespace quartet::stress
