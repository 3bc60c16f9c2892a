#include "src/models/cluster/moved_records.hpp"

#include <cstdint>
#include <stdexcept>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

/// Seven bits a byte, the lowest first; the eighth says that more follow.
void write_number(std::uint64_t number, byte_writer& to) {
    do {
        std::uint8_t const low = number & 0x7f;
        number >>= 7;
        std::uint8_t const byte = number > 0 ? low | 0x80 : low;
        to.write(&byte, 1);
    } while (number > 0);
}

std::uint64_t read_number(byte_reader& from) {
    std::uint64_t number = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        auto const byte = static_cast<std::uint8_t>(*from.take(1));
        number |= std::uint64_t{byte & 0x7fU} << shift;
        if (byte < 0x80) return number;
    }
    throw std::runtime_error("a number in a record is too long");
}

/// Small numbers of either sign are short.
void write_difference(std::int64_t number, byte_writer& to) {
    auto const bits = static_cast<std::uint64_t>(number);
    write_number(number < 0 ? ~(bits << 1) : bits << 1, to);
}

std::int64_t read_difference(byte_reader& from) {
    std::uint64_t const coded = read_number(from);
    return static_cast<std::int64_t>(coded & 1 ? ~(coded >> 1) : coded >> 1);
}

constexpr std::uint64_t has_failed = 1;
constexpr std::uint64_t knows_waits = 2;
constexpr std::uint64_t has_waits = 4;
constexpr std::uint64_t has_nested = 8;
constexpr int flags = 4;  // bits

/// Differences of times from the one that was last.
class time_line {
public:
    std::int64_t from_last(std::int64_t time) noexcept { return time - std::exchange(last_, time); }
    std::int64_t after_last(std::int64_t difference) noexcept { return last_ += difference; }

private:
    std::int64_t last_ = 0;
};

void write_waits(left_record const& of, byte_writer& to) {
    time_line times;
    times.after_last(of.started);
    write_number(of.waits.size(), to);
    for (auto const& each : of.waits) {
        write_difference(times.from_last(each.began), to);
        write_difference(times.from_last(each.ended), to);
        if (of.nested_made > 0) write_number(each.nested + 1, to);  // 0: by_task
    }
}

void read_waits(byte_reader& from, left_record& of) {
    time_line times;
    times.after_last(of.started);
    for (auto left = read_number(from); left > 0; --left) {
        auto const began = times.after_last(read_difference(from));
        auto const ended = times.after_last(read_difference(from));
        of.waits.push_back({began, ended, of.nested_made > 0 ? read_number(from) - 1 : wait_keeper::by_task});
    }
}

constexpr std::uint64_t has_started = 1;
constexpr std::uint64_t has_ended = 2;
constexpr int end_bits = 2;   // of a nested_end
constexpr int call_bits = 4;  // with the two

void write_call(left_record::call const& what, time_line& times, byte_writer& to) {
    write_number(what.parent == wait_keeper::by_task ? 0 : what.id - what.parent, to);
    std::uint64_t const told = (what.started ? has_started : 0) | (what.ended ? has_ended : 0) |
                               static_cast<std::uint64_t>(what.end) << end_bits;
    write_number(std::uint64_t{what.worker} << call_bits | told, to);
    write_difference(times.from_last(what.made), to);
    if (what.started) write_difference(*what.started - what.made, to);
    if (what.ended) write_difference(*what.ended - what.made, to);
}

left_record::call read_call(std::uint64_t id, time_line& times, byte_reader& from) {
    left_record::call what{.id = id};
    std::uint64_t const above = read_number(from);
    if (above > 0) what.parent = id - above;
    std::uint64_t const told = read_number(from);
    what.worker = static_cast<std::uint32_t>(told >> call_bits);
    what.end = static_cast<nested_end>(told >> end_bits & 3);
    what.made = times.after_last(read_difference(from));
    if (told & has_started) what.started = what.made + read_difference(from);
    if (told & has_ended) what.ended = what.made + read_difference(from);
    return what;
}

void write_nested(left_record const& of, byte_writer& to) {
    write_number(of.nested_made, to);
    write_number(of.nested.size(), to);
    time_line times;
    times.after_last(of.started);
    std::uint64_t next = 0;
    for (auto const& each : of.nested) {
        write_number(each.id - next, to);
        write_call(each, times, to);
        next = each.id + 1;
    }
}

void read_nested(byte_reader& from, left_record& of) {
    of.nested_made = read_number(from);
    time_line times;
    times.after_last(of.started);
    std::uint64_t next = 0;
    for (auto left = read_number(from); left > 0; --left) {
        of.nested.push_back(read_call(next + read_number(from), times, from));
        next = of.nested.back().id + 1;
    }
}

void write_worker(recorded_worker const& who, byte_writer& to) {
    write_number(who.number, to);
    write_number(static_cast<std::uint64_t>(who.process_id), to);
    write_number(static_cast<std::uint64_t>(who.thread_id), to);
    write_number(who.name.size(), to);
    to.write(who.name.data(), who.name.size());
}

recorded_worker read_worker(byte_reader& from) {
    recorded_worker who{};
    who.number = read_number(from);
    who.process_id = static_cast<pid_t>(read_number(from));
    who.thread_id = static_cast<pid_t>(read_number(from));
    auto const length = read_number(from);
    who.name.assign(reinterpret_cast<char const*>(from.take(length)), length);
    return who;
}

}  // namespace

void write_records(outcomes_head head, moved_records const& what, byte_writer& to) {
    if (what.workers.empty() && what.records.empty()) return;
    byte_writer bytes;
    write_number(what.workers.size(), bytes);
    for (auto const& each : what.workers)
        write_worker(each, bytes);
    time_line tasks;
    time_line starts;
    for (auto const& each : what.records) {
        write_number(static_cast<std::uint64_t>(tasks.from_last(static_cast<std::int64_t>(each.task))),
                     bytes);
        std::uint64_t const told = (each.failed ? has_failed : 0) | (each.waits_known ? knows_waits : 0) |
                                   (each.waits.empty() ? 0 : has_waits) |
                                   (each.nested_made > 0 ? has_nested : 0);
        write_number(std::uint64_t{each.worker} << flags | told, bytes);
        write_difference(starts.from_last(each.started), bytes);
        write_difference(each.ended - each.started, bytes);
        if (each.nested_made > 0) write_nested(each, bytes);
        if (!each.waits.empty()) write_waits(each, bytes);
    }
    head.kind = outcome_kind::records;
    write_outcomes(head, bytes.bytes(), to);
}

moved_records read_records(byte_reader& from) {
    moved_records what;
    for (auto left = read_number(from); left > 0; --left)
        what.workers.push_back(read_worker(from));
    time_line tasks;
    time_line starts;
    while (from.left() > 0) {
        left_record each;
        each.task = static_cast<std::size_t>(tasks.after_last(static_cast<std::int64_t>(read_number(from))));
        std::uint64_t const told = read_number(from);
        each.worker = static_cast<std::uint32_t>(told >> flags);
        each.failed = (told & has_failed) != 0;
        each.waits_known = (told & knows_waits) != 0;
        each.started = starts.after_last(read_difference(from));
        each.ended = each.started + read_difference(from);
        if (told & has_nested) read_nested(from, each);
        if (told & has_waits) read_waits(from, each);
        what.records.push_back(std::move(each));
    }
    return what;
}

}  // namespace quartet::inline v0::detail
