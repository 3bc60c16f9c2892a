// include/quartet/fake_world.hpp
//
// What bodies under the fake model (fake.hpp) find, and what they leave behind.
#pragma once

#include <quartet/command.hpp>
#include <quartet/http.hpp>
#include <quartet/log.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace quartet::inline v0 {

/// How a fetch is answered, and how long after it began. If that is longer than the request's timeout, it
/// ends then, with a fetch_error of kind timeout.
struct fake_reply {
    http_response response{.status = 200};
    std::chrono::nanoseconds latency{0};
};

/// What becomes of a command, and how long after it began. If that is longer than its timeout, it ends then.
struct fake_end {
    command_result result{};
    std::chrono::nanoseconds latency{0};
};

/// What bodies find and what they leave behind. Lives longer than the models in it; for one thread.
class fake_world {
public:
    /// May throw, for example fetch_error: the body then sees that, at once. Without a function every fetch
    /// is a fetch_error of kind connect.
    std::function<fake_reply(http_request const&)> on_fetch;

    /// May throw, as on_fetch. Without a function no command is found.
    std::function<fake_end(command const&)> on_run;

    std::map<std::string, std::string> files;  ///< path and content
    std::vector<http_request> requests;        ///< in the order they were made
    std::vector<command> commands;             ///< in the order they were run
    std::vector<log_record> log;               ///< their times count from the epoch of the system clock

    /// Virtual time since the beginning; it goes on from one map to the next.
    std::chrono::nanoseconds now() const noexcept { return now_; }

private:
    friend class fake;
    std::chrono::nanoseconds now_{0};
};

}  // namespace quartet::inline v0
