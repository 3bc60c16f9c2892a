// One io_context and one thread, as server.cpp: a coroutine accepts, and one serves each connection. stop()
// ends the loop; what is still under way goes with it.
#include "server/echo_server.hpp"

#include "server/listening.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <utility>

namespace quartet {
namespace {

using namespace server_detail;
using boost::system::error_code;

}  // namespace

struct echo_server::state {
    explicit state(echo_options given) : options(std::move(given)) {
        listen(acceptor, options.address, options.port);
        port = acceptor.local_endpoint().port();
        where = authority(acceptor.local_endpoint());
    }

    asio_task accept();
    asio_task serve(socket peer);

    echo_options options;
    asio::io_context loop{1};  // 1: one thread runs it
    server_detail::acceptor acceptor{loop};
    timer pause{loop};
    std::string where;
    std::uint16_t port = 0;
};

asio_task echo_server::state::accept() {
    for (;;) {
        error_code error;
        auto peer = co_await acceptor.async_accept(into(error));
        if (!error) {
            asio::co_spawn(loop.get_executor(), serve(std::move(peer)), asio::detached);
        } else {
            pause.expires_after(accept_pause);  // out of descriptors: until a connection has ended
            co_await pause.async_wait(into(error));
        }
    }
}

asio_task echo_server::state::serve(socket peer) {
    error_code error;
    peer.set_option(asio::ip::tcp::no_delay(true), error);  // without it an answer is only later, not wrong
    timer answer_time(peer.get_executor());
    std::string message(std::max<std::size_t>(options.bytes, 1), '\0');
    for (;;) {
        co_await asio::async_read(peer, asio::buffer(message), into(error));
        if (error) co_return;
        if (options.delay > std::chrono::nanoseconds(0)) {
            answer_time.expires_after(options.delay);
            co_await answer_time.async_wait(into(error));
        }
        co_await asio::async_write(peer, asio::buffer(message), into(error));
        if (error) co_return;
    }
}

echo_server::echo_server(echo_options options) : state_(std::make_unique<state>(std::move(options))) {}

echo_server::~echo_server() = default;

std::uint16_t echo_server::port() const {
    return state_->port;
}

std::string echo_server::where() const {
    return state_->where;
}

void echo_server::run() {
    asio::co_spawn(state_->loop.get_executor(), state_->accept(), asio::detached);
    state_->loop.run();
}

void echo_server::stop() {
    state_->loop.stop();
}

echo_process::echo_process(echo_options const& options)
    : process_([&](auto const& listening) {
          echo_server served(options);
          listening(served.port(), served.where());
          served.run();
      }) {}

}  // namespace quartet
