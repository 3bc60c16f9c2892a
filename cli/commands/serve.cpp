// cli/commands/serve.cpp
//
// `quartet serve`: the test server, until a signal ends it.

#include "cli/commands/commands.hpp"
#include "cli/parsing/exit_codes.hpp"
#include "cli/parsing/validators.hpp"
#include "cli/terminal/interrupt.hpp"
#include "server/server.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <poll.h>
#include <thread>

namespace quartet::cli {
namespace {

constexpr std::uint64_t most_page_bytes = 64 << 20;

/// The options as they are typed: times in milliseconds.
struct typed_options {
    server_options server;
    double latency_ms = 20;
    double jitter_ms = 0;
    double slow_ms = 5000;
};

std::chrono::nanoseconds from_ms(double milliseconds) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double, std::milli>(milliseconds));
}

int serve(typed_options const& typed) {
    interrupt const signals;  // before the thread
    server_options options = typed.server;
    options.latency = from_ms(typed.latency_ms);
    options.jitter = from_ms(typed.jitter_ms);
    options.slow_by = from_ms(typed.slow_ms);
    server serving(options);
    fmt::print("serving on {} (Ctrl-C ends it)\n", serving.url());
    std::fflush(stdout);
    std::jthread const watcher([&] {
        pollfd waiting{.fd = signals.descriptor(), .events = POLLIN, .revents = 0};
        while (poll(&waiting, 1, -1) < 1) {
        }
        serving.stop();
    });
    serving.run();
    auto const stats = serving.stats();
    fmt::print("{} requests, {} errors, {} slow, {} broken\n", stats.requests, stats.errors, stats.slow,
               stats.broken);
    return all_well;
}

}  // namespace

void add_serve(CLI::App& app, action& chosen) {
    auto const typed = std::make_shared<typed_options>();
    auto* const command =
        app.add_subcommand("serve", "run the test server: /page, /genre?n=1, and / for the rest");
    auto const number = [&](char const* flag, double& value, CLI::Validator const& range,
                            char const* argument, char const* help) {
        command->add_option(flag, value, help)->option_text(argument)->check(range)->capture_default_str();
    };
    auto const integer = [&](char const* flag, auto& value, std::uint64_t most, char const* help) {
        command->add_option(flag, value, help)
            ->option_text("N")
            ->check(integer_from(0, most))
            ->capture_default_str();
    };
    auto const share = number_from(0, 1);
    auto const milliseconds = number_from(0, 3'600'000);
    auto& server = typed->server;
    command->add_option("--address", server.address, "where to listen")
        ->option_text("ADDRESS")
        ->check(numeric_address())
        ->capture_default_str();
    integer("--port", server.port, 65'535, "0: any free one");
    number("--latency", typed->latency_ms, milliseconds, "MS", "milliseconds before a reply");
    number("--jitter", typed->jitter_ms, milliseconds, "MS",
           "the latency varies by up to so many milliseconds");
    integer("--page-bytes", server.page_bytes, most_page_bytes, "size of a page");
    number("--error-rate", server.error_rate, share, "SHARE", "share of replies that are a 500, from 0 to 1");
    number("--slow-rate", server.slow_rate, share, "SHARE", "share of replies that come late");
    number("--slow-by", typed->slow_ms, milliseconds, "MS", "how late, in milliseconds");
    number("--broken-rate", server.broken_rate, share, "SHARE",
           "share of replies that break off in the middle");
    integer("--seed", server.seed, most_seed, "decides which replies those are");
    command->callback([typed, &chosen] { chosen = [typed] { return serve(*typed); }; });
}

}  // namespace quartet::cli
