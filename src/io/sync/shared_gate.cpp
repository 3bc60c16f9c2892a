#include "src/io/sync/shared_gate.hpp"

#include "src/base/futex.hpp"
#include "src/base/robust_mutex.hpp"
#include "src/io/sync/shared_event.hpp"

#include <quartet/detail/base/fork_visibility.hpp>

#include <algorithm>
#include <cerrno>
#include <new>
#include <string>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

namespace quartet::inline v0::detail {
namespace {

constexpr std::size_t most_members = 4096;
constexpr std::size_t most_places = std::size_t{1} << 16;

[[noreturn]] void refuse(int error, std::string const& text) {
    throw std::system_error(error, std::generic_category(), text);
}

std::uint64_t now_in_milliseconds() noexcept {
    auto const now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

/// Differs between a process and those it was forked from.
std::uint64_t life_of_process() noexcept {
    return std::uint64_t{forks.load(std::memory_order_relaxed)} << 32;
}

/// What is written before it stands in memory before what is written after it, whenever the process is
/// killed.
void keep_order() noexcept {
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace

// Behind it lie the members and the places: pages of zeros, which are taken as they are used.
struct shared_gate::layout {
    robust_mutex mutex{};
    std::atomic<std::uint64_t> words[shared_gate::words]{};
    std::uint64_t last_ticket = 0;
    std::uint64_t last_look = 0;  // when, in milliseconds
    std::uint64_t looks = 0;
    std::size_t used_members = 0;  // behind these there is none; the same below
    std::size_t used_places = 0;

    static constexpr std::size_t members_at = 4096;
    static constexpr std::size_t places_at = members_at + most_members * sizeof(member);
    static constexpr std::size_t bytes = places_at + most_places * sizeof(place);

    std::byte* start() noexcept { return reinterpret_cast<std::byte*>(this); }
    member* members() noexcept { return reinterpret_cast<member*>(start() + members_at); }
    place* places() noexcept { return reinterpret_cast<place*>(start() + places_at); }
};

shared_gate::shared_gate(char const* what) : event_(make_shared_event()), what_(what) {
    static_assert(sizeof(layout) <= layout::members_at && layout::places_at % alignof(place) == 0);
    if (event_ < 0) refuse(errno, std::string("cannot make a ") + what_ + " between processes");
    void* const base = mmap(nullptr, layout::bytes, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) {
        int const error = errno;
        close(event_);
        refuse(error, std::string("cannot make a ") + what_ + " between processes");
    }
    at_ = ::new (base) layout;
}

shared_gate::~shared_gate() {
    close(event_);
    munmap(static_cast<void*>(at_), layout::bytes);
}

shared_gate::access::access(shared_gate& gate) noexcept : gate_(gate) {
    if (gate_.at_->mutex.lock()) gate_.mend();
}

shared_gate::access::~access() {
    gate_.at_->mutex.unlock();
}

std::atomic<std::uint64_t>& shared_gate::word(std::size_t index) const noexcept {
    return at_->words[index];
}

// ---- Processes

std::span<shared_gate::member> shared_gate::members() noexcept {
    return {at_->members(), at_->used_members};
}

shared_gate::member* shared_gate::known_self() noexcept {
    std::uint64_t const life = life_of_process();
    std::uint64_t const known = own_.load(std::memory_order_relaxed);
    return known > life && known - life <= most_members ? &at_->members()[known - life - 1] : nullptr;
}

shared_gate::member& shared_gate::self() {
    if (member* const known = known_self()) return *known;
    std::uint64_t const life = life_of_process();
    process_mark const own = mark_of_this_process();
    auto const found = std::ranges::find(members(), own, &member::who);
    member& entered = found != members().end() ? *found : enter(own);
    own_.store(life + static_cast<std::uint64_t>(&entered - at_->members()) + 1, std::memory_order_relaxed);
    return entered;
}

/// Null if there is none.
shared_gate::member* shared_gate::find_free() noexcept {
    auto const free = std::ranges::find_if(members(), [](member const& each) { return each.who.pid == 0; });
    if (free != members().end()) return &*free;
    if (at_->used_members == most_members) return nullptr;
    return &at_->members()[at_->used_members++];
}

shared_gate::member& shared_gate::enter(process_mark const& who) {
    member* free = find_free();
    if (!free) {
        look_at_all(true);
        free = find_free();
    }
    if (!free) refuse(EAGAIN, std::string("too many processes use a ") + what_ + " between processes");
    *free = {};
    free->who.started = who.started;
    keep_order();
    free->who.pid = who.pid;
    return *free;
}

// ---- Those who wait

std::span<shared_gate::place> shared_gate::places() noexcept {
    return {at_->places(), at_->used_places};
}

shared_gate::place& shared_gate::place_of(gate_waiter const& who) noexcept {
    return at_->places()[who.place - 1];
}

void shared_gate::add(gate_waiter& who) {
    auto const owner = static_cast<std::uint32_t>(&self() - at_->members());
    auto const used = places();
    auto const free = std::ranges::find_if(
        used, [](place const& each) { return each.ticket.load(std::memory_order_relaxed) == 0; });
    if (free == used.end() && used.size() == most_places)
        refuse(EAGAIN, std::string("too many wait for a ") + what_ + " between processes");
    auto const index = static_cast<std::size_t>(free - used.begin());
    at_->used_places = std::max(at_->used_places, index + 1);
    place& taken = at_->places()[index];
    taken.owner = owner;
    taken.told = answer::none;
    taken.on_loop = who.on_loop();
    taken.ticket.store(++at_->last_ticket, std::memory_order_release);
    who.place = index + 1;
    who.word = &taken.word;
    who.seen = taken.word.load(std::memory_order_relaxed);
}

shared_gate::answer shared_gate::take_answer(gate_waiter& who) noexcept {
    if (who.place == 0) return answer::none;
    place& its = place_of(who);
    if (its.told != answer::none) return remove(who);
    who.word = &its.word;
    who.seen = its.word.load(std::memory_order_relaxed);
    return answer::none;
}

shared_gate::answer shared_gate::remove(gate_waiter& who) noexcept {
    if (who.place == 0) return answer::none;
    place& its = place_of(who);
    answer const told = its.told;
    free(its);
    who.place = 0;
    return told;
}

void shared_gate::free(place& left) noexcept {
    left.ticket.store(0, std::memory_order_release);
    while (at_->used_places > 0 &&
           at_->places()[at_->used_places - 1].ticket.load(std::memory_order_relaxed) == 0)
        --at_->used_places;
}

shared_gate::place* shared_gate::first_waiting() noexcept {
    place* first = nullptr;
    for (place& each : places()) {
        if (each.waits() && (!first || each.ticket < first->ticket)) first = &each;
    }
    return first;
}

std::size_t shared_gate::waiting() noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(places(), &place::waits));
}

/// Wakes a thread; true if it is on a loop, which has yet to hear of it.
bool shared_gate::note(place& who, answer what) noexcept {
    who.told = what;
    keep_order();
    who.word.fetch_add(1, std::memory_order_relaxed);
    if (!who.on_loop) futex_wake_all(who.word);
    return who.on_loop;
}

void shared_gate::tell(place& who, answer what) noexcept {
    if (note(who, what)) signal_loops();
}

void shared_gate::tell_all(answer what) noexcept {
    bool on_loops = false;
    for (place& each : places()) {
        if (each.waits()) on_loops |= note(each, what);
    }
    if (on_loops) signal_loops();
}

void shared_gate::signal_loops() noexcept {
    if (is_event(event_)) signal_event(event_);  // else they look
}

// ---- Those who have died

void shared_gate::look(bool now) noexcept {
    std::uint64_t const moment = now_in_milliseconds();
    if (!now && moment - at_->last_look < std::uint64_t{look_interval.count()}) return;
    at_->last_look = moment;
    look_at_all(false);
}

void shared_gate::look_at_all(bool also_idle) noexcept {
    ++at_->looks;
    for (place const& each : places()) {
        if (each.ticket.load(std::memory_order_relaxed) != 0) at_->members()[each.owner].seen = at_->looks;
    }
    bool any = false;
    for (std::size_t index = 0; index < at_->used_members; ++index) {
        member const& each = at_->members()[index];
        if (each.who.pid == 0 || (each.seen != at_->looks && !also_idle && !matters(each))) continue;
        if (is_living(each.who)) continue;
        forget(index);
        any = true;
    }
    if (any) mend();
}

// In this order: whoever is killed in between leaves it to the next to do it again.
void shared_gate::forget(std::size_t index) noexcept {
    member& gone = at_->members()[index];
    auto const its = [index](place const& each) {
        return each.ticket.load(std::memory_order_relaxed) != 0 && each.owner == index;
    };
    bool const waited =
        std::ranges::any_of(places(), [&](place const& each) { return its(each) && each.waits(); });
    lose(gone, waited);
    keep_order();
    for (std::size_t last = at_->used_places; last > 0; --last) {
        if (place& each = at_->places()[last - 1]; its(each)) free(each);
    }
    keep_order();
    gone = {};
}

}  // namespace quartet::inline v0::detail
