// src/models/cluster/coordinator.hpp
//
// The root's side of a cluster: hands out the tasks of its calls to nodes, takes their outcomes, and notices
// when a node is lost. It alone decides who has a task (task_ledger.hpp) and what a node may begin
// (node_queue.hpp), so each task has one outcome whatever becomes of nodes and messages.
//
// It waits for nothing and has no thread: its owner brings packets that have come, and the time. For one
// thread at a time; jobs are told of their ends on it.
#pragma once

#include "src/models/cluster/channel.hpp"
#include "src/models/cluster/clock_estimate.hpp"
#include "src/models/cluster/messages.hpp"
#include "src/models/cluster/node_queue.hpp"
#include "src/models/cluster/root_call.hpp"
#include "src/models/cluster/value_transfers.hpp"

#include <quartet/backend/job.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace quartet::inline v0::detail {

struct coordinator_options {
    std::uint32_t session = 1;
    std::chrono::nanoseconds silence = std::chrono::seconds(10);  ///< after which a node is lost
    std::size_t budget = std::size_t{256} << 20;  ///< bytes of large results, and of inputs, on their way

    std::size_t value_part = std::size_t{1} << 20;  ///< bytes of a broadcast in a message

    /// A job has all its outcomes: finish() is to be called.
    std::function<void(job&)> ended{};

    /// A node has a pool, or refuses it.
    std::function<void(pool_opened_message const&, std::size_t node)> pool_opened{};
    std::function<void(pool_closed_message const&, std::size_t node)> pool_closed{};
    std::function<void(log_message const&)> logged{};
    std::function<void(std::size_t node)> lost{};

    /// The answer to a probe has come.
    std::function<void(std::uint64_t number)> probed{};

    /// Bytes that were sent and have not left the machine.
    std::function<std::size_t()> unsent{};
};

/// What the root knows of a node.
struct node_view {
    enum class phase { greeted, here, lost };

    phase is = phase::greeted;
    hello_message about{};
    std::string refused{};  ///< why it is not here, in a few words
    clock_estimate clock{};
};

class coordinator {
public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit coordinator(coordinator_options options) : options_(std::move(options)) {}
    coordinator(coordinator const&) = delete;
    coordinator& operator=(coordinator const&) = delete;

    // ---- Nodes

    /// Greets a further node, number 0 first. One that is `in_this_process` has the values of broadcasts, and
    /// is not lost.
    void add_node(delivery how, channel::sender send, time_point now, bool in_this_process = false);

    std::size_t nodes() const noexcept { return nodes_.size(); }
    node_view const& node(std::size_t number) const { return nodes_[number]->view; }

    /// A packet of a node has come. What is no message of this session is dropped.
    void receive(std::size_t from, packet arrived, time_point now);

    /// It is known that the program of a node has ended, or that it can't be reached any more: it is lost at
    /// once, and nobody waits until it has been silent for long enough. Nothing if it is lost already.
    void node_ended(std::size_t number, std::string const& why, time_point now);

    /// Sends so many bytes to a node, which answers with so many.
    void probe(std::size_t node, std::uint64_t number, std::size_t bytes, std::size_t answer_bytes,
               time_point now);

    /// Does what the time asks for: beats, losses, a further look at what may be sent.
    void advance(time_point now);

    /// When to do so at the latest.
    time_point next_deadline() const noexcept;

    // ---- Pools

    /// Opens a pool on nodes that are here; each tells of it (coordinator_options::pool_opened).
    void open_pool(open_pool_message const& about, std::span<std::size_t const> nodes, time_point now);
    void close_pool(std::uint32_t pool, time_point now);

    /// The workers that a pool has on all nodes.
    std::size_t workers(std::uint32_t pool) const noexcept;

    /// What has gone between the root and a node for a pool that is open.
    node_traffic traffic(std::size_t node, std::uint32_t pool) const noexcept;

    // ---- Calls

    /// Hands out the job's tasks. `about` names its code; its number is given here. `records`, which may be
    /// null, is given what they leave.
    void begin(job& work, call_message about, task_recorder* records, time_point now);

    /// The job was asked to stop; nothing if it has ended.
    void stop(job& work, stopped_by who, time_point now);

    std::size_t calls() const noexcept { return calls_.size(); }

private:
    struct remote_node {
        remote_node(std::uint32_t session, delivery how, std::chrono::nanoseconds patience,
                    channel::sender send)
            : line(session, how, patience, send), raw(std::move(send)) {}

        node_view view{};
        channel line;
        channel::sender raw;
        time_point heard{};
        int beats_wanted = 0;  // to know its clock well
        bool in_this_process = false;
        std::map<std::uint32_t, node_queue> queues{};  // by pool
        std::vector<std::uint32_t> ended_calls{};      // that it has not been told of
    };
    struct announced {
        std::uint16_t node;
        std::uint32_t call;
        std::size_t task;
        std::size_t bytes;
        bool asked = false;
    };
    /// An executor's pools on all nodes.
    struct pool_state {
        std::size_t workers = 0;
        bool records = false;
        std::set<std::uint16_t> hungry{};  ///< nodes that may want more; all others have enough
    };
    using call_list = std::map<std::uint32_t, std::shared_ptr<root_call>>;

    void handle(std::uint16_t node, message_kind kind, std::span<std::byte const> body, time_point now);
    void on_hello(remote_node& from, byte_reader& in);
    void on_pool_opened(std::uint16_t node, byte_reader& in, time_point now);
    void on_beat(std::uint16_t node, beat_message const& beat, time_point now);
    void on_returned(std::uint16_t node, byte_reader& in);
    void on_outcomes(std::uint16_t node, byte_reader& in, time_point now);
    void on_large(std::uint16_t node, large_message const& about, time_point now);
    void on_result(std::uint16_t node, byte_reader& in);
    void ask_for_large(time_point now);
    void forget_large(std::uint16_t node);

    void lose(std::uint16_t node, std::string const& why, time_point now);
    void fail_if_nobody_is_left();

    void feed(time_point now);
    bool feed_once(std::uint32_t pool, time_point now);
    std::shared_ptr<root_call> first_waiting(std::uint32_t pool);
    void give_back(root_call& call, std::size_t task);
    void cancel_waiting(root_call& call);
    bool may_send() const;
    node_queue* hungriest(std::uint32_t pool, std::size_t chunk, std::uint16_t& node);
    bool reclaim(std::uint32_t pool, std::uint16_t for_node, time_point now);
    void recall(std::uint32_t pool, time_point now);
    bool send_values();
    bool provide(std::uint16_t node, broadcast_list const& values);
    void send_tasks(std::shared_ptr<root_call> const& call, std::uint16_t node, node_queue& queue,
                    task_range tasks, time_point now);
    void send_grants(time_point now);
    void tell_ended_calls(remote_node& node, time_point now);
    void introduce(root_call& call, remote_node& node, std::uint16_t number, time_point now);

    std::shared_ptr<root_call> find(std::uint32_t number) const noexcept;
    node_queue* queue_of(remote_node& node, std::uint32_t pool) const noexcept;
    void stir(std::uint16_t node, std::uint32_t pool);
    void count_results(std::uint16_t node, std::uint32_t pool, std::size_t bytes) noexcept;
    void note_ended(std::uint16_t node, root_call const& call, std::size_t tasks, time_point now);
    void finish_ended();
    void beat(remote_node& node, time_point now);
    std::chrono::nanoseconds time_between_beats() const;
    template <class Message>
    void tell(remote_node& node, message_kind kind, Message const& message, time_point now) {
        node.line.send(kind, written(message).take(), now);
    }
    /// Tells the nodes that have its code.
    template <class Message>
    void tell_all(root_call const& call, message_kind kind, Message const& message, time_point now) {
        for (auto const number : call.known_to) {
            remote_node& node = *nodes_[number];
            if (node.view.is == node_view::phase::here) tell(node, kind, message, now);
        }
    }

    coordinator_options options_;
    std::vector<std::unique_ptr<remote_node>> nodes_;
    std::map<std::uint32_t, pool_state> pools_;
    std::set<std::uint16_t> stirred_;  // nodes that may begin more than they were told
    call_list calls_;                  // by number, which is the order they came in
    std::set<std::uint32_t> waiting_;  // calls with tasks that no node has; some may have none any more
    std::set<std::uint32_t> touched_;  // calls that may have ended
    std::deque<announced> large_;
    std::size_t large_asked_ = 0;  // bytes
    value_transfers values_{options_.value_part,
                            [this](std::uint16_t node, message_kind kind, packet message) {
                                nodes_[node]->line.send(kind, std::move(message), advanced_);
                            }};
    std::shared_ptr<spare_memory> spare_ = std::make_shared<spare_memory>();  // of large inputs
    std::uint32_t last_call_ = 0;
    time_point next_beat_{};
    time_point recall_at_ = time_point::max();  // somebody has nothing to do
    time_point advanced_{};
};

}  // namespace quartet::inline v0::detail
