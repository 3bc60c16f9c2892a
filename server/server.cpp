// How the server runs
//
// One io_context, run by one thread, with three kinds of coroutine on it: one that accepts, one that looks
// for idle connections, and one for each connection. Nothing is locked; what another thread wants (stop(),
// stats()) is posted to the loop or read from atomics.
//
// stop() does not stop the io_context. It closes the listener and every connection, each coroutine ends by
// itself, and run() returns when none is left. So no coroutine is ever destroyed half-way.
//
// When the process has no descriptor left, accept fails and the client stays in the backlog, ready; asking
// again at once would spin. The acceptor pauses and tries again, until a connection has ended.
#include "server/server.hpp"

#include "server/connection.hpp"
#include "server/faults.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <exception>
#include <list>
#include <system_error>
#include <utility>

namespace quartet {
namespace {

using namespace server_detail;
using boost::system::error_code;

}  // namespace

struct server::state {
    explicit state(server_options given);

    asio_task accept();
    asio_task serve(socket peer);
    asio_task close_idle();
    void close_all();

    shared common;
    asio::io_context loop{1};  // 1: one thread runs it
    server_detail::acceptor acceptor{loop};
    timer pause{loop};
    timer sweep{loop};
    std::list<connection> connections;
    std::string url;
    std::uint16_t port = 0;
    bool stopping = false;
};

server::state::state(server_options given) : common((check(given), std::move(given))) {
    listen(acceptor, common.options.address, common.options.port);
    url = "http://" + authority(acceptor.local_endpoint());
    port = acceptor.local_endpoint().port();
}

asio_task server::state::accept() {
    while (!stopping) {
        error_code error;
        auto peer = co_await acceptor.async_accept(into(error));
        if (!error) {
            asio::co_spawn(loop.get_executor(), serve(std::move(peer)), asio::detached);
        } else if (!stopping) {
            common.counts.accept_pauses.fetch_add(1, std::memory_order_relaxed);
            pause.expires_after(accept_pause);
            co_await pause.async_wait(into(error));
        }
    }
}

asio_task server::state::serve(socket peer) {
    if (stopping) co_return;
    auto const place = connections.emplace(connections.end(), std::move(peer), common);
    try {
        co_await place->serve();
    } catch (...) {
        // Out of memory: this client loses its connection, the others are served.
    }
    connections.erase(place);
}

asio_task server::state::close_idle() {
    auto const period = std::clamp<std::chrono::nanoseconds>(
        common.options.idle_timeout / 4, std::chrono::milliseconds(10), std::chrono::seconds(1));
    while (!stopping) {
        error_code ignored;
        sweep.expires_after(period);
        co_await sweep.async_wait(into(ignored));
        auto const now = connection::clock::now();
        for (auto& each : connections) {
            if (each.deadline() > now) continue;
            common.counts.idle_closed.fetch_add(1, std::memory_order_relaxed);
            each.close();
        }
    }
}

void server::state::close_all() {
    stopping = true;
    error_code ignored;
    acceptor.close(ignored);
    pause.cancel();
    sweep.cancel();
    for (auto& each : connections)
        each.close();
}

server::server(server_options options) : state_(std::make_unique<state>(std::move(options))) {}

server::~server() = default;

std::uint16_t server::port() const {
    return state_->port;
}

std::string server::url() const {
    return state_->url;
}

void server::run() {
    auto const rethrow = [](std::exception_ptr const& error) {
        if (error) std::rethrow_exception(error);
    };
    asio::co_spawn(state_->loop.get_executor(), state_->accept(), rethrow);
    asio::co_spawn(state_->loop.get_executor(), state_->close_idle(), rethrow);
    state_->loop.run();
}

void server::stop() {
    asio::post(state_->loop, [this] { state_->close_all(); });
}

server::counters server::stats() const {
    return state_->common.counts.snapshot();
}

}  // namespace quartet
