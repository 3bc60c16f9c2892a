// include/quartet/models/async.hpp
//
// Runs bodies on one event loop, on the thread that calls run(), with at most N of them in flight. The
// async context: while one body waits, others run.
//
// All bodies share one thread: a body that computes for long holds up the others, unless it does so by
// co_await ctx.offload(). Plain functions never wait, so they run one after another.
#pragma once

#include <quartet/model.hpp>

#include <cstddef>
#include <limits>
#include <memory>

namespace quartet {

/// What file operations run on.
enum class file_backend {
    automatic,  ///< io_uring where the kernel lets us, threads otherwise
    io_uring,
    threads,
};

struct async_options {
    /// Bodies in flight at the most; above 0.
    std::size_t limit = 1000;
    file_backend files = file_backend::automatic;
    log_handler log{};

    static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();
};

class async final : public model {
public:
    /// Throws std::system_error if the system refuses a loop, or io_uring where it is asked for, and
    /// std::invalid_argument for a limit of 0.
    explicit async(async_options options = {});
    ~async() override;

    void run(job& work, std::stop_token stop) override;
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

}  // namespace quartet
