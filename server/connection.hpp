// server/connection.hpp
//
// One connection of a client: reads requests and writes replies, one after the other, until either side
// has had enough.
//
// Lives on the thread of the event loop. Its memory is a read buffer, a parser and three coroutine frames.
#pragma once

#include "server/counters.hpp"
#include "server/faults.hpp"
#include "server/listening.hpp"
#include "server/router.hpp"
#include "server/server.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace quartet::server_detail {

/// What the connections of a server share.
struct shared {
    explicit shared(server_options given) : options(std::move(given)), routes(options, counts) {}

    server_options options;
    live_counters counts;
    router routes;
};

class connection {
public:
    using clock = std::chrono::steady_clock;

    connection(socket peer, shared& common);
    ~connection();

    /// Serves the client to the end; the connection must outlive it.
    asio_task serve();

    /// Past this time the client is idle. Not an Asio timer for each operation: setting and cancelling one
    /// costs more than parsing a request, and a second's precision will do.
    clock::time_point deadline() const { return deadline_; }

    /// Ends what serve() is waiting for, and then serve().
    void close();

private:
    using parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

    asio_task read_request();
    asio_task answer_request();
    asio_task refuse_request();
    asio_task wait(std::chrono::nanoseconds delay);
    asio_task write(reply const& answer);
    asio_task drain();

    void write_head(reply const& answer, bool with_length);

    socket peer_;
    timer timer_;
    shared& common_;
    clock::time_point deadline_ = clock::time_point::max();
    boost::beast::flat_buffer buffer_;
    std::optional<parser> parser_;  ///< a parser reads one request
    std::string head_;
    boost::system::error_code error_;  ///< of the latest operation
    bool keep_ = true;                 ///< whether another request may follow
    bool closed_ = false;
    bool cut_ = false;  ///< the reply under way is to break off in the middle
};

}  // namespace quartet::server_detail
