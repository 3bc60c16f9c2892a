// include/quartet/detail/io/operations/socket_operation.hpp
//
// What is done with sockets: each is one system call when it need not wait. Those over TLS are done in
// src/io/operations/tls_operation.cpp.
#pragma once

#include <quartet/detail/io/operations/descriptor_operation.hpp>
#include <quartet/socket_address.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/uio.h>
#include <utility>
#include <vector>

namespace quartet::inline v0 {

/// What came in one piece.
struct datagram {
    std::string data;
    socket_address from;
    bool truncated = false;  ///< it was longer; the rest is lost
};

namespace detail {

struct socket_state;
class tls_session;

class socket_operation : public descriptor_operation {
protected:
    socket_operation(context& owner, std::shared_ptr<socket_state> of, readiness wanted) noexcept;
    socket_operation(socket_operation&&) noexcept = default;
    ~socket_operation() override {
        if (has_turn_) [[unlikely]]
            leave_turn();
    }

    socket_state& state() const noexcept { return *state_; }

    /// How many bytes came, 0 at the end; nothing if none is there yet.
    std::optional<std::size_t> receive(std::span<char> into);

    /// For who holds the lock of a connection's TLS: whether the handshake is over; brings it forward. False
    /// if try_now has to end, and what it waits for is set.
    bool is_past_handshake(tls_session& tls);
    bool waits_for_tls(tls_session& tls);

    std::shared_ptr<socket_state> state_;  // keeps the descriptor open

private:
    std::optional<std::size_t> receive_encrypted(std::span<char> into);
    void leave_turn() noexcept;

    bool has_turn_ = false;  // at the handshake
};

/// Gives how many bytes came; 0 at the end.
class [[nodiscard]] read_operation final : public socket_operation {
public:
    read_operation(context& owner, std::shared_ptr<socket_state> of, std::span<char> into) noexcept
        : socket_operation(owner, std::move(of), readable), into_(into) {}

    std::size_t await_resume() {
        throw_error();
        return count_;
    }

private:
    bool try_now(readiness holds) override;

    std::span<char> into_;
    std::size_t count_ = 0;
};

/// Gives what came, none at the end.
class [[nodiscard]] read_text_operation final : public socket_operation {
public:
    read_text_operation(context& owner, std::shared_ptr<socket_state> of, std::size_t most) noexcept
        : socket_operation(owner, std::move(of), readable), most_(most) {}

    std::string await_resume() {
        throw_error();
        return std::move(text_);
    }

private:
    bool try_now(readiness holds) override;

    std::size_t most_;
    std::string text_;
};

/// Reads what comes into the connection's buffer; gives whether anything came, false at the end.
class [[nodiscard]] fill_operation final : public socket_operation {
public:
    fill_operation(context& owner, std::shared_ptr<socket_state> of, std::size_t wanted) noexcept
        : socket_operation(owner, std::move(of), readable), count_wanted_(wanted) {}

    bool await_resume() {
        throw_error();
        return came_;
    }

private:
    bool try_now(readiness holds) override;

    std::size_t count_wanted_;
    bool came_ = false;
};

/// Writes all of it.
class [[nodiscard]] write_operation final : public socket_operation {
public:
    write_operation(context& owner, std::shared_ptr<socket_state> to, std::string_view data);
    write_operation(context& owner, std::shared_ptr<socket_state> to,
                    std::span<std::string_view const> parts);

    void await_resume() { throw_error(); }

private:
    bool try_now(readiness holds) override;
    bool write_encrypted();
    std::string_view next_to_encrypt(std::span<char> room) noexcept;
    void take_off(std::size_t written) noexcept;
    std::span<iovec> parts() noexcept { return more_.empty() ? std::span(&one_, 1) : std::span(more_); }

    iovec one_{};
    std::vector<iovec> more_;  // all parts, if there are several
    std::size_t at_ = 0;       // the first part that is not written
};

/// Done when the handshake is over, and this side's part of it sent.
class [[nodiscard]] handshake_operation final : public socket_operation {
public:
    handshake_operation(context& owner, std::shared_ptr<socket_state> of) noexcept
        : socket_operation(owner, std::move(of), readable) {}

    void await_resume() { throw_error(); }

private:
    bool try_now(readiness holds) override;
};

/// Gives the socket of the next who connects; null once the listener is closed.
class [[nodiscard]] accept_operation final : public socket_operation {
public:
    accept_operation(context& owner, std::shared_ptr<socket_state> at) noexcept
        : socket_operation(owner, std::move(at), readable) {}

    std::shared_ptr<socket_state> await_resume() {
        throw_error();
        return std::move(accepted_);
    }

private:
    bool try_now(readiness holds) override;

    std::shared_ptr<socket_state> accepted_;
};

class [[nodiscard]] send_to_operation final : public socket_operation {
public:
    send_to_operation(context& owner, std::shared_ptr<socket_state> by, std::string_view data,
                      socket_address const& to) noexcept
        : socket_operation(owner, std::move(by), writable), data_(data), to_(to) {}

    void await_resume() { throw_error(); }

private:
    bool try_now(readiness holds) override;

    std::string_view data_;
    socket_address to_;
};

class [[nodiscard]] receive_from_operation final : public socket_operation {
public:
    receive_from_operation(context& owner, std::shared_ptr<socket_state> at, std::size_t most) noexcept
        : socket_operation(owner, std::move(at), readable), most_(most) {}

    datagram await_resume() {
        throw_error();
        return std::move(received_);
    }

private:
    bool try_now(readiness holds) override;

    std::size_t most_;
    datagram received_;
};

}  // namespace detail
}  // namespace quartet::inline v0
