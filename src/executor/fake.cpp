// src/executor/fake.cpp
//
// An event loop whose clock only moves when nothing else can happen. What can be done at once (files,
// offloaded functions) is done when it is asked for, and its body goes on in turn, behind those that were
// ready before it: so bodies interleave as they do on a real loop.
//
// Of channels and locks it knows what its own bodies do. When all wait for each other, and no time can pass,
// nothing will ever happen: then these waits fail.

#include "src/io/context/logging.hpp"
#include "src/io/loop/timer_queue.hpp"
#include "src/models/job_queue.hpp"
#include "src/models/running_bodies.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/detail/base/deadline.hpp>
#include <quartet/fake.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::inline v0 {

using time_point = detail::timer_queue::time_point;

class fake::fake_context final : public context {
public:
    fake_context(fake_world& world, log_handler const& log_to, fake_loop& events, detail::stop_state& stop)
        : context({.name = "fake-0", .number = 0, .process_id = getpid()}, stop.word()),
          world_(world),
          log_to_(log_to),
          loop_(events),
          stop_(stop) {
        suspends_bodies();
    }

private:
    bool start(operation& begun) override;
    void cancel(operation& ended) noexcept override { ended.cancel_pretended(loop_); }
    fake_loop* fake() noexcept override { return &loop_; }
    void warn(std::string_view line) override { do_log(line); }
    time_point now() const noexcept override { return time_point(world_.now()); }
    void do_log(std::string_view line) override;
    std::stop_token do_stop_token() override { return stop_.token(); }

    fake_world& world_;
    log_handler const& log_to_;
    fake_loop& loop_;
    detail::stop_state& stop_;
};

class fake::simulation final : public fake_loop, public job_driver {
public:
    simulation(fake_world& world, std::chrono::nanoseconds& now, fake_options options)
        : world_(world),
          now_(now),
          options_(std::move(options)),
          bodies_([this](auto& ctx, job& work) { ctx.emplace(world_, options_.log_to, *this, work.stop()); },
                  [](job& work, std::size_t tasks) {
                      if (work.count_off(tasks)) work.finish();
                  }) {}

    std::size_t limit() const noexcept { return options_.limit; }

    // ---- For callers

    void stopped(job&) noexcept override { hear_of_stop(); }
    bool can_wait() const noexcept override { return !runs_; }
    void help(job& work) override {
        run_until([&work] { return work.ended(); });
    }
    void begin_in_place(job& work) override {
        if (work.hook.queued) in_place_.push_back(queue_.take(work, 1));
    }
    time_point now() const noexcept override { return time_point(now_); }

    // ---- For operations

    fake_world& world() noexcept override { return world_; }

    void complete_soon(operation& done) override { ready_.push_back(&done); }

    void complete_after(timed_operation& waiting, std::chrono::nanoseconds time) override {
        waiting_.add(waiting, detail::deadline_after(time_point(now_), time));
    }

    void cancel_wait(timed_operation& waiting) noexcept override {
        if (!waiting_.remove(waiting)) return;
        waiting.error = std::make_exception_ptr(cancelled());
        ready_.push_back(&waiting);
    }

    // ---- For the model

    void push(job& work) { queue_.push(work); }

    /// Any thread.
    void hear_of_stop() noexcept { stops_.store(true); }

    void stop_all() noexcept {
        for (job* each = queue_.front(); each; each = each->hook.after)
            each->stop().request();
        bodies_.for_each_job([](job& each) { each.stop().request(); });
        hear_of_stop();
    }

    void run_until(std::invocable auto&& over) {
        runs_ = true;
        while (!over()) {
            begin_tasks();
            cancel_stopped();
            if (bodies_.in_flight() > 0 && !can_begin()) run_some();
            bodies_.collect_outcomes();
        }
        runs_ = false;
    }
    bool empty() const noexcept { return queue_.empty() && in_place_.empty() && bodies_.in_flight() == 0; }

private:
    void begin_tasks() {
        for (detail::claim const& each : std::exchange(in_place_, {}))
            bodies_.begin(each);
        while (has_room_for_next())
            bodies_.begin(queue_.take(*queue_.front(), 1));
    }

    bool has_room_for_next() const noexcept {
        return !queue_.empty() && bodies_.in_flight() - places_lent < options_.limit;
    }
    bool can_begin() const noexcept { return !in_place_.empty() || has_room_for_next(); }

    void cancel_stopped() {
        if (!stops_.exchange(false)) return;
        bodies_.for_each_job([this](job& each) { bodies_.cancel(&each); });
    }

    void run_some() {
        if (advance_services() || (ready_.empty() && let_clock_stand())) return;
        if (ready_.empty() && waiting_.empty()) {
            end_waits();
        } else if (ready_.empty()) {
            now_ = waiting_.earliest().time_since_epoch();
            while (!waiting_.empty() && waiting_.earliest() <= time_point(now_))
                ready_.push_back(&waiting_.pop());
        }
        auto const now_ready = std::exchange(ready_, {});
        for (operation* each : now_ready)
            each->complete();
    }

    bool advance_services() {
        bool progress = false;
        services.for_each([&](fake_service& each) {
            bool const idle = !progress && ready_.empty();
            bool const waits = each.waits_for_outside();
            if (!each.advance(idle)) return;
            progress = true;
            if (waits) stands_since_.reset();
        });
        return progress;
    }

    /// Gives what goes on outside some time. False if nobody waits for that, or it has had enough; until
    /// something comes from there.
    bool let_clock_stand() {
        using namespace std::chrono_literals;
        bool is_waited_for = false;
        services.for_each([&](fake_service const& each) { is_waited_for |= each.waits_for_outside(); });
        if (!is_waited_for) return false;
        auto const now = std::chrono::steady_clock::now();
        if (!stands_since_) stands_since_ = now;
        auto const stood = now - *stands_since_;
        if (stood >= 1s) return false;
        std::this_thread::sleep_for(std::clamp<std::chrono::nanoseconds>(stood / 8, 20us, 1ms));
        return true;
    }

    void end_waits() {
        auto const why = std::make_exception_ptr(std::logic_error(
            "quartet: under the fake model all bodies wait for each other, and nothing else can happen"));
        services.for_each([&why](fake_service& each) { each.end_all(why); });
        if (!ready_.empty()) return;
        std::fputs("quartet: under the fake model an operation is under way that nothing will ever end\n",
                   stderr);
        std::abort();
    }

    fake_world& world_;
    std::chrono::nanoseconds& now_;
    fake_options options_;
    detail::job_queue queue_;
    std::vector<detail::claim> in_place_;  // of bodies that have lent theirs
    detail::running_bodies<fake_context> bodies_;
    detail::timer_queue waiting_;
    std::vector<operation*> ready_;
    std::optional<std::chrono::steady_clock::time_point> stands_since_;
    std::atomic<bool> stops_ = false;
    bool runs_ = false;
};

bool fake::fake_context::start(operation& begun) {
    if (stop_requested() && begun.ends_with_body()) {
        begun.error = std::make_exception_ptr(cancelled());
        return true;
    }
    return begun.pretend(loop_);
}

void fake::fake_context::do_log(std::string_view line) {
    auto const since_epoch = std::chrono::duration_cast<std::chrono::system_clock::duration>(world_.now());
    log_record record{std::chrono::system_clock::time_point(since_epoch), where().name, std::string(line)};
    if (log_to_) detail::hand_over(log_to_, record);
    world_.log.push_back(std::move(record));
}

fake::fake(fake_world& world, fake_options options) {
    if (options.limit == 0) throw std::invalid_argument("quartet: the model 'fake' needs a limit above 0");
    simulation_ = std::make_unique<simulation>(world, world.now_, std::move(options));
}

fake::~fake() {
    stop();
    join();
}

void fake::start(job& work) {
    simulation_->push(work);
}
job_driver& fake::driver() noexcept {
    return *simulation_;
}
void fake::stop() noexcept {
    simulation_->stop_all();
}
void fake::join() noexcept {
    simulation_->run_until([this] { return simulation_->empty(); });
}
std::size_t fake::concurrency() const noexcept {
    return simulation_->limit();
}

}  // namespace quartet::inline v0
