#include "tests/stress/stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <signal.h>
#include <stdexcept>
#include <string_view>
#include <sys/time.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace quartet::stress {
namespace {

void tick_in_worker() {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    sigaction(SIGALRM, &action, nullptr);
    itimerval const often{{0, 1000}, {0, 1000}};
    setitimer(ITIMER_REAL, &often, nullptr);
}

}  // namespace

player::player(plan const& what, std::size_t number, board& counts, promises& checks, breakage broken)
    : how_(what.executors[number]),
      broken_(broken),
      initialized_(counts.initialized[number]),
      checks_(checks),
      values_(how_.channel_capacity, between_processes{}),
      records_(how_.records ? std::make_unique<task_recorder>(1000) : nullptr) {
    if (how_.starts == bad_starts::at_first) begin_in_vain();
    executor_ = std::make_unique<executor>(make_executor(how_.spec, options()));
    initialized_ = 1;  // the first workers are there
}

/// None of its workers can begin.
void player::begin_in_vain() {
    executor_options how = options();
    how.recorder = nullptr;
    how.initialize = [broken = broken_] {
        if (broken != breakage::unbroken_start) throw std::runtime_error(std::string(bad_start));
    };
    try {
        auto made = make_executor(how_.spec, std::move(how));
        // With a worker for each task it is the tasks that fail.
        for (auto const& each : made.try_map([](int n) { return n; }, std::array{1, 2, 3})) {
            if (each) return checks_.found().add("a task ran in a worker that can't begin");
            if (!is_bad_start(each.error()))
                checks_.found().add("a worker can't begin, and a task failed otherwise: " +
                                    each.error().message);
        }
    } catch (std::runtime_error const& refused) {
        if (std::string_view(refused.what()).find(bad_start) == std::string_view::npos)
            checks_.found().add(
                fmt::format("no worker can begin, and an executor refused otherwise: {}", refused.what()));
    }
}

std::function<void()> player::initialize() {
    bool const all = how_.starts == bad_starts::all_later;
    if (!may_not_begin(how_.starts)) return how_.timer_in_workers ? tick_in_worker : std::function<void()>();
    return [=, ticks = how_.timer_in_workers, number = &initialized_] {
        if (ticks) tick_in_worker();
        if (*number > 0 && (++*number % 3 == 0 || all)) throw std::runtime_error(std::string(bad_start));
    };
}

void player::stop() {
    stops_.begin();
    if (broken_ == breakage::late_stop) {
        stops_.end();
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        return executor_->stop();
    }
    executor_->stop();
    stops_.end();
}

executor_options player::options() {
    executor_options made;
    if (habits(how_.spec).loops)
        made.stall_limit = std::chrono::minutes(1);  // a busy machine holds up loops too
    if (how_.logs) made.log = [this](log_record const&) { ++lines_; };
    if (how_.file_threads && habits(how_.spec).loops) made.files = file_backend::threads;
    made.initialize = initialize();
    made.recorder = records_.get();
    made.recycle_after = how_.recycle_after;
    return made;
}

void player::dropped(order const& what, rules const& by, std::uint64_t stops_over) {
    std::lock_guard const lock(mutex_);
    dropped_.push_back({what, by, stops_over});
}

void player::end() {
    if (how_.joins_before_end) {
        executor_->join();
    } else {
        stops_.begin();  // its end stops what is there
    }
    executor_.reset();
    for (auto const& take : outliving_)
        take();
    for (auto const& [what, by, stops_over] : dropped_) {
        if (how_.joins_before_end) {
            checks_.check_has_run(what, now(by, stops_over));
        } else {
            checks_.check_counts(what, by);
        }
    }
}

stage::stage(plan const& what, board& counts, std::string const& folder, breakage broken, fault_list& found)
    : plan_(what),
      counts_(counts),
      folder_(folder),
      broken_(broken),
      checks_(counts, found),
      elder_(std::make_unique<executor>(make_executor("threads:1"))),
      players_(what.executors.size()) {
    for (std::size_t n = 0; n < players_.size(); ++n) {
        if (what.executors[n].shared) executor_at(n);
    }
}

void stage::end_all() {
    for (std::size_t n = 0; n < players_.size(); ++n)
        end(n);
    elder_.reset();
    for (pid_t const each : companions_) {
        kill(each, SIGKILL);
        while (waitpid(each, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
}

void stage::fork_companion() {
    pid_t const child = fork();
    if (child == 0)
        for (;;)
            pause();
    if (child < 0) return;  // the system is full
    std::lock_guard const lock(mutex_);
    companions_.push_back(child);
}

player& stage::executor_at(std::size_t number) {
    auto& place = players_[number];
    if (!place) place = std::make_unique<player>(plan_, number, counts_, checks_, broken_);
    return *place;
}

void stage::end(std::size_t number) {
    if (!players_[number]) return;
    players_[number]->end();
    players_[number].reset();
}

tools stage::tools_for(step const& of) {
    player& on = executor_at(of.executor);
    tools made{.counts = &counts_,
               .own = &on.runs(),
               .own_stops = &on.stops(),
               .elder = elder_.get(),
               .values = &on.values(),
               .marks = {},
               .children = plan_.children,
               .workers_may_not_begin = may_not_begin(plan_.executors[of.executor].starts),
               .end_of_waiting_child = {},
               .first_id = of.first_id,
               .broken = broken_,
               .folder = {}};
    // A loop can't go on in a child; what auto takes is its own affair.
    if (auto const& spec = plan_.executors[of.executor].spec; habits(spec).loops && spec != "auto")
        made.end_of_waiting_child = EXIT_FAILURE;
    folder_.copy(made.folder, sizeof made.folder - 1);
    return made;
}

std::string stage::file_of(step const& of) const {
    return fmt::format("{}/all-{}", folder_, of.first_id);
}

}  // namespace quartet::stress
