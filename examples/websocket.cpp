// A client of WebSockets by Boost.Beast in a body: quartet/asio.hpp lets it await what Beast gives, under
// every model. The server is an ordinary program of Asio, in a thread of its own.
//
// websocket MODEL WORD…
#include <quartet/asio.hpp>
#include <quartet/quartet.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <cstdint>
#include <exception>
#include <iostream>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;

struct question {
    std::uint16_t port;
    std::string word;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(port, word);
    }
};

// [ask]
quartet::task<std::string> ask(quartet::context& ctx, question what) {
    websocket::stream<tcp::socket> stream(quartet::asio_executor(ctx));
    quartet::use_quartet const token(ctx, stream.next_layer());  // a stop or a limit cancels its socket

    co_await stream.next_layer().async_connect({asio::ip::address_v4::loopback(), what.port}, token);
    co_await stream.async_handshake("localhost", "/", token);
    co_await stream.async_write(asio::buffer(what.word), token);
    beast::flat_buffer answer;
    co_await stream.async_read(answer, token);
    co_await stream.async_close(websocket::close_code::normal, token);
    co_return beast::buffers_to_string(answer.data());
}
// [/ask]

asio::awaitable<void> answer_one(tcp::socket socket) {
    websocket::stream<tcp::socket> stream(std::move(socket));
    try {
        co_await stream.async_accept(asio::use_awaitable);
        for (beast::flat_buffer buffer;; buffer.clear()) {
            co_await stream.async_read(buffer, asio::use_awaitable);
            std::string const word = beast::buffers_to_string(buffer.data());
            co_await stream.async_write(asio::buffer(word + ", " + word), asio::use_awaitable);
        }
    } catch (boost::system::system_error const&) {
        // The client has closed it.
    }
}

asio::awaitable<void> serve(tcp::acceptor& acceptor) {
    for (;;) {
        tcp::socket accepted = co_await acceptor.async_accept(asio::use_awaitable);
        asio::co_spawn(acceptor.get_executor(), answer_one(std::move(accepted)), asio::detached);
    }
}

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "usage: websocket MODEL WORD...\n";
        return 2;
    }
    try {
        auto executor = quartet::make_executor(argv[1]);  // workers are forked before there are threads

        asio::io_context io;
        tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
        asio::co_spawn(io, serve(acceptor), asio::detached);
        std::jthread const server([&io](std::stop_token const& stop) {
            std::stop_callback const end(stop, [&io] { io.stop(); });
            io.run();
        });

        std::vector<question> questions;
        for (int i = 2; i < argc; ++i)
            questions.push_back({acceptor.local_endpoint().port(), argv[i]});
        for (auto const& answer : executor.try_map(ask, questions)) {
            if (answer) {
                std::cout << *answer << '\n';
            } else {
                std::cout << "failed: " << answer.error().message << '\n';
            }
        }
    } catch (std::exception const& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
