// src/models/initializing.hpp
//
// How workers run executor_options::initialize, the user's function that comes before a worker's first body.
// An exception that it throws never leaves the worker: it becomes a text, which fails the making of a pool,
// or the tasks of a worker that was started later.
#pragma once

#include <quartet/detail/base/own_process.hpp>
#include <quartet/detail/call/describe_failure.hpp>
#include <quartet/outcome.hpp>

#include <fmt/format.h>

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace quartet::inline v0::detail {

/// Runs `initialize`, if there is one. Returns a sentence about the exception, or nothing if none was thrown.
/// If the function forks and the child returns from it, the child ends here.
inline std::optional<std::string> run_initialize(std::function<void()> const& initialize,
                                                 std::string_view worker) {
    if (!initialize) return std::nullopt;
    try {
        same_process const here;
        initialize();
        return std::nullopt;
    } catch (...) {
        return fmt::format("quartet: executor_options::initialize threw in {}: {}", worker,
                           describe_current_exception(0, {}).message);
    }
}

/// The failure of a task whose worker could not be initialized.
inline failure not_initialized(std::size_t index, std::string const& why, std::string worker) {
    return {.index = index,
            .message = why,
            .worker = std::move(worker),
            .exception = std::make_exception_ptr(std::runtime_error(why))};
}

/// Where the maker of a pool waits until its threads have been initialized.
class initialization {
public:
    explicit initialization(std::function<void()> const& initialize) : initialize_(initialize) {}

    /// For a worker's thread. False if the function threw; then the worker can't run bodies.
    bool run(std::string_view worker) {
        auto refused = run_initialize(initialize_, worker);
        bool const done = !refused;
        std::lock_guard const lock(mutex_);
        ++ended_;
        if (refused && !refused_) refused_ = std::move(refused);
        changed_.notify_all();
        return done;
    }

    /// Waits until all `workers` have run the function, if there is one. Throws std::runtime_error if it
    /// threw in one of them.
    void wait_for(std::size_t workers) {
        if (!initialize_) return;
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return refused_ || ended_ == workers; });
        if (refused_) throw std::runtime_error(*refused_);
    }

private:
    std::function<void()> const& initialize_;
    std::mutex mutex_;  // guards what follows
    std::condition_variable changed_;
    std::size_t ended_ = 0;
    std::optional<std::string> refused_;
};

}  // namespace quartet::inline v0::detail
