// include/quartet/detail/call/crossing.hpp
//
// A job's way to other processes, and back. Only models with processes ask for it.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace quartet::inline v0 {
class context;
class job;
}  // namespace quartet::inline v0

namespace quartet::inline v0::detail {

struct remote_batch;
struct worker_interface;
class shared_arena;

/// How bodies are called in a worker process that has the same code at the same addresses.
struct remote_code {
    using run_function = std::size_t (*)(context&, worker_interface&, std::size_t first,
                                         std::size_t last) noexcept;
    using make_function = std::unique_ptr<job> (*)(worker_interface&);
    run_function run;                    ///< runs bodies first to last - 1, and says how many it was
    make_function make;                  ///< makes a job of the batch, to be run on an event loop
    std::span<std::byte const> closure;  ///< the bytes of the body object
};

class crossing {
public:
    virtual remote_code code() const noexcept = 0;

    /// Puts the inputs into shared memory; one that can't be encoded is a failed outcome. Throws
    /// std::bad_alloc.
    virtual void encode(shared_arena& arena, remote_batch& batch) = 0;

    /// Takes the outcomes that workers left in shared memory. Skips those that were never left there.
    virtual void collect(remote_batch const& batch) noexcept = 0;

protected:
    ~crossing() = default;
};

}  // namespace quartet::inline v0::detail
