#include "batch/run/batch_accounts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <sys/resource.h>

namespace quartet::batch {

namespace {

constexpr double rate_seconds = 10;
constexpr std::size_t tail_bytes = 1000;
constexpr std::size_t tail_lines = 3;

double seconds_of(std::chrono::microseconds time) {
    return std::chrono::duration<double>(time).count();
}

std::string last_lines(kept_output const& text) {
    auto tail = text.tail(tail_bytes);
    while (tail.ends_with('\n'))
        tail.pop_back();
    std::size_t begin = tail.size();
    for (std::size_t lines = 0; lines < tail_lines && begin != tail.npos; ++lines)
        begin = begin == 0 ? tail.npos : tail.rfind('\n', begin - 1);
    return begin == tail.npos ? tail : tail.substr(begin + 1);
}

job_note note_of(ended_try const& ended) {
    return {.number = ended.what.job.input.number,
            .command = ended.what.command,
            .seconds = ended.report.seconds,
            .tries = ended.what.job.tries + 1};
}

}  // namespace

std::size_t known_peak(command_result const& end) {
    rusage own{};
    getrusage(RUSAGE_SELF, &own);
    auto const ours = static_cast<std::size_t>(own.ru_maxrss) * 1024;
    return end.peak_bytes > ours + ours / 8 ? end.peak_bytes : 0;
}

std::string reason_of(ended_try const& ended) {
    auto const& report = ended.report;
    if (!report.problem.empty()) return report.problem;
    if (ended.what.overdue) return "took too long and was ended";
    if (report.cancelled) return "was ended by a stop";
    return report.end.ok() ? "" : report.end.describe();
}

void batch_accounts::add(ended_try const& ended, try_end how, std::string const& reason) {
    auto const& end = ended.report.end;
    ++summary_.tries;
    summary_.job_seconds += ended.report.seconds;
    summary_.cpu_user += seconds_of(end.user_time);
    summary_.cpu_system += seconds_of(end.system_time);
    summary_.peak_bytes = std::max(summary_.peak_bytes, known_peak(end));
    switch (how) {
        case try_end::done:
            ++summary_.done;
            summary_.durations.add(ended.report.seconds);
            left_.add(ended.report.seconds);
            return note_slow(ended);
        case try_end::failed:
            ++summary_.failed;
            left_.add(ended.report.seconds);
            return note_failure(ended, reason);
        case try_end::failed_for_now:
            return;
        case try_end::cancelled:
            ++summary_.cancelled;
    }
}

void batch_accounts::note_failure(ended_try const& ended, std::string const& reason) {
    if (summary_.failures.size() >= batch_summary::most_notes) return;
    auto note = note_of(ended);
    note.reason = reason;
    note.last_lines = last_lines(ended.report.errors);
    summary_.failures.push_back(std::move(note));
}

void batch_accounts::note_slow(ended_try const& ended) {
    auto& slowest = summary_.slowest;
    auto const place = std::ranges::find_if(
        slowest, [&](job_note const& note) { return note.seconds < ended.report.seconds; });
    if (place == slowest.end() && slowest.size() >= batch_summary::most_notes) return;
    slowest.insert(place, note_of(ended));
    if (slowest.size() > batch_summary::most_notes) slowest.pop_back();
}

void batch_accounts::note_running(std::size_t jobs) {
    summary_.most_running = std::max(summary_.most_running, jobs);
}

double batch_accounts::median(std::uint64_t fewest) const {
    return summary_.durations.count() < fewest ? 0 : summary_.durations.quantile(0.5);
}

double batch_accounts::rate(double now) {
    auto const ended = summary_.done + summary_.failed;
    ends_.emplace_back(now, ended);
    while (ends_.size() > 2 && ends_[1].first <= now - rate_seconds)
        ends_.pop_front();
    auto const [since, before] = now < rate_seconds ? std::pair<double, std::uint64_t>{0, 0} : ends_.front();
    return now > since ? static_cast<double>(ended - before) / (now - since) : 0;
}

batch_status batch_accounts::status(double now, running_jobs& running, std::size_t waiting,
                                    std::optional<std::uint64_t> total) {
    batch_status made{.done = summary_.done,
                      .failed = summary_.failed,
                      .left_out = summary_.left_out,
                      .running = running.size(),
                      .waiting = waiting,
                      .total = total,
                      .elapsed = now,
                      .rate = rate(now)};
    double under_way = 0;
    running.for_each([&](running_job const& job) {
        double const seconds = now - job.since;
        under_way += seconds;
        if (!made.slowest.empty() && seconds <= made.slowest_seconds) return;
        made.slowest = job.command;
        made.slowest_seconds = seconds;
    });
    if (!total) return made;
    auto const known = made.done + made.failed + made.left_out;
    made.left = left_.of(*total > known ? *total - known : 0, made.running, under_way);
    return made;
}

}  // namespace quartet::batch
