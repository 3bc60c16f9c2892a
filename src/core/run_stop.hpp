// src/core/run_stop.hpp
//
// The stop of one run, in the forms that contexts need: a word that a body reads with one load and that
// blocking sleeps wait on, and a std::stop_token. Any thread may request it.
#pragma once

#include "src/core/futex.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <stop_token>

namespace quartet::detail {

class run_stop {
public:
    /// Follows the caller's token. `hook` is called once, by whoever requests the stop, after the word is
    /// set.
    explicit run_stop(std::stop_token const& caller, std::function<void()> hook = {})
        : hook_(std::move(hook)), follow_(caller, [this] { request(); }) {}

    void request() noexcept {
        if (word_.exchange(1) != 0) return;
        futex_wake_all(word_);
        source_.request_stop();
        if (hook_) hook_();
    }

    std::atomic<std::uint32_t> const& word() const noexcept { return word_; }
    std::stop_token token() const noexcept { return source_.get_token(); }

private:
    std::atomic<std::uint32_t> word_{0};
    std::stop_source source_;
    std::function<void()> hook_;
    std::stop_callback<std::function<void()>> follow_;  // last: it may call request() at once
};

}  // namespace quartet::detail
