// src/io/sync/gate_waits.hpp
//
// The operations of one event loop that wait at gates.
//
// A gate within the process wakes them one by one, from any thread. One between processes writes to its
// eventfd; all such eventfds lie in an inner epoll set, which Asio watches as one descriptor. Some of these
// are also looked at from time to time. All members are for the loop's thread, except woken().
#pragma once

#include <quartet/backend/loop.hpp>
#include <quartet/detail/io/operations/gate_operation.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace quartet::inline v0::detail {

class gate_waits final : public loop_service, private gate_host {
public:
    explicit gate_waits(boost::asio::io_context& io) : io_(io) {}

    /// Tries; true if the operation is done, false if it will be completed. Throws std::system_error.
    bool start(gate_operation& operation);

    /// Takes out one that waits, with the error `cancelled`; false if it does not wait here.
    bool cancel(gate_operation& operation) noexcept;

    bool advance() override;
    std::optional<time_point> deadline() const noexcept override { return next_look_; }

private:
    /// Those who wait at one gate between processes, in the order they came, by their side.
    using lines = std::array<std::vector<gate_operation*>, gate_operation::sides>;

    void woken(gate_operation& operation) noexcept override;
    void try_woken();
    bool look_again();
    bool try_again(gate_operation& operation);
    void withdraw(gate_operation& operation) noexcept;
    void forget(gate_operation& operation) noexcept;

    void watch(gate_operation& operation);
    void unwatch(gate_operation& operation) noexcept;
    void open_set();
    void wait_for_set();
    void try_signalled();
    void try_lines(int descriptor);
    void plan_look(gate const& at);

    boost::asio::io_context& io_;
    std::vector<gate_operation*> waiting_;                      // each knows its index
    waiter_list to_try_;                                        // woken, and looked at in this turn
    std::map<int, lines> watched_;                              // by the gate's descriptor
    std::optional<boost::asio::posix::stream_descriptor> set_;  // of those; opened for the first

    std::optional<time_point> next_look_;  // while some wait at gates that are to be looked at

    std::mutex mutex_;  // of what follows; taken under a gate's lock, never the other way round
    waiter_list woken_;
    bool is_posted_ = false;
    std::atomic<bool> has_woken_ = false;  // read without
};

}  // namespace quartet::inline v0::detail
