#include "tests/stress/stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <signal.h>
#include <sys/time.h>
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

player::player(executor_plan const& how, promises& checks)
    : how_(how),
      checks_(checks),
      values_(how.channel_capacity, between_processes{}),
      records_(how.records ? std::make_unique<task_recorder>(1000) : nullptr),
      executor_(std::make_unique<executor>(make_executor(how.spec, options()))) {}

executor_options player::options() {
    executor_options made;
    if (habits(how_.spec).loops)
        made.stall_limit = std::chrono::minutes(1);  // a busy machine holds up loops too
    if (how_.logs) made.log = [this](log_record const&) { ++lines_; };
    if (how_.file_threads && habits(how_.spec).loops) made.files = file_backend::threads;
    if (how_.timer_in_workers) made.initialize = tick_in_worker;
    made.recorder = records_.get();
    made.recycle_after = how_.recycle_after;
    return made;
}

void player::dropped(order const& what, rules const& by) {
    std::lock_guard const lock(mutex_);
    dropped_.emplace_back(what, by);
}

void player::end() {
    if (how_.joins_before_end) executor_->join();
    executor_.reset();
    for (auto const& take : outliving_)
        take(how_.joins_before_end);
    for (auto const& [what, by] : dropped_) {
        if (how_.joins_before_end) {
            checks_.check_has_run(what, by);
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
}

player& stage::executor_at(std::size_t number) {
    auto& place = players_[number];
    if (!place) place = std::make_unique<player>(plan_.executors[number], checks_);
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
               .elder = elder_.get(),
               .values = &on.values(),
               .marks = {},
               .first_id = of.first_id,
               .broken = broken_,
               .folder = {}};
    folder_.copy(made.folder, sizeof made.folder - 1);
    return made;
}

std::string stage::file_of(step const& of) const {
    return fmt::format("{}/all-{}", folder_, of.first_id);
}

}  // namespace quartet::stress
