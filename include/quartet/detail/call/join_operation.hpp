// include/quartet/detail/call/join_operation.hpp
//
// A body waits for the end of a call, or of the next of several.
#pragma once

#include <quartet/detail/call/arrivals.hpp>
#include <quartet/detail/call/call.hpp>
#include <quartet/detail/io/operations/suspend.hpp>

#include <cstddef>
#include <memory>
#include <optional>

namespace quartet::inline v0 {

class loop;

namespace detail {

class running_body;

/// A body that waits on a loop of a call's own executor lends its place there.
class call_operation : public suspend_base {
protected:
    using suspend_base::suspend_base;
    ~call_operation() override { take_place_back(); }

    void take_place_back() noexcept;

private:
    /// One of those that are waited for and have not ended which this thread's loop has to run; or null.
    virtual any_call* call_of_own_executor() = 0;

    bool begin(event_loop& loop) override;
    bool pretend(fake_loop& loop) override;
    bool ends_outside() const noexcept override { return !place_of_; }

    void prepare(loop& here);
    void lend_place(loop& here, any_call& to);

    loop* loop_ = nullptr;
    running_body* place_of_ = nullptr;  // that has lent its place
};

class join_operation final : public call_operation {
public:
    /// The call has not been taken.
    join_operation(context& owner, std::shared_ptr<any_call> which) noexcept;

    void await_resume();

private:
    any_call* call_of_own_executor() override { return is_of_own_executor(*call_) ? call_.get() : nullptr; }
    void hand_out() override;
    void perform(blocking_thread& here) override;

    std::shared_ptr<any_call> call_;
};

class arrival_operation : public call_operation {
public:
    /// For one at a time.
    arrival_operation(context& owner, arrivals& of) noexcept : call_operation(owner), of_(of) {}

    bool await_ready();

    /// The index of the call that has ended; nothing if all were taken.
    std::optional<std::size_t> await_resume();

private:
    any_call* call_of_own_executor() override { return of_.call_of_own_executor(); }
    void hand_out() override { waits_for_ = of_.suspend(); }
    void perform(blocking_thread& here) override;

    arrivals& of_;
    std::optional<std::size_t> index_;
};

}  // namespace detail
}  // namespace quartet::inline v0
