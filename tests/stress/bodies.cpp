#include "tests/stress/bodies.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace quartet::stress {
namespace {

using namespace std::chrono_literals;

constexpr std::array signals{SIGKILL, SIGSEGV, SIGTERM, SIGUSR1, SIGBUS};
constexpr std::array codes{0, 1, 3, 255};

void compute(std::chrono::microseconds time) {
    auto const until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) {
    }
}

[[noreturn]] void die_by(int number) {
    signal(number, SIG_DFL);  // a sanitizer has handlers of its own
    raise(number);
    for (;;)
        pause();
}

[[noreturn]] void exit_by(order const& what) {
    int const code = exit_code_of(what);
    if (what.amount % 2) _exit(code);
    std::exit(code);
}

[[noreturn]] void be_deaf(bool also_to_terminations) {
    if (also_to_terminations) signal(SIGTERM, SIG_IGN);
    for (;;)
        pause();
}

void require(bool holds, char const* what) {
    if (!holds) throw std::logic_error(std::string("a body saw what must not be: ") + what);
}

/// In a child that a body has forked, and which goes on with the body.
bool is_forked = false;

/// In the parent: true, and the child has ended by this code, or by one of a body's.
bool fork_a_child(tools const& with, std::optional<int> code) {
    pid_t const child = fork();
    if (child == 0) {
        is_forked = true;
        return false;
    }
    if (child < 0) return true;  // the system is full
    int status = 0;
    pid_t found = 0;
    do {
        found = waitpid(child, &status, 0);
    } while (found < 0 && errno == EINTR);
    bool const may_be_unknown = with.children != child_ends::usual && getpid() == with.counts->main_process;
    if (found != child) {
        require(may_be_unknown, "the end of a child of its own is lost");
        return true;
    }
    int const ended = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    bool const as_its_body = code ? ended == *code : ended == EXIT_SUCCESS || ended == EXIT_FAILURE;
    require(as_its_body, "a child that it forked did not end as its body did");
    return true;
}

void break_child(tools const& with, order const& what) {
    if (what.id != with.first_id) return;
    if (with.broken == breakage::wrong_child_code) _exit(7);
    if (with.broken == breakage::stray_child) begin(with, what);
}

void tick_in_this_process() {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    sigaction(SIGALRM, &action, nullptr);
    itimerval const often{{0, 1000}, {0, 1000}};
    setitimer(ITIMER_REAL, &often, nullptr);
}

task<int> wait_and_give(context& ctx, std::chrono::nanoseconds time, int value) {
    co_await ctx.sleep_for(time);
    co_return value;
}

task<void> have_children(context& ctx, std::chrono::microseconds time) {
    auto const [one, two] = co_await when_all(wait_and_give(ctx, time, 1), wait_and_give(ctx, 2 * time, 2));
    require(one == 1 && two == 2, "values of children");
    auto const first = co_await when_any(wait_and_give(ctx, time / 2, 3), wait_and_give(ctx, time, 3));
    require(std::visit([](int value) { return value; }, first) == 3, "the value of the first child");
}

task<void> be_limited(context& ctx, std::chrono::microseconds time) {
    bool late = false;
    try {
        co_await ctx.with_timeout(time, ctx.sleep_for(1h));
    } catch (timed_out const&) {
        late = true;
    }
    require(late, "a sleep of an hour ended");
}

std::string own_file(tools const& with, order const& what) {
    return fmt::format("{}/{}-{}", with.folder, what.id, getpid());
}

task<void> use_files(context& ctx, std::string path, std::uint32_t size) {
    std::string const data(size, static_cast<char>('a' + size % 26));
    co_await ctx.write_file(path, data);
    auto const read = co_await ctx.read_file(path);
    unlink(path.c_str());
    require(read == data, "what was written is not what was read");
}

task<void> run_command(context& ctx, int code, bool lost) {
    auto const ended = co_await ctx.run(command::shell(fmt::format("cat; exit {}", code + lost)));
    require(ended.end_known, "a command's end is lost");
    require(ended.exit_code == code && ended.signal == 0, "a command's exit code");
}

/// The child of a body on a loop can't wait, and in a blocking context it can.
task<void> fork_and_await(context& ctx, tools with, order what) {
    co_await ctx.yield();
    if (fork_a_child(with, with.end_of_waiting_child)) co_return;
    break_child(with, what);
    co_await ctx.sleep_for(1ms);
}

task<void> fetch_in_vain(context& ctx) {
    bool failed = false;
    try {
        co_await ctx.fetch("http://127.0.0.1:9/");
    } catch (fetch_error const&) {
        failed = true;
    }
    require(failed, "an answer from nobody");
}

task<void> swallow_stop(context& ctx) {
    try {
        co_await ctx.sleep_for(1h);
    } catch (cancelled const&) {
    } catch (timed_out const&) {
    }
}

void make_executor_within() {
    auto inner = make_executor("threads:2", {.stall_limit = 0s});
    auto const squares = inner.map([](int n) { return n * n; }, std::array{1, 2, 3});
    require(squares == std::vector{1, 4, 9}, "values of an executor within a body");
}

void ask_own_pool(tools const& with, order const& what) {
    auto const stops = with.own_stops->over();
    auto const answered = with.own->submit([](std::uint32_t n) { return n + 1; }, what.id).take();
    if (!answered && answered.error().why == cause::cancelled && with.own_stops->may_have_met(stops)) return;
    if (!answered && with.workers_may_not_begin && is_bad_start(answered.error())) return;
    require(answered.has_value() && *answered == what.id + 1, "the outcome of a call from a body");
}

void be_refused(tools const& with) {
    bool refused = false;
    try {
        static_cast<void>(with.elder->submit([] { return 1; }));
    } catch (std::logic_error const&) {
        refused = true;
    }
    require(refused, "a worker process used an executor of its parent's");
}

void note_worker(board& on) {
    pid_t const self = getpid();
    if (self == on.main_process) return;
    on.workers[static_cast<std::size_t>(self) % on.workers.size()] = self;
    on.fork_server = getppid();
}

}  // namespace

std::string words_of(order const& what) {
    return fmt::format("task {} throws", what.id);
}

std::uint64_t answer(order const& what) noexcept {
    return (what.id + 1) * std::uint64_t{0x9e3779b97f4a7c15} ^ what.amount;
}

int signal_of(order const& what) noexcept {
    return signals[what.amount % signals.size()];
}

int exit_code_of(order const& what) noexcept {
    return codes[what.amount / 2 % codes.size()];
}

order order_of(std::string const& text) {
    order what;
    if (text.size() < sizeof what) throw std::logic_error("a body saw what must not be: a short input");
    std::memcpy(&what, text.data(), sizeof what);
    std::size_t const more = is_padded(what) ? what.amount : 0;
    require(text.size() == sizeof what + more && text.find_first_not_of('i', sizeof what) == text.npos,
            "an input's text");
    return what;
}

void begin(tools const& with, order const& what) {
    if (is_forked) {
        ++with.counts->strays;
        return;
    }
    note_worker(*with.counts);
    ++with.counts->begun[what.id];
    if (what.id != with.first_id) return;
    if (with.broken == breakage::doubled_task) ++with.counts->begun[what.id];
    if (with.broken == breakage::strange_failure) throw std::runtime_error("nobody expects this");
}

void end(tools const& with, order const& what) {
    if (is_forked) return;
    if (with.broken == breakage::lost_end && what.id == with.first_id) return;
    ++with.counts->ended[what.id];
}

bool act_at_once(tools const& with, order const& what) {
    switch (what.what) {
        case deed::nothing:
        case deed::is_large:
        case deed::is_huge:
            return true;
        case deed::computes:
            compute(std::chrono::microseconds(what.amount));
            return true;
        case deed::throws:
            throw std::out_of_range(words_of(what));
        case deed::throws_own_type:
            throw own_failure(words_of(what));
        case deed::forks:
            if (!fork_a_child(with, 0)) _exit(0);
            return true;
        case deed::forks_and_returns:
            if (!fork_a_child(with, EXIT_SUCCESS)) break_child(with, what);
            return true;
        case deed::forks_and_throws:
            if (fork_a_child(with, EXIT_FAILURE)) return true;
            break_child(with, what);
            throw own_failure("of a child");
        case deed::is_deaf:
            be_deaf(true);
        case deed::is_deaf_to_stop:
            be_deaf(false);
        case deed::dies_by_signal:
            die_by(signal_of(what));
        case deed::exits:
            exit_by(what);
        case deed::kills_fork_server:
            if (getpid() != with.counts->main_process) kill(getppid(), SIGKILL);
            for (;;)
                pause();
        case deed::makes_executor:
            make_executor_within();
            return true;
        case deed::asks_own_pool:
            ask_own_pool(with, what);
            return true;
        case deed::is_refused:
            be_refused(with);
            return true;
        case deed::marks:
            ++with.marks.span()[what.id - with.first_id];
            return true;
        case deed::closes_descriptors:
            close_range(3, ~0u, 0);
            return true;
        case deed::sets_timer:
            tick_in_this_process();
            return true;
        default:
            return false;
    }
}

task<void> act(context& ctx, tools with, order what) {
    if (act_at_once(with, what)) co_return;
    std::chrono::microseconds const time(what.amount);
    switch (what.what) {
        case deed::sleeps:
            co_await ctx.sleep_for(time);
            break;
        case deed::yields:
            for (std::uint32_t n = 0; n < what.amount; ++n)
                co_await ctx.yield();
            break;
        case deed::has_children:
            co_await have_children(ctx, time);
            break;
        case deed::has_limit:
            co_await be_limited(ctx, time);
            break;
        case deed::offloads:
            co_await ctx.offload([time] { compute(time); });
            break;
        case deed::logs:
            ctx.log(fmt::format("task {}", what.id));
            break;
        case deed::asks_for_token:
            static_cast<void>(ctx.stop_token().stop_requested());
            break;
        case deed::uses_files:
            co_await use_files(ctx, own_file(with, what), what.amount);
            break;
        case deed::appends:
            co_await ctx.append_file(fmt::format("{}/all-{}", with.folder, with.first_id),
                                     fmt::format("{}\n", what.id));
            break;
        case deed::runs_command:
            co_await run_command(ctx, static_cast<int>(what.amount),
                                 with.broken == breakage::lost_exit_code && what.id == with.first_id);
            break;
        case deed::forks_and_awaits:
            co_await fork_and_await(ctx, with, what);
            break;
        case deed::fetches_in_vain:
            co_await fetch_in_vain(ctx);
            break;
        case deed::sends:
            co_await with.values->send(ctx, what.id);
            break;
        case deed::receives:
            if (auto const value = co_await with.values->receive(ctx)) ++with.counts->received[*value];
            break;
        case deed::waits_for_ever:
            for (;;)
                co_await ctx.sleep_for(1h);
        case deed::computes_until_stopped:
            while (!ctx.stop_requested())
                compute(10us);
            break;
        case deed::swallows_stop:
            co_await swallow_stop(ctx);
            break;
        default:
            throw std::logic_error("a deed without a body");
    }
}

}  // namespace quartet::stress
