// include/quartet/model.hpp
//
// A way to run the bodies of a job. One class and one header per model, in models/.
#pragma once

#include <quartet/job.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>

namespace quartet {

/// A line that a body logged.
struct log_record {
    std::chrono::system_clock::time_point time;
    std::string worker;
    std::string line;
};

/// Called for every logged line. Under `threads` from several threads at the same time; under `processes`
/// in the parent, from the thread that called map. Must not throw.
using log_handler = std::function<void(log_record const&)>;

/// What a model can do about a body that does not end by itself.
struct model_traits {
    bool can_kill;        ///< a running body can be ended from outside
    bool shares_memory;   ///< bodies see the caller's variables
    bool survives_crash;  ///< a body that crashes costs only its own task
};

class model {
public:
    model(model const&) = delete;
    model& operator=(model const&) = delete;
    virtual ~model() = default;

    /// Runs every body of `work` to an outcome; returns when all have one. A stop requested through `stop`
    /// cancels what has not ended. One run at a time.
    ///
    /// Throws std::system_error or std::bad_alloc if the system refuses what the model needs to begin.
    virtual void run(job& work, std::stop_token stop) = 0;

    /// The spec with all numbers filled in: "threads:2".
    virtual std::string spec() const = 0;

    virtual model_traits traits() const noexcept = 0;

protected:
    model() = default;
};

}  // namespace quartet
