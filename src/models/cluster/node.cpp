#include "src/models/cluster/node.hpp"

#include "src/models/cluster/task_ledger.hpp"

#include <quartet/detail/call/describe_failure.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

constexpr std::chrono::microseconds piece_time(500);
constexpr std::size_t outcomes_in_a_message = std::size_t{256} << 10;  // bytes

}  // namespace

void node::receive(packet arrived, time_point now) {
    frame_head const* const head = head_of(arrived);
    if (!head || over_) return;
    heard_ = now;
    if (head->session == 0) {  // from the root's link, in whatever session: it lives, or ends
        if (head->kind == message_kind::leave) over_ = "the root has ended";
        return;
    }
    if (!line_ || head->session > line_->session()) begin_session(head->session, now);
    if (head->session != line_->session()) return;
    session_heard_ = now;
    try {
        line_->take(std::move(arrived), [&](message_kind kind, std::span<std::byte const> body,
                                            packet const& owner) { handle(kind, body, owner, now); });
    } catch (std::exception const& wrong) {
        over_ = fmt::format("the root sent what can't be read: {}", wrong.what());
    }
    for (auto& [number, pool] : pools_)
        begin_granted(pool, now);
}

/// What there was before is over: nobody asks for it any more.
void node::begin_session(std::uint32_t session, time_point now) {
    pools_.clear();
    calls_.clear();
    large_.clear();
    outcomes_.take();
    if (options_.values) options_.values->drop_all();
    line_.emplace(session, options_.how, options_.silence / beats_in_a_silence * 2, options_.send);
    tell(message_kind::hello, options_.about, now);
}

void node::handle(message_kind kind, std::span<std::byte const> body, packet const& owner, time_point now) {
    byte_reader in(body);
    switch (kind) {
        case message_kind::welcome:
            options_.silence = std::chrono::nanoseconds(read_message<welcome_message>(in).silence);
            return;
        case message_kind::beat:
            return on_beat(in, now);
        case message_kind::probe:
            return on_probe(in, now);
        case message_kind::open_pool:
            return on_open_pool(in, now);
        case message_kind::close_pool:
            return on_close_pool(read_message<close_pool_message>(in).pool, now);
        case message_kind::call: {
            auto call = read_message<call_message>(in);
            if (in.left() > 0) call.recorded = read_message<recorded_call>(in);
            calls_[call.call] = std::make_shared<call_message const>(std::move(call));
            return;
        }
        case message_kind::tasks:
            return on_tasks(in, owner);
        case message_kind::grant: {
            auto const granted = read_message<grant_message>(in);
            if (auto* const pool = find_pool(granted.pool))
                pool->granted = std::max(pool->granted, granted.place);
            return;
        }
        case message_kind::revoke:
            return on_revoke(read_message<revoke_message>(in));
        case message_kind::recall:
            return on_recall(read_message<recall_message>(in), now);
        case message_kind::stop:
            return on_stop(read_message<stop_message>(in));
        case message_kind::forget: {
            auto const call = read_message<forget_message>(in).call;
            for (auto& [number, pool] : pools_)
                pool.runs->forget(call);
            calls_.erase(call);
            std::erase_if(large_, [call](auto const& each) { return each.first.first == call; });
            return;
        }
        case message_kind::send:
            return on_send(read_message<large_message>(in), now);
        case message_kind::value:
            return on_value(in);
        case message_kind::drop_value: {
            auto const id = read_message<drop_value_message>(in).id;
            if (options_.values) options_.values->drop(id);
            return;
        }
        case message_kind::leave:
            over_ = "the root told it to";
            return;
        default:
            throw std::runtime_error(fmt::format("a message of kind {}", static_cast<unsigned>(kind)));
    }
}

void node::on_beat(byte_reader& in, time_point now) {
    auto beat = read_message<beat_message>(in);
    beat.node_received = beat.node_sent = nanoseconds_of(now);
    line_->send_loosely(message_kind::beat, written(beat).take());
}

void node::on_probe(byte_reader& in, time_point now) {
    auto const asked = read_message<probe_message>(in);
    auto answer = written(probe_message{.number = asked.number});
    line_->send(message_kind::probe, answer.take(static_cast<std::size_t>(asked.answer_bytes)), now);
}

void node::on_open_pool(byte_reader& in, time_point now) {
    auto const about = read_message<open_pool_message>(in);
    pool_opened_message opened{.pool = about.pool};
    try {
        auto meter = about.measured && options_.make_meter ? options_.make_meter() : nullptr;
        auto runs = options_.make_pool(about, options_.reports);
        if (meter) meter->opened();
        opened.spec = runs->spec();
        opened.workers = runs->workers();
        auto& made = pools_[about.pool];
        made.runs = std::move(runs);
        made.meter = std::move(meter);
    } catch (std::exception const& error) {
        opened.refused = error.what();
    }
    tell(message_kind::pool_opened, opened, now);
}

void node::on_close_pool(std::uint32_t number, time_point now) {
    auto closed = pools_.extract(number);
    if (closed.empty()) return;
    auto const meter = std::move(closed.mapped().meter);
    if (meter) meter->closes();
    closed = {};
    if (meter)
        tell(message_kind::pool_closed, pool_closed_message{.pool = number, .used = meter->used()}, now);
}

/// Null if it was closed.
node::pool_state* node::find_pool(std::uint32_t number) noexcept {
    auto const found = pools_.find(number);
    return found == pools_.end() ? nullptr : &found->second;
}

void node::on_tasks(byte_reader& in, packet const& owner) {
    auto const about = read_message<tasks_message>(in);
    auto const call = calls_.find(about.call);
    if (call == calls_.end()) return;  // it has ended
    auto* const pool = find_pool(call->second->pool);
    if (!pool) return;
    std::size_t const left = in.left();
    std::span<std::byte const> const inputs{in.take(left), left};
    pool->queue.push_back({call->second, about.first, about.count, owner, inputs});
    pool->queued += about.count;
    pool->rate.expect(body_number(call->second->code));
}

void node::on_value(byte_reader& in) {
    auto const about = read_message<value_message>(in);
    std::size_t const left = in.left();
    if (options_.values) options_.values->take_part(about, {in.take(left), left});
}

void node::on_revoke(revoke_message const& to) {
    auto* const pool = find_pool(to.pool);
    if (!pool) return;
    while (pool->queued > to.place && !pool->queue.empty()) {
        queued_tasks& last = pool->queue.back();
        std::size_t const over = std::min<std::size_t>(last.count, pool->queued - to.place);
        last.count -= over;
        pool->queued -= over;
        if (last.count == 0) pool->queue.pop_back();
    }
}

/// They take longer than was thought, and others have nothing to do.
void node::on_recall(recall_message const& of, time_point now) {
    auto* const pool = find_pool(of.pool);
    if (!pool) return;
    returned_message const back{.pool = of.pool,
                                .tasks = pool->runs->take_back(static_cast<std::size_t>(of.count))};
    for (auto const& each : back.tasks)
        pool->under_way -= std::min<std::size_t>(pool->under_way, each.count);
    pool->rate.forget();
    tell(message_kind::returned, back, now);
}

/// What is queued of a stopped call ends at once; what runs is asked to.
void node::on_stop(stop_message const& about) {
    auto const call = calls_.find(about.call);
    if (call == calls_.end()) return;
    auto* const pool = find_pool(call->second->pool);
    if (!pool) return;
    for (auto& each : pool->queue) {
        if (each.call->call != about.call || each.cancelled) continue;
        each.cancelled = true;
        write_failure({.call = about.call, .first = each.first, .count = each.count},
                      move_failure(describe_cancelled(0)), outcomes_.body());
    }
    pool->runs->stop(about.call, about.who);
}

void node::on_send(large_message const& about, time_point now) {
    auto const found = large_.find({about.call, about.index});
    if (found == large_.end()) return;
    line_->send(message_kind::result, found->second.take(), now);
    large_.erase(found);
}

task_piece node::cut(queued_tasks& from, std::size_t count) {
    byte_reader in(from.inputs);
    for (std::size_t each = 0; each < count; ++each)
        static_cast<void>(take_value(in, from.call->input_size));
    std::size_t const bytes = from.inputs.size() - in.left();
    task_piece piece{from.call, from.first, count, from.owner, from.inputs.first(bytes)};
    from.first += count;
    from.count -= count;
    from.inputs = from.inputs.subspan(bytes);
    return piece;
}

/// So many tasks of the first in the queue that they take about as long as `piece_time`, so that what has
/// ended is soon told of; a part of what may begin where that is not known; in whole chunks, of which the
/// root grants no part either.
std::size_t node::piece_of(pool_state const& pool, queued_tasks const& next) {
    auto const granted = static_cast<std::size_t>(pool.granted - pool.begun);
    std::size_t const may = std::min(next.count, granted);
    if (next.cancelled) return may;
    std::size_t const chunk = std::max<std::size_t>(1, next.call->chunk_size);
    std::size_t const part = granted / (4 * std::max<std::size_t>(1, pool.runs->workers()));
    std::size_t const end =
        begin_of_chunk(next.first + std::max({chunk, part, pool.rate.within(piece_time)}), chunk);
    return std::min(may, end - next.first);
}

void node::begin_granted(pool_state& pool, time_point now) {
    while (pool.begun < pool.granted && !pool.queue.empty()) {
        queued_tasks& next = pool.queue.front();
        std::size_t const count = piece_of(pool, next);
        pool.begun += count;
        auto piece = cut(next, count);
        bool const runs = !next.cancelled;
        if (next.count == 0) pool.queue.pop_front();
        if (!runs) continue;
        if (pool.under_way == 0) pool.rate.note_begin(now);
        pool.under_way += count;
        pool.runs->begin(std::move(piece));
    }
}

void node::ended(ended_piece piece, time_point now) {
    auto* const pool = find_pool(piece.pool);
    auto const call = calls_.find(piece.call);
    if (!line_ || !pool || call == calls_.end()) return;  // of a session before
    pool->under_way -= std::min(pool->under_way, piece.count);
    pool->rate.note(now, piece.count, body_number(call->second->code));
    for (auto const bytes : {piece.records.bytes(), piece.outcomes.bytes()})
        outcomes_.body().write(bytes.data(), bytes.size());
    for (auto& each : piece.large) {
        tell(message_kind::large, large_message{.call = piece.call, .index = each.index, .bytes = each.bytes},
             now);
        large_.insert_or_assign({piece.call, each.index}, std::move(each.message));
    }
    if (outcomes_.size() > outcomes_in_a_message) flush(now);
}

void node::logged(log_message const& line, time_point now) {
    if (line_ && pools_.contains(line.pool)) tell(message_kind::log, line, now);
}

void node::flush(time_point now) {
    if (line_ && !outcomes_.empty()) line_->send(message_kind::outcomes, outcomes_.take(), now);
}

void node::advance(time_point now) {
    advanced_ = now;
    if (over_) return;
    flush(now);
    if (line_) {
        line_->advance(now);
        ask_whether_lost(now);
    }
    if (now - heard_ >= options_.silence)
        over_ = fmt::format("nothing was heard of the root for {:.1f} s",
                            std::chrono::duration<double>(now - heard_).count());
}

/// The root says nothing any more within the session: it has no calls, or has given this node up. Of the
/// second it tells who speaks.
void node::ask_whether_lost(time_point now) {
    if (now - session_heard_ < options_.silence / beats_in_a_silence * 2) return;
    session_heard_ = now;
    line_->send_loosely(message_kind::beat, written(beat_message{}).take());
}

/// A root without calls speaks less often than that.
node::time_point node::next_deadline() const noexcept {
    return std::min(std::max(heard_, advanced_) + options_.silence / beats_in_a_silence,
                    heard_ + options_.silence);
}

}  // namespace quartet::inline v0::detail
