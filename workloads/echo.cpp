// Round trips over TCP: a task connects to a server that gives back what it is sent, and talks with it for a
// while. What the models differ in is who waits for the many answers, each of which is short.

#include "server/echo_server.hpp"
#include "workloads/data/seeded_random.hpp"
#include "workloads/in_time.hpp"

#include <quartet/socket.hpp>
#include <quartet/workload/workload.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace quartet {
namespace {

struct talk {
    std::uint64_t number = 0;
    std::string host;
    std::uint16_t port = 0;
    std::uint64_t round_trips = 0;
    std::uint64_t bytes = 0;
    double timeout_seconds = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(number, host, port, round_trips, bytes, timeout_seconds);
    }
};

/// What came back.
struct echoes {
    std::uint64_t bytes;
    std::uint64_t checksum;
};

struct endpoint {
    std::string host;
    std::uint16_t port;
};

/// "localhost:7", "[::1]:7"; nothing if it is neither.
std::optional<endpoint> parse_endpoint(std::string_view text) {
    auto const colon = text.rfind(':');
    if (colon == text.npos) return std::nullopt;
    auto host = text.substr(0, colon);
    auto const digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size() || port == 0) return std::nullopt;
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != host.npos)
        return std::nullopt;
    if (host.empty() || host.find_first_of("[]/@ ") != host.npos) return std::nullopt;
    return endpoint{std::string(host), port};
}

/// A line, each another one, so that a server that gives back lines will do too, and an answer to somebody
/// else is noticed.
std::string message_of(std::uint64_t talk, std::uint64_t trip, std::uint64_t bytes) {
    std::string text(bytes, '\n');
    seeded_random letters((talk << 32) ^ trip);
    for (std::size_t at = 0; at + 1 < text.size(); ++at)
        text[at] = static_cast<char>(letters.between('a', 'z'));
    return text;
}

void require_same(talk const& of, std::uint64_t trip, std::string_view sent, std::string_view came) {
    auto const differs = static_cast<std::size_t>(std::ranges::mismatch(sent, came).in1 - sent.begin());
    if (differs == sent.size()) return;
    throw std::runtime_error(fmt::format("{}:{}: answer {} is not what was sent: byte {} of {} differs",
                                         of.host, of.port, trip + 1, differs + 1, sent.size()));
}

task<echoes> talk_with(context& ctx, talk const& wanted) {
    auto server = co_await ctx.connect(wanted.host, wanted.port);
    echoes got{0, 0};
    checksum sum;
    for (std::uint64_t trip = 0; trip < wanted.round_trips; ++trip) {
        auto const sent = message_of(wanted.number, trip, wanted.bytes);
        co_await server.write(ctx, sent);
        auto const came = co_await server.read_exactly(ctx, sent.size());
        require_same(wanted, trip, sent, came);
        got.bytes += came.size();
        sum.add_bytes(std::as_bytes(std::span(came)));
    }
    got.checksum = sum.value();
    co_return got;
}

task<echoes> talk_in_time(context& ctx, talk wanted) {
    co_return co_await in_time(ctx, wanted.timeout_seconds, talk_with(ctx, wanted),
                               fmt::format("{}:{}", wanted.host, wanted.port));
}

/// A server of this run's own.
class own_echo_server final : public workload_server {
public:
    explicit own_echo_server(echo_options const& options) : process_(options) {}
    std::string address() const override { return process_.where(); }
    pid_t process() const override { return process_.id(); }

private:
    echo_process process_;
};

std::unique_ptr<workload_server> start_server(parameter_values const& values, server_setting const& with) {
    if (!std::get<std::string>(values.at("server")).empty()) return nullptr;
    std::chrono::duration<double> const delay(std::get<double>(values.at("delay")));
    return std::make_unique<own_echo_server>(
        echo_options{.address = with.address,
                     .bytes = static_cast<std::size_t>(std::get<std::int64_t>(values.at("bytes"))),
                     .delay = std::chrono::duration_cast<std::chrono::nanoseconds>(delay)});
}

void check(parameter_values const& values) {
    auto const& server = std::get<std::string>(values.at("server"));
    if (server.empty() || parse_endpoint(server)) return;
    throw std::invalid_argument(fmt::format(
        "echo.server: '{}' is not of the form HOST:PORT, such as localhost:7 or [::1]:7", server));
}

void run(workload_run& run) {
    auto const named = run.get<std::string>("server");
    auto const server = parse_endpoint(named.empty() ? run.server_url() : named).value();
    std::vector<talk> talks;
    auto const count = run.get<std::uint64_t>("connections");
    auto const round_trips = run.get<std::uint64_t>("round_trips");
    auto const bytes = run.get<std::uint64_t>("bytes");
    for (std::uint64_t number = 0; number < count; ++number)
        talks.push_back({number, server.host, server.port, round_trips, bytes, run.get<double>("timeout")});
    auto const all = run.map(talk_in_time, talks);
    run.checksum(all);
    for (auto const& each : all)
        run.expect(!each || each->bytes == round_trips * bytes, "an answer is missing");
}

registration const echo_workload{{
    .name = "echo",
    .help = "talks with a server over TCP: round trips of small messages",
    .parameters = {integer("connections", 100, 1, 1'000'000,
                           "how many talks, each over a connection of its own"),
                   integer("round_trips", 10, 1, 1'000'000, "messages and answers of each"),
                   integer("bytes", 64, 1, 65'536, "of a message"),
                   number("delay", 0.001, 0, 60, "seconds that quartet's own server takes for an answer"),
                   text("server", "",
                        "HOST:PORT of a server that gives back what it is sent; empty: quartet's own"),
                   number("timeout", 15, 0.001, 86400, "seconds that one talk may take")},
    .workers = {.threads = 32, .async = 100},
    .only_by_name = true,
    .start_server = start_server,
    .check = check,
    .run = run,
}};

}  // namespace
}  // namespace quartet
