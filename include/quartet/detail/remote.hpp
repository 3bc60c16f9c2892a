// include/quartet/detail/remote.hpp
//
// A job as it lies in shared memory, and the loop that runs its bodies in a worker process.
//
// Each task has a state byte. The worker that runs a task writes its result, then sets the byte to `done`
// with release order; the parent reads the byte with acquire order before it reads the result. A task
// whose byte is still `waiting` after its worker died is the one that was running, or was never begun.
#pragma once

#include <quartet/codec.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/limited.hpp>
#include <quartet/detail/shared_heap.hpp>
#include <quartet/job.hpp>
#include <quartet/task.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>

namespace quartet::detail {

enum class task_state : std::uint8_t {
    waiting,
    done,
    failed,     ///< the worker filed why
    cancelled,  ///< a stop came before it began
    settled,    ///< the parent has dealt with it: its worker died, or its input could not be encoded
};

/// A value in shared memory whose size is its own.
struct encoded_value {
    std::byte const* data;
    std::size_t size;
};

/// An exception (src/core/carried_exception.hpp); a stack that workers push to.
struct remote_failure {
    remote_failure* next;
    std::size_t index;
    cause why;
    std::size_t worker;
    std::uint32_t known;
    std::int64_t number;
    encoded_value type;
    encoded_value message;
};

struct remote_batch {
    shared_heap* heap;
    remote_code::run_function run;
    std::byte const* closure;
    std::byte const* inputs;  ///< In[count] where In has a fixed size, else encoded_value[count]
    std::byte* outputs;       ///< R[count] likewise; null for void
    std::atomic<task_state>* states;
    std::atomic<remote_failure*> failures;
    std::size_t count;
    on_failure policy;
    std::atomic<std::uint32_t>* stop_word;
    int changed_event;                    ///< eventfd: tells the parent of a stop that came from a worker
    std::chrono::nanoseconds task_limit;  ///< nanoseconds::max() if there is none
};

/// What a worker tells while it runs; lies in shared memory, so that it can be read after its death.
struct remote_worker {
    static constexpr std::int64_t no_deadline = 0;
    static constexpr std::int64_t doomed = -1;

    std::atomic<std::size_t> current;  ///< the task that runs, or ran last
    /// When the task that runs is out of time, in nanoseconds of the steady clock. The parent makes it
    /// `doomed` before it kills the worker, so that it can't hit the next task.
    std::atomic<std::int64_t> deadline;
    std::size_t number;
    std::byte* spare;  ///< a piece of the heap for this worker's small results
    std::size_t spare_bytes;
};

/// Sets the worker's deadline for one task.
class task_clock {
public:
    task_clock(remote_batch const& batch, remote_worker& worker);
    ~task_clock();  // does not come back if the worker is doomed
    task_clock(task_clock const&) = delete;
    task_clock& operator=(task_clock const&) = delete;

private:
    remote_worker& worker_;
    std::int64_t deadline_;
};

/// Copies bytes into the heap, small ones into the worker's own piece. Throws std::bad_alloc.
encoded_value store_bytes(remote_batch& batch, remote_worker& worker, std::span<std::byte const> bytes);

/// Files the exception that is being handled as the failure of `index`. If the policy says so, stops all.
void store_failure(remote_batch& batch, remote_worker& worker, std::size_t index) noexcept;

/// The failures that workers filed, made into ours; `where` names their workers ("processes").
void collect_failures(remote_batch const& batch, std::string_view where, job& into);

template <class Body, class In>
inline constexpr bool is_coroutine_body = false;
template <class Body, class In>
requires std::is_invocable_v<Body&, context&, In const&>
inline constexpr bool is_coroutine_body<Body, In> = true;

/// Calls a body of either kind in a blocking context, for no longer than `limit`. A plain function can't be
/// told of its limit.
template <class Body, class In>
decltype(auto) call_body(Body& body, context& where, In const& input, std::chrono::nanoseconds limit) {
    if constexpr (is_coroutine_body<Body, In>) {
        if (limit != limit.max()) [[unlikely]]
            return run_straight(body(where, input), where, limit);
        return run_straight(body(where, input));
    } else {
        return body(input);
    }
}

/// Gives `use` the input at `index`: where it stands if its size is fixed, decoded otherwise.
template <class In>
decltype(auto) with_input(remote_batch const& batch, std::size_t index, auto&& use) {
    if constexpr (fixed_size<In>) {
        return use(reinterpret_cast<In const*>(batch.inputs)[index]);
    } else {
        encoded_value const& encoded = reinterpret_cast<encoded_value const*>(batch.inputs)[index];
        byte_reader reader({encoded.data, encoded.size});
        return use(static_cast<In const&>(codec<In>::decode(reader)));
    }
}

/// In a worker: runs bodies first to last - 1 and leaves their outcomes in the batch.
template <class Body, class In, class R>
void run_remote(context& where, remote_batch& batch, remote_worker& worker, std::size_t first,
                std::size_t last) noexcept {
    alignas(Body) std::byte storage[sizeof(Body)];
    std::memcpy(storage, batch.closure, sizeof(Body));
    Body& body = *std::launder(reinterpret_cast<Body*>(storage));
    byte_writer scratch;

    for (std::size_t index = first; index < last; ++index) {
        if (batch.states[index].load(std::memory_order_relaxed) != task_state::waiting) continue;
        worker.current.store(index, std::memory_order_relaxed);
        if (where.stop_requested()) {
            batch.states[index].store(task_state::cancelled, std::memory_order_release);
            continue;
        }
        task_clock const clock(batch, worker);
        try {
            with_input<In>(batch, index, [&](In const& input) {
                if constexpr (std::is_void_v<R>) {
                    call_body(body, where, input, batch.task_limit);
                } else if constexpr (fixed_size<R>) {
                    ::new (batch.outputs + index * sizeof(R))
                        R(call_body(body, where, input, batch.task_limit));
                } else {
                    scratch.clear();
                    codec<R>::encode(call_body(body, where, input, batch.task_limit), scratch);
                    reinterpret_cast<encoded_value*>(batch.outputs)[index] =
                        store_bytes(batch, worker, scratch.bytes());
                }
            });
            batch.states[index].store(task_state::done, std::memory_order_release);
        } catch (...) {
            store_failure(batch, worker, index);
        }
    }
}

/// Puts the inputs where run_remote looks for them. `failed(index)` is called within the handler of what an
/// encoder threw; such a task is settled. Throws std::bad_alloc.
template <class In, class Inputs>
void encode_inputs(Inputs const& inputs, std::size_t count, shared_heap& heap, remote_batch& batch,
                   auto&& failed) {
    if constexpr (fixed_size<In>) {
        In* values = heap.allocate_array<In>(count);
        for (std::size_t index = 0; index < count; ++index)
            std::memcpy(values + index, &inputs[index], sizeof(In));
        batch.inputs = reinterpret_cast<std::byte const*>(values);
    } else {
        auto* values = heap.allocate_array<encoded_value>(count);
        byte_writer scratch;
        for (std::size_t index = 0; index < count; ++index) {
            scratch.clear();
            try {
                codec<In>::encode(inputs[index], scratch);
            } catch (...) {
                batch.states[index].store(task_state::settled, std::memory_order_relaxed);
                failed(index);
                continue;
            }
            auto* bytes = heap.allocate_array<std::byte>(scratch.bytes().size());
            std::ranges::copy(scratch.bytes(), bytes);
            values[index] = {bytes, scratch.bytes().size()};
        }
        batch.inputs = reinterpret_cast<std::byte const*>(values);
    }
}

/// Room for the outputs of `count` tasks; null for void.
template <class R>
std::byte* allocate_outputs(shared_heap& heap, std::size_t count) {
    if constexpr (std::is_void_v<R>) {
        return nullptr;
    } else if constexpr (fixed_size<R>) {
        return reinterpret_cast<std::byte*>(heap.allocate_array<R>(count));
    } else {
        return reinterpret_cast<std::byte*>(heap.allocate_array<encoded_value>(count));
    }
}

/// The result that a worker left for `index`.
template <class R>
R decode_output(remote_batch const& batch, std::size_t index) {
    if constexpr (fixed_size<R>) {
        return reinterpret_cast<R const*>(batch.outputs)[index];
    } else {
        encoded_value const& encoded = reinterpret_cast<encoded_value const*>(batch.outputs)[index];
        byte_reader reader({encoded.data, encoded.size});
        return codec<R>::decode(reader);
    }
}

}  // namespace quartet::detail
