#include "measure/commands/command_session.hpp"

#include "measure/commands/command_tally.hpp"
#include "measure/probes/noise.hpp"
#include "measure/results/plain_text.hpp"
#include "measure/statistics/ranking.hpp"
#include "measure/trial/conditions_log.hpp"
#include "measure/trial/round_order.hpp"
#include "measure/trial/stopping.hpp"
#include "measure/trial/trial_process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace quartet::measure {
namespace {

using seconds = std::chrono::duration<double>;
using clock = std::chrono::steady_clock;

/// What ends a session too early.
struct command_failure {
    std::string text;
    bool at_start = false;
};

/// The last line of what a command said on standard error; empty if it said nothing.
std::string last_line(std::string_view errors) {
    auto const end = errors.find_last_not_of("\r\n \t");
    if (end == errors.npos) return {};
    errors = errors.substr(0, end + 1);
    auto const begin = errors.find_last_of("\r\n");
    return shortened(errors.substr(begin == errors.npos ? 0 : begin + 1), most_text_shown);
}

class command_session {
public:
    command_session(std::vector<timed_row> const& rows, command_session_options const& options,
                    command_observer& observer)
        : rows_(rows),
          options_(options),
          observer_(observer),
          lengths_(rows.size()),
          starter_(options.commands, options.starting, options.stop_descriptor) {
        tallies_.reserve(rows.size());
        for (auto const& each : rows)
            tallies_.emplace_back(each);
    }

    command_session_results run() {
        try {
            std::string stopped_by = "rounds";
            calibrate_shell();
            for (auto const& group : groups())
                stopped_by = measure_group(group);
            log_.conditions().stopped_by = stopped_by;
        } catch (interrupted const&) {
            log_.conditions().stopped_by = "interrupt";
        } catch (command_failure const& failure) {
            failure_ = failure;
            log_.conditions().stopped_by = "failure";
        }
        return snapshot();
    }

private:
    using members = std::vector<std::size_t>;

    /// Which rows are measured together.
    std::vector<members> groups() const {
        std::vector<members> made(options_.in_turn ? rows_.size() : 1);
        for (std::size_t row = 0; row < rows_.size(); ++row)
            made[options_.in_turn ? row : 0].push_back(row);
        return made;
    }

    /// Why it stopped.
    std::string measure_group(members const& group) {
        members set_up;
        try {
            for (std::size_t const row : group) {
                set_up.push_back(row);
                run_beside(row, rows_[row].setup, "setup");
            }
            auto const stopped_by = run_rounds(group);
            clean_up(set_up);
            return stopped_by;
        } catch (interrupted const&) {
            options_.take_stop();
            clean_up_after_all(set_up);
            throw;
        } catch (command_failure const&) {
            clean_up_after_all(set_up);
            throw;
        }
    }

    void clean_up(members const& set_up) {
        for (std::size_t const row : set_up)
            run_beside(row, rows_[row].cleanup, "cleanup");
    }

    /// What went wrong before is what is told.
    void clean_up_after_all(members const& set_up) {
        try {
            clean_up(set_up);
        } catch (command_failure const&) {
        } catch (interrupted const&) {
            options_.take_stop();
        }
    }

    std::string run_rounds(members const& group) {
        began_ = clock::now();
        std::size_t number = 0;
        rounds_ = options_.rounds.value_or(0);
        while (number < options_.warmup)
            run_round(group, number++, 0);
        for (std::size_t round = 1;; ++round) {
            if (rounds_ == 0 && number > 0) choose_rounds(group);
            if (rounds_ != 0 && round > rounds_) return "rounds";
            if (round > 1 && !fits_budget(group)) return "budget";
            run_round(group, number++, round);
            if (is_precise_after(group, round)) return "precision";
            if (std::ranges::all_of(group, [&](std::size_t row) { return tallies_[row].given_up(); }))
                return "rounds";
        }
    }

    void choose_rounds(members const& group) {
        if (options_.precision || options_.budget) {
            rounds_ = options_.most_rounds;
            return;
        }
        auto const to_tell = options_.fewest_to_tell ? rounds_needed(group.size()) : 1;
        rounds_ = rounds_in(options_.time_per_row.count() * static_cast<double>(group.size()),
                            length_of(group).count(), std::max(options_.least_rounds, to_tell),
                            options_.most_rounds, group.size());
    }

    void run_round(members const& group, std::size_t number, std::size_t round) {
        if (options_.empty_shell) start_empty_shell();
        auto const order = round_order(group.size(), number, options_.seed);
        for (std::size_t place = 0; place < order.size(); ++place) {
            std::size_t const row = group[order[place]];
            if (tallies_[row].given_up()) continue;
            announced_ = {round, rounds_, time_left(group, order, place, round)};
            auto const began = clock::now();
            run_in_place(row, place + 1, round);
            lengths_[row] = clock::now() - began;
        }
        if (clock::now() < last_report_ + std::chrono::seconds(5)) return;
        observer_.progressed(snapshot());
        last_report_ = clock::now();
    }

    void run_in_place(std::size_t row, std::size_t place, std::size_t round) {
        run_beside(row, rows_[row].prepare, "prepare");
        announce(row, "");
        auto const started = clock::now();
        auto const before = read_noise();
        auto const end = start(rows_[row].command,
                               {.round = static_cast<std::uint32_t>(round),
                                .keeps_errors = round == 0 && options_.starting.output != output_to::here,
                                .limit = limit_of_run()});
        auto const met = noise_between(before, read_noise(), end.cpu_seconds);
        log_.add(met);
        auto& most = log_.conditions().sampling_share;
        most = std::max(most, end.sampling_share);
        if (end.timed_out) {
            tallies_[row].give_up(
                fmt::format("took longer than {:g} s and was ended", options_.limit->count()));
        } else {
            check(row, end, "");
            auto figures = end.figures;
            figures.round = round;
            figures.place = place;
            figures.started_seconds = seconds(started - session_began_).count();
            figures.other_cpu_seconds = met.other_cpu_seconds;
            figures.steal_seconds = met.steal_seconds;
            figures.throttled_seconds = met.throttled_seconds.value_or(0);
            figures.disturbed = met.disturbs();
            counted_ = counted_ || figures.counters.instructions.has_value();
            tallies_[row].add(end, figures);
        }
        run_beside(row, rows_[row].conclude, "conclude");
    }

    /// A command that goes before or after.
    void run_beside(std::size_t row, std::optional<std::size_t> command, std::string_view doing) {
        if (!command) return;
        announce(row, doing);
        check(row,
              start(*command, {.round = static_cast<std::uint32_t>(announced_.round),
                               .keeps_errors = true,
                               .timed = false}),
              doing);
    }

    command_end start(std::size_t command, start_purpose const& what_for) {
        return starter_.run(command, what_for);
    }

    clock::duration limit_of_run() const {
        return options_.limit ? std::chrono::duration_cast<clock::duration>(*options_.limit)
                              : start_purpose::no_limit();
    }

    /// Throws command_failure. What goes before or after has to succeed.
    void check(std::size_t row, command_end const& end, std::string_view doing) {
        bool const accepted = end.start_error == 0 && end.stopped_by == 0 && !end.timed_out &&
                              (doing.empty() ? options_.accepted : exit_code_set()).accepts(end.status);
        if (accepted) return;
        auto what = end.describe();
        if (doing.empty()) tallies_[row].give_up(what);
        auto const& row_is = rows_[row];
        auto text = doing.empty() ? fmt::format("'{}' {}", row_is.name, what)
                                  : fmt::format("--{} of '{}' {}", doing, row_is.name, what);
        if (auto const said = last_line(end.errors); !said.empty()) text += ": " + said;
        bool const may_be_ignored = doing.empty() && end.start_error == 0 && end.stopped_by == 0;
        if (may_be_ignored) text += "; --ignore-failure goes on all the same";
        throw command_failure{std::move(text), end.start_error != 0};
    }

    void announce(std::size_t row, std::string_view doing) {
        observer_.run_begins({rows_[row], doing, announced_.round, announced_.rounds, announced_.left});
    }

    void calibrate_shell() {
        constexpr int most = 30;
        constexpr auto enough = std::chrono::milliseconds(300);
        if (!options_.empty_shell) return;
        auto const end = clock::now() + enough;
        start_empty_shell(false);  // its files are read
        for (int run = 0; run < most && (run < 3 || clock::now() < end); ++run)
            start_empty_shell();
    }

    void start_empty_shell(bool counts = true) {
        auto const end = start(*options_.empty_shell, {});
        if (!end.ok()) throw command_failure{fmt::format("--shell: it {}", end.describe()), true};
        if (counts) shell_.add(end.figures);
    }

    bool is_precise_after(members const& group, std::size_t round) const {
        if (!options_.precision) return false;
        auto const analyses = interim_analyses(group.size(), std::max<std::size_t>(rounds_, 1));
        if (!std::ranges::binary_search(analyses, round)) return false;
        std::vector<measurement> measured;
        for (std::size_t const row : group)
            measured.push_back(tallies_[row].make(rows_.size(), shell_));
        std::vector<measurement const*> views;
        for (auto const& each : measured)
            views.push_back(&each);
        return is_precise(views, *options_.precision);
    }

    /// Of a round.
    seconds length_of(members const& group) const {
        seconds sum{0};
        for (std::size_t const row : group)
            sum += tallies_[row].given_up() ? seconds(0) : lengths_[row].value_or(seconds(0));
        return sum;
    }

    bool fits_budget(members const& group) const {
        if (!options_.budget) return true;
        // Of rows that are measured in turn each has its part.
        auto const mine = *options_.budget * (options_.in_turn ? 1.0 / static_cast<double>(rows_.size()) : 1);
        return clock::now() - began_ + length_of(group) <= mine;
    }

    std::optional<seconds> time_left(members const& group, std::vector<std::size_t> const& order,
                                     std::size_t place, std::size_t round) const {
        seconds rest{0};
        for (std::size_t i = place; i < order.size(); ++i) {
            auto const& length = lengths_[group[order[i]]];
            if (!length) return std::nullopt;
            rest += *length;
        }
        if (rounds_ == 0) return std::nullopt;
        auto const left = rest + length_of(group) * static_cast<double>(rounds_ - std::min(rounds_, round));
        if (!options_.budget) return left;
        return std::min<seconds>(left, std::max<seconds>(rest, *options_.budget - (clock::now() - began_)));
    }

    command_session_results snapshot() const {
        command_session_results made{.measurements = {},
                                     .conditions = log_.until_now(),
                                     .rounds = rounds_,
                                     .counted = counted_,
                                     .failure = failure_.text,
                                     .start_failed = failure_.at_start};
        for (auto const& each : tallies_)
            made.measurements.push_back(each.make(rows_.size(), shell_));
        return made;
    }

    struct announced {
        std::size_t round = 0;
        std::size_t rounds = 0;
        std::optional<seconds> left{};
    };

    std::vector<timed_row> const& rows_;
    command_session_options const& options_;
    command_observer& observer_;
    std::vector<std::optional<seconds>> lengths_;  // of a run, with what goes before and after
    std::vector<command_tally> tallies_;
    shell_cost shell_;
    std::size_t rounds_ = 0;
    announced announced_;
    bool counted_ = false;
    command_failure failure_;
    command_starter starter_;
    conditions_log log_;
    clock::time_point session_began_ = clock::now();
    clock::time_point began_ = session_began_;
    clock::time_point last_report_ = session_began_;
};

}  // namespace

std::size_t rounds_in(double seconds, double round_seconds, std::size_t least, std::size_t most,
                      std::size_t rows) {
    double const fitting = round_seconds > 0 ? seconds / round_seconds : static_cast<double>(most);
    auto const rounds = std::clamp(static_cast<std::size_t>(std::min(fitting, static_cast<double>(most))),
                                   std::min(least, most), most);
    std::size_t const block = rows % 2 == 0 ? rows : 2 * rows;  // round_order.hpp
    auto const balanced = (rounds + block - 1) / block * block;
    return rows > 1 && balanced <= most ? balanced : rounds;
}

command_session_results run_command_session(std::vector<timed_row> const& rows,
                                            command_session_options const& options,
                                            command_observer& observer) {
    return command_session(rows, options, observer).run();
}

}  // namespace quartet::measure
