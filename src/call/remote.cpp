#include "src/base/futex.hpp"
#include "src/base/inherited_socket.hpp"
#include "src/base/output.hpp"
#include "src/call/carried_exception.hpp"

#include <quartet/detail/base/deadline.hpp>
#include <quartet/detail/call/describe_failure.hpp>
#include <quartet/detail/call/remote.hpp>

#include <fmt/format.h>

#include <cstring>
#include <string>
#include <unistd.h>

namespace quartet::inline v0::detail {
namespace {

std::span<std::byte const> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

std::string_view text_of(encoded_value const& value) {
    return {reinterpret_cast<char const*>(value.data), value.size};
}

void push_failure(worker_interface& interface, std::size_t index, carried_exception const& thrown) {
    remote_batch& batch = interface.batch;
    auto* filed =
        ::new (interface.arena.allocate(sizeof(remote_failure), alignof(remote_failure))) remote_failure{
            .next = batch.failures.load(std::memory_order_relaxed),
            .index = index,
            .why = thrown.why,
            .worker = interface.worker.number,
            .known = thrown.known,
            .number = thrown.number,
            .type = store_bytes(interface.arena, bytes_of(thrown.type)),
            .message = store_bytes(interface.arena, bytes_of(thrown.message)),
        };
    while (!batch.failures.compare_exchange_weak(filed->next, filed, std::memory_order_release)) {
    }
}

void stop_all(remote_batch& batch) {
    set_stop(batch.stop, stop_mark(stopped_by::request));
    futex_wake_all(batch.stop);
    (*batch.wake_parent)();
}

}  // namespace

bool begin_task(remote_batch& batch, remote_worker& worker, std::size_t index) noexcept {
    if (!batch.tasks[index].begin(worker.number)) return false;
    worker.current.store(index, std::memory_order_release);
    if (batch.task_limit != batch.task_limit.max()) {
        auto const when = deadline_after(std::chrono::steady_clock::now(), batch.task_limit);
        worker.deadline.store(std::chrono::nanoseconds(when.time_since_epoch()).count(),
                              std::memory_order_release);
    }
    return true;
}

void end_task(remote_batch& batch, remote_worker& worker, std::size_t index, task_state how) noexcept {
    // Where a worker has ended, as each does that has one task only, the parent looks at the tasks' words and
    // does not wait for the chunk to be counted.
    if (batch.own_slots || batch.needs_rescan.load(std::memory_order_relaxed)) {
        write_out_all();
    } else {
        write_out_printed();
    }
    if (batch.task_limit != batch.task_limit.max())
        worker.deadline.store(remote_worker::no_deadline, std::memory_order_relaxed);
    if (batch.tasks[index].end(worker.number, how)) return;
    for (;;)
        pause();  // the end is on its way
}

job_slots record_slots_of(worker_interface& interface) noexcept {
    job_slots slots = interface.batch.record_slots;
    if (auto const* const waits = slots.waits_of_batch()) {
        interface.waits = *waits;
        interface.waits.arena = &interface.arena;
        slots.keep_waits_by(interface.waits);
    }
    return slots;
}

encoded_value store_bytes(shared_arena& arena, std::span<std::byte const> bytes) {
    auto* const stored = static_cast<std::byte*>(arena.allocate(bytes.size(), 1));
    if (!bytes.empty()) std::memcpy(stored, bytes.data(), bytes.size());
    return {stored, bytes.size()};
}

void file_failure(worker_interface& interface, std::size_t index) noexcept {
    try {
        auto const thrown = carry_current_exception();
        push_failure(interface, index, thrown);
        if (interface.batch.policy == on_failure::stop_all && thrown.why != cause::cancelled)
            stop_all(interface.batch);
    } catch (...) {
        // No room for the text: the task's state alone tells that it failed.
    }
}

std::span<std::byte const> result_bytes(remote_batch const& batch, std::size_t index,
                                        std::size_t size) noexcept {
    if (!batch.outputs) return {};
    if (size > 0) return {batch.outputs + index * size, size};
    auto const& encoded = reinterpret_cast<encoded_value const*>(batch.outputs)[index];
    return {encoded.data, encoded.size};
}

void collect_failures(remote_batch const& batch, std::string_view pool_name, job& into) {
    bool any = false;
    for (std::size_t index = 0; index < batch.count && !any; ++index)
        any = batch.tasks[index].state() == task_state::failed;
    if (!any) return;
    std::vector<bool> told(batch.count);
    for (auto const* filed = batch.failures.load(std::memory_order_acquire); filed; filed = filed->next) {
        // A worker may have died between filing the text and setting the state; then the death counts.
        if (batch.tasks[filed->index].state() != task_state::failed) continue;
        told[filed->index] = true;
        std::string const message(text_of(filed->message));
        std::string const worker = fmt::format("{}-{}", pool_name, filed->worker);
        failure why{.index = filed->index, .why = filed->why, .message = message, .worker = worker};
        if (filed->why == cause::cancelled) {
            why.exception = std::make_exception_ptr(cancelled());
        } else {
            why.exception = revive({.known = filed->known,
                                    .number = filed->number,
                                    .type = std::string(text_of(filed->type)),
                                    .message = message},
                                   worker);
        }
        into.fail(std::move(why));
    }
    for (std::size_t index = 0; index < batch.count; ++index) {
        if (batch.tasks[index].state() == task_state::failed && !told[index])
            into.fail(
                {.index = index, .message = "failed, and shared memory had no room left for the reason"});
    }
}

}  // namespace quartet::inline v0::detail
