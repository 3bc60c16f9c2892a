// include/quartet/backend/processes.hpp
//
// The models "processes:N" and "processes:each": run bodies in N worker processes, or each in a process of
// its own, so that a body that crashes takes only its own task along. Bodies get the blocking context.
//
// The constructor forks: construct the executor before the code that bodies use changes state they should
// not see, and after all shared libraries with bodies are loaded. Inputs and results cross by codec<T>
// through shared memory; a body sees copies of the parent's variables as they were at the fork. A worker
// that dies is replaced; its running task is a failed outcome that names the signal or exit code, and the
// other tasks it held run elsewhere. Descriptors that were open at the fork stay open in the workers.
//
// A stop asks a body first. A worker whose body still runs 250 ms later gets a SIGTERM, and after 250 ms
// more a SIGKILL; the same happens to a body that goes on after its time limit.
//
// With an event loop in each worker ("processes:N+async:M") bodies run in the async context. Loops take tasks
// from one queue, a few at a time, so none idles while another has a backlog. A worker that dies fails all
// tasks that it had in flight; one that has to be ended for a stop takes the others along.
//
// If this process ends in any way, so do the workers. Terminal interrupts (SIGINT) are for the parent: the
// workers ignore them.
#pragma once

#include <quartet/backend/async.hpp>
#include <quartet/backend/model.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

namespace quartet::inline v0 {

namespace detail {
class process_host;
}

struct processes_options {
    std::size_t count = 1;  ///< above 0
    log_handler log{};
    std::function<void()> initialize{};  ///< run by each worker before its first body
    std::string name = "processes";      ///< of the workers, before their number
    std::size_t recycle_after = 0;       ///< tasks after which a worker is replaced by a fresh one; 0: never

    /// Bodies that each worker has in flight on an event loop of its own ("processes:N+async:M"); 0: there is
    /// none, and a worker runs one body after another.
    std::size_t in_flight = 0;
    file_backend files = file_backend::automatic;                          ///< of these loops
    std::size_t offload_threads = 0;                                       ///< beside each of them
    std::chrono::nanoseconds stall_limit = std::chrono::milliseconds(25);  ///< as async_options::stall_limit
};

class processes final : public model {
public:
    /// Starts the workers. Throws std::system_error if the system refuses; then none is left. Throws
    /// std::invalid_argument if `count` is 0.
    explicit processes(processes_options options);

    /// One worker per body: start() forks one for each task, all at the same time as far as the system lets.
    /// `count` and `recycle_after` mean nothing then.
    struct one_per_task {};
    processes(one_per_task, processes_options options = {});

    /// Stops what has not ended; ends the workers and waits until they are gone.
    ~processes() override;

    void start(job& work) override;
    void stop() noexcept override;
    void join() noexcept override;
    job_driver& driver() noexcept override;
    std::size_t concurrency() const noexcept override;
    std::string spec() const override;
    model_traits traits() const noexcept override {
        return {.can_kill = true, .shares_memory = false, .survives_crash = true};
    }

private:
    std::unique_ptr<detail::process_host> host_;
};

}  // namespace quartet::inline v0
