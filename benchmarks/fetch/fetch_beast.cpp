// benchmarks/fetch/fetch_beast.cpp
//
//     fetch_beast URL COUNT
//
// What another client that Debian 12 has reaches: Boost.Beast over Asio's sockets, 100 connections that each
// begin the next request when they have ended one. URL is http://ADDRESS:PORT/PATH. It has no name look-up,
// TLS, proxies, redirects, time-outs nor decoding of bodies. Prints the seconds it took.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/version.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <list>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>  // which Asio of Boost 1.74 forgets

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::size_t connections = 100;
constexpr std::size_t room_for_a_reply = 32 * 1024;

struct address {
    asio::ip::tcp::endpoint endpoint;
    std::string host;
    std::string path;
};

address address_of(std::string const& url) {
    std::string const scheme = "http://";
    auto const slash = url.find('/', scheme.size());
    auto const colon = url.find(':', scheme.size());
    if (!url.starts_with(scheme) || slash == url.npos || colon > slash)
        throw std::runtime_error("not http://ADDRESS:PORT/PATH: " + url);
    auto const ip = asio::ip::make_address(url.substr(scheme.size(), colon - scheme.size()));
    auto const port = static_cast<unsigned short>(std::stoul(url.substr(colon + 1)));
    return {{ip, port}, url.substr(scheme.size(), slash - scheme.size()), url.substr(slash)};
}

void require(beast::error_code const& error) {
    if (error) throw std::runtime_error(error.message());
}

class connection {
public:
    connection(asio::io_context& io, address const& to, std::size_t& left) : socket_(io), left_(left) {
        buffer_.reserve(room_for_a_reply);
        request_.method(http::verb::get);
        request_.target(to.path);
        request_.set(http::field::host, to.host);
        request_.set(http::field::user_agent, BOOST_BEAST_VERSION_STRING);
        request_.set(http::field::accept, "*/*");
        socket_.async_connect(to.endpoint, [this](beast::error_code const& error) {
            require(error);
            fetch();
        });
    }

private:
    void fetch() {
        if (left_ == 0) return;
        --left_;
        http::async_write(socket_, request_, [this](beast::error_code const& error, std::size_t) {
            require(error);
            reply_.emplace();
            http::async_read(socket_, buffer_, *reply_, [this](beast::error_code const& failed, std::size_t) {
                require(failed);
                fetch();
            });
        });
    }

    asio::ip::tcp::socket socket_;
    std::size_t& left_;
    beast::flat_buffer buffer_;
    http::request<http::empty_body> request_;
    std::optional<http::response_parser<http::string_body>> reply_;
};

}  // namespace

int main(int argc, char** argv) try {
    if (argc < 3) {
        std::fprintf(stderr, "usage: fetch_beast URL COUNT\n");
        return 2;
    }
    auto const to = address_of(argv[1]);
    std::size_t left = std::stoul(argv[2]);
    auto const start = std::chrono::steady_clock::now();
    asio::io_context io(1);
    std::list<connection> all;
    for (std::size_t i = 0; i < connections; ++i)
        all.emplace_back(io, to, left);
    io.run();
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - start;
    std::printf("%.6f\n", took.count());
} catch (std::exception const& why) {
    std::fprintf(stderr, "fetch_beast: %s\n", why.what());
    return 1;
}
