// How a connection is served
//
// serve() is a loop of read_request() and answer_request(), each a coroutine, so the code reads in the order
// in which things happen. Errors travel in error_ and not as exceptions: a client that leaves is no
// exception.
//
// Closing takes care. A close() while bytes of the client are unread makes the kernel send a reset, which may
// overtake our last reply and destroy it in the client's hands. A client whose 2 MB body is refused would
// then see "connection reset" and not the 413. So we end our direction only, and read and drop what still
// comes, for at most two seconds: drain().
#include "server/connection.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <iterator>
#include <utility>

namespace quartet::server_detail {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t body_bytes_max = 1024 * 1024;
constexpr std::uint32_t head_bytes_max = 64 * 1024;
constexpr auto drain_time = std::chrono::seconds(2);
constexpr auto forever = connection::clock::time_point::max();

void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount = 1) {
    counter.fetch_add(amount, std::memory_order_relaxed);
}

/// The status that tells a client what is wrong with its request; 0 if it left and nobody would read it.
unsigned refusal(error_code error) {
    if (error == http::error::body_limit) return 413;
    if (error == http::error::header_limit) return 431;
    if (error == http::error::end_of_stream || error == http::error::partial_message) return 0;
    return error.category() == make_error_code(http::error::bad_method).category() ? 400 : 0;
}

bool has_body(unsigned status) {
    return status != 204 && status != 304;
}

std::string_view reason(unsigned status) {
    auto const text = http::obsolete_reason(http::int_to_status(status));
    return {text.data(), text.size()};
}

}  // namespace

connection::connection(socket peer, shared& common)
    : peer_(std::move(peer)), timer_(peer_.get_executor()), common_(common) {
    add(common_.counts.connections);
    add(common_.counts.open);
    error_code ignored;  // without it a reply is only later, not wrong
    peer_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

connection::~connection() {
    common_.counts.open.fetch_sub(1, std::memory_order_relaxed);
}

void connection::close() {
    closed_ = true;
    deadline_ = forever;
    error_code ignored;
    peer_.close(ignored);
    timer_.cancel();
}

asio_task connection::serve() {
    while (keep_) {
        co_await read_request();
        if (error_) break;
        co_await answer_request();
        if (error_) break;
    }
    if (error_) co_await refuse_request();
    if (!error_) co_await drain();
    close();
}

asio_task connection::read_request() {
    parser_.emplace();
    parser_->body_limit(body_bytes_max);
    parser_->header_limit(head_bytes_max);
    deadline_ = clock::now() + common_.options.idle_timeout;
    co_await http::async_read_header(peer_, buffer_, *parser_, into(error_));
    if (error_ || parser_->is_done()) co_return;

    if (boost::beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
        static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        co_await asio::async_write(peer_, asio::buffer(go_on), into(error_));
        if (error_) co_return;
    }
    co_await http::async_read(peer_, buffer_, *parser_, into(error_));
}

asio_task connection::answer_request() {
    add(common_.counts.requests);
    auto const number = common_.counts.requests.load(std::memory_order_relaxed);
    auto const fate = fate_of(number, common_.options);
    auto const answer =
        fate.error ? text_reply(500, "an error on purpose") : common_.routes.answer(parser_->get());
    add(common_.counts.errors, fate.error);
    add(common_.counts.slow, fate.slow);
    add(common_.counts.broken, fate.broken);

    co_await wait(answer.has_own_latency ? answer.delay : fate.delay + answer.delay);
    cut_ = fate.broken;
    keep_ = parser_->keep_alive() && !cut_;
    co_await write(answer);
}

/// Turns an error of read_request() into a reply, where there is somebody to read it.
asio_task connection::refuse_request() {
    auto const status = refusal(error_);
    if (status == 0) co_return;
    keep_ = false;
    co_await write(text_reply(status, std::string(reason(status))));
}

asio_task connection::wait(std::chrono::nanoseconds delay) {
    if (delay <= delay.zero() || closed_) co_return;
    deadline_ = forever;
    timer_.expires_after(delay);
    error_code ignored;  // cancelled means closed, which the write that follows will notice
    co_await timer_.async_wait(into(ignored));
}

asio_task connection::write(reply const& answer) {
    auto const sends_body = parser_->get().method() != http::verb::head && has_body(answer.status);
    write_head(answer, has_body(answer.status));
    auto head = std::string_view(head_);
    auto body = sends_body ? answer.body : std::string_view();
    if (cut_) (body.empty() ? head : body).remove_suffix((body.empty() ? head : body).size() / 2);

    deadline_ = clock::now() + common_.options.idle_timeout;
    std::array const bytes{asio::buffer(head), asio::buffer(body)};
    auto const sent = co_await asio::async_write(peer_, bytes, into(error_));
    add(common_.counts.bytes_sent, sent);
}

void connection::write_head(reply const& answer, bool with_length) {
    head_.clear();
    auto out = std::back_inserter(head_);
    fmt::format_to(out, "HTTP/1.1 {} {}\r\nServer: quartet\r\n{}", answer.status, reason(answer.status),
                   answer.fields);
    if (with_length)
        fmt::format_to(out, "Content-Type: {}\r\nContent-Length: {}\r\n", answer.content_type,
                       answer.body.size());
    // A client of HTTP/1.0 takes silence for "close", one of HTTP/1.1 for "keep-alive".
    if (!keep_)
        head_ += "Connection: close\r\n";
    else if (parser_->get().version() < 11)
        head_ += "Connection: keep-alive\r\n";
    head_ += "\r\n";
}

asio_task connection::drain() {
    deadline_ = clock::now() + drain_time;
    peer_.shutdown(socket::shutdown_send, error_);
    std::array<char, 4096> dropped;
    while (!error_)
        co_await peer_.async_read_some(asio::buffer(dropped), into(error_));
}

}  // namespace quartet::server_detail
