#include "batch/run/batch_run.hpp"

#include "batch/run/output_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <exception>
#include <iterator>
#include <poll.h>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace quartet::batch {

namespace {

constexpr double look_pause = 0.1;    // seconds
constexpr double first_pause = 0.02;  // until the machine is seen with jobs

std::optional<name_pattern> pattern_of(std::string const& text, std::vector<std::string> const& columns) {
    if (text.empty()) return std::nullopt;
    return name_pattern(text, columns);
}

/// Between two looks at jobs that may take too long.
constexpr double limit_pause = 0.1;

}  // namespace

batch_run::batch_run(batch_settings const& settings, job_line const& line, input_reader& inputs,
                     earlier_jobs const& earlier, journal_keeper* keeper, executor& how,
                     batch_observer& observer)
    : settings_(settings),
      line_(line),
      inputs_(inputs),
      keeper_(keeper),
      observer_(observer),
      tag_(pattern_of(settings.tag, inputs.columns())),
      output_name_(pattern_of(settings.output, inputs.columns())),
      order_(settings.keeps_order,
             [this](std::string_view piece, bool errors) {
                 if (!observer_.output(piece, errors) && phase_ != phase::ending)
                     end_early(phase::ending, batch_end::reader_gone, {});
             }),
      queue_(inputs, earlier, settings.resume, settings.per_host,
             [this](std::uint64_t job) {
                 accounts_.leave_out();
                 order_.ended(job, {});
             }),
      running_(how),
      control_(settings.at_once) {
    if (line.has_output() && !output_name_)
        throw std::runtime_error("the line has {out}, and nothing says what its file is called: --output");
}

double batch_run::now() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

batch_summary batch_run::run() {
    inputs_.start();
    control_.machine(now(), machine_.read(now()));
    for (;;) {
        hear_signals();
        take_ended();
        if (phase_ == phase::running) start_jobs();
        bool const nothing_to_come = phase_ != phase::running || queue_.empty();
        if (running_.size() == 0 && nothing_to_come) break;
        check_limits();
        look();
        wait();
    }
    order_.flush();
    auto& summary = accounts_.summary();
    summary.seconds = now();
    summary.at_once = control_.explanation();
    summary.changes.assign(control_.changes().begin(), control_.changes().end());
    return std::move(summary);
}

bool batch_run::may_start() const {
    return running_.size() < room_ && control_.may_start(now()) && now() >= next_start_ && !order_.is_full();
}

void batch_run::start_jobs() {
    try {
        while (phase_ == phase::running && may_start()) {
            auto job = queue_.next(now());
            if (!job) return;
            start(std::move(*job));
        }
    } catch (std::runtime_error const& failure) {
        end_early(phase::no_new_jobs, batch_end::broken, failure.what());
    }
}

void batch_run::start(waiting_job job) {
    if (settings_.rate > 0) next_start_ = std::max(now(), next_start_ + 1 / settings_.rate);
    job_values values{.fields = job.input.fields, .number = job.input.number, .slot = running_.free_slot()};
    running_job starts{.since = now()};
    job_request request{.number = job.input.number, .lasting = keeper_ != nullptr};
    std::string temporary;
    try {
        if (output_name_) {
            starts.place = request.place = output_name_->make(values);
            temporary = temporary_name(request.place, request.number).native();
            request.use = line_.has_output() ? output_use::by_job : output_use::in_file;
        }
        values.output = starts.place;
        starts.command = line_.show(values);
        values.output = temporary;
        request.arguments = line_.make(values).arguments;
    } catch (std::exception const& failure) {
        return fail_before_start(std::move(job), failure.what());
    }
    if (output_name_ && !output_name_->is_unique()) {
        auto const [known, is_new] =
            names_.emplace(std::hash<std::string>()(request.place), job.input.number);
        if (!is_new && known->second != job.input.number)
            return fail_before_start(std::move(job),
                                     fmt::format("its output '{}' is that of job {} as well; {{#}} in the "
                                                 "name keeps them apart",
                                                 request.place, known->second));
    }
    if (settings_.limit.seconds > 0)
        request.timeout = std::chrono::milliseconds(
            std::max(1L, std::lround(std::min(settings_.limit.seconds, 1e9) * 1000)));
    starts.job = std::move(job);
    control_.job_started(now());
    running_.start(std::move(starts), std::move(request));
    accounts_.note_running(running_.size());
}

void batch_run::fail_before_start(waiting_job job, std::string const& why) {
    job.tries = settings_.retry.times;  // it would be the same again
    ended_try ended;
    ended.what.command = fmt::format("{}", fmt::join(job.input.fields, " "));
    ended.what.job = std::move(job);
    ended.report.started =
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    ended.report.problem = why;
    take(std::move(ended));
}

void batch_run::take_ended() {
    for (auto& each : running_.take_ended()) {
        auto const& end = each.report.end;
        // What it waited for its turn in the executor is a part of it: more at once make that longer.
        control_.job_ended(
            now(), {.seconds = now() - each.what.since,
                    .slow_down = said_slow_down(each),
                    .cpu_seconds = std::chrono::duration<double>(end.user_time + end.system_time).count(),
                    .peak_bytes = known_peak(end)});
        take(std::move(each));
    }
}

bool batch_run::said_slow_down(ended_try const& ended) const {
    auto const& report = ended.report;
    return report.problem.empty() && !report.cancelled && report.end.signal == 0 &&
           settings_.slow_down.contains(report.end.exit_code);
}

bool batch_run::is_tried_again(ended_try const& ended) const {
    auto const& report = ended.report;
    auto const& job = ended.what.job;
    if (phase_ != phase::running) return false;
    if (!report.problem.empty() && !report.no_room) return false;
    if (said_slow_down(ended) && job.tries < batch_settings::most_refusals) return true;
    if (job.tries >= settings_.retry.times) return false;
    return settings_.retry.codes.empty() ||
           (report.end.signal == 0 && settings_.retry.codes.contains(report.end.exit_code));
}

double batch_run::pause_after(waiting_job const& job) const {
    auto const& rule = settings_.retry;
    return std::min(rule.longest_pause, rule.pause * std::pow(rule.factor, job.tries));
}

/// One that found no room comes back, and as many as found some are enough until one of them has ended.
bool batch_run::found_no_room(ended_try& ended) {
    if (!ended.report.no_room || phase_ != phase::running || running_.size() == 0) {
        room_ = std::max(room_, room_ + 1);
        return false;
    }
    room_ = running_.size();
    queue_.again(std::move(ended.what.job), now());
    return true;
}

void batch_run::take(ended_try ended) {
    queue_.ended(ended.what.job);
    if (found_no_room(ended)) return;
    bool const by_stop = ended.report.cancelled && !ended.what.overdue;
    auto const reason = reason_of(ended);
    bool const again = !ended.report.ok() && !by_stop && is_tried_again(ended);
    auto const how = ended.report.ok() ? try_end::done
                     : by_stop         ? try_end::cancelled
                     : again           ? try_end::failed_for_now
                                       : try_end::failed;
    write_journal(ended, how, reason);
    accounts_.add(ended, how, reason);
    if (again) {
        auto job = std::move(ended.what.job);
        double const due = now() + pause_after(job);
        ++job.tries;
        ++job.attempt;
        return queue_.again(std::move(job), due);
    }
    give_output(std::move(ended));
    check_halt();
}

void batch_run::write_journal(ended_try const& ended, try_end how, std::string const& reason) {
    if (!keeper_) return;
    auto const& report = ended.report;
    auto const& end = report.end;
    using std::chrono::duration;
    journal_row row{.job = ended.what.job.input.number,
                    .attempt = ended.what.job.attempt,
                    .state = how == try_end::done        ? job_state::done
                             : how == try_end::cancelled ? job_state::cancelled
                                                         : job_state::failed,
                    .started = report.started,
                    .seconds = report.seconds,
                    .exit_code = end.exit_code,
                    .signal = end.signal,
                    .cpu_user = duration<double>(end.user_time).count(),
                    .cpu_system = duration<double>(end.system_time).count(),
                    .peak_bytes = end.peak_bytes,
                    .output = report.place,
                    .reason = reason,
                    .input = ended.what.job.input.fields};
    try {
        keeper_->add(row);
    } catch (std::exception const& failure) {
        end_early(phase::no_new_jobs, batch_end::broken, failure.what());
    }
}

void batch_run::give_output(ended_try ended) {
    auto const& input = ended.what.job.input;
    job_output output{.output = std::move(ended.report.output), .errors = std::move(ended.report.errors)};
    // What failed must not look as if it were whole.
    if (output_name_ && !line_.has_output()) output.output = {};
    if (tag_) output.tag = tag_->make({.fields = input.fields, .number = input.number});
    try {
        order_.ended(input.number, std::move(output));
    } catch (std::exception const& failure) {
        end_early(phase::no_new_jobs, batch_end::broken, failure.what());
    }
}

void batch_run::check_halt() {
    auto const& so_far = accounts_.summary();
    if (!settings_.halt || phase_ != phase::running || !settings_.halt->holds(so_far.failed, so_far.done))
        return;
    auto const next = settings_.halt->kind == halt_kind::now ? phase::ending : phase::no_new_jobs;
    end_early(next, batch_end::halted, settings_.halt->explain(so_far.failed, so_far.done));
}

void batch_run::check_limits() {
    if (settings_.limit.per_cent <= 0) return;
    double const longest = accounts_.median(time_limit::fewest_for_median) * settings_.limit.per_cent / 100;
    if (longest <= 0) return;
    running_.for_each([&](running_job& job) {
        if (job.overdue || now() - job.since <= longest) return;
        job.overdue = true;
        running_jobs::end(job);
    });
}

void batch_run::hear_signals() {
    while (int const signal = observer_.signal()) {
        bool const at_once = signal != SIGINT || phase_ != phase::running;
        auto& summary = accounts_.summary();
        bool const first = summary.signal == 0;
        summary.signal = signal;
        if (phase_ == phase::ending) continue;
        auto const jobs = running_.size();
        if (first && !at_once)
            observer_.note(fmt::format("no new jobs begin; {} still {}. Ctrl-C again ends {}", jobs,
                                       jobs == 1 ? "runs" : "run", jobs == 1 ? "it" : "them"));
        end_early(at_once ? phase::ending : phase::no_new_jobs, batch_end::interrupted, {});
    }
}

void batch_run::end_early(phase next, batch_end why, std::string text) {
    auto& summary = accounts_.summary();
    if (summary.end == batch_end::all_run || why == batch_end::interrupted) {
        summary.end = why;
        summary.why = std::move(text);
    }
    phase_ = std::max(phase_, next);
    if (phase_ == phase::ending) running_.end_all();
}

/// Ten times a second: how the machine is, and what there is to tell.
void batch_run::look() {
    if (now() < next_look_) return;
    next_look_ = now() + (now() < look_pause ? first_pause : look_pause);
    control_.machine(now(), machine_.read(now()));
    observer_.progressed(accounts_.status(now(), running_, queue_.waiting(), inputs_.total()));
}

/// Until a job ends, an input comes, a signal does, or it is time for something.
void batch_run::wait() {
    double until = next_look_;
    if (settings_.limit.per_cent > 0) until = std::min(until, now() + limit_pause);
    double const next_start = std::max(next_start_, control_.next_start(now()));
    if (phase_ == phase::running && running_.size() < std::min(control_.limit(), room_)) {
        if (next_start > now()) until = std::min(until, next_start);
        if (auto const due = queue_.next_due()) until = std::min(until, std::max(*due, next_start));
    }
    // Inputs that nobody takes yet would end each wait at once.
    bool const wants_inputs = phase_ == phase::running && may_start();
    pollfd waited[]{{running_.descriptor(), POLLIN, 0},
                    {observer_.signal_descriptor(), POLLIN, 0},
                    {wants_inputs ? inputs_.descriptor() : -1, POLLIN, 0}};
    auto const left = std::clamp(std::ceil((until - now()) * 1000), 0.0, 1000.0);
    if (::poll(waited, std::size(waited), static_cast<int>(left)) < 0 && errno != EINTR)
        throw std::system_error(errno, std::generic_category(), "cannot wait for jobs");
}

}  // namespace quartet::batch
