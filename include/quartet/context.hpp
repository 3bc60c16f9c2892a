// include/quartet/context.hpp
//
// What a body may wait for, and where it runs. The models give each body a context; the body does not know
// which kind.
//
// In a blocking context (single, threads, processes) an awaited operation is done at once in the calling
// thread. In an async context it begins, the body is suspended, and other bodies run until it is done.
// A context belongs to the thread that its body runs on. Once a stop is asked for, sleeps, fetches and
// commands end early and throw `cancelled`, and so does what waits for the other end of a pipe, terminal or
// the like. Other file operations are short, and functions that have been offloaded and have begun can't be
// ended: they are waited for.
#pragma once

#include <quartet/backend/operation.hpp>
#include <quartet/command.hpp>
#include <quartet/detail/io/foreign_awaitable.hpp>
#include <quartet/detail/io/operations/command.hpp>
#include <quartet/detail/io/operations/descriptor_operation.hpp>
#include <quartet/detail/io/operations/fetch.hpp>
#include <quartet/detail/io/operations/file_operation.hpp>
#include <quartet/detail/io/operations/offload.hpp>
#include <quartet/detail/io/operations/sleep.hpp>
#include <quartet/detail/io/operations/suspend.hpp>
#include <quartet/file.hpp>
#include <quartet/http.hpp>
#include <quartet/readiness.hpp>
#include <quartet/resumer.hpp>
#include <quartet/task.hpp>

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace quartet::inline v0 {
namespace detail {
/// In structured.hpp.
template <class Awaitable>
struct part_with_a_limit;
template <class Awaitable>
struct part_behind_a_shield;
/// In nested.hpp.
template <class Body, class... Args>
struct calls_of;
class loop_host;
class nested_host;
struct nested_access;
}  // namespace detail

class connection;
class listener;
class socket_address;
class tls_client;
class tls_server;
class unix_path;
struct connect_options;
struct listen_options;

/// Where a body runs.
struct worker_info {
    std::string name;        ///< "single", "threads-3", "processes-0", "async-0"; see executor_options::name
    std::size_t number = 0;  ///< counts from 0 within the executor
    pid_t process_id = 0;
};

class context {
public:
    context(context const&) = delete;
    context& operator=(context const&) = delete;
    virtual ~context() = default;

    /// Waits. A duration of zero or less is done at once.
    detail::sleep_operation sleep_for(std::chrono::nanoseconds duration) noexcept {
        return {*this, duration};
    }

    /// A GET, or any request. Gives the reply whatever its status; throws fetch_error if there is none.
    detail::fetch_operation fetch(http_request request) { return {*this, std::move(request)}; }

    /// Runs a program to its end, and keeps what it writes. Gives its result whatever that is; throws
    /// std::system_error if it can't be started, and `cancelled` after it was ended because of a stop.
    detail::command_operation run(command what) { return {*this, std::move(what)}; }

    /// A whole file. Throws std::system_error with the path in its text, as all file operations do.
    detail::read_file_operation read_file(std::filesystem::path const& path) {
        return {*this, detail::file_operation::kind::read_whole, path.native()};
    }

    /// Makes `path` hold `data`, replacing what it held. Not atomic: a reader may see a part. If it fails,
    /// for want of space or by a limit of the size of files, the file holds a leading part of `data`, perhaps
    /// none.
    detail::file_operation write_file(std::filesystem::path const& path, std::string_view data);

    /// Adds `data` at the end in one write (see file.hpp), creating the file if it is absent. If it fails, a
    /// leading part of `data` may have been added.
    detail::file_operation append_file(std::filesystem::path const& path, std::string_view data);

    /// A file for many appends or reads; gives a `file`.
    auto open_file(std::filesystem::path const& path, open_mode mode);

    /// Runs `function()` where it does not hold up other bodies: on a thread beside an event loop, or
    /// right here in a blocking context. Gives what it returns, throws what it throws.
    ///
    /// Beside a loop as many functions compute at once as there are CPUs; those that wait, for each other
    /// too, do not count, and cost a thread each. One that has not begun is cancelled by a stop or a time
    /// limit; one that has begun goes on, since it may use what its body owns, and a body kept by it for more
    /// than a second is told of in the log.
    template <std::invocable Function>
    detail::offload_operation<Function> offload(Function function) {
        return {*this, std::move(function)};
    }

    /// Waits for a callback of any library: calls `start(resumer<T>)`, which has it arranged that the resumer
    /// is called some day, and gives the value that it is called with (resumer.hpp).
    ///
    ///     int const sum = co_await ctx.suspend<int>([&](quartet::resumer<int> done) {
    ///         adder.async_add(1, 2, [done](int result) { done(result); });
    ///     });
    ///
    /// `start` runs at once, on the body's thread; what it throws, the body throws. A stop or a time limit
    /// ends the wait; a callback that comes later does no harm, but must not use what has belonged to the
    /// body. A blocking context waits on its thread, so who calls back must be another.
    template <class T = void, std::invocable<resumer<T>> Start>
    detail::suspend_operation<T, Start> suspend(Start start) {
        return {*this, std::move(start)};
    }

    /// Waits until a descriptor (a pipe, socket, terminal, eventfd) holds one of `wanted`, `readable |
    /// writable` for either, and gives which of them it holds; readiness.hpp says what they mean. It stays
    /// yours, and need not be non-blocking. Any number of bodies may wait for one descriptor: each goes on
    /// while it holds what that body waits for, so if the first one takes all there is, the others wait on.
    ///
    /// Throws std::system_error if there is no such descriptor (EBADF), or the system can't watch it. Closing
    /// a descriptor for which a body waits is a mistake: on an event loop that is told the body by an EBADF,
    /// some time later; so it is in a blocking context, unless the number has come to mean another file.
    ///
    /// Cost: a poll(2) if it is ready, and then other bodies do not run; on a loop every hundredth time they
    /// do.
    detail::ready_operation ready(int descriptor, readiness wanted) { return {*this, descriptor, wanted}; }

    /// Awaits an awaitable of another library or runtime, which another thread resumes: gives its value, or
    /// throws what it throws. `what` is moved into a coroutine of its own. A stop or a time limit ends the
    /// wait as that of suspend(); then `what` goes on until it is resumed.
    template <class Awaitable>
    auto await(Awaitable what) {
        if constexpr (detail::check_foreign<Awaitable>())
            return suspend<detail::foreign_value_t<Awaitable>>(
                detail::foreign_start<Awaitable>{std::move(what)});
        else
            return detail::refused_awaitable();
    }

    /// Connects to a host, or to a Unix socket: gives a `connection`. See socket.hpp, which has to be
    /// included.
    ///
    /// A name is looked up (once for all that ask meanwhile), and its addresses are tried: IPv6 and IPv4 in
    /// turn, each 250 ms after the one before or as soon as that has failed; the first to connect is it
    /// (RFC 8305). Throws std::system_error: "cannot connect to localhost:8080: Connection refused".
    task<connection> connect(std::string host, std::uint16_t port);
    task<connection> connect(std::string host, std::uint16_t port, connect_options options);
    task<connection> connect(unix_path path);

    /// The same over TLS, see tls.hpp: done when the handshake is. Throws tls_error as well: "cannot connect
    /// to localhost:8443 over TLS: self-signed certificate".
    task<connection> connect(std::string host, std::uint16_t port, tls_client tls);
    task<connection> connect(std::string host, std::uint16_t port, tls_client tls, connect_options options);

    /// Listens at an address of this machine, a name of it or a numeric one, "" for all of them; at port 0
    /// the system chooses one. Gives a `listener`, which can be made outside of bodies too.
    task<listener> listen(std::string host, std::uint16_t port);
    task<listener> listen(std::string host, std::uint16_t port, listen_options options);
    task<listener> listen(std::string host, std::uint16_t port, tls_server tls);
    task<listener> listen(std::string host, std::uint16_t port, tls_server tls, listen_options options);

    /// The addresses of a host, best first; at least one. Throws std::runtime_error, in the resolver's words:
    /// "cannot look up 'nowhere.invalid': Name or service not known".
    task<std::vector<socket_address>> resolve(std::string host, std::uint16_t port);

    /// Lets other bodies of the same loop run; nothing in a blocking context.
    detail::yield_operation yield() noexcept { return detail::yield_operation(*this); }

    /// Hands a line to the executor's log handler; dropped if there is none. Of a line longer than 64 KiB the
    /// beginning, and a mark that says how much was cut.
    void log(std::string_view line);

    /// Requested when the run is to stop; does not hear of time limits or of siblings that failed. In a
    /// worker process the first call starts a small thread.
    std::stop_token stop_token() { return do_stop_token(); }

    /// Whether the body is to end: the run is to stop, or the part of the body that asks was cancelled or is
    /// out of time (structured.hpp). Costs two loads, for bodies that compute; in a part with a time limit
    /// also a look at the clock.
    bool stop_requested() const noexcept {
        std::uint32_t stopped = stop_word_->load(std::memory_order_relaxed);
        auto* const part = detail::current_scope();
        if (!part) return stopped != 0;
        if (auto* const shield = part->behind()) [[unlikely]]
            stopped = part->body() ? 0 : look_behind(*shield, stopped);
        if (stopped == 0 && !part->cancelled() && !(part->has_deadline() && part->deadline() <= now()))
            return false;
        notice_end(*part, stopped);
        return true;
    }

    /// Awaits `what` for no longer than `limit`; see structured.hpp, which has to be included.
    template <class Awaitable>
    auto with_timeout(std::chrono::nanoseconds limit, Awaitable what) {
        constexpr bool known = requires {
            sizeof(detail::part_with_a_limit<Awaitable>);
        };
        static_assert(known, "quartet: context::with_timeout needs #include <quartet/structured.hpp>");
        if constexpr (known) {
            return detail::part_with_a_limit<Awaitable>::begin(*this, limit, std::move(what));
        } else {
            return what;
        }
    }

    /// Awaits `what`, which a stop or a time limit around it does not end at once: it has 200 ms from then
    /// on, to say goodbye to a server, give back what it holds, or leave a note. See structured.hpp, which
    /// has to be included.
    template <class Awaitable>
    auto shielded(Awaitable what) {
        constexpr bool known = requires {
            sizeof(detail::part_behind_a_shield<Awaitable>);
        };
        static_assert(known, "quartet: context::shielded needs #include <quartet/structured.hpp>");
        if constexpr (known) {
            return detail::part_behind_a_shield<Awaitable>::begin(*this, std::move(what));
        } else {
            return what;
        }
    }

    /// Begins the call body(ctx, args…) or body(args…), which may run at the same time as this body; what is
    /// given is awaited. See nested.hpp, which has to be included.
    template <class Body, class... Args>
    auto submit(Body body, Args... args) {
        constexpr bool known = requires {
            sizeof(detail::calls_of<Body, Args...>);
        };
        static_assert(known, "quartet: context::submit needs #include <quartet/nested.hpp>");
        if constexpr (known)
            return detail::calls_of<Body, Args...>::submit(*this, std::move(body), std::move(args)...);
    }

    /// Runs `body` on every element of `inputs`, at the same time where that is possible; what is given is
    /// awaited, and gives the results in the order of the inputs. See nested.hpp, which has to be included.
    template <class Body, class Range>
    auto map(Body body, Range&& inputs) {
        constexpr bool known = requires {
            sizeof(detail::calls_of<Body, Range>);
        };
        static_assert(known, "quartet: context::map needs #include <quartet/nested.hpp>");
        if constexpr (known)
            return detail::calls_of<Body, Range>::map(*this, std::move(body), std::forward<Range>(inputs));
    }

    /// The clock that sleeps and time limits go by.
    virtual std::chrono::steady_clock::time_point now() const noexcept {
        return std::chrono::steady_clock::now();
    }

    worker_info const& where() const noexcept { return worker_; }

protected:
    /// `stop_word` turns non-zero when the job is to stop; it outlives the context, or what it follows next.
    context(worker_info worker, std::atomic<std::uint32_t> const& stop_word)
        : worker_(std::move(worker)), stop_word_(&stop_word) {}

    void follow(std::atomic<std::uint32_t> const& stop_word) noexcept {
        stop_word_ = &stop_word;
        unheard_ = 0;
    }

    /// Counts an operation that ends at once since its body, or a part of it, is to end. Returns how many
    /// there were of that body or part, this one included. A body that does not swallow `cancelled` has few
    /// of them.
    std::uint32_t count_unheard() noexcept;
    std::atomic<std::uint32_t> const& stop_word() const noexcept { return *stop_word_; }

    /// Has other threads take the calls of its bodies.
    void share_calls_by(detail::nested_host& host) noexcept { host_ = &host; }
    void share_calls_by(detail::loop_host& host) noexcept { loop_host_ = &host; }

    /// Its bodies suspend while they wait.
    void suspends_bodies() noexcept { suspends_ = true; }

private:
    friend class operation;
    friend struct detail::nested_access;

    /// Begins an operation: true if it is done (or has failed) already, false if it will be completed.
    virtual bool start(operation& begun) = 0;
    /// Ends one that is under way, if it can be ended.
    virtual void cancel(operation&) noexcept {}
    /// The loop that pretends operations, if this is the context of a fake.
    virtual fake_loop* fake() noexcept { return nullptr; }
    /// A line of quartet's own, to the log or to standard error.
    virtual void warn(std::string_view line) = 0;
    virtual void do_log(std::string_view line) = 0;
    virtual std::stop_token do_stop_token() = 0;

    /// Notes that a part of the body has seen that it is to end, and which reason came first.
    void notice_end(detail::scope& part, std::uint32_t stopped) const noexcept;

    worker_info worker_;
    std::atomic<std::uint32_t> const* stop_word_;
    detail::nested_host* host_ = nullptr;     // null: the calls of bodies run where they are waited for
    detail::loop_host* loop_host_ = nullptr;  // null: those of bodies on a loop stay on it
    bool suspends_ = false;
    std::uint32_t unheard_ = 0;  // of the one body in a blocking context that sees a stop
};

inline bool operation::start() {
    return owner_->start(*this);
}

inline bool operation::await_ready() {
    auto const task = detail::this_task;
    if (!task.slot) [[likely]]
        return start();
    waits_since_ = detail::begin_wait(*owner_);
    bool const done = start();
    if (done && waits_since_ != 0) detail::end_wait(task, std::exchange(waits_since_, 0), *owner_);
    return done;
}

inline void operation::cancel() noexcept {
    owner_->cancel(*this);
}

inline fake_loop* operation::fake() const noexcept {
    return owner_->fake();
}

inline void operation::warn(std::string_view line) const {
    owner_->warn(line);
}

inline auto context::open_file(std::filesystem::path const& path, open_mode mode) {
    struct [[nodiscard]] awaiter : detail::own_awaiter {
        detail::file_operation operation;
        context& owner;

        bool await_ready() { return operation.await_ready(); }
        void await_suspend(std::coroutine_handle<> waiter) noexcept { operation.await_suspend(waiter); }
        file await_resume() {
            operation.await_resume();
            return file(std::make_unique<file::state>(owner, operation));
        }
    };
    using kind = detail::file_operation::kind;
    return awaiter{
        {}, {*this, mode == open_mode::read ? kind::open_read : kind::open_append, path.native()}, *this};
}

}  // namespace quartet::inline v0
