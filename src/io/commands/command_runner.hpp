// src/io/commands/command_runner.hpp
//
// The commands of one event loop. Each is one descriptor on the loop; to start one holds up the loop for
// as long as the system takes for that, some 0.5 ms. For the loop's thread.
#pragma once

#include "src/io/commands/child_process.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/detail/io/operations/command.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <list>

namespace quartet::inline v0::detail {

class command_runner final : public loop_service {
public:
    explicit command_runner(boost::asio::io_context& io) : io_(io) {}

    /// Begins a command; its completion comes from the loop. Throws as child_process does.
    void start(command_operation& operation);

    /// Tells one of them to end. O(n) in the number of commands.
    void cancel(command_operation& operation);

private:
    struct running {
        running(boost::asio::io_context& io, command_operation& waiting);
        ~running();
        command_operation& operation;
        child_process child;
        boost::asio::posix::stream_descriptor events;  // the child's; not owned
    };
    using iterator = std::list<running>::iterator;

    void wait(iterator which);
    void go_on(iterator which);
    void fail(iterator which, boost::system::error_code const& why);

    boost::asio::io_context& io_;
    std::list<running> active_;
};

}  // namespace quartet::inline v0::detail
