// include/quartet/detail/call/crossing.hpp
//
// A job's way to other processes, and back. Only models with processes ask for it.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace quartet::inline v0 {
class byte_reader;
class byte_writer;
class context;
class job;
}  // namespace quartet::inline v0

namespace quartet::inline v0::detail {

struct remote_batch;
struct worker_interface;
class shared_arena;

/// How the inputs or results of a batch lie in memory.
struct value_layout {
    std::size_t size = 0;  ///< of each; 0: each has its own, and lies as an encoded_value
    std::size_t alignment = 1;
    bool none = false;  ///< there are none: the body gives void
};

/// How bodies are called in a worker process that has the same code at the same addresses.
struct remote_code {
    using run_function = std::size_t (*)(context&, worker_interface&, std::size_t first,
                                         std::size_t last) noexcept;
    using make_function = std::unique_ptr<job> (*)(worker_interface&);
    run_function run;                    ///< runs bodies first to last - 1, and says how many it was
    make_function make;                  ///< makes a job of the batch, to be run on an event loop
    std::span<std::byte const> closure;  ///< the bytes of the body object
    value_layout input;
    value_layout output;
};

class crossing {
public:
    virtual remote_code code() const noexcept = 0;

    /// Puts the inputs into shared memory; one that can't be encoded is a failed outcome. Throws
    /// std::bad_alloc.
    virtual void encode(shared_arena& arena, remote_batch& batch) = 0;

    /// Takes the outcomes that workers left in shared memory. Skips those that were never left there.
    virtual void collect(remote_batch const& batch) noexcept = 0;

    // ---- Where no memory is shared

    /// Adds an input's bytes. Throws what the codec throws.
    virtual void encode_input(std::size_t index, byte_writer& out) = 0;

    /// Makes a result of its bytes, for the job's sink; a failed outcome if its codec throws.
    virtual void take_result(std::size_t index, byte_reader& in) noexcept = 0;

protected:
    ~crossing() = default;
};

}  // namespace quartet::inline v0::detail
