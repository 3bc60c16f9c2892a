// include/quartet/backend/model.hpp
//
// A way to run the bodies of jobs. One class and one header per model, in models/.
#pragma once

#include <quartet/backend/job.hpp>
#include <quartet/detail/base/events.hpp>
#include <quartet/log.hpp>

#include <chrono>
#include <cstddef>
#include <string>

namespace quartet {

/// What a model can do about a body that does not end by itself.
struct model_traits {
    bool can_kill;        ///< a running body can be ended from outside
    bool shares_memory;   ///< bodies see the caller's variables
    bool survives_crash;  ///< a body that crashes costs only its own task
};

/// All members may be called by any thread, several at the same time.
class model {
public:
    model(model const&) = delete;
    model& operator=(model const&) = delete;

    /// As stop() and join(). A deriving class does both in its own destructor.
    virtual ~model() = default;

    /// Begins to run every body of `work` to an outcome, and calls its ended() for each, or finish(). May
    /// do all of it before it returns. `work` is kept until it has finished, and is not empty.
    ///
    /// Throws std::system_error or std::bad_alloc if the system refuses what the model needs to begin; then
    /// no body of `work` has run.
    virtual void start(job& work) = 0;

    /// Requests the stop of every job that has not finished.
    virtual void stop() noexcept = 0;

    /// Waits until every job has finished.
    virtual void join() noexcept = 0;

    /// The spec with all numbers filled in: "threads:2".
    virtual std::string spec() const = 0;

    /// Why it is this one, in two sentences, if that was chosen for the caller.
    virtual std::string reason() const { return {}; }

    virtual model_traits traits() const noexcept = 0;

    /// How many bodies it has under way at the most.
    virtual std::size_t concurrency() const noexcept = 0;

    /// Whether jobs go on while no thread waits for them.
    virtual bool goes_on_alone() const noexcept { return true; }

    /// Tasks leave their records there from now on. Before the first job; kept by the caller, and made before
    /// the model.
    void record_in(task_recorder* recorder) noexcept { recorder_ = recorder; }
    task_recorder* recorder() const noexcept { return recorder_; }

    /// The clock of its bodies.
    virtual std::chrono::steady_clock::time_point now() const noexcept {
        return std::chrono::steady_clock::now();
    }

    // ---- What jobs tell their model

    /// The stop of `work` was requested. Called once a job, also during start().
    virtual void on_stop(job& work) noexcept = 0;

    /// Throws std::logic_error if this thread can't wait for jobs of this model, since it has to run them.
    virtual void check_wait() const {}

    /// This thread is about to wait for `work`.
    virtual void before_wait(job&) {}

    /// `work` has ended elsewhere: takes its outcomes, and calls its finish().
    virtual void collect_results(job&) noexcept {}

    /// About how many tasks of `work` have no outcome yet.
    virtual std::size_t tasks_left(job const& work) const noexcept { return work.left(); }

    /// Nobody will wait for `work` any more.
    virtual void abandon(job&) noexcept {}

    /// Told whenever a job has finished or has ended elsewhere.
    virtual detail::eventcount& end_event() noexcept { return end_event_; }

protected:
    model() = default;

private:
    task_recorder* recorder_ = nullptr;
    detail::eventcount end_event_;
};

}  // namespace quartet
