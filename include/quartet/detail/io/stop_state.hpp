// include/quartet/detail/io/stop_state.hpp
//
// The stop of one job, in the forms that contexts need: a word that a body reads with one load and that
// blocking sleeps wait on, and a std::stop_token, made when somebody asks for it. Any thread.
//
// The word tells what requested the stop first, and when: a body may learn of its stop and of its time limit
// at the same moment, and the failure names the one that came first.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>

namespace quartet::inline v0::detail {

enum class stopped_by : std::uint32_t {
    request = 0,
    call_limit = 2,  ///< call_options::timeout
};

/// What stands in a stop's word: not 0. Bit 1 tells what requested it; above it are the milliseconds of the
/// steady clock, as far as they fit.
inline std::uint32_t stop_mark(stopped_by who) noexcept {
    auto const now = std::chrono::steady_clock::now().time_since_epoch();
    auto const ticks = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    return static_cast<std::uint32_t>(ticks) << 2 | static_cast<std::uint32_t>(who) | 1;
}

/// How long ago it was written, up to 12 days, to the millisecond below.
inline std::chrono::milliseconds age_of_stop(std::uint32_t mark) noexcept {
    constexpr std::uint32_t range = std::uint32_t{1} << 30;
    std::uint32_t const age = ((stop_mark(stopped_by::request) >> 2) - (mark >> 2)) & (range - 1);
    return std::chrono::milliseconds(age < range - 1000 ? age : 0);  // a bit more: it came just now
}

/// Sets a stop's word, if it is not set yet; true if this call has set it.
inline bool set_stop(std::atomic<std::uint32_t>& word, std::uint32_t mark) noexcept {
    std::uint32_t none = 0;
    return word.compare_exchange_strong(none, mark);
}

class stop_state {
public:
    stop_state() = default;
    stop_state(stop_state const&) = delete;
    stop_state& operator=(stop_state const&) = delete;
    ~stop_state() { delete source_.load(); }

    bool requested() const noexcept { return word_.load(std::memory_order_relaxed) != 0; }

    /// Whether it was the call's time limit that asked first.
    bool by_call_limit() const noexcept {
        return (word_.load(std::memory_order_relaxed) & static_cast<std::uint32_t>(stopped_by::call_limit)) !=
               0;
    }

    /// Turns non-zero.
    std::atomic<std::uint32_t> const& word() const noexcept { return word_; }

    std::stop_token token();

    /// Sets the word and wakes the threads that sleep on it. The caller has to call request_stop() of the
    /// source that is returned, which runs callbacks. Nothing if the stop was requested before, or without
    /// a token.
    std::optional<std::stop_source> raise() noexcept;

    /// True if it was not requested before.
    bool request(stopped_by who = stopped_by::request) noexcept;

private:
    bool set_word(stopped_by who) noexcept;

    std::atomic<std::stop_source*> source_{nullptr};  // made when somebody asks
    std::atomic<std::uint32_t> word_{0};
};

}  // namespace quartet::inline v0::detail
