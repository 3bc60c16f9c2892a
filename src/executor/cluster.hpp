// src/executor/cluster.hpp
//
// Executors on a cluster: what this process is in one, and the models of its nodes.
#pragma once

#include <quartet/cluster.hpp>
#include <quartet/executor.hpp>
#include <quartet/spec.hpp>

#include <memory>
#include <optional>
#include <string>

namespace quartet::inline v0::detail {

class hub;
class link;

/// A model of this machine, or of a cluster, as make_executor() has it. Throws what that throws.
std::unique_ptr<model> make_model(model_spec const& spec, executor_options options);

/// The model of a spec with "cluster". Throws std::runtime_error, in one sentence, if there is no cluster, or
/// not the one that is asked for; std::invalid_argument for options that mean nothing to it.
std::unique_ptr<model> make_cluster(model_spec const& spec, executor_options options);

/// The cluster whose root this process is.
struct cluster_standing {
    std::shared_ptr<hub> through{};  ///< null if there is none
    link const* line = nullptr;      ///< likewise
    std::string refused{};           ///< then: why, in a sentence
};

/// Nothing if no launcher has started this process. Greets the other nodes, if no executor has yet.
std::optional<cluster_standing> own_cluster();

/// What cluster_main() does.
void join_cluster(cluster_options const& options);

}  // namespace quartet::inline v0::detail
