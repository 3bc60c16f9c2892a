#include "src/base/futex.hpp"

#include <quartet/detail/io/stop_state.hpp>

#include <memory>

namespace quartet::inline v0::detail {

std::stop_token stop_state::token() {
    std::stop_source* source = source_.load();
    if (!source) {
        auto made = std::make_unique<std::stop_source>();
        if (source_.compare_exchange_strong(source, made.get())) source = made.release();
    }
    if (word_.load() != 0) source->request_stop();
    return source->get_token();
}

std::optional<std::stop_source> stop_state::raise() noexcept {
    if (!set_word(stopped_by::request)) return std::nullopt;
    std::stop_source const* const source = source_.load();
    return source ? std::optional(*source) : std::nullopt;
}

bool stop_state::request(stopped_by who) noexcept {
    if (!set_word(who)) return false;
    if (std::stop_source* const source = source_.load()) source->request_stop();
    return true;
}

/// True if this call has set it.
bool stop_state::set_word(stopped_by who) noexcept {
    if (!set_stop(word_, stop_mark(who))) return false;
    futex_wake_all(word_);
    return true;
}

}  // namespace quartet::inline v0::detail
