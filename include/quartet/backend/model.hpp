// include/quartet/backend/model.hpp
//
// A way to run the bodies of jobs. One class and one header per model, in models/.
#pragma once

#include <quartet/backend/job.hpp>
#include <quartet/backend/job_driver.hpp>
#include <quartet/log.hpp>

#include <cstddef>
#include <string>

namespace quartet::inline v0 {

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

    /// Begins to run every body of `work` to an outcome, counts them off, and calls its finish(). May do all
    /// of it before it returns. `work` is kept until it has finished, and is not empty.
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

    /// Whether a job has finished when start() returns: its bodies run on the thread that calls it.
    virtual bool runs_in_start() const noexcept { return false; }

    /// Tasks leave their records there from now on. Before the first job; kept by the caller, and made before
    /// the model.
    void record_in(task_recorder* recorder) noexcept { recorder_ = recorder; }
    task_recorder* recorder() const noexcept { return recorder_; }

    /// Where its jobs' callers turn to while these have not finished.
    virtual job_driver& driver() noexcept { return driver_; }

protected:
    model() = default;

private:
    task_recorder* recorder_ = nullptr;
    job_driver driver_;
};

}  // namespace quartet::inline v0
