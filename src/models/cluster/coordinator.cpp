#include "src/models/cluster/coordinator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

constexpr std::size_t most_nodes = 60'000;
constexpr int beats_at_first = 8;  // of them the quickest tells the clock
constexpr std::chrono::milliseconds beats_while_recording(100);
constexpr std::size_t inputs_in_a_message = std::size_t{1} << 20;  // bytes
constexpr std::chrono::milliseconds room_again(2);                 // after so long it is looked for
constexpr int overdue_times = 4;  // what was granted ahead takes too long after so many times its time

}  // namespace

// ---- Nodes

void coordinator::add_node(delivery how, channel::sender send, time_point now, bool in_this_process) {
    if (nodes_.size() == most_nodes)
        throw std::length_error(fmt::format("quartet: a cluster has {} nodes at the most", most_nodes));
    auto const patience = options_.silence / beats_in_a_silence * 2;
    auto& added =
        *nodes_.emplace_back(std::make_unique<remote_node>(options_.session, how, patience, std::move(send)));
    added.heard = now;
    added.in_this_process = in_this_process;
    tell(added, message_kind::welcome, welcome_message{.silence = options_.silence.count()}, now);
    if (nodes_.size() == 1) next_beat_ = advanced_ = now;
}

void coordinator::receive(std::size_t from, packet arrived, time_point now) {
    frame_head const* const head = head_of(arrived);
    if (!head || head->session != options_.session || from >= nodes_.size()) return;
    auto const number = static_cast<std::uint16_t>(from);
    remote_node& node = *nodes_[number];
    if (node.view.is == node_view::phase::lost) {
        // It lives and does not know that it was given up: what it has belongs to others.
        packet const told = message_writer().take();
        frame_head const leave{
            .session = options_.session, .kind = message_kind::leave, .number = 0, .heard = 0};
        std::memcpy(told.bytes().data(), &leave, sizeof leave);
        return node.raw(told);
    }
    node.heard = now;
    try {
        node.line.take(std::move(arrived), [&](message_kind kind, std::span<std::byte const> body,
                                               packet const&) { handle(number, kind, body, now); });
    } catch (std::exception const& wrong) {
        lose(number, fmt::format("it sent what can't be read: {}", wrong.what()), now);
    }
    feed(now);
    finish_ended();
}

void coordinator::node_ended(std::size_t number, std::string const& why, time_point now) {
    if (nodes_.at(number)->view.is == node_view::phase::lost) return;
    lose(static_cast<std::uint16_t>(number), why, now);
    feed(now);
    finish_ended();
}

void coordinator::handle(std::uint16_t number, message_kind kind, std::span<std::byte const> body,
                         time_point now) {
    remote_node& node = *nodes_[number];
    if (node.view.is == node_view::phase::lost) return;  // by a message before
    byte_reader in(body);
    switch (kind) {
        case message_kind::hello:
            return on_hello(node, in);
        case message_kind::pool_opened:
            return on_pool_opened(number, in, now);
        case message_kind::pool_closed:
            if (options_.pool_closed) options_.pool_closed(read_message<pool_closed_message>(in), number);
            return;
        case message_kind::returned:
            return on_returned(number, in);
        case message_kind::outcomes:
            return on_outcomes(number, in, now);
        case message_kind::large:
            return on_large(number, read_message<large_message>(in), now);
        case message_kind::result:
            return on_result(number, in);
        case message_kind::log:
            if (options_.logged) options_.logged(read_message<log_message>(in));
            return;
        case message_kind::probe:
            if (options_.probed) options_.probed(read_message<probe_message>(in).number);
            return;
        case message_kind::beat:
            return on_beat(number, read_message<beat_message>(in), now);
        default:
            throw std::runtime_error(fmt::format("a message of kind {}", static_cast<unsigned>(kind)));
    }
}

void coordinator::on_hello(remote_node& from, byte_reader& in) {
    from.view.about = read_message<hello_message>(in);
    from.view.is = node_view::phase::here;
}

void coordinator::probe(std::size_t node, std::uint64_t number, std::size_t bytes, std::size_t answer_bytes,
                        time_point now) {
    if (nodes_[node]->view.is != node_view::phase::here) return;
    auto asked = written(probe_message{.number = number, .answer_bytes = answer_bytes});
    nodes_[node]->line.send(message_kind::probe, asked.take(bytes), now);
}

void coordinator::on_beat(std::uint16_t number, beat_message const& answer, time_point now) {
    if (answer.root_sent == 0) return;  // only asks whether it is lost
    remote_node& node = *nodes_[number];
    node.view.clock.note(answer.root_sent, answer.node_received, answer.node_sent, nanoseconds_of(now));
    for (auto const& [pool, queue] : node.queues)
        stir(number, pool);
    if (node.beats_wanted == 0) return;
    --node.beats_wanted;
    beat(node, now);
}

void coordinator::beat(remote_node& node, time_point now) {
    node.line.send_loosely(message_kind::beat,
                           written(beat_message{.root_sent = nanoseconds_of(now)}).take());
}

/// While tasks leave records, more often, so that clocks are known well.
std::chrono::nanoseconds coordinator::time_between_beats() const {
    std::chrono::nanoseconds const usual = options_.silence / beats_in_a_silence;
    bool const recorded =
        std::ranges::any_of(calls_, [](auto const& each) { return each.second->about().recorded.every > 0; });
    return recorded ? std::min<std::chrono::nanoseconds>(usual, beats_while_recording) : usual;
}

void coordinator::advance(time_point now) {
    // Who was away himself (stopped, swapped out) has heard nobody meanwhile.
    auto const away = now - advanced_;
    advanced_ = now;
    bool const was_away = away > options_.silence / 2;
    for (std::size_t number = 0; number < nodes_.size(); ++number) {
        remote_node& node = *nodes_[number];
        if (node.view.is == node_view::phase::lost) continue;
        if (was_away) node.heard += away;
        if (node.in_this_process) node.heard = now;  // it lives as long as the root, busy as both may be
        if (now - node.heard < options_.silence) {
            node.line.advance(now);
            continue;
        }
        lose(static_cast<std::uint16_t>(number),
             fmt::format("nothing was heard of it for {:.1f} s",
                         std::chrono::duration<double>(now - node.heard).count()),
             now);
    }
    if (now >= next_beat_) {
        next_beat_ = now + time_between_beats();
        spare_->drop_unused();
        values_.end_what_is_gone();
        for (auto const& each : nodes_) {
            if (each->view.is == node_view::phase::lost) continue;
            tell_ended_calls(*each, now);
            beat(*each, now);
        }
    }
    feed(now);
    finish_ended();
}

coordinator::time_point coordinator::next_deadline() const noexcept {
    auto const next = std::min(next_beat_, recall_at_);
    return values_.under_way() ? std::min(next, advanced_ + room_again) : next;
}

void coordinator::lose(std::uint16_t number, std::string const& why, time_point now) {
    remote_node& node = *nodes_[number];
    node.view.is = node_view::phase::lost;
    node.view.refused = why;
    std::string const name =
        node.view.about.name.empty() ? fmt::format("number {}", number) : node.view.about.name;
    for (auto& [pool, queue] : node.queues) {
        queue.give_up([&](root_call& call, std::size_t task, std::optional<time_point> since) {
            if (!since) return give_back(call, task);
            touched_.insert(call.number());
            call.note_loss(number, task, name, *since, now);
            call.fail(number, task,
                      {.why = cause::node_lost,
                       .message = fmt::format("the node {} was lost while it had this task: {}", name, why),
                       .worker = name});
        });
    }
    for (auto const& [pool, queue] : node.queues) {
        pools_.at(pool).workers -= queue.workers();
        pools_.at(pool).hungry.erase(number);
    }
    node.queues.clear();
    values_.forget(number);
    forget_large(number);
    fail_if_nobody_is_left();
    if (options_.lost) options_.lost(number);
}

/// Nobody can take what waits.
void coordinator::fail_if_nobody_is_left() {
    for (auto const& [call_number, call] : calls_) {
        if (workers(call->pool()) > 0) continue;
        touched_.insert(call_number);
        call->fail_waiting({.why = cause::node_lost, .message = "all nodes of the cluster are lost"});
    }
}

// ---- Pools

void coordinator::open_pool(open_pool_message const& about, std::span<std::size_t const> nodes,
                            time_point now) {
    pools_.try_emplace(about.pool).first->second.records = about.records;
    for (auto const number : nodes)
        tell(*nodes_[number], message_kind::open_pool, about, now);
}

void coordinator::on_pool_opened(std::uint16_t node, byte_reader& in, time_point now) {
    auto const opened = read_message<pool_opened_message>(in);
    auto const pool = pools_.find(opened.pool);
    if (opened.refused.empty() && pool != pools_.end()) {
        auto const workers = static_cast<std::size_t>(opened.workers);
        nodes_[node]->queues.try_emplace(opened.pool, node, workers);
        pool->second.workers += workers;
        stir(node, opened.pool);
        if (pool->second.records) {
            nodes_[node]->beats_wanted = beats_at_first - 1;
            beat(*nodes_[node], now);
        }
    }
    if (options_.pool_opened) options_.pool_opened(opened, node);
}

void coordinator::close_pool(std::uint32_t pool, time_point now) {
    pools_.erase(pool);
    for (auto const& each : nodes_) {
        each->queues.erase(pool);
        if (each->view.is == node_view::phase::here)
            tell(*each, message_kind::close_pool, close_pool_message{.pool = pool}, now);
    }
    if (pools_.empty()) values_.end_all();  // nobody is left who would ask for them
}

std::size_t coordinator::workers(std::uint32_t pool) const noexcept {
    auto const found = pools_.find(pool);
    return found == pools_.end() ? 0 : found->second.workers;
}

node_traffic coordinator::traffic(std::size_t node, std::uint32_t pool) const noexcept {
    auto const* const queue = queue_of(*nodes_[node], pool);
    return queue ? queue->traffic : node_traffic{};
}

void coordinator::count_results(std::uint16_t node, std::uint32_t pool, std::size_t bytes) noexcept {
    if (auto* const queue = queue_of(*nodes_[node], pool)) queue->traffic.results += bytes;
}

// ---- Calls

void coordinator::begin(job& work, call_message about, task_recorder* records, time_point now) {
    about.call = ++last_call_;
    about.chunk_size = std::min<std::uint64_t>(about.chunk_size, work.size());
    auto const call = std::make_shared<root_call>(work, std::move(about), records, now);
    calls_.emplace(last_call_, call);
    if (call->about().recorded.every > 0) next_beat_ = std::min(next_beat_, now + beats_while_recording);
    waiting_.insert(last_call_);
    if (work.stop().requested()) cancel_waiting(*call);
    if (workers(call->pool()) == 0) fail_if_nobody_is_left();
    feed(now);
    finish_ended();
}

void coordinator::stop(job& work, stopped_by who, time_point now) {
    auto const found =
        std::ranges::find_if(calls_, [&](auto const& each) { return &each.second->work() == &work; });
    if (found == calls_.end()) return;
    root_call& call = *found->second;
    cancel_waiting(call);
    tell_all(call, message_kind::stop, stop_message{.call = call.number(), .who = who}, now);
    finish_ended();
}

void coordinator::cancel_waiting(root_call& call) {
    touched_.insert(call.number());
    call.cancel_waiting();
}

/// A task that no node has begun waits again.
void coordinator::give_back(root_call& call, std::size_t task) {
    call.tasks().give_back({task, task + 1});
    if (call.work().stop().requested()) return cancel_waiting(call);
    waiting_.insert(call.number());
}

std::shared_ptr<root_call> coordinator::find(std::uint32_t number) const noexcept {
    auto const found = calls_.find(number);
    return found == calls_.end() ? nullptr : found->second;
}

/// Null if the node has no such pool.
node_queue* coordinator::queue_of(remote_node& node, std::uint32_t pool) const noexcept {
    auto const found = node.queues.find(pool);
    return found == node.queues.end() ? nullptr : &found->second;
}

/// Tasks have ended there, or come away, or what it may have under way is another number.
void coordinator::stir(std::uint16_t node, std::uint32_t pool) {
    pools_.at(pool).hungry.insert(node);
    stirred_.insert(node);
}

void coordinator::note_ended(std::uint16_t node, root_call const& call, std::size_t tasks, time_point now) {
    auto* const queue = queue_of(*nodes_[node], call.pool());
    if (!queue) return;
    queue->note_ended(now, tasks, call.body());
    stir(node, call.pool());
}

/// Counts off what has ended, and forgets calls of which all has.
void coordinator::finish_ended() {
    for (auto const number : std::exchange(touched_, {})) {
        auto const call = find(number);
        if (!call) continue;
        bool const over = call->count_off();
        if (!over) continue;
        calls_.erase(number);
        call->values.clear();  // the call itself may stand in queues for a while
        for (auto const each : call->known_to) {
            remote_node& node = *nodes_[each];
            if (node.view.is == node_view::phase::here) node.ended_calls.push_back(number);
        }
        if (options_.ended) options_.ended(call->work());
    }
}

// ---- Outcomes

void coordinator::on_outcomes(std::uint16_t number, byte_reader& in, time_point now) {
    std::map<std::shared_ptr<root_call>, std::size_t> ended;
    while (in.left() > 0) {
        auto const head = read_message<outcomes_head>(in);
        byte_reader these({in.take(head.bytes), head.bytes});
        auto const call = find(head.call);
        if (!call) continue;  // it has ended
        touched_.insert(head.call);
        if (head.kind == outcome_kind::records) {
            auto const& view = nodes_[number]->view;
            call->take_records(number, head, these, view.about.name, view.clock, now);
        } else if (head.kind == outcome_kind::results) {
            ended[call] += call->take_results(number, head, these);
            count_results(number, call->pool(), head.bytes);
        } else {
            auto const why = arrived_failure(read_message<moved_failure>(these), head.first);
            for (std::size_t task = head.first; task < head.first + head.count; ++task)
                ended[call] += call->fail(number, task, why) ? 1 : 0;
        }
    }
    for (auto const& [call, tasks] : ended)
        note_ended(number, *call, tasks, now);
}

void coordinator::on_large(std::uint16_t number, large_message const& about, time_point now) {
    auto const call = find(about.call);
    if (!call || !call->tasks().has(number, about.index)) return;
    large_.push_back({number, about.call, about.index, about.bytes});
    note_ended(number, *call, 1, now);
    ask_for_large(now);
}

/// Asks for results as far as the budget allows, and for one at least.
void coordinator::ask_for_large(time_point now) {
    for (auto& each : large_) {
        if (each.asked) continue;
        if (large_asked_ > 0 && large_asked_ + each.bytes > options_.budget) return;
        each.asked = true;
        large_asked_ += each.bytes;
        tell(*nodes_[each.node], message_kind::send,
             large_message{.call = each.call, .index = each.task, .bytes = each.bytes}, now);
    }
}

void coordinator::on_result(std::uint16_t number, byte_reader& in) {
    auto const about = read_message<large_message>(in);
    auto const found = std::ranges::find_if(large_, [&](announced const& each) {
        return each.node == number && each.call == about.call && each.task == about.index;
    });
    if (found == large_.end()) return;
    large_asked_ -= found->bytes;
    large_.erase(found);
    if (auto const call = find(about.call)) {
        touched_.insert(about.call);
        count_results(number, call->pool(), in.left());
        call->take_results(number, {.call = about.call, .first = about.index, .count = 1}, in);
    }
    ask_for_large(advanced_);
}

void coordinator::forget_large(std::uint16_t node) {
    std::erase_if(large_, [&](announced const& each) {
        if (each.node != node) return false;
        if (each.asked) large_asked_ -= each.bytes;
        return true;
    });
    ask_for_large(advanced_);
}

// ---- Handing out

bool coordinator::may_send() const {
    return !options_.unsent || options_.unsent() < options_.budget;
}

// A round through all nodes for each message would be most of the root's time where there are hundreds. So it
// looks at those about which something has changed since: of the others it knows that they have enough.

/// Gives nodes what they want of what waits, as long as there is any; then what they may begin.
void coordinator::feed(time_point now) {
    recall_at_ = time_point::max();
    do {
        for (auto const& [pool, of_all] : pools_) {
            while (may_send() && feed_once(pool, now)) {
            }
        }
    } while (send_values());
    send_grants(now);
}

/// Sends on what calls wait for; true if a node has all of it now. What of it is on its way is a part of the
/// budget only: tasks and beats come behind it.
bool coordinator::send_values() {
    bool any = false;
    values_.go_on([this] { return !options_.unsent || options_.unsent() < options_.budget / 4; },
                  [&](std::uint16_t number) {
                      any = true;
                      for (auto const& [pool, queue] : nodes_[number]->queues)
                          stir(number, pool);
                  });
    return any;
}

/// Whether a node has these values. If not, they are on their way, and it is fed when they have been sent.
bool coordinator::provide(std::uint16_t number, broadcast_list const& values) {
    return values.empty() || nodes_[number]->in_this_process || values_.provide(number, values);
}

/// The first call with tasks that no node has.
std::shared_ptr<root_call> coordinator::first_waiting(std::uint32_t pool) {
    for (auto at = waiting_.begin(); at != waiting_.end();) {
        auto const call = find(*at);
        if (!call || call->tasks().waiting() == 0) {
            at = waiting_.erase(at);
            continue;
        }
        if (call->pool() == pool) return call;
        ++at;
    }
    return nullptr;
}

/// The queue with the least in hand for its workers, if it wants more of tasks in such chunks.
node_queue* coordinator::hungriest(std::uint32_t pool, std::size_t chunk, std::uint16_t& node) {
    node_queue* best = nullptr;
    double least = 0;
    auto& hungry = pools_.at(pool).hungry;
    for (auto at = hungry.begin(); at != hungry.end();) {
        node_queue& queue = nodes_[*at]->queues.at(pool);
        auto const wanted = 2 * queue.allowance(nodes_[*at]->view.clock.round_trip(), chunk);
        double const filled = static_cast<double>(queue.in_hand()) / static_cast<double>(wanted);
        if (filled > 0.75) {
            at = hungry.erase(at);
            continue;
        }
        if (!best || filled < least) {
            best = &queue;
            least = filled;
            node = *at;
        }
        ++at;
    }
    return best;
}

/// Gives one node some tasks; false if none wants any, or there are none.
bool coordinator::feed_once(std::uint32_t pool, time_point now) {
    std::uint16_t number = 0;
    auto call = first_waiting(pool);
    node_queue* const queue = hungriest(pool, call ? call->chunk() : 1, number);
    if (!queue) return false;
    if (!call && reclaim(pool, number, now)) call = first_waiting(pool);
    if (!call) return false;
    if (!provide(number, call->values)) {
        pools_.at(pool).hungry.erase(number);
        return true;
    }
    auto const all_workers = std::max<std::size_t>(1, workers(pool));
    std::size_t const fair =
        std::max<std::size_t>(1, call->tasks().waiting() * queue->workers() / (2 * all_workers));
    auto const wanted = 2 * queue->allowance(nodes_[number]->view.clock.round_trip(), call->chunk());
    std::size_t const most = std::min(fair, wanted - std::min(wanted, queue->in_hand()));
    if (most == 0) return false;
    send_tasks(call, number, *queue, call->tasks().take(number, most, call->chunk()), now);
    return true;
}

/// Nothing waits, and a node has idle workers: takes back half of what the richest node may not begin yet.
bool coordinator::reclaim(std::uint32_t pool, std::uint16_t for_node, time_point now) {
    auto& hungry = nodes_[for_node]->queues.at(pool);
    if (hungry.in_hand() >= hungry.workers() * hungry.chunk()) return false;
    send_grants(now);  // what may begin is nobody's to take
    std::optional<std::uint16_t> from_node;
    std::size_t most = 0;
    for (std::size_t number = 0; number < nodes_.size(); ++number) {
        auto const* const queue = queue_of(*nodes_[number], pool);
        if (!queue || queue->not_granted() <= most) continue;
        from_node = static_cast<std::uint16_t>(number);
        most = queue->not_granted();
    }
    if (!from_node) {
        recall(pool, now);
        return false;
    }
    remote_node& richest = *nodes_[*from_node];
    std::size_t given = 0;
    auto const place =
        richest.queues.at(pool).take_back((most + 1) / 2, [&](root_call& from, std::size_t task) {
            give_back(from, task);
            ++given;
        });
    tell(richest, message_kind::revoke, revoke_message{.pool = pool, .place = place}, now);
    stir(*from_node, pool);
    return given > 0;
}

/// All that the others have they may have begun: asks for a part of it back where that takes longer than was
/// thought when it was granted.
void coordinator::recall(std::uint32_t pool, time_point now) {
    std::optional<std::uint16_t> from;
    time_point first = time_point::max();
    for (std::size_t number = 0; number < nodes_.size(); ++number) {
        auto const* const queue = queue_of(*nodes_[number], pool);
        if (!queue) continue;
        auto const at =
            queue->recall_at(overdue_times * node_queue::time_ahead(nodes_[number]->view.clock.round_trip()));
        if (!at || *at >= first) continue;
        from = static_cast<std::uint16_t>(number);
        first = *at;
    }
    if (!from) return;
    if (now < first) {
        recall_at_ = std::min(recall_at_, first);
        return;
    }
    remote_node& node = *nodes_[*from];
    for (auto const& each : nodes_) {  // what they know is of shorter tasks
        if (auto* const queue = queue_of(*each, pool)) queue->forget_rate();
    }
    tell(node, message_kind::recall, recall_message{.pool = pool, .count = node.queues.at(pool).recall(now)},
         now);
}

void coordinator::on_returned(std::uint16_t number, byte_reader& in) {
    auto const returned = read_message<returned_message>(in);
    auto* const queue = queue_of(*nodes_[number], returned.pool);
    if (!queue) return;
    for (auto const& each : returned.tasks) {
        auto const call = find(each.call);
        if (!call || call->chunk() > 1 || each.first + each.count > call->work().size()) continue;
        queue->note_returned(*call, {each.first, each.first + each.count});
        for (std::size_t task = each.first; task < each.first + each.count; ++task) {
            if (call->tasks().has(number, task)) give_back(*call, task);
        }
    }
    stir(number, returned.pool);
}

/// No node waits for that, so it goes with the next tasks, or a beat.
void coordinator::tell_ended_calls(remote_node& node, time_point now) {
    for (auto const number : std::exchange(node.ended_calls, {}))
        tell(node, message_kind::forget, forget_message{.call = number}, now);
}

void coordinator::introduce(root_call& call, remote_node& node, std::uint16_t number, time_point now) {
    if (!call.known_to.insert(number).second) return;
    auto message = written(call.about());
    if (call.about().recorded.every > 0) codec<recorded_call>::encode(call.about().recorded, message.body());
    node.line.send(message_kind::call, message.take(), now);
}

void coordinator::send_tasks(std::shared_ptr<root_call> const& call, std::uint16_t number, node_queue& queue,
                             task_range tasks, time_point now) {
    remote_node& node = *nodes_[number];
    tell_ended_calls(node, now);
    introduce(*call, node, number, now);
    queue.note_begin(now);
    stirred_.insert(number);
    touched_.insert(call->number());  // inputs may fail
    std::function<bool(std::span<std::byte const>)> const ready = [&](std::span<std::byte const> input) {
        return node.in_this_process || provide(number, broadcasts_in(input));
    };
    using input = root_call::written_input;
    // The inputs are written where they go from, for they may be large: their number is known at the end.
    auto const begun = [&] {
        message_writer message = call->has_large_inputs ? message_writer(spare_) : message_writer();
        codec<tasks_message>::encode({.call = call->number(), .first = tasks.first}, message.body());
        return message;
    };
    while (!tasks.empty()) {
        message_writer message = begun();
        std::size_t task = tasks.first;
        input last = input::added;
        auto const write_to = [&](std::size_t end) {
            while (task < end && last == input::added) {
                last = call->write_input(task, message, ready);
                if (last == input::added) ++task;
            }
        };
        while (task < tasks.last && message.size() < inputs_in_a_message && last == input::added)
            write_to(std::min(tasks.last, end_of_chunk(task + 1, call->chunk())));
        std::size_t const whole = std::max(tasks.first, begin_of_chunk(task, call->chunk()));
        if (last == input::waits && whole < task) {  // then the others of its chunk do, too
            message = begun();
            task = tasks.first;
            last = input::added;
            write_to(whole);
            if (last == input::added) last = input::waits;
        }
        call->has_large_inputs |= message.size() >= inputs_in_a_message;
        task_range const sent{tasks.first, task};
        if (!sent.empty()) {
            message.change_number(offsetof(tasks_message, count), sent.size());
            queue.traffic.inputs += message.size();
            node.line.send(message_kind::tasks, message.take(), now);
            queue.push(call, sent);
        }
        tasks.first = task + (last == input::failed ? 1 : 0);
        if (last != input::waits) continue;
        for (; !tasks.empty(); ++tasks.first)
            give_back(*call, tasks.first);
        pools_.at(call->pool()).hungry.erase(number);
    }
}

void coordinator::send_grants(time_point now) {
    for (auto const number : std::exchange(stirred_, {})) {
        remote_node& node = *nodes_[number];
        for (auto& [pool, queue] : node.queues) {
            std::uint64_t place = 0;
            if (queue.grant(now, queue.allowance(node.view.clock.round_trip()), place))
                tell(node, message_kind::grant, grant_message{.pool = pool, .place = place}, now);
        }
    }
}

}  // namespace quartet::inline v0::detail
