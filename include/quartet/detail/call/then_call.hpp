// include/quartet/detail/call/then_call.hpp
//
// A function that is called with the outcome of a call, as a call of its own.
#pragma once

#include <quartet/backend/completion.hpp>
#include <quartet/detail/base/events.hpp>
#include <quartet/detail/call/call.hpp>
#include <quartet/detail/call/describe_failure.hpp>
#include <quartet/outcome.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace quartet::inline v0::detail {

/// Whether the function takes outcomes. Else it takes values, and a failure passes it by.
template <class Function, class R>
concept takes_outcome = std::invocable<Function&, outcome<R>>;

/// What the function gives.
template <class Function, class R>
struct then_result {
    using type = std::invoke_result_t<Function&, R>;
};
template <class Function, class R>
requires takes_outcome<Function, R>
struct then_result<Function, R> {
    using type = std::invoke_result_t<Function&, outcome<R>>;
};
template <class Function>
requires(!takes_outcome<Function, void>) struct then_result<Function, void> {
    using type = std::invoke_result_t<Function&>;
};

/// It keeps itself until the function has returned. What asks about the call is answered by the one that it
/// hears of.
template <class R, class Function>
class then_call final : public call<std::decay_t<typename then_result<Function, R>::type>>,
                        private continuation {
    using result = std::decay_t<typename then_result<Function, R>::type>;
    using typename any_call::time_point;

public:
    then_call(std::shared_ptr<call<R>> source, Function function)
        : source_(std::move(source)), function_(std::move(function)) {}
    ~then_call() override {
        if (result_ && !*result_ && result_->error().why != cause::cancelled)
            report_untaken("a function given to future::then", result_->error());
    }

    static std::shared_ptr<then_call> begin(std::shared_ptr<call<R>> source, Function function) {
        auto made = std::make_shared<then_call>(std::move(source), std::move(function));
        made->self_ = made;
        made->source_->then(*made);
        return made;
    }

    bool ended() noexcept override { return end_.finished(); }
    bool wait_until(std::optional<time_point> deadline) override {
        if (end_.finished()) return true;
        return source_->wait_until(deadline) && end_.wait_until(deadline);
    }
    void cancel(stopped_by who) noexcept override { source_->cancel(who); }
    bool stop_requested() noexcept override { return source_->stop_requested(); }
    bool can_wait() noexcept override { return ended() || source_->can_wait(); }
    void begin_in_place() override { source_->begin_in_place(); }
    bool goes_on_alone() const noexcept override { return source_->goes_on_alone(); }
    void abandon() noexcept override {}
    void then(continuation& further) noexcept override { end_.then(further); }
    outcome<result> take() override { return *std::exchange(result_, std::nullopt); }

private:
    void run() noexcept override {
        auto const kept = std::move(self_);
        auto function = std::move(function_);  // gone when this returns, as what it holds
        outcome<R> ended = source_->take();
        try {
            if constexpr (takes_outcome<Function, R>) {
                give([&]() -> decltype(auto) { return std::invoke(function, std::move(ended)); });
            } else if (!ended) {
                result_.emplace(ended.error());
            } else if constexpr (std::is_void_v<R>) {
                give([&]() -> decltype(auto) { return std::invoke(function); });
            } else {
                give([&]() -> decltype(auto) { return std::invoke(function, std::move(ended).value()); });
            }
        } catch (...) {
            result_.emplace(describe_current_exception(0, {}));
        }
        end_.finish(nobody_);
    }

    void give(auto&& called) {
        if constexpr (std::is_void_v<result>) {
            called();
            result_.emplace(std::monostate());
        } else {
            result_.emplace(called());
        }
    }

    std::shared_ptr<call<R>> const source_;
    Function function_;
    std::optional<outcome<result>> result_;
    completion end_{1};
    eventcount nobody_;  // waits at it
    std::shared_ptr<then_call> self_;
};

}  // namespace quartet::inline v0::detail
