// benchmarks/echo/echo_asio.cpp
//
// The same by Asio's callbacks, on one io_context that one thread runs.
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cstddef>
#include <cstdio>
#include <iostream>
#include <memory>
#include <thread>
#include <utility>

namespace {

using boost::asio::ip::tcp;
using error_code = boost::system::error_code;

class session : public std::enable_shared_from_this<session> {
public:
    explicit session(tcp::socket line) : line_(std::move(line)) { line_.set_option(tcp::no_delay(true)); }

    void read() {
        line_.async_read_some(boost::asio::buffer(room_),
                              [self = shared_from_this()](error_code const& error, std::size_t count) {
                                  if (!error) self->write(count);
                              });
    }

private:
    void write(std::size_t count) {
        boost::asio::async_write(line_, boost::asio::buffer(room_.data(), count),
                                 [self = shared_from_this()](error_code const& error, std::size_t) {
                                     if (!error) self->read();
                                 });
    }

    tcp::socket line_;
    std::array<char, 1024> room_;
};

void accept(tcp::acceptor& door) {
    door.async_accept([&door](error_code const& error, tcp::socket line) {
        if (error) return;
        std::make_shared<session>(std::move(line))->read();
        accept(door);
    });
}

}  // namespace

int main() {
    boost::asio::io_context io(1);
    tcp::acceptor door(io, {boost::asio::ip::address_v4::loopback(), 0});
    door.listen(4096);
    accept(door);
    std::thread loop([&io] { io.run(); });
    std::printf("%d\n", door.local_endpoint().port());
    std::fflush(stdout);
    while (std::cin.get() != EOF) {
    }
    io.stop();
    loop.join();
}
