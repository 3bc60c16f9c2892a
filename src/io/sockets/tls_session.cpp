#include "src/io/sockets/tls_session.hpp"

#include "src/io/sockets/socket_state.hpp"
#include "src/io/sockets/tls_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdint>
#include <linux/sock_diag.h>
#include <new>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

/// As much that waits to be sent makes a read wait, too: the other side could have us answer for ever
/// without reading the answers. More than a write leaves: two sides that both write and do not get on must
/// still read.
constexpr std::size_t most_answers = std::size_t{256} << 10;

/// As much memory a connection keeps that has nothing to send: a record's worth.
constexpr std::size_t most_kept = std::size_t{20} << 10;

/// How much is read of what nobody wants any more.
constexpr std::size_t most_leftovers = std::size_t{64} << 10;

/// What must stand in a certificate: a name as it is written there, without the dot at its end and an
/// address without its zone.
std::string name_to_verify(std::string name) {
    if (auto const zone = name.find('%'); zone != std::string::npos && name.find(':') != std::string::npos)
        name.resize(zone);
    if (name.size() > 1 && name.back() == '.') name.pop_back();
    return name;
}

bool is_address(std::string const& name) noexcept {
    std::array<unsigned char, 16> room{};
    return inet_pton(AF_INET, name.c_str(), room.data()) == 1 ||
           inet_pton(AF_INET6, name.c_str(), room.data()) == 1;
}

}  // namespace

// ---- Below OpenSSL

/// The socket as OpenSSL sees it. A BIO of its own, as OpenSSL's would write by write(2): a SIGPIPE.
struct tls_transport {
    static tls_session& of(BIO* bio) noexcept { return *static_cast<tls_session*>(BIO_get_data(bio)); }

    static int read(BIO* bio, char* into, int size) noexcept {
        BIO_clear_retry_flags(bio);
        int const count = of(bio).receive(into, static_cast<std::size_t>(size));
        if (count <= 0) BIO_set_retry_read(bio);
        return count > 0 ? count : -1;
    }

    static int write(BIO* bio, char const* data, int size) noexcept {
        BIO_clear_retry_flags(bio);
        try {
            of(bio).outgoing_.append(data, static_cast<std::size_t>(size));
            return size;
        } catch (std::bad_alloc const&) {
            return -1;
        }
    }

    static long control(BIO*, int command, long, void*) noexcept { return command == BIO_CTRL_FLUSH ? 1 : 0; }

    static BIO* make(tls_session& by) {
        static BIO_METHOD* const method = [] {
            auto* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "quartet socket");
            if (!made) throw std::bad_alloc();
            BIO_meth_set_read(made, read);
            BIO_meth_set_write(made, write);
            BIO_meth_set_ctrl(made, control);
            return made;
        }();
        BIO* const made = BIO_new(method);
        if (!made) throw std::bad_alloc();
        BIO_set_data(made, &by);
        BIO_set_init(made, 1);
        return made;
    }
};

/// How many bytes came; 0 if none did, for whatever reason: that is noted, and told once OpenSSL has no use
/// for what came before.
int tls_session::receive(char* into, std::size_t size) noexcept {
    while (budget_ > 0 && !is_cut_ && receive_error_ == 0) {
        auto const count = ::recv(socket_, into, std::min(size, budget_), MSG_DONTWAIT);
        if (count > 0) {
            budget_ -= static_cast<std::size_t>(count);
            return static_cast<int>(count);
        }
        if (count == 0) is_cut_ = true;
        if (count < 0 && errno == EAGAIN) return 0;
        if (count < 0 && errno != EINTR) receive_error_ = errno;
    }
    return 0;
}

bool tls_session::flush() noexcept {
    while (sent_ < outgoing_.size() && send_error_ == 0) {
        auto const count =
            ::send(socket_, outgoing_.data() + sent_, outgoing_.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0) sent_ += static_cast<std::size_t>(count);
        if (count < 0 && errno == EAGAIN) return false;
        if (count < 0 && errno != EINTR) send_error_ = errno;
    }
    if (outgoing_.capacity() > most_kept) std::string().swap(outgoing_);
    outgoing_.clear();
    sent_ = 0;
    if (is_end_said_) half_close();
    return true;
}

bool tls_session::has_room_for_end() const noexcept {
    std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
    socklen_t size = sizeof memory;
    if (getsockopt(socket_, SOL_SOCKET, SO_MEMINFO, memory.data(), &size) != 0) return true;
    return std::max(memory[SK_MEMINFO_WMEM_QUEUED], memory[SK_MEMINFO_WMEM_ALLOC]) <
           memory[SK_MEMINFO_SNDBUF];
}

readiness tls_session::wanted() const noexcept {
    auto const waiting = outgoing_.size() - sent_;
    if (waiting == 0) return readable;
    return waiting > most_answers ? writable : readable | writable;
}

// ---- Making and ending

tls_session::tls_session(std::shared_ptr<tls_context const> context, side own, int descriptor,
                         std::string whom, std::string name)
    : context_(std::move(context)),
      session_(SSL_new(context_->get())),
      side_(own),
      socket_(descriptor),
      whom_(std::move(whom)),
      name_(name_to_verify(std::move(name))) {
    if (!session_) throw std::bad_alloc();
    auto* const transport = tls_transport::make(*this);
    SSL_set_bio(session_.get(), transport, transport);
    if (own == side::server) {
        SSL_set_accept_state(session_.get());
    } else {
        SSL_set_connect_state(session_.get());
        verify_name();
    }
}

tls_session::~tls_session() = default;

/// Has OpenSSL compare the name with those of the certificate, and tell the server which it is meant to be.
void tls_session::verify_name() {
    auto* const session = session_.get();
    bool const is_numeric = is_address(name_);
    if (!name_.empty() && !is_numeric && SSL_set_tlsext_host_name(session, name_.c_str()) != 1)
        throw tls_error(tls_error::kind::setup,
                        fmt::format("'{}' is no name that TLS can ask for (server_name)", name_));
    ERR_clear_error();
    if (!context_->verifies()) return;
    if (name_.empty())
        throw tls_error(
            tls_error::kind::setup,
            fmt::format("TLS with {} needs a name that the certificate must be for (server_name)", whom_));
    SSL_set_app_data(session, &names_shown_);
    SSL_set_verify(session, SSL_VERIFY_PEER, note_names);
    SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    bool const is_set = is_numeric
                            ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), name_.c_str()) == 1
                            : SSL_set1_host(session, name_.c_str()) == 1;
    if (!is_set) throw std::bad_alloc();
}

void tls_session::half_close() noexcept {
    if (std::exchange(is_half_closed_, true)) return;
    if (::shutdown(socket_, SHUT_WR) != 0 && send_error_ == 0) send_error_ = errno;
}

void tls_session::say_end() noexcept {
    if (std::exchange(is_end_said_, true)) return;
    if (!failed_) SSL_shutdown(session_.get());
    ERR_clear_error();
}

void tls_session::finish() {
    auto const locked = lock();
    is_finishing_ = true;
    if (!is_up_ && !failed_) return;
    say_end();
    if (flush() && send_error_ != 0) throw_socket_error("end what is written to " + whom_, send_error_);
}

void tls_session::close() noexcept {
    auto const locked = lock();
    is_closed_ = is_finishing_ = true;
    if (!is_up_ || failed_) return;
    say_end();
    flush();
    read_leftovers();
}

/// A socket that is closed with something unread in it answers with a reset, and the other side may lose what
/// was written. Servers send what no application reads (tickets): so that is read here.
void tls_session::read_leftovers() noexcept {
    char byte = 0;
    budget_ = most_leftovers;
    SSL_peek(session_.get(), &byte, 1);
    ERR_clear_error();
}

// ---- Failing

std::string tls_session::what_is_done(char const* with_data) const {
    if (is_up_) return with_data + whom_;
    return (side_ == side::client ? "connect to " : "accept ") + whom_;
}

void tls_session::throw_failure(char const* with_data) const {
    throw tls_error(failed_->kind,
                    fmt::format("cannot {} over TLS: {}", what_is_done(with_data), failed_->text));
}

void tls_session::note_failure() {
    failed_ = words_for_failure(session_.get(), name_, names_shown_, !is_up_);
    flush();  // the alert, so that the other side knows
}

void tls_session::fail_in_handshake(std::string why) {
    failed_ = {tls_error::kind::cut, std::move(why)};
    throw_failure();
}

void tls_session::throw_system_error(int error) const {
    throw_socket_error(what_is_done("read from ") + (is_up_ ? "" : " over TLS"), error);
}

/// What an answer of OpenSSL means. A socket that has ended or failed is told only when all that came before
/// was read.
tls_session::state tls_session::result_of(int result) {
    if (result > 0) return state::done;
    switch (SSL_get_error(session_.get(), result)) {
        case SSL_ERROR_ZERO_RETURN:
            return state::ended;
        case SSL_ERROR_WANT_READ:
            if (receive_error_ != 0) throw_system_error(receive_error_);
            if (is_cut_ && is_closed_) return state::ended;
            if (is_cut_ && is_up_)
                throw tls_error(tls_error::kind::cut,
                                fmt::format("{} ended the connection without the end that TLS has: what came "
                                            "may be cut",
                                            whom_));
            if (is_cut_) fail_in_handshake("the other side ended the connection during the handshake");
            return state::blocked;
        case SSL_ERROR_SSL:
            note_failure();
            throw_failure();
        default:  // the memory for what is to be sent could not be had
            ERR_clear_error();
            throw std::bad_alloc();
    }
}

// ---- The handshake

bool tls_session::take_turn(void const* by) noexcept {
    if (turn_of_ && turn_of_ != by) return false;
    std::uint64_t count = 0;
    if (!turn_of_ && turn_left_.get() >= 0) (void)!::read(turn_left_.get(), &count, sizeof count);
    turn_of_ = by;
    return true;
}

void tls_session::leave_turn(void const* by) noexcept {
    if (turn_of_ != by) return;
    turn_of_ = nullptr;
    std::uint64_t const one = 1;
    if (turn_left_.get() >= 0) (void)!::write(turn_left_.get(), &one, sizeof one);
}

int tls_session::turn_descriptor() {
    if (turn_left_.get() < 0) {
        turn_left_ = descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (turn_left_.get() < 0) throw_system_error(errno);
        turn_serial_ = socket_state::next_serial();
    }
    return turn_left_.get();
}

bool tls_session::shake_hands() {
    if (is_up_) return true;
    if (failed_) throw_failure();
    budget_ = most_bytes_at_once;
    ERR_clear_error();
    int const result = SSL_do_handshake(session_.get());
    flush();
    auto const now = result_of(result);
    if (now == state::ended) fail_in_handshake("it was closed during the handshake");
    if (now == state::blocked && send_error_ != 0) throw_system_error(send_error_);
    is_up_ = now == state::done;
    if (is_up_ && is_finishing_) {
        say_end();
        flush();
    }
    return is_up_;
}

// ---- Data

std::optional<std::size_t> tls_session::read(std::span<char> into) {
    budget_ = most_bytes_at_once;
    if (!flush() && outgoing_.size() - sent_ > most_answers) return std::nullopt;
    std::size_t count = 0;
    auto last = state::done;
    // A record has 16 KiB at the most. What goes wrong behind what came is told by the next read.
    while (count < into.size() && last == state::done && (count == 0 || SSL_has_pending(session_.get()))) {
        if (count == 0 && failed_) throw_failure();
        std::size_t came = 0;
        ERR_clear_error();
        int const result = SSL_read_ex(session_.get(), into.data() + count, into.size() - count, &came);
        if (result <= 0 && count > 0) {
            if (SSL_get_error(session_.get(), result) == SSL_ERROR_SSL) note_failure();
            break;
        }
        last = result_of(result);
        count += came;
    }
    flush();
    if (count == 0 && last == state::blocked) return std::nullopt;
    return count;
}

void tls_session::write(std::string_view data) {
    if (failed_) throw_failure("write to ");
    if (send_error_ != 0) throw_socket_error("write to " + whom_, send_error_);
    if (data.empty()) return;
    if (is_finishing_) throw_socket_error("write to " + whom_, EPIPE);
    std::size_t taken = 0;
    ERR_clear_error();
    if (result_of(SSL_write_ex(session_.get(), data.data(), data.size(), &taken)) != state::done)
        throw std::bad_alloc();
}

std::optional<tls_info> tls_session::info() {
    auto const locked = lock();
    if (!is_up_) return std::nullopt;
    auto* const session = session_.get();
    unsigned char const* chosen = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(session, &chosen, &length);
    auto const* const certificate = SSL_get0_peer_certificate(session);
    return tls_info{.version = SSL_get_version(session),
                    .cipher = SSL_get_cipher_name(session),
                    .alpn = std::string(reinterpret_cast<char const*>(chosen), length),
                    .peer_subject = certificate ? subject_of(certificate) : std::string(),
                    .verified = certificate && context_->verifies()};
}

}  // namespace quartet::inline v0::detail
