#include "src/io/commands/command_runner.hpp"

#include <boost/asio/error.hpp>

#include <exception>
#include <system_error>

namespace quartet::inline v0::detail {

command_runner::running::running(boost::asio::io_context& io, command_operation& waiting)
    : operation(waiting), child(waiting.what), events(io, child.poll_descriptor()) {}

command_runner::running::~running() {
    events.release();
}

void command_runner::start(command_operation& operation) {
    active_.emplace_front(io_, operation);
    wait(active_.begin());
}

void command_runner::wait(iterator which) {
    using boost::asio::posix::stream_descriptor;
    which->events.async_wait(stream_descriptor::wait_read,
                             [this, which](boost::system::error_code const& error) {
                                 if (error == boost::asio::error::operation_aborted) return;  // this is gone
                                 if (error) return fail(which, error);
                                 go_on(which);
                             });
}

/// Ends one that can't be waited for: it would never be heard of again.
void command_runner::fail(iterator which, boost::system::error_code const& why) {
    command_operation& operation = which->operation;
    operation.error =
        std::make_exception_ptr(std::system_error(std::error_code(why), "cannot wait for a command"));
    active_.erase(which);
    operation.complete();
}

void command_runner::go_on(iterator which) {
    try {
        if (!which->child.advance()) return wait(which);
        which->operation.result = which->child.take();
    } catch (...) {
        which->operation.error = std::current_exception();
    }
    command_operation& operation = which->operation;
    active_.erase(which);
    operation.complete();
}

void command_runner::cancel(command_operation& operation) {
    for (auto& each : active_) {
        if (&each.operation == &operation) each.child.end();
    }
}

}  // namespace quartet::inline v0::detail
