// include/quartet/models/threads.hpp
//
// Runs bodies on N threads of a pool that this object owns, or each on a thread of its own. The blocking
// context.
//
// A body stays on the thread that took it. Threads take bodies in chunks whose size follows how long the
// bodies take (src/models/chunk_sizer.hpp), so short bodies cost little and long ones are spread evenly.
// A thread can't be killed: a body that ignores a stop is waited for.
#pragma once

#include <quartet/model.hpp>

#include <cstddef>
#include <memory>

namespace quartet {

class threads final : public model {
public:
    /// Starts `count` threads. Throws std::system_error if the system refuses one; then none is left. Throws
    /// std::invalid_argument for none.
    explicit threads(std::size_t count, log_handler log = {});

    /// Waits for the threads to end.
    ~threads() override;

    void run(job& work, std::stop_token stop) override;
    std::string spec() const override;
    model_traits traits() const noexcept override {
        return {.can_kill = false, .shares_memory = true, .survives_crash = false};
    }

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// One new thread per body, all at the same time, as the seed's thread scripts have it. When the system
/// refuses a further thread, the rest wait until running ones end; if none runs, run() throws.
class thread_per_task final : public model {
public:
    explicit thread_per_task(log_handler log = {});
    ~thread_per_task() override;

    void run(job& work, std::stop_token stop) override;
    std::string spec() const override { return "threads:each"; }
    model_traits traits() const noexcept override {
        return {.can_kill = false, .shares_memory = true, .survives_crash = false};
    }

private:
    log_handler log_;
    std::size_t cpu_share_;  // of all its threads together
};

}  // namespace quartet
