#include "src/core/carried_exception.hpp"
#include "src/core/futex.hpp"

#include <quartet/detail/deadline.hpp>
#include <quartet/detail/map_job.hpp>
#include <quartet/detail/remote.hpp>

#include <fmt/format.h>

#include <cstring>
#include <string>
#include <sys/eventfd.h>
#include <unistd.h>

namespace quartet::detail {
namespace {

// Results smaller than this share pieces of the heap, so that workers rarely meet at its pointer.
constexpr std::size_t piece_bytes = 64 * 1024;
constexpr std::size_t small_bytes = 4 * 1024;

std::span<std::byte const> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

std::string_view text_of(encoded_value const& value) {
    return {reinterpret_cast<char const*>(value.data), value.size};
}

std::byte* take_bytes(remote_batch& batch, remote_worker& worker, std::size_t size) {
    if (size > small_bytes) return batch.heap->allocate_array<std::byte>(size);
    if (size > worker.spare_bytes) {
        worker.spare = batch.heap->allocate_array<std::byte>(piece_bytes);
        worker.spare_bytes = piece_bytes;
    }
    worker.spare_bytes -= size;
    return std::exchange(worker.spare, worker.spare + size);
}

void push_failure(remote_batch& batch, remote_worker& worker, std::size_t index,
                  carried_exception const& thrown) {
    auto* filed =
        ::new (batch.heap->allocate(sizeof(remote_failure), alignof(remote_failure))) remote_failure{
            .next = batch.failures.load(std::memory_order_relaxed),
            .index = index,
            .why = thrown.why,
            .worker = worker.number,
            .known = thrown.known,
            .number = thrown.number,
            .type = store_bytes(batch, worker, bytes_of(thrown.type)),
            .message = store_bytes(batch, worker, bytes_of(thrown.message)),
        };
    while (!batch.failures.compare_exchange_weak(filed->next, filed, std::memory_order_release)) {
    }
}

void stop_all(remote_batch const& batch) {
    batch.stop_word->store(1, std::memory_order_relaxed);
    futex_wake_all(*batch.stop_word);
    eventfd_write(batch.changed_event, 1);
}

}  // namespace

task_clock::task_clock(remote_batch const& batch, remote_worker& worker)
    : worker_(worker), deadline_(remote_worker::no_deadline) {
    if (batch.task_limit == batch.task_limit.max()) return;
    auto const when = deadline_after(std::chrono::steady_clock::now(), batch.task_limit);
    deadline_ = std::chrono::nanoseconds(when.time_since_epoch()).count();
    worker_.deadline.store(deadline_, std::memory_order_relaxed);
}

task_clock::~task_clock() {
    if (deadline_ == remote_worker::no_deadline) return;
    if (worker_.deadline.compare_exchange_strong(deadline_, remote_worker::no_deadline)) return;
    for (;;)
        pause();  // the end is on its way
}

encoded_value store_bytes(remote_batch& batch, remote_worker& worker, std::span<std::byte const> bytes) {
    std::byte* const stored = take_bytes(batch, worker, bytes.size());
    if (!bytes.empty()) std::memcpy(stored, bytes.data(), bytes.size());
    return {stored, bytes.size()};
}

void store_failure(remote_batch& batch, remote_worker& worker, std::size_t index) noexcept {
    try {
        auto const thrown = carry_current_exception();
        push_failure(batch, worker, index, thrown);
        if (batch.policy == on_failure::stop_all && thrown.why != cause::cancelled) stop_all(batch);
    } catch (...) {
        // No room for the text: the state alone tells that the task failed.
    }
    batch.states[index].store(task_state::failed, std::memory_order_release);
}

void collect_failures(remote_batch const& batch, std::string_view where, job& into) {
    std::vector<bool> told(batch.count);
    for (auto const* filed = batch.failures.load(std::memory_order_acquire); filed; filed = filed->next) {
        // A worker may have died between filing the text and setting the state; then the death counts.
        if (batch.states[filed->index].load(std::memory_order_acquire) != task_state::failed) continue;
        told[filed->index] = true;
        std::string const message(text_of(filed->message));
        std::string const worker = fmt::format("{}-{}", where, filed->worker);
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
        if (batch.states[index].load(std::memory_order_acquire) == task_state::failed && !told[index])
            into.fail(
                {.index = index, .message = "failed, and shared memory had no room left for the reason"});
    }
}

}  // namespace quartet::detail
