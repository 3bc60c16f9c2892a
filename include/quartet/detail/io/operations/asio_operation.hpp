// include/quartet/detail/io/operations/asio_operation.hpp
//
// An operation of Asio as one that a body awaits. It is initiated when it is awaited.
#pragma once

#include <quartet/detail/io/asio_state.hpp>
#include <quartet/detail/io/operations/asio_wait.hpp>
#include <quartet/outcome.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <concepts>
#include <exception>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

namespace quartet::inline v0::detail {

template <class T>
concept has_asio_executor = requires(T& what) {
    { what.get_executor() } -> std::convertible_to<boost::asio::any_io_executor>;
};

template <class T>
boost::asio::any_io_executor asio_executor_of(T& what) {
    if constexpr (has_asio_executor<T>)
        return what.get_executor();
    else
        return {};
}

/// What ends an operation of Asio early: the cancel() of its object.
struct asio_canceller {
    void* object = nullptr;
    void (*cancel)(void*) = nullptr;
    boost::asio::any_io_executor (*executor)(void*) = nullptr;

    template <class Object>
    static asio_canceller of(Object& object) noexcept {
        return {&object, [](void* its) { static_cast<void>(static_cast<Object*>(its)->cancel()); },
                [](void* its) { return asio_executor_of(*static_cast<Object*>(its)); }};
    }
};

/// An initiation whose error goes to where the body wants it; the rest goes to the handler.
template <class Initiation>
struct redirected_initiation {
    boost::system::error_code* code;
    Initiation initiation;

    template <class Handler>
    struct handler_of_all {
        boost::system::error_code* code;
        Handler rest;

        template <class... Values>
        void operator()(boost::system::error_code const& given, Values&&... values) {
            *code = given;
            rest(std::forward<Values>(values)...);
        }

#ifdef QUARTET_ASIO_HAS_SLOTS
        using cancellation_slot_type = boost::asio::cancellation_slot;
        cancellation_slot_type get_cancellation_slot() const noexcept {
            return rest.get_cancellation_slot();
        }
#endif
    };

    auto get_executor() const requires has_asio_executor<Initiation const> {
        return initiation.get_executor();
    }

    template <class Handler, class... Arguments>
    void operator()(Handler&& handler, Arguments&&... arguments) && {
        std::move(initiation)(handler_of_all<std::decay_t<Handler>>{code, std::forward<Handler>(handler)},
                              std::forward<Arguments>(arguments)...);
    }
};

template <class Signature, class Initiation, class... Arguments>
class [[nodiscard]] asio_operation;

template <class... Results, class Initiation, class... Arguments>
class [[nodiscard]] asio_operation<void(Results...), Initiation, Arguments...> final : public asio_wait {
    using handler = asio_handler<void(Results...)>;
    using state_type = typename handler::state_type;
    using results = asio_results<std::decay_t<Results>...>;
    using value_type = typename results::type;

public:
    template <class Begins, class... Given>
    asio_operation(context& owner, asio_canceller by, Begins&& initiation, Given&&... arguments)
        : asio_wait(owner),
          canceller_(by),
          initiation_(std::forward<Begins>(initiation)),
          arguments_(std::forward<Given>(arguments)...) {}

    value_type await_resume() {
        throw_error();
        // Without an error among its results nobody can tell how it ended.
        if (end_asked_ && (state_->aborted() || !results::has_error)) throw cancelled();
        auto& ended = state_->suspension;
        // Who called the handler may be the last who lets go of the state, but not of the exception.
        if (ended.error) std::rethrow_exception(std::exchange(ended.error, nullptr));
        if constexpr (!std::is_void_v<value_type>) return std::move(*ended.value);
    }

private:
    void initiate() override {
        if (canceller_.executor) executor_ = canceller_.executor(canceller_.object);
        if (!executor_) executor_ = asio_executor_of(initiation_);
        state_ = std::make_shared<state_type>();
        waits_for_ = std::shared_ptr<suspension>(state_, &state_->suspension);
        std::apply(
            [this](Arguments&... each) { std::move(initiation_)(handler(state_), std::move(each)...); },
            arguments_);
    }

    void end_early() noexcept override {
        auto cancel = [state = state_, by = canceller_] {
            state->cancel_by([&] { cancel_now(*state, by); });
        };
        try {
            if (executor_) {
                boost::asio::post(executor_, std::move(cancel));
            } else {
                cancel();
            }
        } catch (...) {
            // For want of memory. Then it goes on to its own end.
        }
    }

    static void cancel_now([[maybe_unused]] state_type& state, asio_canceller const& by) {
#ifdef QUARTET_ASIO_HAS_SLOTS
        if (state.signal.slot().has_handler())
            return state.signal.emit(boost::asio::cancellation_type::terminal);
#endif
        if (by.cancel) by.cancel(by.object);
    }

    asio_canceller canceller_;
    Initiation initiation_;
    std::tuple<Arguments...> arguments_;
    boost::asio::any_io_executor executor_;  // of what is cancelled
    std::shared_ptr<state_type> state_;
};

}  // namespace quartet::inline v0::detail
