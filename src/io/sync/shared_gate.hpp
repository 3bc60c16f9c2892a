// src/io/sync/shared_gate.hpp
//
// What gates between processes are made of: who waits, in their order, and which processes have to do with
// the gate. In memory that forked processes share.
//
// A process may be killed between any two instructions, and takes nothing along:
//
// The lock is robust: the kernel passes it on when its owner dies, and the next one mends what he left half
// done.
//
// What a process has to do with the gate stands in its `member`, and each of its waiters in a `place` of the
// list. When it is gone these are wiped, whatever it was about to do. What the gate knows beside them is
// computed from them again, or changes by one store.
//
// Nobody tells that a process has died. So those who wait look at the others, each `look_interval`, and so
// does who finds nothing to take without waiting. That also covers a process which is killed when it has
// decided on somebody and has not woken him, or which can't wake loops since a body has closed its
// descriptors.
//
// Who is next is looked for among all that wait: what is done here takes longer the more there are, some
// microseconds for a thousand.
#pragma once

#include "src/base/living_process.hpp"

#include <quartet/detail/io/gate.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace quartet::inline v0::detail {

class shared_gate {
public:
    static constexpr auto look_interval = std::chrono::milliseconds(50);

    shared_gate(shared_gate const&) = delete;
    shared_gate& operator=(shared_gate const&) = delete;

    int event_descriptor() const noexcept { return event_; }

protected:
    using answer = gate_waiter::answer;

    /// A process that has to do with the gate.
    struct member {
        process_mark who;      ///< pid 0: nobody
        std::uint64_t held;    ///< the gate's: how many permits it has
        std::uint64_t round;   ///< the gate's: the last one in which it has arrived
        std::uint64_t before;  ///< the gate's: and that before it
        std::uint64_t seen;    ///< by this look among those who wait
    };

    /// One that waits, or has been told something and has not heard it yet.
    struct place {
        std::atomic<std::uint64_t> ticket;  ///< its rank; 0: nobody
        std::atomic<std::uint32_t> word;    ///< changes when it is told something: a futex
        std::uint32_t owner;                ///< whose it is: an index of the members
        answer told;
        bool on_loop;

        bool waits() const noexcept {
            return ticket.load(std::memory_order_relaxed) != 0 && told == answer::none;
        }
    };

    /// `what` is the gate's name in texts. Throws std::system_error if the system refuses.
    explicit shared_gate(char const* what);
    virtual ~shared_gate();

    /// Holds the lock, which all that follows needs.
    class access {
    public:
        explicit access(shared_gate& gate) noexcept;
        ~access();
        access(access const&) = delete;
        access& operator=(access const&) = delete;

    private:
        shared_gate& gate_;
    };

    /// This process. Throws std::system_error if there are too many.
    member& self();
    /// Null if it has had nothing to do with the gate yet.
    member* known_self() noexcept;

    /// Those that are there, and some that are nobody; as for places.
    std::span<member> members() noexcept;
    std::span<place> places() noexcept;

    bool is_of(place const& one, member const& owner) noexcept { return &members()[one.owner] == &owner; }

    /// Puts one in the list that is not in it. Throws std::system_error if too many wait.
    void add(gate_waiter& who);

    /// What it has been told, and then it is out of the list; none if it waits, or is not in it.
    answer take_answer(gate_waiter& who) noexcept;

    /// Takes it out; what it had been told.
    answer remove(gate_waiter& who) noexcept;

    /// Who has waited longest; null if nobody waits.
    place* first_waiting() noexcept;
    std::size_t waiting() noexcept;

    void tell(place& who, answer what) noexcept;
    void tell_all(answer what) noexcept;  ///< those who wait

    /// Finds those who have died, and has the gate do without them. Looks again soon after a look only if
    /// `now`.
    void look(bool now) noexcept;

    /// The gate's own, 0 at first.
    std::atomic<std::uint64_t>& word(std::size_t index) const noexcept;
    static constexpr std::size_t words = 4;

private:
    struct layout;

    /// Brings in order what is not in members and places, after the lock's owner or another process has died.
    virtual void mend() noexcept = 0;
    /// Whether it matters when this process dies that does not wait.
    virtual bool matters(member const& each) noexcept = 0;
    /// It has died; it is wiped afterwards. May be called twice for one, where who calls is killed too.
    virtual void lose(member& gone, bool waited) noexcept = 0;

    member* find_free() noexcept;
    member& enter(process_mark const& who);
    place& place_of(gate_waiter const& who) noexcept;
    void free(place& left) noexcept;
    bool note(place& who, answer what) noexcept;
    void forget(std::size_t index) noexcept;
    void look_at_all(bool also_idle) noexcept;
    void signal_loops() noexcept;

    layout* at_;
    int event_;
    char const* what_;
    std::atomic<std::uint64_t> own_{0};  // of this process: how often it was forked, and its index plus 1
};

}  // namespace quartet::inline v0::detail
