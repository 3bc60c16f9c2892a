// src/io/http/http_client.hpp
//
// The HTTP transfers of one event loop: a libcurl multi handle whose sockets and time-outs are watched by
// the loop. For the loop's thread.
#pragma once

#include "src/io/http/curl_multi.hpp"
#include "src/io/http/http_transfer.hpp"
#include "src/io/loop/kept_descriptors.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/detail/io/operations/fetch.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

namespace quartet::inline v0::detail {

class http_client final : public loop_service {
public:
    /// Throws std::system_error or std::bad_alloc.
    explicit http_client(boost::asio::io_context& io);
    ~http_client() override;

    /// Begins a fetch; its completion comes from the loop. Throws http_failure, std::bad_alloc; then it has
    /// not begun.
    void start(fetch_operation& operation);

    /// Ends one with `cancelled`, without completing it; false if it is not under way. Not from within a
    /// callback of libcurl's.
    bool cancel(fetch_operation& operation) noexcept;

    /// Does what libcurl wants done by now.
    bool advance() override;

    std::optional<time_point> deadline() const noexcept override;

private:
    /// What is known of a socket that libcurl opened.
    struct watched {
        std::uint32_t events = 0;    ///< what the set reports of it; 0: it is not in the set
        std::uint32_t wanted = 0;    ///< what libcurl waits for; 0: nothing, the connection is kept for later
        bool is_connection = false;  ///< on_close will be called for it
    };

    static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) noexcept;
    static int on_open(void* self, curl_socket_t socket, curlsocktype) noexcept;
    static int on_close(void* self, curl_socket_t socket) noexcept;
    static int on_timer(CURLM*, long milliseconds, void* self) noexcept;
    watched& entry_of(curl_socket_t socket);
    bool watch(curl_socket_t socket) noexcept;
    void unwatch(curl_socket_t socket) noexcept;
    void set_up_multi();
    void await_events();
    void handle_events();
    void tell(curl_socket_t socket, int events);
    void proceed(http_transfer& transfer);
    void proceed_with_looked_up();
    void take_out(http_transfer& transfer) noexcept;
    void complete_ended();
    void complete(http_transfer& transfer, CURLcode result);
    fetch_operation& fail(http_transfer& transfer) noexcept;
    static void complete(std::vector<fetch_operation*> const& ended);
    void fail_unwatched();
    void renew(http_failure const& why);
    void keep_connections(std::size_t count);
    void keep_few_connections();
    std::unique_ptr<http_transfer> idle_transfer();
    void take_back(http_transfer* ended) noexcept;

    boost::asio::io_context& io_;
    curl_multi multi_;
    boost::asio::posix::stream_descriptor sockets_;
    std::vector<watched> watched_;  // by the socket's number
    std::optional<time_point> deadline_;
    std::vector<std::unique_ptr<http_transfer>> idle_;
    std::unordered_set<http_transfer*> active_;
    std::vector<http_transfer*> looking_up_;  // of those; libcurl has not got them yet
    bool some_unwatched_ = false;             // of those have a watch_error
    std::size_t connections_ = 0;             // that are open
    kept_descriptors kept_;                   // the most that were active at the same time, but no more than
    std::size_t most_kept_ = std::numeric_limits<int>::max();
};

}  // namespace quartet::inline v0::detail
