#include "server/listening.hpp"

#include <system_error>

namespace quartet::server_detail {
namespace {

constexpr int backlog = 4096;  // a thousand clients may connect at the same moment; the kernel clips it

}  // namespace

void listen(acceptor& with, std::string const& address, std::uint16_t port) {
    using boost::system::error_code;
    auto const or_throw = [&](error_code failed, char const* advice = "") {
        if (failed)
            throw std::system_error(failed.value(), std::system_category(),
                                    "cannot listen on " + address + ":" + std::to_string(port) + advice);
    };
    error_code error;
    auto const numeric = asio::ip::make_address(address, error);
    or_throw(error, " (an address in numbers is needed, such as 127.0.0.1 or ::1)");
    asio::ip::tcp::endpoint const endpoint(numeric, port);
    or_throw(with.open(endpoint.protocol(), error));
    or_throw(with.set_option(asio::ip::tcp::acceptor::reuse_address(true), error));
    or_throw(with.bind(endpoint, error));
    or_throw(with.listen(backlog, error));
}

std::string authority(asio::ip::tcp::endpoint const& of) {
    auto const address = of.address().to_string();
    return (of.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(of.port());
}

}  // namespace quartet::server_detail
