// src/models/take_back.hpp
//
// Tasks of a batch that nobody has begun, taken back by who gave them: others have nothing to do. They end
// without an outcome.
#pragma once

#include <quartet/backend/job.hpp>
#include <quartet/detail/call/remote.hpp>

#include <cstddef>
#include <functional>
#include <span>

namespace quartet::inline v0::detail {

/// A job_driver may be one, of a model that keeps batches out of the job's sight.
class takes_back {
public:
    virtual ~takes_back() = default;

    /// Takes back up to `most` of the last tasks of `work` that nobody has begun, and calls each(index) for
    /// them. How many.
    virtual std::size_t take_back(job& work, std::size_t most,
                                  std::function<void(std::size_t index)> const& each) = 0;
};

/// Ends up to `most` of the last tasks that nobody has begun, and calls each(index) for them. How many.
std::size_t take_back_waiting(std::span<task_word> tasks, std::size_t most, auto&& each) {
    std::size_t taken = 0;
    for (std::size_t index = tasks.size(); index > 0 && taken < most; --index) {
        if (!tasks[index - 1].end_waiting()) continue;
        each(index - 1);
        ++taken;
    }
    return taken;
}

}  // namespace quartet::inline v0::detail
