#include "tests/stress/promises.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace quartet::stress {
namespace {

/// It can come to an end by which it gives a value.
bool can_give_value(deed what) noexcept {
    switch (what) {
        case deed::throws:
        case deed::throws_own_type:
        case deed::waits_for_ever:
        case deed::is_deaf:
        case deed::is_deaf_to_stop:
        case deed::dies_by_signal:
        case deed::exits:
        case deed::kills_fork_server:
            return false;
        default:
            return true;
    }
}

/// Without a stop or a limit.
bool gives_value_by_itself(deed what) noexcept {
    return can_give_value(what) && what != deed::computes_until_stopped && what != deed::swallows_stop;
}

}  // namespace

void fault_list::add(std::string_view what) noexcept {
    std::size_t const number = ++count_;
    if (number > most_told) return;
    auto line = fmt::format("broken: {}\n", what);
    if (number == most_told) line += "broken: further ones are not told\n";
    [[maybe_unused]] auto const written = write(STDOUT_FILENO, line.data(), line.size());
}

rules rules_for(step const& what, plan const& of) {
    executor_plan const& on = of.executors[what.executor];
    rules by{.how = habits(on.spec)};
    by.tries = 1 + what.retries;
    by.may_be_cancelled = what.stop_after || what.stop_all;
    by.may_time_out = what.task_timeout || what.timeout;
    by.killed_from_outside = by.how.processes && of.kills_workers;
    by.server_may_die = on.server_deaths;
    by.workers_may_not_begin = may_not_begin(on.starts);
    by.others_die = on.deaths && (by.how.loops || by.killed_from_outside || by.server_may_die);
    return by;
}

void promises::break_for(order const& what, std::string_view how) {
    faults_.add(fmt::format("task {} ({}), begun {} times, ended {} times: {}", what.id, to_string(what.what),
                            counts_.begun[what.id].load(), counts_.ended[what.id].load(), how));
}

void promises::check_counts(order const& what, rules const& by) {
    unsigned const begun = counts_.begun[what.id];
    unsigned const ended = counts_.ended[what.id];
    if (begun > by.tries) break_for(what, fmt::format("it was to run {} times at the most", by.tries));
    if (ended > begun) break_for(what, "it ended more often than it began");
}

void promises::check_has_run(order const& what, rules const& by) {
    check_counts(what, by);
    if (by.undisturbed() && gives_value_by_itself(what.what) && counts_.ended[what.id] != 1)
        break_for(what, "its future was dropped, and it did not run to its end before the executor's");
}

void promises::check_value(order const& what, bool right, rules const& by) {
    check_counts(what, by);
    if (!right) break_for(what, "it has a value that is not its own");
    if (!can_give_value(what.what)) break_for(what, "it has a value, though it can't give one");
    if (counts_.ended[what.id] == 0) break_for(what, "it has a value, and did not come to its end");
}

void promises::check_failure(order const& what, failure const& why, std::size_t index, rules const& by) {
    check_counts(what, by);
    if (why.index != index)
        break_for(what, fmt::format("its failure names task {} in place of {}", why.index, index));
    if (why.message.empty()) break_for(what, "its failure has no text");
    // A worker may be killed after its body has ended, and before it could say so.
    if (!by.how.processes && by.tries == 1 && counts_.ended[what.id] != 0)
        break_for(what, fmt::format("it ended, and has no value: {}", why.message));
    switch (why.why) {
        case cause::threw:
            return check_threw(what, why, by);
        case cause::worker_died:
            return check_death(what, why, by);
        case cause::cancelled:
            if (!by.may_be_cancelled) break_for(what, fmt::format("nobody cancelled it: {}", why.message));
            return;
        case cause::timed_out:
            if (!by.may_time_out) break_for(what, fmt::format("it had no limit: {}", why.message));
            return;
        case cause::node_lost:
            return break_for(what, fmt::format("there is no other machine: {}", why.message));
    }
    break_for(what, "its failure has a cause that is none");
}

void promises::check_threw(order const& what, failure const& why, rules const& by) {
    if (is_bad_start(why)) {
        if (!by.workers_may_not_begin)
            break_for(what, fmt::format("its worker was to begin: {}", why.message));
        if (by.tries == 1 && counts_.begun[what.id] != 0)
            break_for(what, fmt::format("it began in a worker that can't: {}", why.message));
        return;
    }
    bool const throws = what.what == deed::throws || what.what == deed::throws_own_type;
    if (!throws || why.message.find(words_of(what)) == std::string::npos)
        break_for(what, fmt::format("it did not throw this: {}", why.message));
    if (!why.exception) break_for(what, "what it threw is not there");
    if (counts_.begun[what.id] == 0) break_for(what, "it threw, and never began");
}

void promises::check_death(order const& what, failure const& why, rules const& by) {
    if (!by.how.processes) return break_for(what, fmt::format("there is no worker to die: {}", why.message));
    if (by.others_die || by.server_may_die) return;
    bool const by_signal = what.what == deed::dies_by_signal;
    bool const by_exit = what.what == deed::exits;
    if (!by_signal && !by_exit)
        return break_for(what, fmt::format("its worker had no reason: {}", why.message));
    if (by_signal && why.signal != signal_of(what))
        break_for(what, fmt::format("not by its signal: {}", why.message));
    if (by_exit && (why.signal != 0 || why.exit_code != exit_code_of(what)))
        break_for(what, fmt::format("not by its exit code: {}", why.message));
}

void promises::check_received(order const& what, bool surely, std::uint8_t most) {
    unsigned const received = counts_.received[what.id];
    if (received > most) break_for(what, fmt::format("its value was received {} times", received));
    if (surely && received == 0) break_for(what, "its value was sent, and never received");
}

}  // namespace quartet::stress
