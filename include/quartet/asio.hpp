// include/quartet/asio.hpp
//
// Bodies and Boost.Asio, both ways: a body awaits any operation of Asio, under every model,
//
//     boost::asio::ip::tcp::socket socket(quartet::asio_executor(ctx));
//     …
//     std::size_t n = co_await socket.async_read_some(buffer, quartet::use_quartet(ctx, socket));
//
// and a program of Asio runs bodies, and has what becomes of them on its own io_context:
//
//     auto call = pool.submit(read_page, url);
//     std::string page = co_await quartet::async_get(io, std::move(call), boost::asio::use_awaitable);
//
// The only header of quartet that needs Boost, and the same Boost as the library was built with; programs
// that do not include it need none.
#pragma once

#if !__has_include(<boost/asio.hpp>)
#error "<quartet/asio.hpp> needs Boost.Asio (on Debian: apt install libboost-dev)"
#endif

#include <quartet/context.hpp>
#include <quartet/detail/call/asio_call.hpp>
#include <quartet/detail/io/operations/asio_operation.hpp>
#include <quartet/detail/io/operations/asio_wait.hpp>
#include <quartet/future.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>

#include <concepts>
#include <exception>
#include <type_traits>
#include <utility>

namespace quartet::inline v0 {
namespace detail {
struct asio_token_access;
}

/// An executor for the sockets, timers and so on of one body, so that no thread of one's own has to run an
/// io_context. On an event loop it is that of the loop; else of an io_context of the body's thread, which is
/// run whenever a body on that thread awaits by use_quartet, and at no other time.
///
/// What is made on it is for bodies on the same loop or thread, and must not outlive the executor whose loop
/// it is, nor the thread. Handlers that the body gives to Asio itself run on the body's thread too, and must
/// not throw.
///
/// Throws std::logic_error in a fake, and boost::system::system_error if the system refuses. Costs some
/// nanoseconds; the first time on a thread three descriptors.
inline boost::asio::any_io_executor asio_executor(context& ctx) {
    return detail::asio_place(ctx).find().get_executor();
}

/// Says of a token that nothing cancels its operation: a stop or a limit waits for the operation's own end.
struct uncancelled_t {};
inline constexpr uncancelled_t uncancelled{};

/// The completion token by which a body awaits an operation of Asio, in the place of Asio's own
/// use_awaitable or use_future. The object is what cancels it: the socket, timer, acceptor or resolver, or
/// anything with a member cancel(). It may be used for one operation after another.
///
/// The operation begins when it is awaited, not before. Of its results the body gets what is no error: one,
/// or a std::tuple of several, or none. An error_code is thrown as a std::system_error, an exception_ptr as
/// what it is; boost::asio::redirect_error(token, code) gives an error_code that is no exception.
///
/// A stop or a time limit cancels the operation, by cancel() on the executor of the object, and so all other
/// operations of the same object as well. The body goes on when the operation has ended, and not before, as
/// it uses buffers of the body: with `cancelled`; or with its value or error if it had come to its own end
/// before it could be cancelled. If it does not end within a second after that (nobody runs its io_context),
/// the log says so. If its io_context is destroyed, the body goes on with a std::logic_error.
///
/// With Boost 1.77 or later an operation is cancelled by itself, through its cancellation slot, if it has
/// one; then the object may be left out. Before that it has to be named, or `uncancelled` in its place.
///
/// In a fake awaiting throws std::logic_error.
///
/// Cost: an allocation, and on an event loop a turn.
class use_quartet {
public:
    template <class Object>
    requires requires(Object& object) { object.cancel(); }
    use_quartet(context& ctx, Object& cancelled_by) noexcept
        : context_(&ctx), canceller_(detail::asio_canceller::of(cancelled_by)) {}

    use_quartet(context& ctx, uncancelled_t) noexcept : context_(&ctx) {}

    template <std::same_as<context> Context>
    explicit use_quartet(Context& ctx) noexcept : context_(&ctx) {
#ifndef QUARTET_ASIO_HAS_SLOTS
        static_assert(detail::refused<Context>,
                      "quartet: before Boost 1.77 an operation is cancelled through its object: "
                      "use_quartet(ctx, socket); use_quartet(ctx, uncancelled) where nothing cancels it");
#endif
    }

private:
    friend struct detail::asio_token_access;

    context* context_;
    detail::asio_canceller canceller_{};
};

namespace detail {

struct asio_token_access {
    template <class Operation, class... Arguments>
    static Operation operation_of(use_quartet const& token, Arguments&&... arguments) {
        return {*token.context_, token.canceller_, std::forward<Arguments>(arguments)...};
    }
};

}  // namespace detail

/// Begins an operation of Asio that ends when the call does, and gives what `token` makes of it: a handler,
/// use_future, use_awaitable, any completion token. Completes with (std::exception_ptr, R), or
/// (std::exception_ptr) for a future<void>: the exception is what future::get() would throw, and an R that
/// was made by default stands beside it. `io` is an executor of Asio or an execution context: the handler is
/// called there, unless it has an executor of its own; never within this function. Until then that executor
/// has outstanding work.
///
/// If the execution context is destroyed first, the handler is destroyed with it, and the call goes on as
/// that of a dropped future. With Boost 1.77 or later the token's cancellation slot asks the call to stop;
/// before that call_options::stop does. The future must not be of a fake, whose calls go on only while
/// somebody waits.
///
/// Costs some allocations, and one post to the executor.
template <class Io, class R, class Token>
auto async_get(Io&& io, future<R> call, Token&& token) {
    static_assert(
        std::is_void_v<R> || std::is_default_constructible_v<R>,
        "quartet: async_get gives an R beside the exception, and this one has no default constructor: "
        "async_take gives an outcome<R>");
    return detail::async_end_of<detail::by_value>(io, std::move(call), std::forward<Token>(token));
}

/// As async_get, but completes with an outcome<R>, as future::take() gives it.
template <class Io, class R, class Token>
auto async_take(Io&& io, future<R> call, Token&& token) {
    return detail::async_end_of<detail::by_outcome>(io, std::move(call), std::forward<Token>(token));
}

}  // namespace quartet::inline v0

template <class... Results>
class boost::asio::async_result<quartet::use_quartet, void(Results...)> {
public:
    template <class Initiation, class... Arguments>
    using operation = quartet::detail::asio_operation<void(Results...), std::decay_t<Initiation>,
                                                      std::decay_t<Arguments>...>;

    template <class Initiation, class Token, class... Arguments>
    static operation<Initiation, Arguments...> initiate(Initiation&& initiation, Token&& token,
                                                        Arguments&&... arguments) {
        return quartet::detail::asio_token_access::operation_of<operation<Initiation, Arguments...>>(
            token, std::forward<Initiation>(initiation), std::forward<Arguments>(arguments)...);
    }
};

// That of Boost needs to know what type is returned whatever is initiated.
template <class... Results>
class boost::asio::async_result<boost::asio::redirect_error_t<quartet::use_quartet>,
                                void(boost::system::error_code, Results...)> {
public:
    template <class Initiation, class... Arguments>
    using operation =
        quartet::detail::asio_operation<void(Results...),
                                        quartet::detail::redirected_initiation<std::decay_t<Initiation>>,
                                        std::decay_t<Arguments>...>;

    template <class Initiation, class Token, class... Arguments>
    static operation<Initiation, Arguments...> initiate(Initiation&& initiation, Token&& token,
                                                        Arguments&&... arguments) {
        using redirected = quartet::detail::redirected_initiation<std::decay_t<Initiation>>;
        return quartet::detail::asio_token_access::operation_of<operation<Initiation, Arguments...>>(
            token.token_, redirected{&token.ec_, std::forward<Initiation>(initiation)},
            std::forward<Arguments>(arguments)...);
    }
};
