// include/quartet/detail/io/operations/sleep.hpp
//
// Waiting for a moment, and letting others go first.
#pragma once

#include <quartet/backend/operation.hpp>

#include <chrono>

namespace quartet::inline v0::detail {

class [[nodiscard]] sleep_operation final : public timed_operation {
public:
    sleep_operation(context& owner, std::chrono::nanoseconds length) noexcept
        : timed_operation(owner), duration(length) {}

    void await_resume() { throw_error(); }

    std::chrono::nanoseconds duration;

private:
    void perform(blocking_thread& here) override;
    bool begin(event_loop& loop) override;
    bool pretend(fake_loop& loop) override;
    void cancel_begun(event_loop& loop) noexcept override;
    bool begin_on(loop& any);
};

class [[nodiscard]] yield_operation final : public operation {
public:
    explicit yield_operation(context& owner) noexcept : operation(owner) {}

    bool await_ready() { return start(); }
    void await_resume() { throw_error(); }

private:
    void perform(blocking_thread&) override {}
    bool begin(event_loop& loop) override;
    bool pretend(fake_loop& loop) override;
    bool ends_with_body() const noexcept override { return false; }
};

}  // namespace quartet::inline v0::detail
