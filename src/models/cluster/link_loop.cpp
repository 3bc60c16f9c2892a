#include "src/models/cluster/link_loop.hpp"

#include "src/models/cluster/packet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sched.h>
#include <stdexcept>
#include <unistd.h>

namespace quartet::inline v0::detail {
namespace {

using namespace std::chrono_literals;

constexpr int idle_beats_in_a_silence = 4;
constexpr auto flush_limit = 1s;  // at the end
constexpr auto root_limit = 5s;   // for what the root has to say at the end
constexpr auto starving_limit = 30s;
constexpr auto memory_is_kept = 5s;  // without a large message

constexpr std::size_t most_orders = 256;                          // before others have their turn
constexpr std::uint64_t most_unread = std::uint64_t{256} << 20;   // bytes, beyond which MPI is left waiting
constexpr std::uint64_t rung_for_bytes = std::uint64_t{4} << 10;  // whose sender has to take part in it
constexpr std::uint64_t kept_message = std::uint64_t{1} << 20;    // whose block keeps its pages

constexpr auto spin = 50us;           // after something has moved
constexpr auto short_rest = 1ms;      // within which a new socket is found
constexpr auto long_rest = 250ms;     // where sockets tell
constexpr auto blind_rest = 20ms;     // where they do not, after a second
constexpr auto surely_before = 30us;  // a sleep has ended
constexpr int steps_before_rest = 3;  // MPI has to be asked a few times
constexpr int most_unread_steps = 200;

}  // namespace

link_loop::link_loop(quartet_mpi_table const& mpi, link_memory& memory, link_sleep& sleep,
                     link_process_options const& options)
    : mpi_(&mpi),
      state_(&memory.state()),
      heap_(&memory.heap()),
      sleep_(&sleep),
      rank_(state_->rank),
      size_(state_->size),
      beat_every_(options.silence / idle_beats_in_a_silence),
      neighbours_(mpi, rank_, size_),
      loans_(memory.heap(), state_->returned),
      sends_(mpi, memory.heap(), state_->unsent, size_),
      receives_(mpi, memory.heap(), size_),
      moved_(clock::now()),
      traffic_(moved_),
      next_beat_(moved_ + beat_every_),
      next_look_(moved_) {
    sleep.watch_bell(neighbours_.bell());
    sends_.begun = [this](std::size_t rank) { neighbours_.ring(rank); };
    sends_.failed = [this](std::size_t rank) {
        lost(rank, link_state::rank_state::ended);
        tell_if_ended(rank);
        state_->bell.ring();
    };
    receives_.deliver = [this](std::size_t from, shared_block& block, std::uint64_t bytes) {
        deliver(from, block, bytes);
    };
    receives_.touched = [this](std::size_t from, std::uint64_t bytes) {
        if (bytes > rung_for_bytes) neighbours_.ring(from);
    };
    receives_.failed = sends_.failed;
}

bool link_loop::run() {
    for (;;) {
        bool const moved = step();
        auto const now = clock::now();
        look_at_time(now);
        if (has_ended(now)) break;
        if (!moved) {
            rest(now);
            continue;
        }
        moved_ = now;
        sockets_known_ = false;
        idle_steps_ = unread_steps_ = 0;
        woken_.reset();
    }
    if (program_died_ || any_lost_) return false;
    return rank_ == 0 || root_finishes_.value_or(false);
}

/// Once through all there is to do. False if there was nothing.
bool link_loop::step() {
    bool const orders = take_orders();
    bool moved = orders;
    moved |= sends_.advance();
    moved |= receives_.advance(may_receive());
    if (woken_ && (orders || receives_.saw_one())) note_what_woke(receives_.saw_one());
    moved |= loans_.take_returned();
    moved |= pass_on();
    return moved;
}

/// Something was there after a sleep. If time ended that, what comes a little later may not have been there
/// before: another process may have had the processor meanwhile.
void link_loop::note_what_woke(bool message) {
    bool const by_time = woken_ == link_sleep::woken::by_time;
    if (by_time && clock::now() - woken_at_ > surely_before) return;
    if (by_time) state_->found_late.fetch_add(1);
    if (message) sleep_->note_message(*woken_);
}

// ---- The program's orders

bool link_loop::take_orders() {
    std::size_t count = 0;
    for (; count < most_orders; ++count) {
        auto const order = state_->out.pop();
        if (!order) break;
        obey(*order);
    }
    if (count > 0) traffic_ = clock::now();
    if (count > 0 && state_->wants_room.load() != 0 && state_->wants_room.exchange(0) != 0)
        state_->bell.ring();
    return count > 0;
}

void link_loop::obey(link_entry const& order) {
    switch (order.what) {
        case link_entry::kind::message:
            return send(order);
        case link_entry::kind::drop:
            return drop(order.rank);
        case link_entry::kind::use:
            return loans_.take_from_dead();
    }
}

/// What goes to a rank that was given up goes out if it can; nobody waits for it.
void link_loop::send(link_entry const& message) {
    if (message.bytes >= kept_message) large_moved_ = clock::now();
    bool const here = is_here(message.rank);
    if (!here) state_->unsent.fetch_sub(message.bytes);
    if (how_is(message.rank) == link_state::rank_state::ended) return heap_->give_back(message.block);
    sends_.add(message.rank, *message.block, message.bytes, !here);
}

/// The program has given a rank up. It is told, should it live.
void link_loop::drop(std::size_t rank) {
    lost(rank, link_state::rank_state::dropped);
    say(rank, 0, true);
}

void link_loop::lost(std::size_t rank, link_state::rank_state how) {
    any_lost_ = true;
    state_->ranks[rank].store(std::max(how, how_is(rank)), std::memory_order_relaxed);
    sends_.drop(rank);
    receives_.drop(rank);
}

/// Behind what came of it before.
void link_loop::tell_if_ended(std::size_t rank) {
    if (how_is(rank) == link_state::rank_state::ended) state_->losses.fetch_add(1);
}

// ---- Messages for the program

void link_loop::deliver(std::size_t from, shared_block& block, std::uint64_t bytes) {
    std::uint32_t const use = current_use();
    if (bytes >= kept_message) large_moved_ = clock::now();
    // What comes to a root that nobody uses is of a session that has ended. A node's program may not have
    // begun to listen.
    if (hear(from, block, bytes) || (rank_ == 0 && use == 0)) {
        tell_if_ended(from);
        return heap_->give_back(&block);
    }
    loans_.lend(block, {state_->user.load(std::memory_order_relaxed),
                        state_->user_started.load(std::memory_order_relaxed)});
    arrived_.push_back({{.what = link_entry::kind::message,
                         .rank = static_cast<std::uint32_t>(from),
                         .block = &block,
                         .bytes = bytes},
                        use});
    pass_on();
}

/// Words of another link process. True if they are not for the program.
bool link_loop::hear(std::size_t from, shared_block& block, std::uint64_t bytes) {
    frame_head head{};
    if (bytes == sizeof head) std::memcpy(&head, bytes_of(block), sizeof head);
    bool const is_word = bytes == sizeof head && head.session == 0;
    if (!is_word) traffic_ = clock::now();
    if (!is_word || head.kind != message_kind::leave) return false;
    if (rank_ == 0) {
        lost(from, link_state::rank_state::ended);
        return false;
    }
    if (from == 0) root_finishes_ = head.heard != 0;
    return from != 0;
}

bool link_loop::pass_on() {
    if (arrived_.empty()) return false;
    std::uint32_t const use = current_use();
    bool moved = false;
    while (!arrived_.empty()) {
        auto const& [entry, of] = arrived_.front();
        if (rank_ == 0 && of != use) {
            shared_block* const block = entry.block;
            tell_if_ended(entry.rank);
            arrived_.pop_front();
            loans_.take_back(*block);
            moved = true;
            continue;
        }
        state_->unread.fetch_add(entry.bytes);
        if (!state_->in.push(entry)) {
            state_->unread.fetch_sub(entry.bytes);
            break;
        }
        tell_if_ended(entry.rank);
        arrived_.pop_front();
        moved = true;
    }
    if (moved) state_->bell.ring();
    return moved;
}

/// The program takes what it did not take: it was asked to tell.
bool link_loop::has_room_again() {
    bool const held = !arrived_.empty() || !may_receive();
    state_->held_back.store(held ? 1 : 0);
    if (!held) return false;
    return arrived_.empty() ? may_receive() : !state_->in.is_full();
}

/// MPI keeps what the program does not take: then senders wait.
bool link_loop::may_receive() const noexcept {
    return arrived_.empty() && state_->unread.load(std::memory_order_relaxed) < most_unread;
}

// ---- Now and then

void link_loop::look_at_time(clock::time_point now) {
    if (!ending_) {
        if (sleep_->program_has_ended()) begin_end(true, now);
        if (state_->ordered.load(std::memory_order_acquire) == link_state::order::end) begin_end(false, now);
    } else if (sleep_->program_has_ended() && !program_died_) {
        begin_end(true, now);  // in the middle of its end
    }
    if (now >= next_beat_) {
        next_beat_ = now + beat_every_;
        if (rank_ == 0 && !ending_) beat();
    }
    refuse_starving(now);
    if (now < next_look_) return;
    next_look_ = now + 1s;
    if (now - large_moved_ > memory_is_kept && heap_->kept() > 0) heap_->drop_kept();
    if (state_->in.is_full() || !arrived_.empty()) forget_dead_user();
}

/// Tells the others that the root lives, also while nobody uses its link.
void link_loop::beat() {
    for (std::size_t rank = 1; rank < size_; ++rank) {
        if (is_here(rank) && sends_.is_empty(rank)) say(rank, 0, false);
    }
}

/// A message for which there is no memory, and will be none, would hold up all others.
void link_loop::refuse_starving(clock::time_point now) {
    std::uint64_t const bytes = receives_.starving();
    if (bytes == 0) {
        starved_ = {};
        return;
    }
    if (starved_ == clock::time_point()) starved_ = now;
    if (bytes < heap_->capacity() && now - starved_ < starving_limit) return;
    throw std::runtime_error(
        fmt::format("quartet: there is no memory on this machine for a message of {} bytes", bytes));
}

/// The process that uses the link of the root was killed: what comes for it is nobody's.
void link_loop::forget_dead_user() {
    std::uint32_t use = current_use();
    if (rank_ != 0 || use == 0) return;
    process_mark const user{state_->user.load(std::memory_order_acquire),
                            state_->user_started.load(std::memory_order_acquire)};
    if (current_use() != use || is_living(user)) return;
    state_->used.compare_exchange_strong(use, 0);
}

/// A message of 24 bytes, of no session: a beat, or that the ranks are to end.
void link_loop::say(std::size_t to, std::uint64_t heard, bool leave) {
    frame_head const head{
        .session = 0, .kind = leave ? message_kind::leave : message_kind{}, .number = 0, .heard = heard};
    try {
        shared_block* const block = heap_->take(sizeof head);
        std::memcpy(bytes_of(*block), &head, sizeof head);
        state_->unsent.fetch_add(sizeof head);
        send({.what = link_entry::kind::message,
              .rank = static_cast<std::uint32_t>(to),
              .block = block,
              .bytes = sizeof head});
    } catch (std::bad_alloc const&) {
        // Beats come again, and who hears nothing at the end ends all the same.
    }
}

// ---- The end

void link_loop::begin_end(bool died, clock::time_point now) {
    ending_ = true;
    program_died_ = died;
    flush_until_ = now + flush_limit;
    root_until_ = flush_until_ + root_limit;
    bool const finish = !died && !any_lost_;
    for (std::size_t rank = 0; rank < size_; ++rank) {
        if (rank == rank_ || !is_here(rank)) continue;
        if (died) sends_.drop(rank);
        if (rank_ == 0 || (died && rank == 0)) say(rank, finish ? 1 : 0, true);
    }
}

/// Whoever has ended well waits for the root's word on whether all finish MPI together.
bool link_loop::has_ended(clock::time_point now) const noexcept {
    if (!ending_) return false;
    if (now < flush_until_ && (sends_.count() > 0 || !state_->out.is_empty())) return false;
    return rank_ == 0 || program_died_ || any_lost_ || root_finishes_ || now >= root_until_;
}

// ---- Waiting

void link_loop::rest(clock::time_point now) {
    ++idle_steps_;
    if (now - moved_ < spin || idle_steps_ < steps_before_rest) {
        sched_yield();
        return;
    }
    if (unread_steps_ < most_unread_steps && sleep_->unread()) {
        ++unread_steps_;
        sched_yield();
        return;
    }
    auto const most = most_rest(now);
    state_->sleeps.store(1);
    // The program looks at the flag after what it has done, and this process after having set it.
    bool const asked =
        !state_->out.is_empty() || (!ending_ && state_->ordered.load() != link_state::order::none);
    if (!asked && !has_room_again()) {
        woken_ = sleep_->sleep(most);
        woken_at_ = clock::now();
    }
    state_->sleeps.store(0);
    idle_steps_ = 0;
    if (woken_ == link_sleep::woken::by_mpi) unread_steps_ = 0;
}

std::chrono::nanoseconds link_loop::most_rest(clock::time_point now) {
    auto const idle = now - moved_;
    // Where somebody has to take part who has no bell.
    auto const soon = std::clamp<std::chrono::nanoseconds>(idle / 4, 10us, 1ms);
    auto const eager = now - traffic_ < 1s ? soon : blind_rest;
    std::chrono::nanoseconds most = short_rest;
    if (sends_.under_way() || receives_.under_way() || receives_.starving() > 0 || sleep_->is_blind())
        most = eager;
    else if (idle >= short_rest)
        most = sleep_->can_be_trusted() ? long_rest : blind_rest;
    if (idle >= short_rest && !sockets_known_) {
        sleep_->adopt_sockets();
        sockets_known_ = true;
    }
    auto until = next_beat_;
    if (ending_) until = std::min(until, sends_.count() > 0 ? flush_until_ : root_until_);
    return std::clamp<std::chrono::nanoseconds>(until - now, 0ns, most);
}

}  // namespace quartet::inline v0::detail
