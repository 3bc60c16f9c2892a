// include/quartet/detail/io/operations/command.hpp
//
// A program that runs to its end.
#pragma once

#include <quartet/backend/operation.hpp>
#include <quartet/command.hpp>

#include <utility>

namespace quartet::inline v0::detail {

class [[nodiscard]] command_operation final : public timed_operation {
public:
    command_operation(context& owner, command program) : timed_operation(owner), what(std::move(program)) {}

    command_result await_resume() {
        throw_error();
        return std::move(result);
    }

    command what;
    command_result result;

private:
    void perform(blocking_thread& here) override;
    bool begin(event_loop& loop) override;
    bool pretend(fake_loop& loop) override;
    void cancel_begun(event_loop& loop) noexcept override;
};

}  // namespace quartet::inline v0::detail
