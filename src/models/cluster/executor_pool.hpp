// src/models/cluster/executor_pool.hpp
//
// A node's pool that runs tasks under a model of this machine.
#pragma once

#include "src/models/cluster/node_pool.hpp"

#include <quartet/backend/model.hpp>
#include <quartet/log.hpp>

#include <functional>
#include <memory>
#include <string>

namespace quartet::inline v0::detail {

/// A model, and whether its bodies run in this process.
struct made_model {
    std::unique_ptr<model> runs;
    bool here = false;
    std::string name{};  ///< of its workers, before their number
};

/// Makes the model that a message asks for. Throws what make_executor() throws.
using model_maker = std::function<made_model(open_pool_message const&, log_handler)>;

/// Makes pools of such models.
pool_maker executor_pools(model_maker make);

}  // namespace quartet::inline v0::detail
