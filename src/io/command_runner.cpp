#include "src/io/command_runner.hpp"

#include <exception>

namespace quartet::detail {

command_runner::running::running(boost::asio::io_context& io, command_operation& waiting)
    : operation(waiting), child(waiting.what), events(io, child.poll_descriptor()) {}

command_runner::running::~running() {
    events.release();
}

void command_runner::start(command_operation& operation) {
    active_.emplace_front(io_, operation);
    wait(active_.begin());
}

void command_runner::wait(place which) {
    using boost::asio::posix::stream_descriptor;
    which->events.async_wait(stream_descriptor::wait_read,
                             [this, which](boost::system::error_code const& error) {
                                 if (!error) advance(which);
                             });
}

void command_runner::advance(place which) {
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

}  // namespace quartet::detail
