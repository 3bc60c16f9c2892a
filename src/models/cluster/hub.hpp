// src/models/cluster/hub.hpp
//
// The root's thread: it owns the way to the other ranks, the coordinator, and the node that this machine is
// itself, which the coordinator talks to as to any other. Executors of one process share it.
#pragma once

#include "src/models/cluster/bundled_line.hpp"
#include "src/models/cluster/coordinator.hpp"
#include "src/models/cluster/endpoint.hpp"
#include "src/models/cluster/executor_pool.hpp"
#include "src/models/cluster/failure_watch.hpp"
#include "src/models/cluster/node.hpp"
#include "src/models/cluster/node_inbox.hpp"
#include "src/models/cluster/node_meter.hpp"

#include <quartet/backend/job.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace quartet::inline v0::detail {

struct hub_options {
    std::uint32_t session = 1;
    std::chrono::nanoseconds silence = std::chrono::seconds(10);

    /// How long a pool may take to open on all nodes.
    std::chrono::nanoseconds patience = std::chrono::seconds(60);
    model_maker make{};

    /// Takes the right to use the line, on the hub's thread, and gives what has to be kept meanwhile.
    std::function<std::shared_ptr<void>()> take_turn{};
};

/// Messages in a row that do nothing but to be answered.
struct probe_messages {
    std::size_t count = 1;
    std::size_t bytes = 0;         ///< of each
    std::size_t answer_bytes = 0;  ///< of each answer
};

/// A pool on all nodes.
struct opened_pool {
    std::uint32_t number = 0;
    std::size_t workers = 0;
    std::string spec{};                               ///< of the pool on the first node
    bool alike = true;                                ///< all nodes have the same
    std::vector<std::string> refused{};               ///< "qb: …"
    std::vector<hello_message> others{};              ///< the nodes that are no part of this process
    std::map<std::size_t, std::size_t> workers_of{};  ///< by node
};

class hub {
public:
    /// Greets the ranks, and waits until each has answered or is lost. `line` may be null: then this machine
    /// is the only node.
    hub(endpoint* line, hub_options options);
    ~hub();
    hub(hub const&) = delete;
    hub& operator=(hub const&) = delete;

    /// The nodes as they are now.
    std::vector<node_view> nodes();

    /// How long it takes until all of them have gone to a node and their answers are back. Nothing if the
    /// node is lost, or it takes longer than the patience. One at a time.
    std::optional<std::chrono::nanoseconds> probe(std::size_t node, probe_messages what);

    /// Opens a pool on so many nodes, or on all; waits until they have one, or have refused.
    opened_pool open_pool(open_pool_message about, log_handler log, std::optional<std::size_t> nodes);
    void close_pool(std::uint32_t pool);

    /// Closes one that was opened as measured, and waits until each of its nodes has told what it has used,
    /// or is lost.
    std::vector<pool_node> close_measured(opened_pool const& pool);

    /// Hands out a job's tasks; `ended(job)` is called on the hub's thread when all have their outcomes.
    /// `records`, which may be null, is given what they leave.
    void begin(job& work, call_message about, task_recorder* records, std::function<void(job&)> ended);
    void stop(job& work, stopped_by who);

private:
    using clock = std::chrono::steady_clock;
    struct probing {
        std::uint64_t last = 0;  ///< the number of the last message
        std::size_t node = 0;
        clock::time_point sent{};
        std::optional<clock::time_point> answered{};
        bool lost = false;
    };
    struct opening {
        opened_pool pool;
        std::set<std::size_t> awaited{};  // nodes
    };

    struct closing {
        std::set<std::size_t> awaited{};  // nodes
        std::map<std::size_t, node_usage> used{};
    };

    void run();
    void greet();
    void turn();
    void receive(arrival arrived);
    void note_ended_ranks(clock::time_point now);
    void exchange_locally(clock::time_point now);
    void post(std::function<void(clock::time_point)> what);
    void ask(std::function<void(clock::time_point)> const& what);
    void run_posted();
    std::vector<std::size_t> first_here(std::size_t most) const;
    void note_opened(pool_opened_message const& about, std::size_t node);
    void note_closed(pool_closed_message const& about, std::size_t node);
    void note_greetings();
    void note_lost(std::size_t node);
    void note_probed(std::uint64_t number);
    void pass_log(log_message const& line);
    void wake() noexcept;
    void wait();

    std::optional<bundled_line> line_;  // nothing: there is no other machine
    hub_options options_;
    node_inbox inbox_{[this] { wake(); }};

    std::mutex mutex_;  // guards what follows
    std::condition_variable changed_;
    std::vector<std::function<void(clock::time_point)>> posted_;
    std::map<std::uint32_t, opening> openings_;
    probing probe_{};
    std::map<std::uint32_t, closing> closings_;
    bool greeted_ = false;  // each node has answered, or is lost
    bool woken_ = false;
    bool over_ = false;

    // Of the hub's thread.
    coordinator root_;
    node self_;
    std::deque<packet> to_self_;
    std::deque<packet> from_self_;
    std::map<job*, std::function<void(job&)>> ended_;
    std::map<std::uint32_t, log_handler> logs_;
    std::uint32_t last_pool_ = 0;
    std::optional<std::uint64_t> losses_{};  // of the line, as far as the root knows of them
    failure_watch failure_{};

    std::thread thread_;  // last
};

}  // namespace quartet::inline v0::detail
