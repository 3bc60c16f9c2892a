#include "measure/analysis/cost_questions.hpp"

#include "measure/trial/synthetic.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace quartet::measure {

void cost_questions::ask(std::string const& name, model_spec const& model, parameter_values const& values) {
    auto const& what = synthetic_workload();
    auto parameters = default_values(what.parameters, preset::quick);
    for (auto const& [parameter, value] : values)
        parameters[parameter] = value;
    index_of_.emplace(name, asked_.size());
    asked_.push_back({&what, std::move(parameters), model});
}

void cost_questions::measure(session_options const& options, session_observer& observer) {
    auto found = run_session(asked_, options, observer);
    if (found.conditions.stopped_by == "interrupt") throw interrupted();
    disturbed_share_ = found.conditions.other_cpu_share + found.conditions.steal_share;
    found_ = std::move(found.measurements);
}

cost_figures cost_questions::answer(std::string const& name) const {
    auto const& found = found_[index_of_.at(name)];
    if (!is_good(found) || rounds_of(found) == 0)
        throw std::runtime_error(
            fmt::format("what {} costs could not be measured: {}", found.spec,
                        found.verification.empty() ? "its tasks failed" : found.verification));
    return {.seconds = found.wall_seconds.median,
            .cpu_seconds = cpu_seconds_of(found),
            .memory_bytes = static_cast<double>(found.tree_peak_bytes.value_or(0)),
            .nodes = found.nodes};
}

}  // namespace quartet::measure
