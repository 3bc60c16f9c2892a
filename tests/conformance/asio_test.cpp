// Bodies that await operations of Asio, under every model: on the executor that quartet runs, and on an
// io_context of their own; that end, fail, are stopped in the middle, or are left alone by who should run
// them.
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"
#include "tests/conformance/stopped.hpp"

#include <quartet/asio.hpp>
#include <quartet/quartet.hpp>

#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace quartet::conformance::asio_test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using local = asio::local::stream_protocol;
using namespace std::chrono_literals;

class an_asio_operation : public any_model {};
QUARTET_SUITE(an_asio_operation, rows_with_real_io());

std::vector<int> numbers(int count) {
    std::vector<int> made(static_cast<std::size_t>(count));
    std::iota(made.begin(), made.end(), 0);
    return made;
}

/// Two sockets that are connected.
struct socket_pair {
    explicit socket_pair(asio::any_io_executor const& executor) : ours(executor), theirs(executor) {
        asio::local::connect_pair(ours, theirs);
    }
    local::socket ours;
    local::socket theirs;
};

/// An io_context with a thread of its own.
class own_thread {
public:
    own_thread() : thread_([this] { io.run(); }) {}
    own_thread(own_thread const&) = delete;
    own_thread& operator=(own_thread const&) = delete;
    ~own_thread() {
        alive_.reset();
        thread_.join();
    }
    asio::io_context io;

private:
    asio::executor_work_guard<asio::io_context::executor_type> alive_{io.get_executor()};
    std::thread thread_;
};

TEST_P(an_asio_operation, is_a_timer) {
    auto const body = [](context& ctx, int n) -> task<int> {
        asio::steady_timer timer(asio_executor(ctx), std::chrono::microseconds(100 * (n % 7)));
        co_await timer.async_wait(use_quartet(ctx, timer));
        timer.expires_after(0s);
        co_await timer.async_wait(use_quartet(ctx, timer));
        co_return n;
    };
    EXPECT_EQ(make().map(body, numbers(50)), numbers(50));
}

TEST_P(an_asio_operation, is_a_timer_on_an_io_context_that_another_thread_runs) {
    auto const body = [](context& ctx, int n) -> task<int> {
        own_thread other;
        asio::steady_timer timer(other.io, 1ms);
        co_await timer.async_wait(use_quartet(ctx, timer));
        co_return n;
    };
    EXPECT_EQ(make().map(body, numbers(5)), numbers(5));
}

/// Sends back what arrives on one connection, by handlers of Asio.
class echo : public std::enable_shared_from_this<echo> {
public:
    explicit echo(asio::any_io_executor const& executor)
        : acceptor_(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0)), socket_(executor) {}

    tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

    void start() {
        acceptor_.async_accept(socket_, [self = shared_from_this()](boost::system::error_code const& error) {
            if (!error) self->read();
        });
    }

private:
    void read() {
        socket_.async_read_some(asio::buffer(buffer_),
                                [self = shared_from_this()](auto const& error, std::size_t n) {
                                    if (!error) self->write(n);
                                });
    }
    void write(std::size_t n) {
        asio::async_write(socket_, asio::buffer(buffer_, n),
                          [self = shared_from_this()](auto const& error, std::size_t) {
                              if (!error) self->read();
                          });
    }

    tcp::acceptor acceptor_;
    tcp::socket socket_;
    std::array<char, 1000> buffer_;
};

TEST_P(an_asio_operation, talks_over_tcp) {
    auto const body = [](context& ctx, int n) -> task<std::string> {
        auto const server = std::make_shared<echo>(asio_executor(ctx));
        server->start();
        tcp::socket socket(asio_executor(ctx));
        use_quartet const token(ctx, socket);
        co_await socket.async_connect(server->endpoint(), token);
        std::string const sent = std::to_string(n) + std::string(10'000, 'x');
        std::string got(sent.size(), ' ');
        // Less than what the system buffers, as the echo can't take it while nobody runs it.
        auto const written = co_await asio::async_write(socket, asio::buffer(sent), token);
        auto const read = co_await asio::async_read(socket, asio::buffer(got), token);
        co_return written == read&& got == sent ? got.substr(0, 3) : "differs";
    };
    EXPECT_EQ(make().map(body, std::vector{123, 456, 789}), (std::vector<std::string>{"123", "456", "789"}));
}

TEST_P(an_asio_operation, looks_names_up) {
    auto const body = [](context& ctx, int) -> task<bool> {
        tcp::resolver resolver(asio_executor(ctx));
        auto const found = co_await resolver.async_resolve("127.0.0.1", "80", use_quartet(ctx, resolver));
        co_return found.begin()->endpoint() == tcp::endpoint(asio::ip::address_v4::loopback(), 80);
    };
    EXPECT_EQ(make().map(body, numbers(2)), (std::vector{true, true}));
}

TEST_P(an_asio_operation, accepts) {
    auto const body = [](context& ctx, int) -> task<int> {
        tcp::acceptor acceptor(asio_executor(ctx), tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        tcp::socket client(asio_executor(ctx));
        client.async_connect(acceptor.local_endpoint(), [](auto const&) {});
        tcp::socket accepted = co_await acceptor.async_accept(use_quartet(ctx, acceptor));
        co_return accepted.is_open() ? 1 : 0;
    };
    EXPECT_EQ(make().map(body, numbers(2)), (std::vector{1, 1}));
}

TEST_P(an_asio_operation, throws_its_error) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        tcp::socket socket(asio_executor(ctx));
        tcp::endpoint nobody;
        {
            tcp::acceptor gone(asio_executor(ctx), tcp::endpoint(asio::ip::address_v4::loopback(), 0));
            nobody = gone.local_endpoint();
        }
        try {
            co_await socket.async_connect(nobody, use_quartet(ctx, socket));
        } catch (std::system_error const& error) {
            bool const same = error.code() == std::error_code(ECONNREFUSED, std::system_category());
            co_return same ? "refused" : error.what();
        }
        co_return "connected";
    };
    EXPECT_EQ(make().map(body, numbers(2)), (std::vector<std::string>{"refused", "refused"}));
}

TEST_P(an_asio_operation, throws_the_error_of_another_category) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        socket_pair pair(asio_executor(ctx));
        pair.theirs.close();
        std::array<char, 10> buffer;
        try {
            co_await pair.ours.async_read_some(asio::buffer(buffer), use_quartet(ctx, pair.ours));
        } catch (std::system_error const& error) {
            bool const same = error.code() == std::error_code(make_error_code(asio::error::eof));
            co_return same ? "the end" : error.what();
        }
        co_return "data";
    };
    EXPECT_EQ(make().map(body, numbers(2)), (std::vector<std::string>{"the end", "the end"}));
}

TEST_P(an_asio_operation, may_give_its_error_instead) {
    auto const body = [](context& ctx, int) -> task<bool> {
        socket_pair pair(asio_executor(ctx));
        pair.theirs.close();
        std::array<char, 10> buffer;
        boost::system::error_code error;
        co_await pair.ours.async_read_some(asio::buffer(buffer),
                                           asio::redirect_error(use_quartet(ctx, pair.ours), error));
        co_return error == asio::error::eof;
    };
    EXPECT_EQ(make().map(body, numbers(2)), (std::vector{true, true}));
}

TEST_P(an_asio_operation, may_be_done_at_once) {
    auto const body = [](context& ctx, int n) -> task<int> {
        for (int i = 0; i < 100; ++i)
            co_await asio::post(asio_executor(ctx), use_quartet(ctx, uncancelled));
        co_return n;
    };
    EXPECT_EQ(make().map(body, numbers(20)), numbers(20));
}

// ---- What an operation may give

/// An operation that calls its handler at once, as none of Asio's own does.
template <class Signature, class Token, class... Results>
auto async_give(Token&& token, Results... results) {
    return asio::async_initiate<Token, Signature>(
        [](auto handler, auto... given) { std::move(handler)(std::move(given)...); }, token,
        std::move(results)...);
}

TEST_P(an_asio_operation, gives_what_is_no_error) {
    auto const body = [](context& ctx, int n) -> task<int> {
        use_quartet const token(ctx, uncancelled);
        boost::system::error_code const none;
        co_await async_give<void()>(token);
        co_await async_give<void(boost::system::error_code)>(token, none);
        co_await async_give<void(std::exception_ptr)>(token, std::exception_ptr());
        int const one = co_await async_give<void(int)>(token, n);
        auto const moved = co_await async_give<void(std::exception_ptr, std::unique_ptr<int>)>(
            token, nullptr, std::make_unique<int>(n));
        auto const [a, b] =
            co_await async_give<void(boost::system::error_code, int, std::string)>(token, none, n, "b");
        co_return one + *moved + a + static_cast<int>(b.size());
    };
    EXPECT_EQ(make().map(body, numbers(3)), (std::vector{1, 4, 7}));
}

TEST_P(an_asio_operation, throws_an_exception_pointer) {
    auto const body = [](context& ctx, int) -> task<int> {
        auto const why = std::make_exception_ptr(std::out_of_range("beyond"));
        co_return co_await async_give<void(std::exception_ptr, int)>(use_quartet(ctx, uncancelled), why, 1);
    };
    auto const outcomes = make().try_map(body, numbers(2));
    ASSERT_FALSE(outcomes[1].has_value());
    EXPECT_THROW(outcomes[1].value(), std::out_of_range);
}

TEST_P(an_asio_operation, begins_when_it_is_awaited) {
    auto const body = [](context& ctx, int) -> task<int> {
        int begun = 0;
        auto const begin = [&begun](auto handler) {
            ++begun;
            std::move(handler)();
        };
        use_quartet const token(ctx, uncancelled);
        { auto const dropped = asio::async_initiate<use_quartet const, void()>(begin, token); }
        auto kept = asio::async_initiate<use_quartet const, void()>(begin, token);
        int const before = begun;
        co_await kept;
        co_return 10 * before + begun;
    };
    EXPECT_EQ(make().map(body, numbers(2)), (std::vector{1, 1}));
}

// ---- Several at once

TEST_P(an_asio_operation, goes_on_beside_many_others) {
    auto const body = [](context& ctx, int n) -> task<int> {
        asio::steady_timer first(asio_executor(ctx), 1ms);
        asio::steady_timer second(asio_executor(ctx), 2ms);
        co_await when_all(first.async_wait(use_quartet(ctx, first)),
                          second.async_wait(use_quartet(ctx, second)));
        co_return n;
    };
    EXPECT_EQ(make().map(body, numbers(100)), numbers(100));
}

// ---- Stops and limits in the middle

TEST_P(an_asio_operation, is_ended_by_a_limit_before_its_buffer_is_gone) {
    auto const body = [](context& ctx, int) -> task<int> {
        socket_pair pair(asio_executor(ctx));
        int limits = 0;
        for (int i = 0; i < 3; ++i) {
            std::array<char, 1000> buffer;
            try {
                co_await ctx.with_timeout(
                    1ms, asio::async_read(pair.ours, asio::buffer(buffer), use_quartet(ctx, pair.ours)));
            } catch (timed_out const&) {
                ++limits;
            }
        }
        // What comes now must not be written to any of them.
        asio::write(pair.theirs, asio::buffer(std::string(1000, 'x')));
        std::string got(1000, ' ');
        co_await asio::async_read(pair.ours, asio::buffer(got), use_quartet(ctx, pair.ours));
        co_return got == std::string(1000, 'x') ? limits : -1;
    };
    EXPECT_EQ(make().map(body, numbers(5)), (std::vector{3, 3, 3, 3, 3}));
}

TEST_P(an_asio_operation, is_ended_by_a_limit_on_an_io_context_that_another_thread_runs) {
    auto const body = [](context& ctx, int) -> task<int> {
        own_thread other;
        socket_pair pair(other.io.get_executor());
        int limits = 0;
        for (int i = 0; i < 3; ++i) {
            std::array<char, 1000> buffer;
            try {
                co_await ctx.with_timeout(
                    1ms, asio::async_read(pair.ours, asio::buffer(buffer), use_quartet(ctx, pair.ours)));
            } catch (timed_out const&) {
                ++limits;
            }
        }
        co_return limits;
    };
    EXPECT_EQ(make().map(body, numbers(5)), (std::vector{3, 3, 3, 3, 3}));
}

TEST_P(an_asio_operation, races_with_its_limit_and_its_object_is_gone) {
    auto const body = [](context& ctx, int n) -> task<int> {
        own_thread other;
        auto timer = std::make_unique<asio::steady_timer>(other.io, std::chrono::microseconds(900 + 10 * n));
        int ended = 1;
        try {
            co_await ctx.with_timeout(1ms, timer->async_wait(use_quartet(ctx, *timer)));
        } catch (timed_out const&) {
        }
        timer.reset();  // a cancel() that comes now would be seen by AddressSanitizer
        co_return ended;
    };
    EXPECT_EQ(make().map(body, numbers(20)), std::vector(20, 1));
}

TEST_P(an_asio_operation, is_ended_by_a_stop) {
    shared_counter waiting;
    auto const body = [at = &waiting](context& ctx, int) -> task<int> {
        socket_pair pair(asio_executor(ctx));
        std::array<char, 1000> buffer;
        ++*at;
        co_await asio::async_read(pair.ours, asio::buffer(buffer), use_quartet(ctx, pair.ours));
        co_return 0;
    };
    auto executor = make();
    std::stop_source stop;
    std::jthread const stopper([&] {
        wait_until([&] { return *waiting > 0; });
        stop.request_stop();
    });
    for (auto const& each : executor.try_map(body, numbers(2), {.stop = stop.get_token()})) {
        ASSERT_FALSE(each.has_value());
        EXPECT_EQ(each.error().why, cause::cancelled);
    }
}

/// Waits until it is to end; then it awaits an operation that was made before, and a new one, neither of
/// which begins. Both would end at once.
task<int> await_two_more_at_the_end(context& ctx, counter_reference waiting, counter_reference begun) {
    use_quartet const token(ctx, uncancelled);
    auto const begin = [begun](auto handler) {
        ++*begun;
        std::move(handler)();
    };
    auto made_before = asio::async_initiate<use_quartet const, void()>(begin, token);
    socket_pair pair(asio_executor(ctx));
    std::array<char, 10> buffer;
    ++*waiting;
    try {
        co_await asio::async_read(pair.ours, asio::buffer(buffer), use_quartet(ctx, pair.ours));
    } catch (cancelled const&) {
    }
    try {
        co_await made_before;
        co_return 1;
    } catch (cancelled const&) {
    }
    co_await asio::async_initiate<use_quartet const, void()>(begin, token);
    co_return 2;
}

TEST_P(an_asio_operation, does_not_begin_after_a_stop) {
    shared_counter waiting, begun;
    auto const body = [at = counter_reference(&waiting), of = counter_reference(&begun)](context& ctx, int) {
        return await_two_more_at_the_end(ctx, at, of);
    };
    for (auto const& each : stopped(make(), body, wait_for_one(waiting))) {
        ASSERT_FALSE(each.has_value()) << *each;
        EXPECT_TRUE(each.error().why == cause::cancelled || may_be_taken_along(GetParam(), each.error()));
    }
    EXPECT_EQ(*begun, 0u);
}

TEST_P(an_asio_operation, does_not_begin_after_a_limit) {
    shared_counter waiting, begun;
    auto const body = [at = counter_reference(&waiting), of = counter_reference(&begun)](context& ctx,
                                                                                         int) -> task<int> {
        try {
            co_return co_await ctx.with_timeout(1ms, await_two_more_at_the_end(ctx, at, of));
        } catch (timed_out const&) {
            co_return 0;
        }
    };
    EXPECT_EQ(make().map(body, numbers(3)), std::vector(3, 0));
    EXPECT_EQ(*begun, 0u);
}

/// Takes its time to end once it was cancelled, and uses its buffer until then.
class slow_device {
public:
    slow_device(asio::any_io_executor executor, bool finishes)
        : executor_(std::move(executor)), finishes_(finishes) {}

    template <class Token>
    auto async_fill(std::array<char, 100>& buffer, Token&& token) {
        return asio::async_initiate<Token, void(boost::system::error_code, int)>(
            [this](auto handler, std::array<char, 100>* where) {
                begun = true;
                end_ = [this, where, handler = std::make_shared<decltype(handler)>(std::move(handler))] {
                    where->fill('x');
                    ended = true;
                    std::move (*handler)(
                        finishes_ ? boost::system::error_code() : asio::error::operation_aborted, 7);
                };
            },
            token, &buffer);
    }

    void cancel() {
        timer_.async_wait([this](auto const&) { std::exchange(end_, {})(); });
    }
    auto get_executor() { return executor_; }

    bool begun = false;  // on a busy machine a time limit may be over before
    bool ended = false;

private:
    asio::any_io_executor executor_;
    bool finishes_;
    asio::steady_timer timer_{executor_, 30ms};
    std::function<void()> end_;
};

TEST_P(an_asio_operation, keeps_its_body_until_it_has_ended) {
    auto const body = [](context& ctx, int) -> task<int> {
        for (auto limit = 1ms;; limit *= 2) {
            slow_device device(asio_executor(ctx), false);
            std::array<char, 100> buffer{};
            try {
                co_await ctx.with_timeout(limit, device.async_fill(buffer, use_quartet(ctx, device)));
            } catch (timed_out const&) {
                if (device.begun) co_return device.ended&& buffer[99] == 'x' ? 1 : 2;
                continue;
            }
            co_return 3;
        }
    };
    EXPECT_EQ(make().map(body, numbers(2)), (std::vector{1, 1}));
}

TEST_P(an_asio_operation, gives_its_value_if_it_came_to_its_own_end_all_the_same) {
    auto const body = [](context& ctx, int) -> task<int> {
        for (auto limit = 1ms;; limit *= 2) {
            slow_device device(asio_executor(ctx), true);
            std::array<char, 100> buffer{};
            int value = 0;
            try {
                co_await ctx.with_timeout(
                    limit, [](context& c, slow_device& from, auto& to, int& got) -> task<void> {
                        got = co_await from.async_fill(to, use_quartet(c, from));
                    }(ctx, device, buffer, value));
            } catch (timed_out const&) {
                if (!device.begun) continue;
            }
            co_return value;
        }
    };
    EXPECT_EQ(make().map(body, numbers(2)), (std::vector{7, 7}));
}

/// Calls its handler from within cancel(), on the thread that cancels.
class inline_device {
public:
    template <class Token>
    auto async_wait(Token&& token) {
        return asio::async_initiate<Token, void(boost::system::error_code)>(
            [this](auto handler) {
                end_ = [handler = std::make_shared<decltype(handler)>(std::move(handler))] {
                    std::move (*handler)(asio::error::operation_aborted);
                };
            },
            token);
    }
    void cancel() { std::exchange(end_, {})(); }

private:
    std::function<void()> end_;
};

TEST_P(an_asio_operation, may_end_within_the_call_that_cancels_it) {
    auto const body = [](context& ctx, int) -> task<int> {
        auto device = std::make_unique<inline_device>();
        try {
            co_await ctx.with_timeout(1ms, device->async_wait(use_quartet(ctx, *device)));
        } catch (timed_out const&) {
            device.reset();
            co_return 1;
        }
        co_return 0;
    };
    EXPECT_EQ(make().map(body, numbers(2)), (std::vector{1, 1}));
}

TEST_P(an_asio_operation, says_so_if_its_io_context_is_destroyed) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        std::optional<asio::io_context> io(std::in_place);
        std::jthread destroyer;
        auto const begin = [&](auto handler) {
            asio::post(*io, std::move(handler));
            destroyer = std::jthread([&io] { io.reset(); });
        };
        try {
            use_quartet const token(ctx, uncancelled);
            co_await asio::async_initiate<use_quartet const, void()>(begin, token);
        } catch (std::logic_error const& error) {
            co_return error.what();
        }
        co_return "ended";
    };
    std::string const gone =
        "quartet: an operation of Asio is gone without its end: its io_context was destroyed";
    EXPECT_EQ(make().map(body, numbers(2)), (std::vector{gone, gone}));
}

TEST(a_handler_on_the_executor_of_a_body, may_throw_and_the_body_does_when_its_operation_has_ended) {
    auto const body = [](context& ctx, int) -> task<int> {
        slow_device device(asio_executor(ctx), false);
        std::array<char, 100> buffer{};
        asio::post(asio_executor(ctx), [] { throw std::runtime_error("from a handler"); });
        device.cancel();
        try {
            co_await device.async_fill(buffer, use_quartet(ctx, device));
        } catch (std::runtime_error const& error) {
            co_return error.what() == std::string("from a handler") && device.ended ? 1 : 2;
        }
        co_return 0;
    };
    EXPECT_EQ(make_executor("single").map(body, std::vector{1, 2}), (std::vector{1, 1}));
}

class an_asio_operation_in_a_fake : public any_model {};
QUARTET_SUITE(an_asio_operation_in_a_fake, rows_where([](row const& each) { return !each.real_io; }));

TEST_P(an_asio_operation_in_a_fake, is_refused) {
    auto const body = [](context& ctx, int n) -> task<int> {
        if (n == 0) static_cast<void>(asio_executor(ctx));
        asio::io_context io;
        asio::steady_timer timer(io, 0s);
        co_await timer.async_wait(use_quartet(ctx, timer));
        co_return 0;
    };
    auto const outcomes = make().try_map(body, std::vector{0, 1});
    EXPECT_EQ(outcomes[0].error().message,
              "quartet: a fake does nothing outside of its world: it has no executor for Asio");
    EXPECT_EQ(outcomes[1].error().message,
              "quartet: a fake does nothing outside of its world: it can't wait for an operation of Asio");
}

// ---- Nobody runs the io_context

class an_asio_operation_that_nobody_runs : public testing::TestWithParam<char const*> {};
INSTANTIATE_TEST_SUITE_P(models, an_asio_operation_that_nobody_runs,
                         testing::Values("single", "threads:2", "async:2"), [](auto const& which) {
                             std::string const spec = which.param;
                             return spec.substr(0, spec.find(':'));
                         });

TEST_P(an_asio_operation_that_nobody_runs, keeps_its_body_and_the_log_says_so) {
    std::atomic<bool> told{false};
    auto executor =
        make_executor(GetParam(), {.log = [&told](log_record const& record) {
                          if (record.line.find("a body is kept by an operation of Asio") != std::string::npos)
                              told = true;
                      }});
    auto const body = [at = &told](context& ctx, int) -> task<int> {
        asio::io_context io;
        asio::steady_timer timer(io, 1h);
        std::jthread const late([&] {
            wait_until([at] { return at->load(); });
            io.run();
        });
        try {
            co_await ctx.with_timeout(1ms, timer.async_wait(use_quartet(ctx, timer)));
        } catch (timed_out const&) {
            co_return 1;
        }
        co_return 0;
    };
    EXPECT_EQ(executor.map(body, std::vector{1}), (std::vector{1}));
}

}  // namespace
}  // namespace quartet::conformance::asio_test
