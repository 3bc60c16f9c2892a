// include/quartet/backend/threads.hpp
//
// The models "threads:N" and "threads:each": run bodies on N threads of a pool that this object owns, or each
// on a thread of its own. Bodies get the blocking context.
//
// A body stays on the thread that took it. Threads take bodies in chunks whose size follows how long the
// bodies take (src/models/chunk_sizer.hpp), so short bodies cost little and long ones are spread evenly.
// A thread can't be killed: a body that ignores a stop is waited for. A body that waits for a job of its own
// pool runs what is left of that job itself, so a pool can't wait for itself for ever.
#pragma once

#include <quartet/backend/model.hpp>

#include <cstddef>
#include <functional>
#include <memory>

namespace quartet::inline v0 {

struct threads_options {
    std::size_t count = 1;  ///< above 0
    log_handler log{};
    std::function<void()> initialize{};  ///< run by each thread before its first body
    std::string name = "threads";        ///< of the threads, before their number
};

class threads final : public model {
public:
    /// Throws std::system_error if the system refuses a thread; then none is left. Throws
    /// std::invalid_argument if `count` is 0.
    explicit threads(threads_options options);

    /// Stops what has not ended, and waits for the threads to end.
    ~threads() override;

    void start(job& work) override;
    void stop() noexcept override;
    void join() noexcept override;
    job_driver& driver() noexcept override;
    std::size_t concurrency() const noexcept override;
    std::string spec() const override;
    model_traits traits() const noexcept override {
        return {.can_kill = false, .shares_memory = true, .survives_crash = false};
    }

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// One new thread per body, all at the same time, as in the threads of the Python study. When the system
/// refuses a further thread, the rest wait until running ones end; if none runs, start() throws.
class thread_per_task final : public model {
public:
    /// `count` means nothing here.
    explicit thread_per_task(threads_options options = {});
    ~thread_per_task() override;

    void start(job& work) override;
    void stop() noexcept override;
    void join() noexcept override;
    job_driver& driver() noexcept override;
    std::size_t concurrency() const noexcept override;
    std::string spec() const override { return "threads:each"; }
    model_traits traits() const noexcept override {
        return {.can_kill = false, .shares_memory = true, .survives_crash = false};
    }

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace quartet::inline v0
