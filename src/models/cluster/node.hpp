// src/models/cluster/node.hpp
//
// A node's side of a cluster: queues the tasks that it is given, begins them as far as they are granted, and
// tells what became of them. It has no thread and waits for nothing: its owner brings packets that have come,
// ended pieces, and the time.
//
// It follows the root whatever comes: a new session begins with nothing, one that is told to leave leaves,
// and so does one that has not heard of the root for as long as the silence lasts.
#pragma once

#include "src/models/cluster/channel.hpp"
#include "src/models/cluster/node_meter.hpp"
#include "src/models/cluster/node_pool.hpp"
#include "src/models/cluster/node_values.hpp"
#include "src/models/cluster/rate_meter.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace quartet::inline v0::detail {

struct node_options {
    hello_message about{};
    delivery how = delivery::exact;
    std::chrono::nanoseconds silence = std::chrono::seconds(10);  ///< until the root says another
    channel::sender send{};
    pool_maker make_pool{};
    meter_maker make_meter{};  ///< for pools that are measured; may be empty

    /// Where values of broadcasts are kept; null where the root is this process, and sends none.
    value_store* values = nullptr;

    /// Where pools report to, from any thread; the owner brings it back by ended() and logged().
    pool_reports reports{};
};

class node {
public:
    using time_point = std::chrono::steady_clock::time_point;

    node(node_options options, time_point now) : options_(std::move(options)), heard_(now) {}

    void receive(packet arrived, time_point now);

    /// A piece has ended, or a body has logged something.
    void ended(ended_piece piece, time_point now);
    void logged(log_message const& line, time_point now);

    /// Sends what has gathered, and looks at the time.
    void advance(time_point now);

    /// When to do so at the latest.
    time_point next_deadline() const noexcept;

    /// Why it is to end; nothing as long as it is not.
    std::optional<std::string> const& over() const noexcept { return over_; }

private:
    struct queued_tasks {
        std::shared_ptr<call_message const> call;
        std::size_t first;
        std::size_t count;
        packet owner;
        std::span<std::byte const> inputs;
        bool cancelled = false;
    };
    struct pool_state {
        std::unique_ptr<node_meter> meter;
        std::unique_ptr<node_pool> runs;
        std::deque<queued_tasks> queue;
        std::uint64_t begun = 0;   // place of the first task that has not begun
        std::uint64_t queued = 0;  // place behind the last
        std::uint64_t granted = 0;
        std::size_t under_way = 0;
        rate_meter rate{};
    };

    void begin_session(std::uint32_t session, time_point now);
    void handle(message_kind kind, std::span<std::byte const> body, packet const& owner, time_point now);
    void on_beat(byte_reader& in, time_point now);
    void on_probe(byte_reader& in, time_point now);
    void on_open_pool(byte_reader& in, time_point now);
    void on_close_pool(std::uint32_t number, time_point now);
    void on_tasks(byte_reader& in, packet const& owner);
    void on_value(byte_reader& in);
    void on_revoke(revoke_message const& to);
    void on_recall(recall_message const& of, time_point now);
    void on_stop(stop_message const& about);
    void on_send(large_message const& about, time_point now);
    pool_state* find_pool(std::uint32_t number) noexcept;
    void begin_granted(pool_state& pool, time_point now);
    static std::size_t piece_of(pool_state const& pool, queued_tasks const& next);
    task_piece cut(queued_tasks& from, std::size_t count);
    void flush(time_point now);
    void ask_whether_lost(time_point now);
    template <class Message>
    void tell(message_kind kind, Message const& message, time_point now) {
        line_->send(kind, written(message).take(), now);
    }

    node_options options_;
    std::optional<channel> line_;
    time_point heard_;
    time_point advanced_{};  // when advance() was called last
    time_point session_heard_{};
    std::optional<std::string> over_;
    std::map<std::uint32_t, pool_state> pools_;
    std::map<std::uint32_t, std::shared_ptr<call_message const>> calls_;
    std::map<std::pair<std::uint32_t, std::size_t>, message_writer> large_;  // by call and task
    message_writer outcomes_;                                                // not sent yet
};

}  // namespace quartet::inline v0::detail
