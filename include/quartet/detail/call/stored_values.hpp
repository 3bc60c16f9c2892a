// include/quartet/detail/call/stored_values.hpp
//
// How the values of a batch lie in shared memory: in the parent's order, each by its codec.
#pragma once

#include <quartet/backend/job.hpp>
#include <quartet/codec.hpp>
#include <quartet/detail/call/describe_failure.hpp>
#include <quartet/detail/call/remote.hpp>

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace quartet::inline v0::detail {

template <class T>
constexpr value_layout layout_of() noexcept {
    if constexpr (std::is_void_v<T>) {
        return {.none = true};
    } else if constexpr (fixed_size<T>) {
        return {.size = sizeof(T), .alignment = alignof(T)};
    } else {
        return {};
    }
}

/// One of a batch's inputs or outputs: a reference to where it stands if its size is fixed, else decoded.
template <class T>
decltype(auto) stored_value(std::byte const* values, std::size_t index) {
    if constexpr (fixed_size<T>) {
        return (reinterpret_cast<T const*>(values)[index]);
    } else {
        auto const& encoded = reinterpret_cast<encoded_value const*>(values)[index];
        byte_reader reader({encoded.data, encoded.size});
        return codec<T>::decode(reader);
    }
}

/// Leaves a result for the parent; `scratch` is for its bytes. Throws what the codec throws, std::bad_alloc.
template <class R>
void store_result(worker_interface& interface, std::size_t index, R&& value, byte_writer& scratch) {
    if constexpr (fixed_size<R>) {
        ::new (interface.batch.outputs + index * sizeof(R)) R(std::move(value));
    } else {
        scratch.clear();
        codec<R>::encode(value, scratch);
        reinterpret_cast<encoded_value*>(interface.batch.outputs)[index] =
            store_bytes(interface.arena, scratch.bytes());
    }
}

/// Stores the inputs of `of` where run_remote() reads them. If an encoder throws, that task fails, and the
/// parent ends it. Throws std::bad_alloc.
template <class In, class Inputs>
void encode_inputs(job& of, Inputs const& inputs, shared_arena& arena, remote_batch& batch) {
    std::size_t const count = of.size();
    if constexpr (fixed_size<In>) {
        In* values = arena.allocate_array<In>(count);
        for (std::size_t index = 0; index < count; ++index)
            std::memcpy(values + index, &inputs[index], sizeof(In));
        batch.inputs = reinterpret_cast<std::byte const*>(values);
    } else {
        auto* values = arena.allocate_array<encoded_value>(count);
        byte_writer scratch;
        for (std::size_t index = 0; index < count; ++index) {
            scratch.clear();
            try {
                codec<In>::encode(inputs[index], scratch);
            } catch (...) {
                batch.tasks[index].end_by_parent();
                --batch.left;
                of.fail(describe_current_exception(index, {}));
                continue;
            }
            values[index] = store_bytes(arena, scratch.bytes());
        }
        batch.inputs = reinterpret_cast<std::byte const*>(values);
    }
}

/// Room for the outputs of `count` tasks; null for void.
template <class R>
std::byte* allocate_outputs(shared_arena& arena, std::size_t count) {
    if constexpr (std::is_void_v<R>) {
        return nullptr;
    } else if constexpr (fixed_size<R>) {
        return reinterpret_cast<std::byte*>(arena.allocate_array<R>(count));
    } else {
        return reinterpret_cast<std::byte*>(arena.allocate_array<encoded_value>(count));
    }
}

/// The outcomes that a batch has, to the sink of the job whose tasks they are.
template <class R, class Sink>
void collect_outcomes(job& of, Sink& sink, remote_batch const& batch) noexcept {
    for (std::size_t index = 0; index < batch.count; ++index) {
        auto const state = batch.tasks[index].state();
        if (state == task_state::cancelled) of.fail(describe_cancelled(index));
        if (state != task_state::done) continue;
        try {
            if constexpr (std::is_void_v<R>) {
                sink.set(index);
            } else {
                sink.set(index, R(stored_value<R>(batch.outputs, index)));
            }
        } catch (...) {
            sink.fail(describe_current_exception(index, {}));
        }
    }
}

}  // namespace quartet::inline v0::detail
