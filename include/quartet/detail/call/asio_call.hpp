// include/quartet/detail/call/asio_call.hpp
//
// A call whose end is an operation of Asio.
//
// Its handler is kept here while the call is under way, and known to the execution context that it completes
// on. If that is destroyed first, the handler is gone with it, and the end of the call finds none.
#pragma once

#include <quartet/future.hpp>
#include <quartet/outcome.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/version.hpp>
#if BOOST_VERSION >= 107700
#include <boost/asio/associated_cancellation_slot.hpp>
#endif

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <type_traits>
#include <utility>

namespace quartet::inline v0::detail {

class any_asio_call {
public:
    any_asio_call() = default;
    any_asio_call(any_asio_call const&) = delete;
    any_asio_call& operator=(any_asio_call const&) = delete;
    virtual ~any_asio_call() = default;

    /// Destroys the handler.
    virtual void abandon() noexcept = 0;
};

/// Those of one execution context. Any thread.
class asio_calls final : public boost::asio::execution_context::service {
public:
    inline static boost::asio::execution_context::id id;

    explicit asio_calls(boost::asio::execution_context& of) : service(of) {}

    void add(std::shared_ptr<any_asio_call> call) {
        std::lock_guard const lock(mutex_);
        open_.insert(std::move(call));
    }
    void remove(std::shared_ptr<any_asio_call> const& call) noexcept {
        std::lock_guard const lock(mutex_);
        open_.erase(call);
    }

private:
    void shutdown() noexcept override {
        auto const open = [this] {
            std::lock_guard const lock(mutex_);
            return std::exchange(open_, {});
        }();
        for (auto const& each : open)
            each->abandon();
    }

    std::mutex mutex_;
    std::set<std::shared_ptr<any_asio_call>> open_;
};

/// What completes by an outcome<R>, and what by its value or exception.
struct by_outcome {};
struct by_value {};

/// What is posted in the end: the handler with what it is called with. It goes on to the handler's own
/// executor.
template <class R, class Handler, class By>
struct asio_completion {
    using executor_type = boost::asio::associated_executor_t<Handler, boost::asio::any_io_executor>;
    executor_type get_executor() const noexcept {
        return boost::asio::get_associated_executor(handler, executor);
    }
    using allocator_type = boost::asio::associated_allocator_t<Handler>;
    allocator_type get_allocator() const noexcept { return boost::asio::get_associated_allocator(handler); }

    void operator()() {
#if BOOST_VERSION >= 107700
        boost::asio::get_associated_cancellation_slot(handler).clear();
#endif
        if constexpr (std::is_same_v<By, by_outcome>) {
            std::move(handler)(std::move(ended));
        } else if (!ended) {
            fail();
        } else if constexpr (std::is_void_v<R>) {
            std::move(handler)(std::exception_ptr());
        } else {
            std::move(handler)(std::exception_ptr(), std::move(ended).value());
        }
    }

    void fail() {
        std::exception_ptr why;
        try {
            throw_failure(ended.error());
        } catch (...) {
            why = std::current_exception();
        }
        if constexpr (std::is_void_v<R>) {
            std::move(handler)(std::move(why));
        } else {
            std::move(handler)(std::move(why), R());
        }
    }

    boost::asio::any_io_executor executor;
    Handler handler;
    outcome<R> ended;
};

template <class R, class Handler, class By>
class asio_call final : public any_asio_call, public std::enable_shared_from_this<asio_call<R, Handler, By>> {
public:
    asio_call(boost::asio::any_io_executor const& executor, Handler&& handler)
        : executor_(executor),
          known_to_(boost::asio::use_service<asio_calls>(
              boost::asio::query(executor, boost::asio::execution::context))),
          kept_(std::in_place, executor, std::move(handler)) {}

    static void begin(boost::asio::any_io_executor const& executor, Handler&& handler, future<R>&& call) {
        auto const made = std::make_shared<asio_call>(executor, std::move(handler));
        made->known_to_.add(made);
#if BOOST_VERSION >= 107700
        auto slot = boost::asio::get_associated_cancellation_slot(made->kept_->handler);
#endif
        // Not const: the end of the call takes it out of the function, and so breaks the ring.
        made->call_ =
            call.then([its = std::shared_ptr(made)](outcome<R> ended) { its->complete(std::move(ended)); });
#if BOOST_VERSION >= 107700
        if (slot.is_connected()) {
            slot.assign([weak = std::weak_ptr(made)](boost::asio::cancellation_type) {
                if (auto const its = weak.lock()) its->call_.cancel();
            });
        }
#endif
    }

    void abandon() noexcept override {
        auto const gone = [this] {
            std::lock_guard const lock(mutex_);
            return std::exchange(kept_, std::nullopt);
        }();
    }

private:
    /// The handler, and what keeps its executors at work for it.
    struct kept {
        using executor_type = boost::asio::associated_executor_t<Handler, boost::asio::any_io_executor>;

        kept(boost::asio::any_io_executor const& executor, Handler&& which)
            : work(executor),
              own_work(boost::asio::get_associated_executor(which, executor)),
              handler(std::move(which)) {}

        boost::asio::executor_work_guard<boost::asio::any_io_executor> work;
        boost::asio::executor_work_guard<executor_type> own_work;
        Handler handler;
    };

    void complete(outcome<R>&& ended) {
        // While this holds the lock, who destroys the execution context waits in abandon().
        std::lock_guard const lock(mutex_);
        if (!kept_) return;
        boost::asio::post(executor_, asio_completion<R, Handler, By>{executor_, std::move(kept_->handler),
                                                                     std::move(ended)});
        kept_.reset();
        known_to_.remove(this->shared_from_this());
    }

    boost::asio::any_io_executor const executor_;
    asio_calls& known_to_;
    future<void> call_;
    std::mutex mutex_;  // guards what follows
    std::optional<kept> kept_;
};

/// How it is initiated.
template <class R, class By>
struct asio_call_initiation {
    using executor_type = boost::asio::any_io_executor;
    executor_type get_executor() const noexcept { return executor; }

    template <class Handler>
    void operator()(Handler&& handler, future<R> call) const {
        asio_call<R, std::decay_t<Handler>, By>::begin(executor, std::forward<Handler>(handler),
                                                       std::move(call));
    }

    boost::asio::any_io_executor executor;
};

template <class R, class By>
struct asio_call_signature {
    using type = void(outcome<R>);
};
template <class R>
struct asio_call_signature<R, by_value> {
    using type = void(std::exception_ptr, R);
};
template <>
struct asio_call_signature<void, by_value> {
    using type = void(std::exception_ptr);
};

/// An executor, or that of an execution context.
template <class Place>
boost::asio::any_io_executor asio_executor_at(Place& place) {
    if constexpr (std::is_convertible_v<Place&, boost::asio::execution_context&>)
        return place.get_executor();
    else
        return place;
}

template <class By, class Place, class R, class Token>
auto async_end_of(Place& place, future<R>&& call, Token&& token) {
    return boost::asio::async_initiate<Token, typename asio_call_signature<R, By>::type>(
        asio_call_initiation<R, By>{asio_executor_at(place)}, token, std::move(call));
}

}  // namespace quartet::inline v0::detail
