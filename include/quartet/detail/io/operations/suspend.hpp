// include/quartet/detail/io/operations/suspend.hpp
//
// Waiting for a callback.
#pragma once

#include <quartet/backend/operation.hpp>
#include <quartet/detail/io/suspension.hpp>
#include <quartet/resumer.hpp>

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace quartet::inline v0::detail {

class fake_suspensions;

class suspend_base : public operation, private suspension_listener {
protected:
    using operation::operation;

    std::shared_ptr<suspension> waits_for_;  // made when it begins

    void perform(blocking_thread& here) override;
    bool begin(event_loop& loop) override;
    bool pretend(fake_loop& loop) override;

private:
    /// Makes the suspension, and hands the right to end it out.
    virtual void hand_out() = 0;

    /// In a fake: whether it is ended by what goes on outside of it, for which its clock waits.
    virtual bool ends_outside() const noexcept { return true; }

    void cancel_begun(event_loop& loop) noexcept override;
    void cancel_pretended(fake_loop& loop) noexcept override;
    void end_withdrawn(loop& any) noexcept;
    void suspension_ended() noexcept override;

    event_loop* loop_ = nullptr;         // on which it waits
    fake_suspensions* fakes_ = nullptr;  // or among these
};

template <class T, class Start>
class [[nodiscard]] suspend_operation final : public suspend_base {
public:
    suspend_operation(context& owner, Start start) : suspend_base(owner), start_(std::move(start)) {}

    T await_resume() {
        throw_error();
        auto& ended = static_cast<typed_suspension<T>&>(*waits_for_);
        // Taken out: who resumes may let go of the suspension while the body still looks at the exception.
        if (ended.error) std::rethrow_exception(std::exchange(ended.error, nullptr));
        if constexpr (!std::is_void_v<T>) return std::move(*ended.value);
    }

private:
    void hand_out() override {
        auto made = std::make_shared<typed_suspension<T>>();
        waits_for_ = made;
        start_(resumer<T>(std::move(made)));
    }

    Start start_;
};

}  // namespace quartet::inline v0::detail
