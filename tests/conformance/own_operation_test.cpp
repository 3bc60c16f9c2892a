// An operation that the library does not know: it is made of public headers alone, and is awaited, stopped,
// limited and recorded under every model as quartet's own ones are.
#include "tests/conformance/models.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/backend/operation.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <poll.h>
#include <stop_token>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

namespace quartet::conformance::own_operation_test {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// What the fake has in place of descriptors: what is waited for comes after a second, as often as is asked.
class fake_counters final : public fake_service {
public:
    eventfd_t next() noexcept { return ++last_; }

private:
    eventfd_t last_ = 0;
};

/// Waits until an eventfd is not 0, and gives what it was.
class [[nodiscard]] wait_for_count final : public timed_operation {
public:
    wait_for_count(context& owner, int descriptor) noexcept
        : timed_operation(owner), descriptor_(descriptor) {}

    eventfd_t await_resume() {
        throw_error();
        return count_;
    }

private:
    void perform(blocking_thread& here) override {
        while (!take()) {
            if (owner().stop_requested()) throw cancelled();
            auto const left = std::min<steady_clock::duration>(here.deadline() - steady_clock::now(), 10ms);
            pollfd waiting{.fd = descriptor_, .events = POLLIN, .revents = 0};
            poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(0, left / 1ms)));
        }
    }

    bool begin(event_loop& loop) override {
        if (take()) return true;
        watch_ = std::make_shared<watch>(loop.io(), descriptor_);
        wait();
        return false;
    }

    bool pretend(fake_loop& loop) override {
        count_ = loop.services.use<fake_counters>().next();
        loop.complete_after(*this, 1s);
        return false;
    }

    void cancel_begun(event_loop& loop) noexcept override {
        if (!watch_) return;
        watch_.reset();
        error = std::make_exception_ptr(cancelled());
        loop.complete_soon(*this);
    }

    /// A descriptor that is not closed with its watch.
    struct watch : boost::asio::posix::stream_descriptor {
        using basic_stream_descriptor::basic_stream_descriptor;
        ~watch() { release(); }
    };

    void wait() {
        watch_->async_wait(watch::wait_read, [this, kept = std::weak_ptr(watch_)](auto const& failed) {
            if (kept.expired()) return;  // cancelled
            if (!failed && !take()) return wait();
            if (failed) error = std::make_exception_ptr(std::system_error(std::error_code(failed)));
            watch_.reset();
            complete();
        });
    }

    /// False if it is 0 yet.
    bool take() {
        if (eventfd_read(descriptor_, &count_) == 0) return true;
        if (errno != EAGAIN)
            throw std::system_error(errno, std::generic_category(), "cannot wait for a count");
        return false;
    }

    int descriptor_;
    eventfd_t count_ = 0;
    std::shared_ptr<watch> watch_;
};

/// Descriptors that processes forked from now on share.
class counters {
public:
    explicit counters(std::size_t many) {
        while (all_.size() < many)
            all_.push_back(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    }
    counters(counters const&) = delete;
    counters& operator=(counters const&) = delete;
    ~counters() {
        for (int each : all_)
            close(each);
    }
    std::vector<int> const& all() const noexcept { return all_; }

private:
    std::vector<int> all_;
};

task<eventfd_t> count_of(context& ctx, int descriptor) {
    co_return co_await wait_for_count(ctx, descriptor);
}

class an_own_operation : public any_model {};
QUARTET_SUITE(an_own_operation, all_rows());

class an_own_operation_with_real_io : public any_model {};
QUARTET_SUITE(an_own_operation_with_real_io, rows_with_real_io());

TEST_P(an_own_operation, gives_its_value) {
    counters const waited_for(5);
    auto executor = make();
    std::jthread const writer([&] {
        for (eventfd_t n = 1; n <= 5; ++n)
            eventfd_write(waited_for.all()[n - 1], n);
    });
    auto const counts = executor.map(count_of, waited_for.all());
    EXPECT_EQ(std::vector<eventfd_t>(counts.begin(), counts.end()), (std::vector<eventfd_t>{1, 2, 3, 4, 5}));
}

TEST_P(an_own_operation, lets_the_bodies_of_a_loop_go_on) {
    if (!GetParam().interleaves || !GetParam().real_io) return;
    counters const waited_for(2);
    auto const in_turn = [](context& ctx, std::pair<int, int> mine_and_next) -> task<eventfd_t> {
        auto const [mine, next] = mine_and_next;
        if (mine < 0) {
            eventfd_write(next, 7);
            co_return 0;
        }
        co_return co_await wait_for_count(ctx, mine);
    };
    auto executor = make();
    auto const counts = executor.map(
        in_turn, std::vector<std::pair<int, int>>{{waited_for.all()[0], -1}, {-1, waited_for.all()[0]}});
    EXPECT_EQ(counts[0], 7u);
}

TEST_P(an_own_operation_with_real_io, ends_at_a_time_limit) {
    counters const never(2);
    auto const limited = [](context& ctx, int descriptor) -> task<int> {
        try {
            co_await ctx.with_timeout(20ms, wait_for_count(ctx, descriptor));
        } catch (timed_out const&) {
            co_return 1;
        }
        co_return 0;
    };
    auto executor = make();
    for (int each : executor.map(limited, never.all()))
        EXPECT_EQ(each, 1);
}

TEST_P(an_own_operation, ends_with_its_siblings) {
    counters const never(2);
    auto const first_of_two = [](context& ctx, int descriptor) -> task<std::size_t> {
        auto const first = co_await when_any(ctx.sleep_for(1ms), wait_for_count(ctx, descriptor));
        co_return first.index();
    };
    auto executor = make();
    for (std::size_t each : executor.map(first_of_two, never.all()))
        EXPECT_EQ(each, 0u);
}

TEST_P(an_own_operation_with_real_io, ends_with_a_stop) {
    counters const never(2);
    auto executor = make();
    std::stop_source stop;
    std::jthread const stopper([&stop] {
        std::this_thread::sleep_for(20ms);  // so that most have begun
        stop.request_stop();
    });
    auto const outcomes = executor.try_map(count_of, never.all(), {.stop = stop.get_token()});
    for (auto const& each : outcomes) {
        ASSERT_FALSE(each.has_value());
        EXPECT_EQ(each.error().why, cause::cancelled);
    }
}

TEST_P(an_own_operation_with_real_io, may_fail) {
    auto executor = make();
    auto const outcomes = executor.try_map(count_of, std::vector{-1, -1});
    for (auto const& each : outcomes) {
        ASSERT_FALSE(each.has_value());
        EXPECT_NE(each.error().message.find("cannot wait for a count"), std::string::npos)
            << each.error().message;
    }
}

TEST_P(an_own_operation, takes_the_time_of_the_fake) {
    if (GetParam().real_io) return;
    auto executor = make();
    executor.map(count_of, std::vector{0, 0, 0});
    EXPECT_EQ(world_.now(), 1s);
}

}  // namespace
}  // namespace quartet::conformance::own_operation_test
