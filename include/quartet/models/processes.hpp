// include/quartet/models/processes.hpp
//
// Runs bodies in N worker processes, or each in a process of its own, so that a body that crashes takes
// only its own task along. The blocking context.
//
// The constructor forks: construct the executor before the code that bodies use changes state they should
// not see, and after all shared libraries with bodies are loaded. Inputs and results cross by codec<T>
// through shared memory; a body sees copies of the parent's variables as they were at the fork. A worker
// that dies is replaced; its running task is a failed outcome that names the signal or exit code, and the
// other tasks it held run elsewhere. A stop kills the workers that still run a body after a grace of
// 250 ms. Descriptors that were open at the fork stay open in the workers.
//
// If this process ends in any way, so do the workers. Terminal interrupts (SIGINT) are for the parent: the
// workers ignore them.
#pragma once

#include <quartet/model.hpp>

#include <cstddef>
#include <memory>

namespace quartet {

class processes final : public model {
public:
    /// Starts `count` workers. Throws std::system_error if the system refuses; then none is left. Throws
    /// std::invalid_argument for none.
    explicit processes(std::size_t count, log_handler log = {});

    /// One worker per body: run() forks one for each task, all at the same time as far as the system lets.
    struct one_per_task {};
    explicit processes(one_per_task, log_handler log = {});

    /// Ends the workers and waits until they are gone.
    ~processes() override;

    void run(job& work, std::stop_token stop) override;
    std::string spec() const override;
    model_traits traits() const noexcept override {
        return {.can_kill = true, .shares_memory = false, .survives_crash = true};
    }

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace quartet
