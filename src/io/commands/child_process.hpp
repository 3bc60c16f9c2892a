// src/io/commands/child_process.hpp
//
// A command under way: a program that runs, its output as it comes, its time-out and its end, behind one
// descriptor to wait for. A blocking context waits by poll(), an event loop by its own means; neither
// knows about pipes. For one thread.
#pragma once

#include "src/base/descriptor.hpp"
#include "src/io/commands/running_process.hpp"

#include <quartet/command.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::inline v0::detail {

class child_process {
public:
    /// Starts it. Throws std::system_error, with the program's name in its text, or std::invalid_argument.
    explicit child_process(command const& what);

    /// Kills it if it has not ended.
    ~child_process() = default;

    /// Readable when there is something for advance() to do.
    int poll_descriptor() const noexcept { return events_.get(); }

    /// Does what can be done without waiting. True once the program has ended and all is read. Throws what
    /// the command's functions throw.
    bool advance();

    /// Ends it and its descendants: SIGTERM, and 100 ms later SIGKILL for those that are still there.
    /// advance() goes on until then. One that may not be signalled, because it became another user's, is
    /// waited for.
    void end() noexcept;

    /// What became of it. Throws `cancelled` if end() was called. Called once, after advance() has returned
    /// true.
    command_result take();

private:
    enum class source : std::uint32_t { output, errors, process, timer, descendant };
    enum class phase {
        running,
        asked_to_end,  ///< by SIGTERM; the timer is set
        killed,        ///< by SIGKILL
    };

    void start(command const& what);
    void watch(descriptor const& what, source as);
    void unwatch(descriptor const& what) const noexcept;
    void on_event(source from);
    /// Where the output of one of its streams goes.
    struct sink {
        std::string* kept;
        std::function<void(std::string_view)> const* taken;
    };
    sink output_sink() noexcept { return {&result_.output, &on_output_}; }
    sink errors_sink() noexcept { return {&result_.errors, &on_errors_}; }
    void read(descriptor& from, sink into);
    void read_rest(descriptor const& from, sink into);
    void accept(std::string_view piece, sink into);
    void set_timer(std::chrono::milliseconds duration);
    void on_timer();
    void ask_to_end() noexcept;
    void kill() noexcept;
    std::vector<descriptor> descendants_since() const noexcept;
    void forget_ended_descendants();

    descriptor events_;  // an epoll set of all that follows
    descriptor output_;
    descriptor errors_;
    descriptor timer_;
    std::optional<running_process> process_;
    std::vector<descriptor> descendants_;  // only from when it is asked to end
    phase phase_ = phase::running;
    bool ended_ = false;
    bool cancelled_ = false;
    bool own_session_;
    std::size_t most_bytes_;
    std::function<void(std::string_view)> on_output_;
    std::function<void(std::string_view)> on_errors_;
    command_result result_;
};

}  // namespace quartet::inline v0::detail
