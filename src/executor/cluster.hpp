// src/executor/cluster.hpp
//
// Executors on a cluster: what this process is in one, and the models of its nodes.
#pragma once

#include <quartet/cluster.hpp>
#include <quartet/executor.hpp>
#include <quartet/spec.hpp>

#include <memory>

namespace quartet::inline v0::detail {

/// A model of this machine, or of a cluster, as make_executor() has it. Throws what that throws.
std::unique_ptr<model> make_model(model_spec const& spec, executor_options options);

/// The model of a spec with "cluster". Throws std::runtime_error, in one sentence, if there is no cluster, or
/// not the one that is asked for; std::invalid_argument for options that mean nothing to it.
std::unique_ptr<model> make_cluster(model_spec const& spec, executor_options options);

/// What cluster_main() does.
void join_cluster(cluster_options const& options);

}  // namespace quartet::inline v0::detail
