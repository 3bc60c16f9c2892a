// Carries out the steps of one caller in the plan of an episode: each is one use of an executor, such as a
// map or a stream, perhaps with a time limit or a stop in the middle. After each it checks that every task
// has one outcome which the step allows (promises.hpp); a step that throws what it must not is a fault.

#include "tests/stress/caller.hpp"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <fstream>
#include <map>
#include <optional>
#include <ranges>
#include <set>
#include <stop_token>
#include <sys/wait.h>
#include <thread>
#include <tuple>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::stress {
namespace {

using namespace std::chrono_literals;

/// A thread that stops a call, or all calls of its executor, after the time that the step says.
class late_stop {
public:
    late_stop(step const& of, player& on, board const& counts) : of_(of), on_(on), counts_(counts) {
        if (of.stop_after) asker_ = std::thread([this] { ask(); });
        if (of.executor_stop_after) asker_ = std::thread([this] { stop_executor(); });
    }
    late_stop(late_stop const&) = delete;
    late_stop& operator=(late_stop const&) = delete;
    ~late_stop() {
        is_over_ = true;
        if (asker_.joinable()) asker_.join();
    }
    std::stop_token token() const { return source_.get_token(); }

private:
    void ask() {
        std::this_thread::sleep_for(*of_.stop_after);
        source_.request_stop();
    }

    /// Waits until one task of the step has begun. Then all tasks of a map or a stream are in the executor,
    /// and one stop must end them. Single calls are submitted one by one, so those stop again until the step
    /// is over.
    void stop_executor() {
        while (!is_over_ && !has_begun())
            std::this_thread::sleep_for(200us);
        std::this_thread::sleep_for(*of_.executor_stop_after);
        if (of_.call != call_kind::submits) return on_.stop();
        while (!is_over_) {
            on_.stop();
            std::this_thread::sleep_for(1ms);
        }
        on_.stop();
    }

    bool has_begun() const {
        for (std::uint32_t n = 0; n < of_.tasks; ++n) {
            if (counts_.begun[of_.first_id + n] > 0) return true;
        }
        return false;
    }

    step const& of_;
    player& on_;
    board const& counts_;
    std::stop_source source_;
    std::atomic<bool> is_over_ = false;
    std::thread asker_;
};

/// Carries out one step.
class performance {
public:
    performance(stage& on, step const& what)
        : on_(on),
          what_(what),
          checks_(on.checks()),
          player_(on.executor_at(what.executor)),
          stops_over_(player_.stops().over()),
          rules_(rules_for(what, on.what())),
          stop_(what, player_, on.counts()) {}

    void run() {
        switch (what_.call) {
            case call_kind::map:
                return with_body([this](auto const& body) { map(body); });
            case call_kind::try_map:
                return with_body([this](auto const& body) { try_map(body); });
            case call_kind::for_each:
                return with_body([this](auto const& body) { for_each(body); });
            case call_kind::starmap:
                return starmap();
            case call_kind::submits:
                return with_body([this](auto const& body) { submits(body); });
            case call_kind::stream:
                return with_body([this](auto const& body) { stream(body); });
            case call_kind::stop:
                return player_.stop();
            case call_kind::join:
                return player_.runs().join();
            case call_kind::destroy:
                return;  // call_all() does it
            case call_kind::channel:
                return channel();
            case call_kind::array:
                return array();
            case call_kind::process:
                return process();
            case call_kind::fork:
                return fork();
            case call_kind::companion:
                return on_.fork_companion();
        }
    }

private:
    using numbers = coroutine_body<order, std::uint64_t>;

    /// What is allowed for a call that began with the step: with the stops of the executor since then.
    rules by() const { return player_.now(rules_, stops_over_); }

    void with_body(auto&& use) {
        tools const with = on_.tools_for(what_);
        switch (what_.types) {
            case form::numbers:
                return use(numbers{with});
            case form::plain_function:
                return use(function_body<order, std::uint64_t>{with});
            case form::strings:
                return use(coroutine_body<std::string, std::string>{with});
            case form::no_result:
                return use(coroutine_body<order, void>{with});
        }
    }

    call_options options() {
        call_options made;
        made.stop = what_.stop_after ? stop_.token() : std::stop_token();
        if (what_.stop_all) made.failure = on_failure::stop_all;
        if (what_.task_timeout) made.task_timeout = *what_.task_timeout;
        if (what_.timeout) made.timeout = *what_.timeout;
        made.retry.times = what_.retries;
        made.retry.pause = 200us;
        made.chunk_size = what_.chunk_size;
        if (what_.progress) {
            made.progress = [this](std::size_t ended, std::size_t tasks) {
                if (ended > tasks) checks_.found().add("more tasks have ended than there are");
                last_progress_ = {ended, tasks};
            };
        }
        return made;
    }

    /// For single calls and streams, which have no progress.
    call_options options_without_progress() {
        auto made = options();
        made.progress = {};
        return made;
    }

    void check_progress() {
        if (what_.progress && what_.tasks > 0 && last_progress_.first != last_progress_.second)
            checks_.found().add(fmt::format("at the end of a call progress was told {} of {}",
                                            last_progress_.first, last_progress_.second));
    }

    template <class In>
    std::vector<In> inputs() const {
        std::vector<In> made;
        made.reserve(what_.tasks);
        for (std::uint32_t n = 0; n < what_.tasks; ++n)
            made.push_back(input_of<In>(what_.task(n)));
        return made;
    }

    // ---- Maps

    /// Checks the failures that a map has thrown. A task that it does not name must have succeeded.
    void check_map_error(map_error const& error) {
        if (error.tasks() != what_.tasks)
            checks_.found().add(
                fmt::format("{} tasks, and the map's failures are of {}", what_.tasks, error.tasks()));
        std::set<std::size_t> failed;
        for (failure const& each : error.failures()) {
            if (each.index >= what_.tasks || !failed.insert(each.index).second) {
                checks_.found().add(fmt::format("task {} failed twice, or is none", each.index));
                continue;
            }
            checks_.check_failure(what_.task(static_cast<std::uint32_t>(each.index)), each, each.index, by());
        }
        for (std::uint32_t n = 0; n < what_.tasks; ++n) {
            if (!failed.contains(n)) checks_.check_value(what_.task(n), true, by());
        }
    }

    template <class Body>
    void map(Body const& body) {
        using result = typename Body::result_type;
        auto const given = inputs<typename Body::input>();
        try {
            if constexpr (std::is_void_v<result>) {
                player_.runs().map(body, given, options());
                for (std::uint32_t n = 0; n < what_.tasks; ++n)
                    checks_.check_value(what_.task(n), true, by());
            } else {
                check_values(player_.runs().map(body, given, options()));
            }
        } catch (map_error const& error) {
            check_map_error(error);
        }
        check_progress();
    }

    template <class R>
    void check_values(std::vector<R> const& values) {
        if (values.size() != what_.tasks)
            return checks_.found().add(fmt::format("{} tasks, {} values", what_.tasks, values.size()));
        for (std::uint32_t n = 0; n < what_.tasks; ++n) {
            order const task = what_.task(n);
            checks_.check_value(task, values[n] == value_of<R>(task), by());
        }
    }

    template <class Body>
    void try_map(Body const& body) {
        auto const outcomes = player_.runs().try_map(body, inputs<typename Body::input>(), options());
        check_outcomes(outcomes);
        check_progress();
        if (what_.has(deed::appends)) check_appended(outcomes);
    }

    template <class R>
    void check_outcomes(std::vector<outcome<R>> const& outcomes) {
        if (outcomes.size() != what_.tasks)
            return checks_.found().add(fmt::format("{} tasks, {} outcomes", what_.tasks, outcomes.size()));
        for (std::uint32_t n = 0; n < what_.tasks; ++n)
            checks_.check(what_.task(n), outcomes[n], n, by());
    }

    /// Checks the file that tasks append to: a task with a value left at least one line, and none left more
    /// lines than it had tries.
    template <class R>
    void check_appended(std::vector<outcome<R>> const& outcomes) {
        std::map<std::uint32_t, std::size_t> lines;
        std::ifstream file(on_.file_of(what_));
        for (std::uint32_t id = 0; file >> id;)
            ++lines[id];
        for (std::uint32_t n = 0; n < what_.tasks; ++n) {
            order const task = what_.task(n);
            if (task.what != deed::appends) continue;
            std::size_t const found = lines[task.id];
            if (found > rules_.tries || (outcomes[n] && found == 0))
                checks_.found().add(fmt::format("task {} left {} lines in its file", task.id, found));
        }
    }

    template <class Body>
    void for_each(Body const& body) {
        try {
            player_.runs().for_each(body, inputs<typename Body::input>(), options());
            for (std::uint32_t n = 0; n < what_.tasks; ++n)
                checks_.check_value(what_.task(n), true, by());
        } catch (map_error const& error) {
            check_map_error(error);
        }
        check_progress();
    }

    void starmap() {
        std::vector<two_argument_body::input> given;
        for (order const& each : inputs<order>())
            given.emplace_back(each.id, each);
        try {
            check_values(player_.runs().starmap(two_argument_body{on_.tools_for(what_)}, given, options()));
        } catch (map_error const& error) {
            check_map_error(error);
        }
    }

    // ---- Single calls

    enum class fate { taken, got, cancelled, waited_for, dropped, kept, outlives };

    template <class Body>
    void submits(Body const& body) {
        using result = typename Body::result_type;
        std::vector<made_call<result>> kept;
        dice choose(what_.seed);
        for (std::uint32_t n = 0; n < what_.tasks; ++n) {
            order const task = what_.task(n);
            auto const stops_over = player_.stops().over();
            auto of =
                player_.runs().submit(options_without_progress(), body, input_of<typename Body::input>(task));
            decide(static_cast<fate>(choose.roll(7)), {task, std::move(of), stops_over}, kept);
        }
        for (auto& each : kept)
            take(std::move(each));
    }

    template <class R>
    struct made_call {
        order task;
        future<R> of;
        std::uint64_t stops_over;
    };

    template <class R>
    void decide(fate chosen, made_call<R>&& made, std::vector<made_call<R>>& kept) {
        switch (chosen) {
            case fate::taken:
                return take(std::move(made));
            case fate::got:
                return get(std::move(made));
            case fate::cancelled:
                return cancel(std::move(made));
            case fate::waited_for:
                return made.of.wait_for(500us) ? take(std::move(made)) : cancel(std::move(made));
            case fate::dropped:
                return player_.dropped(made.task, rules_, made.stops_over);
            case fate::kept:
                kept.push_back(std::move(made));
                return;
            case fate::outlives:
                return player_.outlives(std::move(made.of), made.task, rules_, made.stops_over);
        }
    }

    template <class R>
    void take(made_call<R>&& made) {
        auto const ended = made.of.take();
        checks_.check(made.task, ended, 0, player_.now(rules_, made.stops_over));
    }

    template <class R>
    void cancel(made_call<R>&& made) {
        made.of.cancel();
        rules asked = rules_;
        asked.may_be_cancelled = true;
        checks_.check(made.task, made.of.take(), 0, asked);
    }

    template <class R>
    void get(made_call<R>&& made) {
        auto& [task, of, stops_over] = made;
        std::optional<failure> failed;
        try {
            if constexpr (std::is_void_v<R>) {
                of.get();
                checks_.check_value(task, true, rules_);
            } else {
                checks_.check_value(task, of.get() == value_of<R>(task), rules_);
            }
        } catch (task_error const& error) {
            failed = error.why();
        } catch (std::exception const& thrown) {
            failed = failure{.message = thrown.what(), .exception = std::current_exception()};
            if (dynamic_cast<timed_out const*>(&thrown)) failed->why = cause::timed_out;
        }
        if (failed) checks_.check_failure(task, *failed, 0, player_.now(rules_, stops_over));
    }

    // ---- Streams

    template <class Body>
    void stream(Body const& body) {
        using result = typename Body::result_type;
        using input = typename Body::input;
        stream_options how{.order = what_.as_completed ? stream_order::as_completed : stream_order::as_inputs,
                           .window = what_.window,
                           .call = options_without_progress()};
        auto given = std::views::iota(0u, what_.tasks) | std::views::transform([of = what_](std::uint32_t n) {
                         return input_of<input>(of.task(n));
                     });
        std::vector<bool> seen(what_.tasks);
        {
            auto results = player_.runs().stream(body, given, how);
            std::uint32_t taken = 0;
            bool stopped = false;
            while (auto next = results.next()) {
                rules now = by();
                now.may_be_cancelled |= stopped;
                check_streamed<result>(*next, taken++, seen, now);
                if (taken == what_.takes && !what_.stops) break;
                if (taken != what_.takes) continue;
                results.stop();
                stopped = true;
            }
            // A stop of the executor ends a stream too.
            bool const may_end_early = by().may_be_cancelled || what_.timeout;
            if (taken < what_.takes && taken != what_.tasks && !may_end_early)
                checks_.found().add(
                    fmt::format("a stream of {} tasks ended after {} outcomes", what_.tasks, taken));
        }
        for (std::uint32_t n = 0; n < what_.tasks; ++n) {
            if (!seen[n]) checks_.check_counts(what_.task(n), by());
        }
    }

    template <class R>
    void check_streamed(streamed<R> const& next, std::uint32_t place, std::vector<bool>& seen,
                        rules const& now) {
        if (next.index >= seen.size() || seen[next.index])
            return checks_.found().add(
                fmt::format("a stream gave outcome {} twice, or of no input", next.index));
        if (!what_.as_completed && next.index != place)
            checks_.found().add(fmt::format("outcome {} of a stream came in place {}", next.index, place));
        seen[next.index] = true;
        order const task = what_.task(static_cast<std::uint32_t>(next.index));
        bool const wrong = on_.broken() == breakage::wrong_index && place == 0;
        checks_.check(task, static_cast<outcome<R> const&>(next), next.index + wrong, now);
    }

    // ---- Channels and arrays

    void channel() {
        if (what_.usual == deed::sends) return bodies_send();
        bodies_receive();
    }

    void bodies_send() {
        auto& values = player_.values();
        auto const receive = [&] {
            while (auto const value = values.receive())
                ++on_.counts().received[*value];
        };
        std::thread one(receive);
        std::thread other(receive);
        auto const outcomes =
            player_.runs().try_map(numbers{on_.tools_for(what_)}, inputs<order>(), options());
        values.close();
        one.join();
        other.join();
        check_outcomes(outcomes);
        for (std::uint32_t n = 0; n < what_.tasks && n < outcomes.size(); ++n) {
            order const task = what_.task(n);
            checks_.check_received(task, task.what == deed::sends && outcomes[n].has_value(), 1);
        }
    }

    void bodies_receive() {
        auto& values = player_.values();
        std::atomic<bool> over = false;
        std::thread sender([&] {
            for (std::uint32_t n = 0; n < what_.tasks; ++n) {
                while (!values.send_for(20ms, what_.first_id + n)) {
                    if (over) return;
                }
            }
            values.close();
        });
        auto const outcomes =
            player_.runs().try_map(numbers{on_.tools_for(what_)}, inputs<order>(), options());
        over = true;
        sender.join();
        check_outcomes(outcomes);
        bool const all = std::ranges::all_of(outcomes, &outcome<std::uint64_t>::has_value);
        for (std::uint32_t n = 0; n < what_.tasks; ++n)
            checks_.check_received(what_.task(n), all, 1);
    }

    void array() {
        if (what_.tasks == 0) return;
        shared_array<std::atomic<std::uint32_t>> marks(what_.tasks);
        auto with = on_.tools_for(what_);
        with.marks = marks.view();
        auto const outcomes = player_.runs().try_map(numbers{with}, inputs<order>(), options());
        check_outcomes(outcomes);
        for (std::uint32_t n = 0; n < what_.tasks && n < outcomes.size(); ++n) {
            if (what_.task(n).what != deed::marks) continue;
            std::uint32_t const found = marks[n];
            if (found > rules_.tries || (outcomes[n] && found == 0))
                checks_.found().add(fmt::format("element {} of an array was marked {} times", n, found));
        }
    }

    // ---- Processes

    void process() {
        dice choose(what_.seed);
        int const code = static_cast<int>(choose.roll(200));
        auto const time = std::chrono::microseconds(choose.roll(2000));
        quartet::process child([=] {
            std::this_thread::sleep_for(time);
            return code;
        });
        if (choose.one_in(5)) return;  // never started
        child.start();
        if (choose.one_in(5)) return;  // ended by the destructor
        bool const killed = choose.one_in(3);
        if (killed) child.kill();
        child.join();
        auto const ended = child.exit_code();
        if (!ended && on_.what().children != child_ends::usual) return;  // nobody may know how it ended
        if (ended != code && !(killed && ended == -SIGKILL))
            checks_.found().add(
                fmt::format("a process ended with {} in place of {}", ended.value_or(-1), code));
    }

    /// Forks a child that uses the executor of its parent: it must get a std::logic_error.
    void fork() {
        pid_t const child = ::fork();
        if (child == 0) {
            try {
                static_cast<void>(player_.runs().submit([] { return 1; }));
            } catch (std::logic_error const&) {
                _exit(0);
            }
            _exit(1);
        }
        int status = 0;
        pid_t reaped = -1;
        do {
            reaped = waitpid(child, &status, 0);
        } while (reaped < 0 && errno == EINTR);
        if (reaped == child && status != 0)
            checks_.found().add(fmt::format("a forked child used its parent's executor: {:#x}", status));
    }

    stage& on_;
    step const& what_;
    promises& checks_;
    player& player_;
    std::uint64_t stops_over_;
    rules rules_;
    late_stop stop_;
    std::pair<std::size_t, std::size_t> last_progress_{};
};

}  // namespace

void call_all(stage& on, std::size_t caller) {
    std::uint32_t number = 0;
    for (step const& each : on.what().callers[caller]) {
        on.counts().step_under_way[caller] = ++number;
        ++on.counts().calls;
        on.counts().tasks += each.tasks;
        try {
            if (each.call == call_kind::destroy) {
                on.end(each.executor);
            } else {
                performance(on, each).run();
            }
        } catch (std::exception const& thrown) {
            on.checks().found().add(fmt::format("'{}' threw: {}", describe(each, on.what()), thrown.what()));
        }
    }
    on.counts().step_under_way[caller] = 0;
}

}  // namespace quartet::stress
