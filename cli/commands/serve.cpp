// cli/commands/serve.cpp
//
// `quartet serve`: the test server, until a signal ends it.

#include "cli/commands/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/interrupt.hpp"
#include "server/server.hpp"

#include <fmt/format.h>

#include <poll.h>

#include <cstdio>
#include <memory>
#include <thread>

namespace quartet::cli {
namespace {

/// The options as they are typed: times in milliseconds.
struct typed_options {
    server_options server;
    double latency_ms = 20;
    double jitter_ms = 0;
    double slow_ms = 5000;
};

std::chrono::nanoseconds from_ms(double milliseconds) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double, std::milli>(milliseconds));
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
    fmt::print("{} requests, {} errors, {} slow, {} broken\n", stats.requests, stats.errors, stats.slow, stats.broken);
    return all_well;
}

}  // namespace

void add_serve(CLI::App& app, action& chosen) {
    auto const typed = std::make_shared<typed_options>();
    auto* const command = app.add_subcommand("serve", "run the test server: /page, /genre?n=1, and / for the rest");
    auto const share = CLI::Range(0.0, 1.0);
    auto const milliseconds = CLI::Range(0.0, 3'600'000.0);
    command->add_option("--address", typed->server.address, "where to listen")->capture_default_str();
    command->add_option("--port", typed->server.port, "0: any free one")->capture_default_str();
    command->add_option("--latency", typed->latency_ms, "milliseconds before a reply")->check(milliseconds)->capture_default_str();
    command->add_option("--jitter", typed->jitter_ms, "the latency varies by up to so many milliseconds")
        ->check(milliseconds)->capture_default_str();
    command->add_option("--page-bytes", typed->server.page_bytes, "size of a page")->capture_default_str();
    command->add_option("--error-rate", typed->server.error_rate, "share of replies that are a 500")->check(share)->capture_default_str();
    command->add_option("--slow-rate", typed->server.slow_rate, "share of replies that come late")->check(share)->capture_default_str();
    command->add_option("--slow-by", typed->slow_ms, "how late, in milliseconds")->check(milliseconds)->capture_default_str();
    command->add_option("--broken-rate", typed->server.broken_rate, "share of replies that break off in the middle")
        ->check(share)->capture_default_str();
    command->add_option("--seed", typed->server.seed, "which replies those are follows from this")->capture_default_str();
    command->callback([typed, &chosen] { chosen = [typed] { return serve(*typed); }; });
}

}  // namespace quartet::cli
