// src/models/cluster/cluster_model.hpp
//
// The models "cluster…": bodies run on the nodes of a cluster, under a model of each node. What is the root's
// alone stands in hub.hpp and coordinator.hpp.
#pragma once

#include "src/models/cluster/hub.hpp"
#include "src/models/job_count.hpp"
#include "src/models/open_jobs.hpp"

#include <quartet/backend/model.hpp>
#include <quartet/log.hpp>
#include <quartet/spec.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace quartet::inline v0::detail {

/// Hears of the nodes of a pool that is closed. Throws nothing.
using node_listener = std::function<void(std::vector<pool_node>)>;

class cluster_model final : public model {
public:
    /// Opens a pool on all nodes, or as many as the spec says. `about` says what kind of pool; its number is
    /// given here. Throws std::runtime_error if a node refuses it, or there are too few.
    /// If there is a `tell_nodes`, it is called at the end with what the nodes have used.
    cluster_model(std::shared_ptr<hub> through, model_spec const& spec, open_pool_message about,
                  log_handler log, node_listener tell_nodes = {});

    /// Stops what has not ended, waits for it, and closes the pool.
    ~cluster_model() override;

    /// Throws std::invalid_argument for a body that can't cross, std::runtime_error if a node lacks a library
    /// with its code.
    void start(job& work) override;
    void stop() noexcept override;
    void join() noexcept override;
    std::string spec() const override;
    model_traits traits() const noexcept override;
    std::size_t concurrency() const noexcept override { return pool_.workers; }
    job_driver& driver() noexcept override { return driver_; }

private:
    struct stops final : job_driver {
        explicit stops(cluster_model& whole) noexcept : of(whole) {}
        void stopped(job& work) noexcept override;
        std::size_t tasks_left(job const& work) const noexcept override;
        cluster_model& of;
    };

    void note_end(job& work);

    std::shared_ptr<hub> hub_;
    model_spec spec_;
    opened_pool pool_;
    log_handler log_;
    node_listener tell_nodes_;
    std::mutex mutex_;  // guards open_
    open_jobs open_;
    job_count unfinished_;
    stops driver_{*this};
};

}  // namespace quartet::inline v0::detail
