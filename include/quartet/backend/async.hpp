// include/quartet/backend/async.hpp
//
// The models "async:M" and "threads:N+async:M": run bodies on one event loop, or on N, each on a thread that
// this object owns. A loop has at most M bodies in flight. Bodies get the async context: while one waits,
// others run.
//
// All bodies of a loop share one thread: a body that computes for long holds up the others, unless it does
// so by co_await ctx.offload(). Plain functions never wait, so they run one after another. Loops take bodies
// from one queue, a few at a time, so none idles while another has a backlog; a body stays on its loop.
#pragma once

#include <quartet/backend/model.hpp>
#include <quartet/file.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>

namespace quartet::inline v0 {

struct async_options {
    /// Bodies in flight on each loop at the most; above 0.
    std::size_t limit = 1000;
    std::size_t loops = 1;  ///< above 0
    bool composed = false;  ///< the spec is "threads:N+async:M"
    std::string name{};     ///< of the loops' threads, before their number; empty: the spec's first word
    file_backend files = file_backend::automatic;
    std::size_t offload_threads = 0;  ///< as executor_options::offload_threads
    log_handler log{};
    std::function<void()> initialize{};  ///< run by each loop's thread before its first body

    /// A body that holds a loop for longer is named once: in the log, or on standard error if there is no log
    /// handler. 0: loops are not watched.
    std::chrono::nanoseconds stall_limit = std::chrono::milliseconds(25);

    static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();
};

class async final : public model {
public:
    /// Throws std::system_error if the system refuses a loop or a thread, or io_uring where it is asked for,
    /// and std::invalid_argument for a limit of 0, or no loop.
    explicit async(async_options options = {});

    /// Stops what has not ended, and waits for the loops to end.
    ~async() override;

    void start(job& work) override;
    void stop() noexcept override;
    void join() noexcept override;
    job_driver& driver() noexcept override;
    std::size_t concurrency() const noexcept override;
    std::string spec() const override;
    model_traits traits() const noexcept override {
        return {.can_kill = false, .shares_memory = true, .survives_crash = false};
    }

    /// What file operations run on: "io_uring", or "threads" with the reason.
    std::string file_backend_name() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace quartet::inline v0
