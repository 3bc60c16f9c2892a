// include/quartet/detail/io/asio_state.hpp
//
// What a body that waits for an operation of Asio shares with the operation's handler, and with who cancels
// it.
#pragma once

#include <quartet/detail/io/child_group.hpp>
#include <quartet/detail/io/suspension.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#include <boost/version.hpp>
#if BOOST_VERSION >= 107700
#include <boost/asio/cancellation_signal.hpp>
#define QUARTET_ASIO_HAS_SLOTS 1
#endif

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

namespace quartet::inline v0::detail {

/// The system's codes are those of <system_error>: so they compare equal to them, and cross between
/// processes.
inline std::error_code standard_code(boost::system::error_code const& code) {
    if (code.category() == boost::system::system_category()) return {code.value(), std::system_category()};
    if (code.category() == boost::system::generic_category()) return {code.value(), std::generic_category()};
    return code;
}

inline bool says_aborted(boost::system::error_code const& code) noexcept {
    return code == boost::asio::error::operation_aborted;
}
inline bool says_aborted(std::exception_ptr const& why) noexcept {
    try {
        std::rethrow_exception(why);
    } catch (boost::system::system_error const& thrown) {
        return says_aborted(thrown.code());
    } catch (std::system_error const& thrown) {
        return thrown.code() == std::errc::operation_canceled;
    } catch (...) {
        return false;
    }
}

inline std::exception_ptr as_exception(boost::system::error_code const& code) {
    return code ? std::make_exception_ptr(std::system_error(standard_code(code))) : nullptr;
}
inline std::exception_ptr as_exception(std::exception_ptr why) noexcept {
    return why;
}

/// What a body gets of these results.
template <class... Values>
struct asio_value {
    using type = std::tuple<Values...>;
};
template <>
struct asio_value<> {
    using type = void;
};
template <class Value>
struct asio_value<Value> {
    using type = Value;
};

/// What it gets of all the results of an operation, and whether the first of them is an error.
template <class... Results>
struct asio_results : asio_value<Results...> {
    static constexpr bool has_error = false;
};
template <class... Values>
struct asio_results<boost::system::error_code, Values...> : asio_value<Values...> {
    static constexpr bool has_error = true;
};
template <class... Values>
struct asio_results<std::exception_ptr, Values...> : asio_value<Values...> {
    static constexpr bool has_error = true;
};

/// It ends once its handler was called or is gone. Who cancels does so only before that, and holds the end up
/// meanwhile: the objects of the operation may be gone afterwards.
template <class T>
class asio_state {
public:
    typed_suspension<T> suspension;

    /// Whether it ended by being cancelled; when it has ended.
    bool aborted() const noexcept { return aborted_; }

    // ---- For the handler

    void end_with(value_or_nothing<T> value) noexcept {
        try {
            value_.emplace(std::move(value));
        } catch (...) {
            error_ = std::current_exception();
        }
        end();
    }
    void end_by(std::exception_ptr why, bool aborted) noexcept {
        error_ = std::move(why);
        aborted_ = aborted;
        end();
    }

    // ---- For who cancels; one thread, once

    template <class Cancel>
    void cancel_by(Cancel&& cancel) {
        {
            std::lock_guard const lock(mutex_);
            if (handled_) return;
            cancelling_ = true;
        }
        try {
            cancel();
        } catch (...) {
            // Then it goes on to its own end.
        }
        {
            std::lock_guard const lock(mutex_);
            cancelling_ = false;
            if (!handled_) return;
        }
        tell();
    }

#ifdef QUARTET_ASIO_HAS_SLOTS
    boost::asio::cancellation_signal signal;
#endif

private:
    void end() noexcept {
        {
            std::lock_guard const lock(mutex_);
            handled_ = true;
            if (cancelling_) return;
        }
        tell();
    }

    void tell() noexcept {
        if (error_) {
            suspension.end_by(std::move(error_));
        } else {
            suspension.end_with(std::move(*value_));
        }
    }

    std::optional<value_or_nothing<T>> value_;
    std::exception_ptr error_;
    bool aborted_ = false;
    std::mutex mutex_;  // guards what follows
    bool handled_ = false;
    bool cancelling_ = false;
};

/// The completion handler that ends it.
template <class Signature>
class asio_handler;

template <class... Results>
class asio_handler<void(Results...)> {
    using results = asio_results<std::decay_t<Results>...>;
    using value_type = typename results::type;
    using stored = value_or_nothing<value_type>;

public:
    using state_type = asio_state<value_type>;

    explicit asio_handler(std::shared_ptr<state_type> state) noexcept : state_(std::move(state)) {}
    asio_handler(asio_handler&&) noexcept = default;
    asio_handler& operator=(asio_handler&&) = delete;
    ~asio_handler() {
        if (!state_) return;
        auto gone = std::make_exception_ptr(std::logic_error(
            "quartet: an operation of Asio is gone without its end: its io_context was destroyed"));
        state_->end_by(std::move(gone), true);
    }

    void operator()(Results... given) {
        auto const state = std::move(state_);
        if constexpr (results::has_error) {
            end_after_error(*state, std::forward<Results>(given)...);
        } else {
            end(*state, std::forward<Results>(given)...);
        }
    }

#ifdef QUARTET_ASIO_HAS_SLOTS
    using cancellation_slot_type = boost::asio::cancellation_slot;
    cancellation_slot_type get_cancellation_slot() const noexcept {
        return state_->signal.slot();
    }
#endif

private:
    template <class Error, class... Values>
    static void end_after_error(state_type& state, Error const& error, Values&&... values) {
        if (auto thrown = as_exception(error)) {
            state.end_by(std::move(thrown), says_aborted(error));
        } else {
            end(state, std::forward<Values>(values)...);
        }
    }

    template <class... Values>
    static void end(state_type& state, Values&&... values) {
        try {
            state.end_with(stored(std::forward<Values>(values)...));
        } catch (...) {
            state.end_by(std::current_exception(), false);
        }
    }

    std::shared_ptr<state_type> state_;
};

}  // namespace quartet::inline v0::detail
