// src/models/cluster/messages.hpp
//
// What the root of a cluster and its nodes say to each other (docs/design.md has the protocol). Numbers that
// stand behind a message's fields, such as inputs, are written and read beside it.
#pragma once

#include <quartet/backend/job.hpp>
#include <quartet/codec.hpp>
#include <quartet/outcome.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace quartet::inline v0::detail {

/// Beats within the time after which a side is lost.
inline constexpr int beats_in_a_silence = 10;

inline std::int64_t nanoseconds_of(std::chrono::steady_clock::time_point when) noexcept {
    return std::chrono::nanoseconds(when.time_since_epoch()).count();
}

/// The next message. Throws std::length_error if it is cut short.
template <class Message>
Message read_message(byte_reader& in) {
    return codec<Message>::decode(in);
}

/// A loaded file with code: the program, a shared library.
struct module_name {
    std::string path{};      ///< without folders
    std::string identity{};  ///< its build id, or what its file hashes to

    void serialize(auto& archive) { archive(path, identity); }
    friend bool operator==(module_name const&, module_name const&) = default;
};

/// Root to node: a session begins, and what there was before is over.
struct welcome_message {
    std::int64_t silence = 0;  ///< nanoseconds after which the other side is lost

    void serialize(auto& archive) { archive(silence); }
};

/// A node's answer.
struct hello_message {
    std::string version{};  ///< of quartet
    std::string name{};     ///< of the host
    module_name program{};
    std::uint64_t processors = 0;      ///< that it may use
    std::uint64_t all_processors = 0;  ///< of its machine
    std::uint64_t workers = 0;         ///< of a pool that does not say how many
    std::uint64_t memory = 0;          ///< bytes that it may use

    /// What is loaded besides. Without an identity where that would take the reading of a file.
    std::vector<module_name> libraries{};

    void serialize(auto& archive) {
        archive(version, name, program, processors, all_processors, workers, memory, libraries);
    }
};

/// Root to node: an executor of its own for the calls of one of the root's.
struct open_pool_message {
    std::uint32_t pool = 0;
    std::string spec{};  ///< of the node's executor: "processes:4"
    std::string name{};  ///< of its workers, before their number
    std::uint64_t recycle_after = 0;
    std::uint64_t offload_threads = 0;
    std::uint32_t files = 0;
    std::int64_t stall_limit = 0;
    bool logs = false;        ///< the root wants what bodies log
    bool records = false;     ///< tasks leave records, where the call says so
    std::uint64_t waits = 0;  ///< and so many waits, of those under way
    bool measured = false;    ///< at its end the root wants what it has used

    void serialize(auto& archive) {
        archive(pool, spec, name, recycle_after, offload_threads, files, stall_limit, logs, records, waits,
                measured);
    }
};

struct pool_opened_message {
    std::uint32_t pool = 0;
    std::string spec{};         ///< with all numbers filled in
    std::uint64_t workers = 0;  ///< bodies at the same time
    std::string refused{};      ///< why there is none

    void serialize(auto& archive) { archive(pool, spec, workers, refused); }
};

/// Root to node.
struct close_pool_message {
    std::uint32_t pool = 0;

    void serialize(auto& archive) { archive(pool); }
};

/// What a node has used for a pool, from its opening to its end.
struct node_usage {
    double cpu_user_seconds = 0;  ///< of its processes, but for that which talks MPI
    double cpu_system_seconds = 0;
    double mpi_cpu_seconds = 0;  ///< of that one
    std::uint64_t peak_bytes = 0;
    std::uint64_t mpi_bytes = 0;
    std::string kernel{};  ///< its boot: nodes of one machine have the same

    void serialize(auto& archive) {
        archive(cpu_user_seconds, cpu_system_seconds, mpi_cpu_seconds, peak_bytes, mpi_bytes, kernel);
    }
};

/// Node to root, if the pool was measured.
struct pool_closed_message {
    std::uint32_t pool = 0;
    node_usage used{};

    void serialize(auto& archive) { archive(pool, used); }
};

/// A place in the code or data of a program, which may lie elsewhere in each process.
struct moved_address {
    std::uint32_t module = 0;  ///< in moved_code::modules
    std::uint64_t offset = 0;

    void serialize(auto& archive) { archive(module, offset); }
};

/// A body: its functions, and its bytes with what in them are addresses.
struct moved_code {
    struct relocation {
        std::uint32_t at = 0;  ///< in the closure
        moved_address address{};

        void serialize(auto& archive) { archive(at, address); }
    };

    std::vector<module_name> modules{};  ///< in which they lie
    moved_address run{};
    moved_address make{};
    std::vector<std::byte> closure{};
    std::vector<relocation> relocations{};
    std::optional<moved_address> function{};  ///< by which people know it, or
    std::optional<moved_address> type{};      ///< its std::type_info

    void serialize(auto& archive) { archive(modules, run, make, closure, relocations, function, type); }
};

/// Behind the message of a call whose tasks leave records: every n-th does, for a recorder with this id.
struct recorded_call {
    std::uint64_t every = 0;
    std::uint64_t recorder = 0;
};

/// Root to node, before the first tasks of a call.
struct call_message {
    std::uint32_t call = 0;
    std::uint32_t pool = 0;
    moved_code code{};
    std::uint64_t input_size = 0;
    std::uint64_t input_alignment = 1;
    std::uint64_t output_size = 0;
    std::uint64_t output_alignment = 1;
    bool gives_nothing = false;
    bool stops_all = false;
    std::int64_t task_limit = 0;
    std::uint64_t chunk_size = 0;
    recorded_call recorded{};  ///< stands behind, if it has something to say

    void serialize(auto& archive) {
        archive(call, pool, code, input_size, input_alignment, output_size, output_alignment, gives_nothing,
                stops_all, task_limit, chunk_size);
    }
};

/// Root to node: these tasks go to the end of the pool's queue. Behind it stand the inputs: the bytes of
/// each, with a size before where that is not fixed.
struct tasks_message {
    std::uint32_t call = 0;
    std::uint64_t first = 0;
    std::uint64_t count = 0;
};

/// Root to node: tasks of the pool may begin up to this place of its queue, counted from the first ever.
struct grant_message {
    std::uint32_t pool = 0;
    std::uint64_t place = 0;
};

/// Root to node: the pool's queue ends at this place, which no grant has reached.
struct revoke_message {
    std::uint32_t pool = 0;
    std::uint64_t place = 0;
};

/// Root to node: so many of the pool's last tasks are wanted back, of those that were granted and have not
/// begun. It answers with those that it gives, which may be none.
struct recall_message {
    std::uint32_t pool = 0;
    std::uint64_t count = 0;
};

/// Tasks of a call, in a row.
struct task_row {
    std::uint32_t call = 0;
    std::uint64_t first = 0;
    std::uint64_t count = 0;

    void serialize(auto& archive) { archive(call, first, count); }
};

struct returned_message {
    std::uint32_t pool = 0;
    std::vector<task_row> tasks{};

    void serialize(auto& archive) { archive(pool, tasks); }
};

struct stop_message {
    std::uint32_t call = 0;
    stopped_by who = stopped_by::request;
};

/// Root to node: all tasks of the call have their outcomes.
struct forget_message {
    std::uint32_t call = 0;
};

/// A large result, announced by a node and then asked for by the root.
struct large_message {
    std::uint32_t call = 0;
    std::uint64_t index = 0;
    std::uint64_t bytes = 0;
};

/// Root to node: a part of the value of a broadcast, whose bytes stand behind it. Parts follow each other.
struct value_message {
    std::uint64_t id = 0;     ///< of the broadcast
    std::uint64_t bytes = 0;  ///< of all parts
    std::uint64_t first = 0;  ///< of this one

    void serialize(auto& archive) { archive(id, bytes, first); }
};

/// Root to node: the value is not needed any more.
struct drop_value_message {
    std::uint64_t id = 0;

    void serialize(auto& archive) { archive(id); }
};

enum class outcome_kind : std::uint32_t { results, failed, records };

/// Outcomes of tasks of one call, of which a message has any number: behind each stand the results as
/// inputs do in tasks_message, the failure that all of them have, or the records that they left, which come
/// before what became of them (moved_records.hpp).
struct outcomes_head {
    std::uint32_t call = 0;
    outcome_kind kind = outcome_kind::results;
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;  ///< of what stands behind
};

/// A failure on its way.
struct moved_failure {
    cause why = cause::threw;
    std::string message{};
    std::string worker{};
    std::int32_t signal = 0;
    std::int32_t exit_code = 0;
    std::uint64_t peak_bytes = 0;
    bool has_exception = false;
    std::uint32_t known = 0;
    std::int64_t number = 0;
    std::string type{};

    void serialize(auto& archive) {
        archive(why, message, worker, signal, exit_code, peak_bytes, has_exception, known, number, type);
    }
};

/// A number of the body that is the same for each call of it, whatever it captures.
std::size_t body_number(moved_code const& code) noexcept;

moved_failure move_failure(failure const& why);
failure arrived_failure(moved_failure const& moved, std::size_t index);

/// A value in a message: its bytes, with their number before where that is not fixed. Throws
/// std::length_error if the message is too short.
std::span<std::byte const> take_value(byte_reader& from, std::size_t fixed_size);

/// Adds outcomes to a message; of a failure, its head is given the kind.
void write_outcomes(outcomes_head head, std::span<std::byte const> results, byte_writer& to);
void write_failure(outcomes_head head, moved_failure const& why, byte_writer& to);

struct log_message {
    std::uint32_t pool = 0;
    std::int64_t nanoseconds = 0;  ///< since the epoch of system_clock
    std::string worker{};
    std::string line{};

    void serialize(auto& archive) { archive(pool, nanoseconds, worker, line); }
};

/// Root to node, with any bytes behind it; and back at once, with as many behind it as were asked for.
struct probe_message {
    std::uint64_t number = 0;
    std::uint64_t answer_bytes = 0;
};

/// Root to node, and back at once: each side's clock, in nanoseconds, as in NTP (RFC 5905, section 8).
struct beat_message {
    std::int64_t root_sent = 0;
    std::int64_t node_received = 0;
    std::int64_t node_sent = 0;
};

}  // namespace quartet::inline v0::detail
