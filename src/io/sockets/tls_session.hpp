// src/io/sockets/tls_session.hpp
//
// TLS over one socket, by OpenSSL. Nothing here waits; the operations do (operations/tls_operation.cpp).
//
// OpenSSL reads from the socket, but writes into memory, `outgoing`, from where it goes to the socket as
// there is room. So OpenSSL never meets a full socket, and none of its rules for a write that has to be
// repeated with the same bytes reaches anybody: what it has taken it has encrypted, and that goes out before
// anything else, whoever is the next to do something with the connection. What a read makes it write (its
// part of a handshake, the answer to a key update) goes the same way.
//
// Any thread may read while another one writes: each operation holds the session's lock while it tries, and
// none while it waits. A handshake is brought forward by one operation at a time; another one that comes
// meanwhile waits for an eventfd, since the bytes that end the handshake come only once.
#pragma once

#include "src/base/descriptor.hpp"
#include "src/io/sockets/tls_context.hpp"
#include "src/io/sockets/tls_words.hpp"

#include <quartet/readiness.hpp>
#include <quartet/tls.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <openssl/ssl.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace quartet::inline v0::detail {

class tls_session {
public:
    enum class side { client, server };

    /// For the socket `descriptor`, which must outlive it. `whom` is for people: "example.org:443"; `name` is
    /// whom the certificate of the other side must be for. Throws tls_error, std::bad_alloc.
    tls_session(std::shared_ptr<tls_context const> context, side own, int descriptor, std::string whom,
                std::string name);
    tls_session(tls_session const&) = delete;
    tls_session& operator=(tls_session const&) = delete;
    ~tls_session();

    [[nodiscard]] std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

    // ---- For who holds the lock. What goes wrong is thrown: tls_error or std::system_error

    /// Whether `by` is who brings the handshake forward, from now on if nobody does.
    bool take_turn(void const* by) noexcept;
    void leave_turn(void const* by) noexcept;

    /// What is readable when a turn was left, and its number for descriptor_waits.hpp. Throws
    /// std::system_error if the system has no descriptor left.
    int turn_descriptor();
    std::uint64_t turn_serial() const noexcept { return turn_serial_; }

    /// Brings the handshake forward; true if it is over.
    bool shake_hands();
    bool is_up() const noexcept { return is_up_; }

    /// How many bytes came, 0 at the end; nothing if there are none yet.
    std::optional<std::size_t> read(std::span<char> into);

    /// Encrypts all of it, for the next flush; of nothing, only tells what has gone wrong.
    void write(std::string_view data);

    /// Sends what is encrypted; false if some is left, for want of room. What can't be sent any more is
    /// dropped, and the next write told.
    bool flush() noexcept;

    /// What the socket must be ready for so that the last try is worth repeating.
    readiness wanted() const noexcept;

    /// Whether the last try left off although there was more to read.
    bool has_more() const noexcept { return budget_ == 0; }

    /// Whether the end could be sent now. The system takes a last byte only if it has room for it, and who
    /// finishes a connection or closes it does not wait.
    bool has_room_for_end() const noexcept;

    // ---- Any thread, without the lock

    /// Says that nothing more comes (close_notify), and ends that way of the socket behind it. Before the
    /// handshake is over, as soon as it is. Throws std::system_error.
    void finish();

    /// Says so if that can be done at once, before the socket is closed.
    void close() noexcept;

    std::optional<tls_info> info();

private:
    struct session_deleter {
        void operator()(SSL* session) const noexcept { SSL_free(session); }
    };
    enum class state { done, ended, blocked };

    state result_of(int result);
    void note_failure();
    [[noreturn]] void fail_in_handshake(std::string why);
    [[noreturn]] void throw_failure(char const* with_data = "read from ") const;
    [[noreturn]] void throw_system_error(int error) const;
    std::string what_is_done(char const* with_data) const;
    void verify_name();
    void say_end() noexcept;
    void half_close() noexcept;
    void read_leftovers() noexcept;

    int receive(char* into, std::size_t size) noexcept;
    friend struct tls_transport;

    std::mutex mutex_;
    std::shared_ptr<tls_context const> context_;
    std::unique_ptr<SSL, session_deleter> session_;
    side side_;
    int socket_;
    std::string whom_;
    std::string name_;
    std::string names_shown_;  // in a certificate that is for others

    bool is_up_ = false;
    bool is_closed_ = false;     // by this side
    bool is_finishing_ = false;  // nothing more is to be written
    bool is_end_said_ = false;   // close_notify is in `outgoing` or was sent
    bool is_half_closed_ = false;
    std::optional<tls_words> failed_;

    std::string outgoing_;
    std::size_t sent_ = 0;  // of these
    int send_error_ = 0;    // nothing can be sent any more
    int receive_error_ = 0;
    bool is_cut_ = false;     // the socket has ended
    std::size_t budget_ = 0;  // how much one try may still receive

    void const* turn_of_ = nullptr;
    descriptor turn_left_;
    std::uint64_t turn_serial_ = 0;
};

}  // namespace quartet::inline v0::detail
