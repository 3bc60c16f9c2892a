#include "src/models/cluster/root_call.hpp"

#include "src/models/cluster/moved_clock.hpp"
#include "src/models/cluster/moved_records.hpp"

#include <quartet/detail/call/crossing.hpp>
#include <quartet/detail/call/describe_failure.hpp>

#include <algorithm>
#include <span>
#include <utility>

namespace quartet::inline v0::detail {

namespace {

/// All of it has happened there between two times of ours: the clock is known by that, if by nothing else.
void note_span(std::vector<left_record> const& records, std::chrono::steady_clock::time_point after,
               std::chrono::steady_clock::time_point before, clock_estimate& clock) {
    if (records.empty()) return;
    auto const first = std::ranges::min(records, {}, &left_record::started).started;
    auto const last = std::ranges::max(records, {}, &left_record::ended).ended;
    clock.note(nanoseconds_of(after), first, last, nanoseconds_of(before));
}

}  // namespace

root_call::root_call(job& work, call_message about, task_recorder* records,
                     std::chrono::steady_clock::time_point now)
    : values(broadcasts_in(about.code.closure)),
      work_(work),
      about_(std::move(about)),
      body_(body_number(about_.code)),
      records_(records),
      began_(now),
      tasks_(work.size()) {}

root_call::written_input root_call::write_input(
    std::size_t task, message_writer& to, std::function<bool(std::span<std::byte const>)> const& ready) {
    try {
        auto const encode = [&](byte_writer& out) {
            std::size_t const begin = out.bytes().size();
            work_.crossing()->encode_input(task, out);
            return ready(out.bytes().subspan(begin));
        };
        bool const stays = about_.input_size == 0 ? to.add_sized(encode) : to.add(encode);
        if (!stays) return written_input::waits;
    } catch (...) {
        work_.fail(describe_current_exception(task, {}));
        tasks_.end(task);
        ++uncounted_;
        return written_input::failed;
    }
    return written_input::added;
}

std::size_t root_call::take_results(std::uint16_t node, outcomes_head const& head, byte_reader& from) {
    std::size_t ended = 0;
    for (std::size_t task = head.first; task < head.first + head.count; ++task) {
        auto const bytes =
            about_.gives_nothing ? std::span<std::byte const>() : take_value(from, about_.output_size);
        if (!tasks_.has(node, task)) continue;
        byte_reader value(bytes);
        work_.crossing()->take_result(task, value);
        tasks_.end(task);
        ++ended;
    }
    uncounted_ += ended;
    return ended;
}

bool root_call::fail(std::uint16_t node, std::size_t task, failure why) {
    if (!tasks_.has(node, task)) return false;
    why.index = task;
    work_.fail(std::move(why));
    tasks_.end(task);
    ++uncounted_;
    return true;
}

void root_call::take_records(std::uint16_t node, outcomes_head const& head, byte_reader& from,
                             std::string const& name, clock_estimate clock,
                             std::chrono::steady_clock::time_point now) {
    auto moved = read_records(from);
    if (!records_) return;
    if (!clock.known()) note_span(moved.records, began_, now, clock);
    moved_clock const times(clock, began_, now);
    records_->note_node(node, name, clock.error(now));
    for (auto& each : moved.workers) {
        each.node = node;
        records_->take_over(each);
    }
    for (auto& each : moved.records) {
        std::size_t const task = head.first + each.task;
        if (!tasks_.has(node, task)) continue;
        times.move(each);
        records_->take_over(work_.record_slots(), task, each, node);
    }
}

void root_call::note_loss(std::uint16_t node, std::size_t task, std::string const& name,
                          std::chrono::steady_clock::time_point since,
                          std::chrono::steady_clock::time_point now) {
    if (!records_ || about_.recorded.every == 0) return;
    records_->note_node(node, name, std::chrono::nanoseconds(0));
    records_->take_over(work_.record_slots(), task,
                        {.worker = static_cast<std::uint32_t>(task_record::unknown_worker),
                         .started = nanoseconds_of(since),
                         .ended = nanoseconds_of(now),
                         .failed = true},
                        node);
}

void root_call::cancel_waiting() {
    for (auto const& range : tasks_.end_waiting()) {
        work_.cancel(range.first, range.last);
        uncounted_ += range.size();
    }
}

void root_call::fail_waiting(failure const& why) {
    for (auto const& range : tasks_.end_waiting()) {
        for (std::size_t task = range.first; task < range.last; ++task) {
            failure of_task = why;
            of_task.index = task;
            work_.fail(std::move(of_task));
        }
        uncounted_ += range.size();
    }
}

bool root_call::count_off() {
    std::size_t const ended = std::exchange(uncounted_, 0);
    return ended > 0 && work_.count_off(ended);
}

}  // namespace quartet::inline v0::detail
