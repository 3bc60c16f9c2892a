// include/quartet/detail/io/operations/offload.hpp
//
// A function that runs beside the event loop. One that has begun goes on to its end.
#pragma once

#include <quartet/backend/operation.hpp>
#include <quartet/detail/base/own_process.hpp>

#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace quartet::inline v0::detail {

class offload_base : public operation {
public:
    /// Calls the function and keeps what it returned or threw. On any thread, once.
    virtual void run() noexcept = 0;

    bool await_ready() { return start(); }

    /// For the loop's thread, as long as it is under way there.
    std::string body_name() const { return name_of_waiting_body(); }
    void tell(std::string const& line) const { warn(line); }

    bool is_cancelled = false;  ///< its body is to end, and it need not begin any more

protected:
    using operation::operation;

private:
    void perform(blocking_thread&) override { run(); }
    bool begin(event_loop& loop) override;
    bool pretend(fake_loop& loop) override;
    void cancel_begun(event_loop& loop) noexcept override;
    bool ends_with_body() const noexcept override { return false; }
};

template <class Function>
class [[nodiscard]] offload_operation final : public offload_base {
    using result = std::invoke_result_t<Function&>;
    using stored = std::conditional_t<std::is_void_v<result>, std::monostate, result>;

public:
    offload_operation(context& owner, Function function)
        : offload_base(owner), function_(std::move(function)) {}

    void run() noexcept override {
        try {
            same_process const here;
            if constexpr (std::is_void_v<result>) {
                function_();
                result_.emplace();
            } else {
                result_.emplace(function_());
            }
        } catch (...) {
            error = std::current_exception();
        }
    }
    result await_resume() {
        throw_error();
        if constexpr (!std::is_void_v<result>) return std::move(*result_);
    }

private:
    Function function_;
    std::optional<stored> result_;
};

}  // namespace quartet::inline v0::detail
