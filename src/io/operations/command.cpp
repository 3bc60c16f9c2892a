#include "src/io/commands/child_process.hpp"
#include "src/io/commands/command_runner.hpp"
#include "src/io/context/look_for_stop.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/io/operations/command.hpp>
#include <quartet/fake_world.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <poll.h>
#include <string>
#include <system_error>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

/// Does with a command's output what its bounds and functions say.
void bound(command_result& result, command const& what) {
    std::size_t room = what.most_bytes;
    auto const deliver = [&](std::string& output, auto const& taken) {
        result.too_long = result.too_long || output.size() > room;
        output.resize(std::min(output.size(), room));
        room -= output.size();
        result.written += output.size();
        if (taken) taken(std::exchange(output, {}));
    };
    deliver(result.output, what.on_output);
    deliver(result.errors, what.on_errors);
    if (result.too_long) result.exit_code = 0, result.signal = SIGTERM;
}

/// Fills in the result; gives the time until it is there.
std::chrono::nanoseconds answer(command_operation& operation, fake_world& world) {
    auto const& what = operation.what;
    world.commands.push_back(what);
    if (!world.on_run) {
        auto const name = what.arguments.empty() ? std::string() : what.arguments.front();
        throw std::system_error(ENOENT, std::generic_category(), fmt::format("cannot start '{}'", name));
    }
    fake_end end = world.on_run(what);
    if (what.timeout > what.timeout.zero() && end.latency > what.timeout) {
        operation.result = {.signal = SIGTERM, .timed_out = true};
        return what.timeout;
    }
    operation.result = std::move(end.result);
    bound(operation.result, what);
    return end.latency;
}

}  // namespace

void command_operation::perform(blocking_thread&) {
    child_process child(what);
    while (!child.advance()) {
        if (owner().stop_requested()) child.end();
        pollfd waiting{.fd = child.poll_descriptor(), .events = POLLIN, .revents = 0};
        poll(&waiting, 1, static_cast<int>(look_for_stop.count()));
    }
    result = child.take();
}

bool command_operation::begin(event_loop& loop) {
    loop.services.use<command_runner>(loop.io()).start(*this);
    return false;
}

bool command_operation::pretend(fake_loop& loop) {
    loop.complete_after(*this, answer(*this, loop.world()));
    return false;
}

void command_operation::cancel_begun(event_loop& loop) noexcept {
    if (auto* const runner = loop.services.find<command_runner>()) runner->cancel(*this);
}

}  // namespace quartet::inline v0::detail
