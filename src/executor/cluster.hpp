// src/executor/cluster.hpp
//
// Executors on a cluster: what this process is in one, and the models of its nodes.
#pragma once

#include "src/models/cluster/node_meter.hpp"

#include <quartet/cluster.hpp>
#include <quartet/executor.hpp>
#include <quartet/spec.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

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

/// Whether a launcher has started this program on several machines, and this is the root: it has a way to
/// them. Its children have it too, one at a time.
bool has_cluster() noexcept;

/// Why it has none although a launcher has started it as one of several; empty if none has.
std::string why_no_cluster();

/// The processor time that has been used for talking MPI on this machine, and by which process; zero and -1
/// if there is none. Any thread.
std::chrono::nanoseconds mpi_processor_time() noexcept;
pid_t mpi_process() noexcept;

/// How nodes measure what they use; before cluster_main(), which does not return on them.
void set_node_meter(meter_maker make);

/// From now on the end of an executor on a cluster asks its nodes what they have used, and waits for that.
void measure_nodes();

/// What they have told since the last time. Any thread.
std::vector<pool_node> take_measured_nodes();

/// What cluster_main() does.
void join_cluster(cluster_options const& options);

}  // namespace quartet::inline v0::detail
