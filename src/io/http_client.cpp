// src/io/http_client.cpp
//
// libcurl tells which sockets it wants watched and when it wants to be called for a time-out
// (CURLMOPT_SOCKETFUNCTION and CURLMOPT_TIMERFUNCTION); the loop calls curl_multi_socket_action back.
//
// libcurl sets its timer to "at once" for every request that begins, and to another time when that has
// begun. So a timer is only noted down, and the loop asks once a turn: one call serves all requests that
// bodies began in that turn. An Asio timer took more time than all the rest of a request on loopback.
//
// The sockets are in an epoll set of our own, and Asio watches that one descriptor. An Asio descriptor per
// socket would be one allocation and one trip through Asio's queue per event, and must be taken apart
// again whenever libcurl moves a connection; with the set, one wake-up serves all sockets that are ready.

#include "src/io/http_client.hpp"

#include <quartet/outcome.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <new>
#include <sys/epoll.h>
#include <system_error>
#include <unistd.h>

namespace quartet::detail {
namespace {

// Replies taken in one turn of the loop are all in memory until their bodies have run, and no new request
// goes out meanwhile. Turns of up to 256 events took 42 to 47 µs of CPU a reply of 15,000 bytes, those of 4
// to 32 events 30 to 35 µs: the replies stay in the cache, and malloc does not give the heap's top back in
// between.
constexpr std::size_t events_a_turn = 16;

CURLM* new_multi() {
    CURLM* const multi = curl_multi_init();
    if (!multi) throw std::bad_alloc();
    return multi;
}

int new_epoll() {
    int const set = epoll_create1(EPOLL_CLOEXEC);
    if (set < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    return set;
}

}  // namespace

http_client::http_client(boost::asio::io_context& io)
    : multi_(new_multi(), &curl_multi_cleanup), sockets_(io, new_epoll()) {
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &on_socket);
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &on_timer);
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
    await_events();
}

http_client::~http_client() {
    for (http_transfer* transfer : active_) {
        curl_multi_remove_handle(multi_.get(), transfer->handle());
        delete transfer;
    }
    multi_.reset();  // closes its connections, which calls on_socket: while the members still stand
}

void http_client::start(fetch_operation& operation) {
    auto transfer = idle_transfer();
    transfer->prepare(operation);
    active_.insert(transfer.get());
    keep_connections(active_.size());
    CURL* const handle = transfer.release()->handle();
    curl_easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, &on_open);
    curl_easy_setopt(handle, CURLOPT_SOCKOPTDATA, this);
    curl_easy_setopt(handle, CURLOPT_CLOSESOCKETFUNCTION, &on_close);
    curl_easy_setopt(handle, CURLOPT_CLOSESOCKETDATA, this);
    curl_multi_add_handle(multi_.get(), handle);
}

// By itself libcurl keeps as many idle connections as four times the requests of this moment. Many requests
// end in one turn of the loop, before the next ones begin; it would close most of their connections.
void http_client::keep_connections(std::size_t count) {
    count = std::min(count, most_kept_);
    if (count <= kept_connections_) return;
    kept_connections_ = count;
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(count));
}

// Where descriptors are few, idle connections would keep them all from then on, and no file could be opened.
// Those beyond the new number are closed as requests end.
void http_client::keep_few_connections() {
    most_kept_ = std::clamp<std::size_t>(connections_ / 4, 1, most_kept_);
    kept_connections_ = 0;
    keep_connections(most_kept_);
}

std::unique_ptr<http_transfer> http_client::idle_transfer() {
    if (idle_.empty()) return std::make_unique<http_transfer>();
    auto transfer = std::move(idle_.back());
    idle_.pop_back();
    return transfer;
}

void http_client::take_back(http_transfer* ended) noexcept {
    curl_multi_remove_handle(multi_.get(), ended->handle());
    active_.erase(ended);
    idle_.emplace_back(ended);
}

// After every reply libcurl takes the socket of a kept connection back, and for the next request it gives it
// again. Such a socket stays in the set meanwhile, which saves two calls of epoll_ctl a request.
int http_client::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) noexcept {
    auto& client = *static_cast<http_client*>(self);
    try {
        watched& entry = client.entry_of(socket);
        entry.wanted = 0;
        if (what == CURL_POLL_REMOVE) {
            if (!entry.is_connection) client.unwatch(socket);
            return 0;
        }
        if (what & CURL_POLL_IN) entry.wanted |= EPOLLIN;
        if (what & CURL_POLL_OUT) entry.wanted |= EPOLLOUT;
        return client.watch(socket) ? 0 : -1;
    } catch (std::bad_alloc const&) {
        return -1;
    }
}

// The number of a closed socket may come again at once, for one that nobody watches yet.
int http_client::on_open(void* self, curl_socket_t socket, curlsocktype) noexcept {
    try {
        auto& client = *static_cast<http_client*>(self);
        client.entry_of(socket) = {.is_connection = true};
        ++client.connections_;
        return CURL_SOCKOPT_OK;
    } catch (std::bad_alloc const&) {
        return CURL_SOCKOPT_ERROR;
    }
}

int http_client::on_close(void* self, curl_socket_t socket) noexcept {
    auto& client = *static_cast<http_client*>(self);
    client.unwatch(socket);
    if (static_cast<std::size_t>(socket) < client.watched_.size()) {
        watched& entry = client.entry_of(socket);
        if (entry.is_connection) --client.connections_;
        entry = {};
    }
    return close(socket);
}

http_client::watched& http_client::entry_of(curl_socket_t socket) {
    auto const index = static_cast<std::size_t>(socket);
    if (index >= watched_.size()) watched_.resize(index + 1);
    return watched_[index];
}

bool http_client::watch(curl_socket_t socket) noexcept {
    watched& entry = watched_[static_cast<std::size_t>(socket)];
    if (entry.events == entry.wanted) return true;
    epoll_event event{};
    event.data.fd = socket;
    event.events = entry.wanted;
    int const how = entry.events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(sockets_.native_handle(), how, socket, &event) != 0) return false;
    entry.events = entry.wanted;
    return true;
}

void http_client::unwatch(curl_socket_t socket) noexcept {
    if (static_cast<std::size_t>(socket) >= watched_.size()) return;  // there was no memory for its entry
    watched& entry = watched_[static_cast<std::size_t>(socket)];
    if (entry.events) epoll_ctl(sockets_.native_handle(), EPOLL_CTL_DEL, socket, nullptr);
    entry.events = 0;
}

int http_client::on_timer(CURLM*, long milliseconds, void* self) noexcept {
    auto& deadline = static_cast<http_client*>(self)->deadline_;
    deadline.reset();
    if (milliseconds >= 0)
        deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    return 0;
}

bool http_client::advance(time_point now) {
    if (!deadline_ || *deadline_ > now) return false;
    deadline_.reset();
    tell(CURL_SOCKET_TIMEOUT, 0);
    complete_ended();
    return true;
}

void http_client::await_events() {
    sockets_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [this](boost::system::error_code const& error) {
                            if (error) return;
                            handle_events();
                            await_events();
                        });
}

void http_client::handle_events() {
    std::array<epoll_event, events_a_turn> events{};
    int const count = epoll_wait(sockets_.native_handle(), events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < count; ++i) {
        auto const& event = events[static_cast<std::size_t>(i)];
        if (!watched_[static_cast<std::size_t>(event.data.fd)].wanted) {
            unwatch(event.data.fd);  // the server closes a connection that is not in use
            continue;
        }
        int what = 0;
        if (event.events & EPOLLIN) what |= CURL_CSELECT_IN;
        if (event.events & EPOLLOUT) what |= CURL_CSELECT_OUT;
        if (event.events & (EPOLLERR | EPOLLHUP)) what |= CURL_CSELECT_ERR;
        tell(event.data.fd, what);
    }
    complete_ended();
}

void http_client::tell(curl_socket_t socket, int events) {
    int running = 0;
    curl_multi_socket_action(multi_.get(), socket, events, &running);
}

// A body that is resumed here may start its next fetch at once; that only adds to the multi handle, which
// is allowed outside its callbacks.
void http_client::complete_ended() {
    int left = 0;
    while (CURLMsg const* message = curl_multi_info_read(multi_.get(), &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        CURLcode const result = message->data.result;  // the message is gone once its handle is removed
        http_transfer& transfer = http_transfer::of(message->easy_handle);
        fetch_operation& operation = transfer.operation();
        if (transfer.lacked_descriptor()) keep_few_connections();
        transfer.finish(result);
        take_back(&transfer);
        operation.complete();
    }
}

bool http_client::cancel(fetch_operation& operation) noexcept {
    http_transfer* const transfer = operation.transfer;
    if (!transfer) return false;
    transfer->finish(CURLE_ABORTED_BY_CALLBACK);
    take_back(transfer);
    return true;
}

}  // namespace quartet::detail
