// tests/stress/stage.hpp
//
// The executors of an episode, and what they owe when they are gone.
#pragma once

#include "tests/stress/board.hpp"
#include "tests/stress/bodies.hpp"
#include "tests/stress/plan.hpp"
#include "tests/stress/promises.hpp"

#include <quartet/quartet.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace quartet::stress {

/// One executor with all that bodies use of it.
class player {
public:
    player(plan const& what, std::size_t number, board& counts, promises& checks, breakage broken);
    /// Ends the executor, and takes the outcomes of calls that outlive it.
    void end();

    executor& runs() noexcept { return *executor_; }
    channel<std::uint32_t>& values() noexcept { return values_; }

    /// Stops all its calls.
    void stop();
    stop_counts const& stops() const noexcept { return stops_; }
    /// The rules for a call that was made when so many stops had returned.
    rules now(rules by, std::uint64_t stops_over) const noexcept {
        by.may_be_cancelled |= stops_.may_have_met(stops_over);
        return by;
    }

    /// A call whose future was dropped.
    void dropped(order const& what, rules const& by, std::uint64_t stops_over);

    /// A call whose future is kept until the executor is gone.
    template <class R>
    void outlives(future<R>&& of, order const& what, rules const& by, std::uint64_t stops_over) {
        auto kept = std::make_shared<future<R>>(std::move(of));
        std::lock_guard const lock(mutex_);
        outliving_.push_back([=, this] { checks_.check(what, kept->take(), 0, now(by, stops_over)); });
    }

private:
    struct dropped_call {
        order what;
        rules by;
        std::uint64_t stops_over;
    };

    executor_options options();
    std::function<void()> initialize();
    void begin_in_vain();

    executor_plan const& how_;
    breakage broken_;
    std::atomic<std::uint32_t>& initialized_;
    stop_counts stops_;
    promises& checks_;
    channel<std::uint32_t> values_;
    std::unique_ptr<task_recorder> records_;
    std::atomic<std::size_t> lines_ = 0;
    std::unique_ptr<executor> executor_;
    std::mutex mutex_;
    std::vector<dropped_call> dropped_;
    std::vector<std::function<void()>> outliving_;
};

class stage {
public:
    /// Makes the shared executors.
    stage(plan const& what, board& counts, std::string const& folder, breakage broken, fault_list& found);

    /// Ends those that are left, and then the companions.
    void end_all();

    /// A child that does nothing.
    void fork_companion();

    /// Made when it is first asked for; one that is not shared by its only caller.
    player& executor_at(std::size_t number);
    void end(std::size_t number);

    plan const& what() const noexcept { return plan_; }
    board& counts() noexcept { return counts_; }
    breakage broken() const noexcept { return broken_; }
    promises& checks() noexcept { return checks_; }
    tools tools_for(step const& of);
    std::string file_of(step const& of) const;

private:
    plan const& plan_;
    board& counts_;
    std::string const& folder_;
    breakage broken_;
    promises checks_;
    std::unique_ptr<executor> elder_;
    std::vector<std::unique_ptr<player>> players_;
    std::mutex mutex_;
    std::vector<pid_t> companions_;
};

}  // namespace quartet::stress
