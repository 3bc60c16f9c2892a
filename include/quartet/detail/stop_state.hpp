// include/quartet/detail/stop_state.hpp
//
// The stop of one job, in the forms that contexts need: a word that a body reads with one load and that
// blocking sleeps wait on, and a std::stop_token, made when somebody asks for it. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <stop_token>

namespace quartet::detail {

class stop_state {
public:
    stop_state() = default;
    stop_state(stop_state const&) = delete;
    stop_state& operator=(stop_state const&) = delete;
    ~stop_state() { delete source_.load(); }

    bool requested() const noexcept { return word_.load(std::memory_order_relaxed) != 0; }

    /// Turns non-zero.
    std::atomic<std::uint32_t> const& word() const noexcept { return word_; }

    std::stop_token token();

    /// Sets the word and wakes who sleeps on it; what is given has yet to be asked to stop, which runs
    /// callbacks. Nothing is given if the stop was requested before, or if nobody asked for a token.
    std::optional<std::stop_source> raise() noexcept;

    /// True if it was not requested before.
    bool request() noexcept;

private:
    bool set_word() noexcept;

    std::atomic<std::uint32_t> word_{0};
    std::atomic<std::stop_source*> source_{nullptr};  // made when somebody asks
};

}  // namespace quartet::detail
