// include/quartet/resumer.hpp
//
// What a callback is given so that the body which waits for it goes on: see context::suspend.
#pragma once

#include <quartet/detail/io/suspension.hpp>

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace quartet::inline v0 {

/// Ends the wait of one suspended body. Copies end the same wait, and the first call counts; any thread, at
/// any time: before the body is suspended, after it was cancelled, or after it and its executor are gone,
/// when a call does nothing. If all copies are gone without a call, the body goes on with a std::logic_error,
/// as it would else wait for ever.
///
/// Cost: a lock; to wake the body what waking its thread costs, some microseconds.
template <class T>
class resumer {
public:
    explicit resumer(std::shared_ptr<detail::typed_suspension<T>> of)
        : right_(std::make_shared<right>(std::move(of))) {}

    /// The body goes on with `value`. False if it does not wait any more, or another call was first.
    bool operator()(detail::value_or_nothing<T> value) const noexcept requires(!std::is_void_v<T>) {
        return right_->of->end_with(std::move(value));
    }
    bool operator()() const noexcept requires std::is_void_v<T> { return right_->of->end_with({}); }

    /// The body goes on by throwing `why`, which is not null. False as above.
    bool fail(std::exception_ptr why) const noexcept { return right_->of->end_by(std::move(why)); }

private:
    struct right {
        explicit right(std::shared_ptr<detail::typed_suspension<T>> which) : of(std::move(which)) {}
        right(right const&) = delete;
        right& operator=(right const&) = delete;
        ~right() { of->give_up(); }
        std::shared_ptr<detail::typed_suspension<T>> of;
    };
    std::shared_ptr<right> right_;
};

}  // namespace quartet::inline v0
