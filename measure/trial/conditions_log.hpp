// measure/trial/conditions_log.hpp
//
// What a run meets with, from its first trial to its last. For one thread.
#pragma once

#include "measure/probes/noise.hpp"
#include "measure/results/results.hpp"

#include <string>

namespace quartet::measure {

class conditions_log {
public:
    /// The run begins.
    conditions_log();

    /// What went on during a trial.
    void add(noise const& met) { met_ += met; }

    /// What others know of the run; the log adds its own to it.
    measure::conditions& conditions() noexcept { return known_; }

    /// As they are now.
    measure::conditions until_now() const;

private:
    struct power_state {
        std::string governor;
        std::string clock;
        bool operator==(power_state const&) const = default;
    };
    static power_state power_now();

    void add_warnings(measure::conditions& into) const;

    measure::conditions known_;
    power_state power_;
    noise met_;
};

}  // namespace quartet::measure
