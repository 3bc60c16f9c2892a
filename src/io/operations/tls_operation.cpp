// What sockets do over TLS. Each holds the lock of the connection's session while it tries.

#include "src/io/sockets/socket_state.hpp"
#include "src/io/sockets/tls_session.hpp"

#include <quartet/detail/io/operations/socket_operation.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>

namespace quartet::inline v0::detail {

// ---- The handshake

bool socket_operation::is_past_handshake(tls_session& tls) {
    if (tls.is_up()) return true;
    if (!tls.take_turn(this)) {
        int const turn = tls.turn_descriptor();
        wait_for(turn, readable, tls.turn_serial());
        return false;
    }
    has_turn_ = true;
    if (!tls.shake_hands()) return waits_for_tls(tls);
    tls.leave_turn(this);
    has_turn_ = false;
    return true;
}

/// Always false.
bool socket_operation::waits_for_tls(tls_session& tls) {
    wait_for(state().get(), tls.wanted(), state().serial);
    return tls.has_more() ? may_go_on() : false;
}

void socket_operation::leave_turn() noexcept {
    auto const locked = state().tls->lock();
    state().tls->leave_turn(this);
}

bool handshake_operation::try_now(readiness) {
    tls_session& tls = *state().tls;
    auto const locked = tls.lock();
    if (!is_past_handshake(tls)) return false;
    return tls.flush() || waits_for_tls(tls);
}

// ---- Data

std::optional<std::size_t> socket_operation::receive_encrypted(std::span<char> into) {
    tls_session& tls = *state().tls;
    auto const locked = tls.lock();
    if (!is_past_handshake(tls)) return std::nullopt;
    auto const count = tls.read(into);
    if (!count) waits_for_tls(tls);
    if (count) state().read.fetch_add(*count, std::memory_order_relaxed);
    return count;
}

/// What comes next: of one part where it lies, of several that are small a copy in `room`.
std::string_view write_operation::next_to_encrypt(std::span<char> room) noexcept {
    auto const rest = parts().subspan(at_);
    if (rest.empty()) return {};
    auto const text_of = [](iovec const& part) {
        return std::string_view(static_cast<char const*>(part.iov_base), part.iov_len);
    };
    if (rest.size() == 1 || rest.front().iov_len >= room.size())
        return text_of(rest.front()).substr(0, room.size());
    std::size_t copied = 0;
    for (auto const& each : rest)
        copied += text_of(each).copy(room.data() + copied, room.size() - copied);
    return {room.data(), copied};
}

// What is encrypted is as good as written: it goes out before anything else. So it is counted at once, and a
// write that is broken off can be taken up behind it.
bool write_operation::write_encrypted() {
    tls_session& tls = *state().tls;
    auto const locked = tls.lock();
    if (!is_past_handshake(tls)) return false;
    for (std::size_t written_now = 0;;) {
        if (!tls.flush()) {
            wait_for(state().get(), writable, state().serial);
            return false;
        }
        take_off(0);
        auto const next = next_to_encrypt(socket_scratch());
        if (!next.empty() && written_now >= most_bytes_at_once) break;
        tls.write(next);
        if (next.empty() && tls.has_room_for_end()) return true;
        if (next.empty()) break;
        state().written.fetch_add(next.size(), std::memory_order_relaxed);
        written_now += next.size();
        take_off(next.size());
    }
    wait_for(state().get(), writable, state().serial);
    return may_go_on();
}

}  // namespace quartet::inline v0::detail
