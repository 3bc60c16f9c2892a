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
    player(executor_plan const& how, promises& checks);
    /// Ends the executor, and takes the outcomes of calls that outlive it.
    void end();

    executor& runs() noexcept { return *executor_; }
    channel<std::uint32_t>& values() noexcept { return values_; }
    bool is_shared() const noexcept { return how_.shared; }

    /// A call whose future was dropped.
    void dropped(order const& what, rules const& by);

    /// A call whose future is kept until the executor is gone.
    template <class R>
    void outlives(future<R>&& of, order const& what, rules const& by) {
        auto kept = std::make_shared<future<R>>(std::move(of));
        std::lock_guard const lock(mutex_);
        outliving_.push_back([this, kept, what, by](bool joined) {
            auto ended = by;
            ended.may_be_cancelled |= !joined || how_.stops;
            checks_.check(what, kept->take(), 0, ended);
        });
    }

private:
    executor_options options();

    executor_plan const& how_;
    promises& checks_;
    channel<std::uint32_t> values_;
    std::unique_ptr<task_recorder> records_;
    std::atomic<std::size_t> lines_ = 0;
    std::unique_ptr<executor> executor_;
    std::mutex mutex_;
    std::vector<std::pair<order, rules>> dropped_;
    std::vector<std::function<void(bool joined)>> outliving_;
};

class stage {
public:
    /// Makes the shared executors.
    stage(plan const& what, board& counts, std::string const& folder, breakage broken, fault_list& found);

    /// Ends those that are left.
    void end_all();

    /// Made when it is first asked for; one that is not shared by its only caller.
    player& executor_at(std::size_t number);
    void end(std::size_t number);

    plan const& what() const noexcept { return plan_; }
    board& counts() noexcept { return counts_; }
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
};

}  // namespace quartet::stress
