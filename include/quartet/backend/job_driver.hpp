// include/quartet/backend/job_driver.hpp
//
// What the callers of a job have to tell or to ask the model that runs it, as long as it has not finished. A
// model has one for all its jobs; where bodies have run by the time that start() returns, this one will do.
#pragma once

#include <quartet/detail/base/events.hpp>

#include <chrono>
#include <cstddef>

namespace quartet::inline v0 {

class job;

namespace detail {
class early_values;
}

/// Any thread.
class job_driver {
public:
    using time_point = std::chrono::steady_clock::time_point;

    job_driver() = default;
    job_driver(job_driver const&) = delete;
    job_driver& operator=(job_driver const&) = delete;
    virtual ~job_driver() = default;

    /// The stop of `work` was requested. Once a job; also before it has come to start(), and within.
    virtual void stopped(job& work) noexcept;

    /// Whether this thread can wait for jobs: not that of an event loop, which has to run them.
    virtual bool can_wait() const noexcept { return true; }

    /// Throws std::logic_error if this thread can't wait.
    void check_wait() const;

    /// This thread, which can wait, is about to wait for `work`.
    virtual void help(job& work);

    /// A body on this thread, that of an event loop, waits for `work` and has lent its place: a task of
    /// `work` may have it.
    virtual void begin_in_place(job& work);

    /// About how many tasks of `work` have no outcome yet.
    virtual std::size_t tasks_left(job const& work) const noexcept;

    /// The clock of the bodies.
    virtual time_point now() const noexcept { return std::chrono::steady_clock::now(); }

    // ---- Of models whose jobs end in other processes

    /// `work` has ended there: takes its outcomes, and calls its finish().
    virtual void collect(job& work) noexcept;

    /// `work` may have values there that it has not had: gives them to `to`. For the thread that waits for
    /// it.
    virtual void give_early(job& work, detail::early_values& to) noexcept;

    /// `work` is to finish although nobody waits for it.
    virtual void watch(job& work) noexcept;

    /// Told whenever a job has ended, wherever that is.
    virtual detail::eventcount& ends() noexcept { return ends_; }

private:
    detail::eventcount ends_;
};

}  // namespace quartet::inline v0
