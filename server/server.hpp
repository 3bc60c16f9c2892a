// server/server.hpp
//
// An HTTP/1.1 server to test and measure clients against: it answers after a chosen time, with pages of a
// chosen size, and fails as often as it is told to.
//
// `GET /` lists what it serves. One thread, the one inside run(), does all the work; url(), port(), stop()
// and stats() may be called from any thread. The bytes of a page are made once and shared by all replies.
// A connection costs about 5 KB and one file descriptor: for thousands, raise RLIMIT_NOFILE
// first (`server_process` does). Out of descriptors, the server accepts again when one is free.
// There is no TLS and no HTTP/2.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace quartet {

/// Which replies come late, wrong or cut off follows from `seed` and the number of the request, so a run
/// can be repeated. The rates are shares from 0 to 1 and independent of each other; like the latency,
/// they hold for every path.
struct server_options {
    std::string address = "127.0.0.1";  ///< IPv4 or IPv6, in numbers
    std::uint16_t port = 0;             ///< 0: any free one
    std::chrono::nanoseconds latency = std::chrono::milliseconds(20);
    std::chrono::nanoseconds jitter{0};  ///< the latency is uniform in latency ± jitter, never below 0
    std::size_t page_bytes = 15'000;
    double error_rate = 0;  ///< replies that are a 500
    double slow_rate = 0;   ///< replies that come `slow_by` later
    std::chrono::nanoseconds slow_by = std::chrono::seconds(5);
    double broken_rate = 0;  ///< replies cut off in the middle, then the connection is closed
    std::uint64_t seed = 1;
    std::filesystem::path folder{};  ///< /files/NAME is a file of it, as it is then; empty: there are none
    /// A connection is closed when a request or a reply takes longer than this to come through. Not 0.
    std::chrono::nanoseconds idle_timeout = std::chrono::seconds(60);
};

class server {
public:
    struct counters {
        std::uint64_t connections = 0;    ///< accepted since the start
        std::uint64_t open = 0;           ///< open now
        std::uint64_t requests = 0;       ///< read whole; a request that was refused is not counted
        std::uint64_t errors = 0;         ///< 500s by error_rate
        std::uint64_t slow = 0;           ///< replies delayed by slow_rate
        std::uint64_t broken = 0;         ///< replies cut off by broken_rate
        std::uint64_t bytes_sent = 0;     ///< heads and bodies
        std::uint64_t idle_closed = 0;    ///< connections closed by idle_timeout
        std::uint64_t accept_pauses = 0;  ///< times the system had no descriptor or memory for another
    };

    /// Listens; connections wait in the backlog until run(). Throws std::system_error, with address and
    /// port in its text, if the system refuses them, and std::invalid_argument for an option out of range.
    explicit server(server_options options = {});

    /// Must not be called while run() is running.
    ~server();

    server(server const&) = delete;
    server& operator=(server const&) = delete;

    std::uint16_t port() const;

    /// For example "http://127.0.0.1:8080", without a slash at the end.
    std::string url() const;

    /// Serves until stop(); to be called once. Then every connection is closed, replies under way are
    /// dropped. Throws std::bad_alloc if there is no memory to go on.
    void run();

    /// Makes run() return soon, also one that is yet to be called. May be repeated. Not for signal handlers.
    void stop();

    /// A snapshot; its numbers need not belong to the same instant.
    counters stats() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace quartet
