// src/io/loop/descriptor_waits.hpp
//
// The operations of one event loop that wait until descriptors are ready.
//
// Asio watches a descriptor for one owner, and tells of changes only. Here any number of bodies wait for one
// descriptor, each until it holds what it wants: it tries first, and only what would block comes here. All
// descriptors lie in an inner epoll set, which Asio watches as one, and only when the loop is about to wait:
// as long as there is something at every turn, the set is asked directly, once a turn. A loop that is busy
// for long takes it away from Asio, for a set within a set makes each event dearer.
//
// Anybody may have closed a descriptor since, and have got its number for another file. So it is registered
// anew for each wait (one system call), for one event: if the registration is gone, the number means another
// file, and those who still waited for the one before are told so. As long as the loop has something to do a
// new wait is not registered: a few such descriptors are asked by one poll(2) a turn, and most waits between
// bodies of one loop end by that. (A number that changes hands within those turns is not noticed.) The
// sockets that this library owns have numbers of their own, the serials, which are never used again: they
// stay registered, for changes only (EPOLLET), and a wait costs no call. That misses nothing: what waits has
// tried before, and found nothing. Nor need it try when the read before took less than it had room for: a
// stream has no more then until the set tells of it (epoll(7)). An end, an error and urgent data are the
// exceptions, for they may lie behind data that the set has told of already, so they are asked for, too.
//
// The system says nothing when a descriptor is closed. Once a second those that are waited for are looked
// through for such ones, a thousand at a time, and who waits for them is told.
//
// All members are for the loop's thread.
#pragma once

#include "src/base/descriptor.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/detail/io/operations/descriptor_operation.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

namespace quartet::inline v0::detail {

class descriptor_waits final : public loop_service {
public:
    explicit descriptor_waits(event_loop& loop) : loop_(loop) {}
    ~descriptor_waits() override;

    /// Tries; true if the operation is done, false if it will be completed. Throws what trying throws, and
    /// std::system_error if the system can't watch the descriptor.
    bool start(descriptor_operation& operation);

    /// Takes out one that waits, with the error `cancelled`; it completes soon. Nothing if it does not wait.
    void cancel(descriptor_operation& operation) noexcept;

    bool advance() override;
    std::optional<time_point> deadline() const noexcept override;

    /// How many operations may be done at once, one after another, before others have their turn.
    static constexpr unsigned most_at_once = 100;

private:
    /// A descriptor by its number.
    struct watched {
        descriptor_operation* first = nullptr;  // those who wait for it, in the order they came
        descriptor_operation* last = nullptr;
        std::size_t to_read = 0;
        std::size_t to_write = 0;
        std::size_t place = 0;         // in waited_for_, if anybody waits
        std::size_t new_place = none;  // in new_, if it is there
        unsigned polls = 0;            // since it came there
        unsigned untried = 0;          // how many waits to come are not worth a try first
        std::uint64_t serial = 0;      // of the own socket that it is registered for; 0: for one event
        std::uint32_t events = 0;      // that it is registered for; 0: it is not registered
        std::uint32_t generation = 0;  // of its registration; an older one is another file's
        bool is_drained = false;       // an own socket has nothing to read until the set tells of it
        bool may_drain = false;        // it may get there: there was no end, no error and nothing urgent

        readiness wanted() const noexcept {
            return (to_read > 0 ? readable : readiness()) | (to_write > 0 ? writable : readiness());
        }
    };

    static constexpr auto none = static_cast<std::size_t>(-1);

    watched& at(int descriptor);
    bool try_first(descriptor_operation& operation);
    bool try_at(watched& where, descriptor_operation& operation, readiness holds);
    void add(descriptor_operation& operation);
    void link(watched& where, descriptor_operation& operation);
    void unlink(watched& where, descriptor_operation& operation) noexcept;
    void end_all(watched& where, std::exception_ptr const& why, descriptor_operation const* but = nullptr);

    bool watch(int descriptor, watched& where, std::uint64_t serial);
    bool change(int operation, int descriptor, watched const& where) noexcept;
    void open_set();
    void wait_for_set();
    void hide_set() noexcept;

    void put_with_new(int descriptor, watched& where);
    void take_from_new(watched& where) noexcept;
    bool poll_new();
    void watch_new(unsigned polls_at_least);

    bool harvest();
    void serve(int descriptor, readiness holds);
    bool try_again(watched& where, descriptor_operation& operation, readiness holds) noexcept;
    void move_on(watched& where, descriptor_operation& operation) noexcept;
    void watch_again(int descriptor, watched& where, std::uint64_t serial) noexcept;

    void look_for_closed();
    void end_if_closed(int descriptor);

    void end_everybody(std::exception_ptr const& why);

    event_loop& loop_;
    descriptor set_;                                 // opened for the first that is registered
    bool set_is_watched_ = false;                    // Asio will tell when there is something in the set
    bool is_fresh_ = false;                          // no body has run since the set was asked
    std::vector<std::unique_ptr<watched>> watched_;  // by descriptor
    std::vector<int> waited_for_;                    // descriptors for which somebody waits
    std::vector<int> new_;                           // those of them that are not registered yet
    std::size_t others_ = 0;                         // who waits for a descriptor that is none of our sockets
    std::size_t looked_through_ = 0;
    std::optional<time_point> next_look_;
    std::uint32_t round_ = 0;
    unsigned at_once_ = 0;
    unsigned busy_turns_ = 0;  // one after another
    std::optional<boost::asio::posix::stream_descriptor>
        told_of_set_;  // Asio's view of the set, not its owner
};

}  // namespace quartet::inline v0::detail
