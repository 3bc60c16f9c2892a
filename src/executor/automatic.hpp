// src/executor/automatic.hpp
//
// Takes the model that suits: make_executor("auto").
//
// The first tasks run on as many threads as there are processors, and what they compute and wait is measured
// (docs/advice.md). After a millisecond's worth of them, or 10 ms of waiting, a thread of this object takes
// advice, and all other tasks run under the advised model: `threads`, `async` or `threads+async`. Bodies that
// are plain functions hold a loop while they wait, so theirs run on threads. Never processes, whose bodies
// would not see the caller's memory, nor `single`, since the threads are there already.
#pragma once

#include <quartet/backend/model.hpp>
#include <quartet/workload/advice.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace quartet::inline v0::detail {

struct automatic_options {
    /// Makes the model of a spec; called when this object is made, and at most once later, on its thread.
    std::function<std::unique_ptr<model>(model_spec const&)> make;
    machine_costs costs;
    log_handler log{};          ///< hears of the choice
    std::string name = "auto";  ///< what workers are called
};

class automatic final : public model {
public:
    /// Throws what `make` and the start of a thread throw.
    explicit automatic(automatic_options options);
    ~automatic() override;

    void start(job& work) override;
    void stop() noexcept override;
    void join() noexcept override;
    job_driver& driver() noexcept override;
    std::size_t concurrency() const noexcept override;
    std::string spec() const override;    ///< "auto" until it has chosen
    std::string reason() const override;  ///< empty until then
    model_traits traits() const noexcept override {
        return {.can_kill = false, .shares_memory = true, .survives_crash = false};
    }

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace quartet::inline v0::detail
