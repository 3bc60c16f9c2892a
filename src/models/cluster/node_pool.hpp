// src/models/cluster/node_pool.hpp
//
// What runs tasks on a node: an executor of its own for each of the root's.
#pragma once

#include "src/models/cluster/messages.hpp"
#include "src/models/cluster/packet.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace quartet::inline v0::detail {

/// Tasks of one call, in a row, with their inputs as they came.
struct task_piece {
    std::shared_ptr<call_message const> call;
    std::size_t first = 0;
    std::size_t count = 0;
    packet owner;                       ///< of the inputs' bytes
    std::span<std::byte const> inputs;  ///< as in tasks_message
};

/// A result that is not sent before the root asks for it.
struct large_result {
    std::size_t index;
    std::size_t bytes;
    message_writer message;  ///< a large_message, and the result behind it
};

/// What became of a piece.
struct ended_piece {
    std::uint32_t pool = 0;
    std::uint32_t call = 0;
    std::size_t count = 0;   ///< of tasks that it still had
    byte_writer records{};   ///< as they stand in a message, before the outcomes
    byte_writer outcomes{};  ///< as they stand in a message
    std::vector<large_result> large{};
};

/// Results of more bytes are announced, and sent when the root has room for them.
inline constexpr std::size_t large_result_bytes = std::size_t{64} << 10;

class node_pool {
public:
    node_pool() = default;
    node_pool(node_pool const&) = delete;
    node_pool& operator=(node_pool const&) = delete;

    /// Stops what has not ended; nothing is reported of it any more.
    virtual ~node_pool() = default;

    virtual std::string spec() const = 0;
    virtual std::size_t workers() const noexcept = 0;

    /// Runs a piece; its end is reported from any thread.
    virtual void begin(task_piece piece) = 0;

    /// Takes back up to `most` tasks that have not begun, of the last. None of calls with chunks: a worker
    /// may have taken a chunk and not begun all of it.
    virtual std::vector<task_row> take_back(std::size_t most) = 0;

    /// Stops the pieces of a call, and those that come later.
    virtual void stop(std::uint32_t call, stopped_by who) noexcept = 0;

    /// The call has ended: it is not heard of again.
    virtual void forget(std::uint32_t call) noexcept = 0;
};

/// Where pools report to: any thread.
struct pool_reports {
    std::function<void(ended_piece)> ended;
    std::function<void(log_message)> logged;
};

/// Makes a pool. Throws what the executor throws that it stands for.
using pool_maker = std::function<std::unique_ptr<node_pool>(open_pool_message const&, pool_reports const&)>;

}  // namespace quartet::inline v0::detail
