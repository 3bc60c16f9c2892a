#include "src/io/sync/shared_permits.hpp"

namespace quartet::inline v0::detail {

attempt shared_permits::take(gate_waiter* who, bool& owner_died) {
    access const lock(*this);
    static_cast<void>(self());  // what can fail comes first
    bool const is_new = !who || who->place == 0;
    if (is_new && try_take(owner_died)) return attempt::done;
    if (!who) return attempt::would_block;
    if (is_new) add(*who);
    if (take_answer(*who) == answer::none) {
        look(false);
        if (take_answer(*who) == answer::none) return attempt::would_block;
    }
    hold(owner_died);
    return attempt::done;
}

bool shared_permits::take_now(bool& owner_died) {
    access const lock(*this);
    if (try_take(owner_died)) return true;
    look(true);
    return try_take(owner_died);
}

bool shared_permits::try_take(bool& owner_died) {
    if (taken() == count_ || first_waiting()) return false;
    static_cast<void>(self());
    set_taken(taken() + 1);
    hold(owner_died);
    return true;
}

void shared_permits::hold(bool& owner_died) {
    ++self().held;
    auto& orphans = word(1);
    owner_died = orphans.load(std::memory_order_relaxed) > 0;
    if (owner_died) orphans.fetch_sub(1, std::memory_order_relaxed);
}

void shared_permits::give_back() noexcept {
    access const lock(*this);
    member* const own = known_self();
    if (!own || own->held == 0) return;  // this process is a copy of the one that took it, whose it still is
    --own->held;
    set_taken(taken() - 1);
    give_to_waiting();
}

void shared_permits::leave(gate_waiter& who) noexcept {
    access const lock(*this);
    if (remove(who) != answer::granted) return;
    set_taken(taken() - 1);
    give_to_waiting();
}

std::size_t shared_permits::available() {
    access const lock(*this);
    if (taken() > 0) look(true);
    return count_ - taken();
}

void shared_permits::give_to_waiting() noexcept {
    while (taken() < count_) {
        place* const next = first_waiting();
        if (!next) return;
        set_taken(taken() + 1);
        tell(*next, answer::granted);
    }
}

void shared_permits::mend() noexcept {
    std::uint64_t count = 0;
    for (member const& each : members()) {
        if (each.who.pid != 0) count += each.held;
    }
    for (place const& each : places())
        count += each.ticket.load(std::memory_order_relaxed) != 0 && each.told == answer::granted;
    set_taken(count);
    give_to_waiting();
}

void shared_permits::lose(member& gone, bool) noexcept {
    word(1).fetch_add(gone.held, std::memory_order_relaxed);
    gone.held = 0;
}

}  // namespace quartet::inline v0::detail
