// src/io/http/http_client.cpp
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

#include "src/io/http/http_client.hpp"

#include <quartet/outcome.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <new>
#include <sys/epoll.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

// Replies taken in one turn of the loop are all in memory until their bodies have run, and no new request
// goes out meanwhile. Turns of up to 256 events took 42 to 47 µs of CPU a reply of 15,000 bytes, those of 4
// to 32 events 30 to 35 µs: the replies stay in the cache, and malloc does not give the heap's top back in
// between.
constexpr std::size_t events_a_turn = 16;

int new_epoll() {
    int const set = epoll_create1(EPOLL_CLOEXEC);
    if (set < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    return set;
}

http_failure failure_of(CURLMcode result) {
    return {fetch_error::kind::other, fmt::format("the HTTP client failed: {}", curl_multi_strerror(result))};
}

}  // namespace

http_client::http_client(boost::asio::io_context& io)
    : io_(io), multi_(new_curl_multi()), sockets_(io, new_epoll()) {
    set_up_multi();
    await_events();
}

void http_client::set_up_multi() {
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &on_socket);
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &on_timer);
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
}

http_client::~http_client() {
    for (http_transfer* transfer : active_) {
        take_out(*transfer);
        delete transfer;
    }
    multi_.reset();  // closes its connections, which calls on_socket: while the members still stand
}

void http_client::start(fetch_operation& operation) {
    auto transfer = idle_transfer();
    transfer->prepare(operation);
    auto const added = active_.insert(transfer.get()).first;
    try {
        keep_connections(active_.size());
        proceed(*transfer);
        static_cast<void>(transfer.release());
    } catch (...) {
        active_.erase(added);
        operation.transfer = nullptr;
        throw;
    }
}

/// Hands the request to libcurl, now or once its host is looked up.
void http_client::proceed(http_transfer& transfer) {
    if (!transfer.is_ready()) {
        looking_up_.push_back(&transfer);
        return;
    }
    CURL* const handle = transfer.handle();
    curl_easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, &on_open);
    curl_easy_setopt(handle, CURLOPT_SOCKOPTDATA, this);
    curl_easy_setopt(handle, CURLOPT_CLOSESOCKETFUNCTION, &on_close);
    curl_easy_setopt(handle, CURLOPT_CLOSESOCKETDATA, this);
    if (auto const result = curl_multi_add_handle(multi_.get(), handle); result != CURLM_OK)
        throw failure_of(result);
    transfer.is_added = true;
}

void http_client::proceed_with_looked_up() {
    std::vector<fetch_operation*> failed;
    for (http_transfer* const each : std::exchange(looking_up_, {})) {
        try {
            proceed(*each);
        } catch (...) {
            failed.push_back(&fail(*each));
        }
    }
    complete(failed);
}

/// Ends one with the exception that is being handled; its operation is then to be completed.
fetch_operation& http_client::fail(http_transfer& transfer) noexcept {
    fetch_operation& operation = transfer.operation();
    transfer.fail();
    take_back(&transfer);
    return operation;
}

/// Not before all is in order here again: bodies that go on begin and cancel other fetches.
void http_client::complete(std::vector<fetch_operation*> const& ended) {
    for (fetch_operation* const each : ended)
        each->complete();
}

/// Takes a transfer from libcurl, and from the line for look-ups.
void http_client::take_out(http_transfer& transfer) noexcept {
    if (std::exchange(transfer.is_added, false)) curl_multi_remove_handle(multi_.get(), transfer.handle());
    std::erase(looking_up_, &transfer);
}

// By itself libcurl keeps as many idle connections as four times the requests of this moment. Many requests
// end in one turn of the loop, before the next ones begin; it would close most of their connections.
void http_client::keep_connections(std::size_t count) {
    count = std::min(count, most_kept_);
    if (count <= kept_.count()) return;
    kept_.grow(count);
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(kept_.count()));
}

// Where descriptors are few, idle connections would keep them all from then on, and no file could be opened.
// Those beyond the new number are closed as requests end.
void http_client::keep_few_connections() {
    most_kept_ = std::clamp<std::size_t>(connections_ / 4, 1, most_kept_);
    kept_.keep(0);
    keep_connections(most_kept_);
}

std::unique_ptr<http_transfer> http_client::idle_transfer() {
    if (idle_.empty()) {
        return std::make_unique<http_transfer>(
            [this] { boost::asio::post(io_, [this] { proceed_with_looked_up(); }); });
    }
    auto transfer = std::move(idle_.back());
    idle_.pop_back();
    return transfer;
}

void http_client::take_back(http_transfer* ended) noexcept {
    take_out(*ended);
    active_.erase(ended);
    idle_.emplace_back(ended);
}

// After every reply libcurl takes the socket of a kept connection back, and for the next request it gives it
// again. Such a socket stays in the set meanwhile, which saves two calls of epoll_ctl a request.
//
// An error that is returned from here would be the end of the multi handle: every later fetch would fail or
// hang. So it is only noted, and ends the one transfer when libcurl has returned.
int http_client::on_socket(CURL* handle, curl_socket_t socket, int what, void* self, void*) noexcept {
    auto& client = *static_cast<http_client*>(self);
    int error = 0;
    try {
        watched& entry = client.entry_of(socket);
        entry.wanted = 0;
        if (what == CURL_POLL_REMOVE) {
            if (!entry.is_connection) client.unwatch(socket);
            return 0;
        }
        if (what & CURL_POLL_IN) entry.wanted |= EPOLLIN;
        if (what & CURL_POLL_OUT) entry.wanted |= EPOLLOUT;
        if (!client.watch(socket)) error = errno;
    } catch (std::bad_alloc const&) {
        error = ENOMEM;
    }
    http_transfer* const transfer = error ? http_transfer::of(handle) : nullptr;
    if (transfer) {
        transfer->watch_error = error;
        client.some_unwatched_ = true;
    }
    return 0;
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
    int const set = sockets_.native_handle();
    int const how = entry.events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    int result = epoll_ctl(set, how, socket, &event);
    // The set may know better than we do which sockets are in it, where a number was used again.
    if (result != 0 && errno == ENOENT) result = epoll_ctl(set, EPOLL_CTL_ADD, socket, &event);
    if (result != 0 && errno == EEXIST) result = epoll_ctl(set, EPOLL_CTL_MOD, socket, &event);
    entry.events = result == 0 ? entry.wanted : 0;
    return result == 0;
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

std::optional<http_client::time_point> http_client::deadline() const noexcept {
    auto earliest = deadline_;
    for (http_transfer const* each : looking_up_) {
        if (each->deadline() != time_point::max() && (!earliest || each->deadline() < *earliest))
            earliest = each->deadline();
    }
    return earliest;
}

bool http_client::advance() {
    auto const now = std::chrono::steady_clock::now();
    bool const is_late = std::any_of(looking_up_.begin(), looking_up_.end(),
                                     [now](auto const* each) { return each->deadline() <= now; });
    if (is_late) proceed_with_looked_up();
    if (!deadline_ || *deadline_ > now) return is_late;
    deadline_.reset();
    tell(CURL_SOCKET_TIMEOUT, 0);
    complete_ended();
    return true;
}

void http_client::await_events() {
    sockets_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [this](boost::system::error_code const& error) {
                            if (error == boost::asio::error::operation_aborted) return;  // this is gone
                            if (error) renew({fetch_error::kind::other, error.message()});
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
    auto const result = curl_multi_socket_action(multi_.get(), socket, events, &running);
    if (result != CURLM_OK) renew(failure_of(result));
    if (std::exchange(some_unwatched_, false)) fail_unwatched();
}

/// Ends the transfers whose sockets can't be watched: they would never hear from their servers again.
void http_client::fail_unwatched() {
    std::vector<fetch_operation*> failed;
    for (http_transfer* const each : std::vector(active_.begin(), active_.end())) {
        if (each->watch_error == 0) continue;
        try {
            throw std::system_error(each->watch_error, std::generic_category(),
                                    "the connection can't be waited for");
        } catch (...) {
            failed.push_back(&fail(*each));
        }
    }
    complete(failed);
}

/// Ends all that is under way, and begins anew with another multi handle.
void http_client::renew(http_failure const& why) {
    std::vector<fetch_operation*> failed;
    for (http_transfer* const each : std::vector(active_.begin(), active_.end())) {
        try {
            throw http_failure(why);
        } catch (...) {
            failed.push_back(&fail(*each));
        }
    }
    if (CURLM* const another = curl_multi_init()) {
        multi_.reset(another);
        set_up_multi();
        kept_.keep(0);
    }
    deadline_.reset();
    complete(failed);
}

// A body that is resumed here may start its next fetch at once; that only adds to the multi handle, which
// is allowed outside its callbacks.
void http_client::complete_ended() {
    int left = 0;
    while (CURLMsg const* message = curl_multi_info_read(multi_.get(), &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        CURLcode const result = message->data.result;  // the message is gone once its handle is removed
        if (http_transfer* const transfer = http_transfer::of(message->easy_handle))
            complete(*transfer, result);
    }
}

/// libcurl is done with a request; the exchange may go on with another.
void http_client::complete(http_transfer& transfer, CURLcode result) {
    take_out(transfer);
    if (transfer.lacked_descriptor()) keep_few_connections();
    fetch_operation& operation = transfer.operation();
    if (transfer.take_reply(result)) {
        try {
            return proceed(transfer);
        } catch (...) {
            transfer.fail();
        }
    }
    take_back(&transfer);
    operation.complete();
}

bool http_client::cancel(fetch_operation& operation) noexcept {
    http_transfer* const transfer = operation.transfer;
    if (!transfer) return false;
    transfer->cancel();
    take_back(transfer);
    return true;
}

}  // namespace quartet::inline v0::detail
