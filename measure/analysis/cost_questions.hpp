// measure/analysis/cost_questions.hpp
//
// Synthetic work under several models, measured side by side in one session: what differs in the figures of
// two is what they differ in. For one thread; forks.
#pragma once

#include "measure/trial/session.hpp"

#include <quartet/spec.hpp>
#include <quartet/workload/parameter.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace quartet::measure {

/// In medians of the rounds.
struct cost_figures {
    double seconds;
    double cpu_seconds;
    double memory_bytes;
    std::vector<node_figures> nodes{};  ///< of a cluster
};

class cost_questions {
public:
    /// Synthetic work under a model; the values that are not given are zero.
    void ask(std::string const& name, model_spec const& model, parameter_values const& values);

    /// Throws `interrupted`, std::system_error.
    void measure(session_options const& options, session_observer& observer);

    /// Throws std::runtime_error if it could not be measured.
    cost_figures answer(std::string const& name) const;

    /// Of the processors, what other programs and machines took meanwhile.
    double disturbed_share() const { return disturbed_share_; }

private:
    double disturbed_share_ = 0;
    std::map<std::string, std::size_t, std::less<>> index_of_;
    std::vector<configuration> asked_;
    std::vector<measurement> found_;
};

/// Noise may make a difference negative.
inline double at_least_nothing(double value) {
    return std::max(0.0, value);
}

}  // namespace quartet::measure
