// include/quartet/detail/call/ended_call.hpp
//
// A call that had nothing to do.
#pragma once

#include <quartet/detail/call/call.hpp>
#include <quartet/outcome.hpp>

#include <optional>
#include <utility>

namespace quartet::inline v0::detail {

template <class R>
class ended_call final : public call<R> {
public:
    explicit ended_call(outcome<R> end) : end_(std::move(end)) {}

    bool ended() noexcept override { return true; }
    bool wait_until(std::optional<any_call::time_point>) override { return true; }
    void cancel(stopped_by) noexcept override {}
    bool stop_requested() noexcept override { return false; }
    bool can_wait() noexcept override { return true; }
    void begin_in_place() override {}
    bool goes_on_alone() const noexcept override { return true; }
    void abandon() noexcept override {}
    void then(continuation& further) noexcept override { further.run(); }
    outcome<R> take() override { return std::move(end_); }

private:
    outcome<R> end_;
};

}  // namespace quartet::inline v0::detail
