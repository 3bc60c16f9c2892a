#include "src/call/task_memory.hpp"

#include "src/io/context/blocking_context.hpp"

#include <quartet/context.hpp>

#include <cerrno>
#include <cstring>
#include <limits>
#include <new>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

namespace quartet::inline v0::detail {
namespace {

/// The median of a few tries.
std::chrono::nanoseconds measure_price() {
    std::atomic<std::uint32_t> const no_stop{0};
    blocking_context const ctx({}, no_stop, {}, {});
    task_slot slot{};
    record_pace pace;
    constexpr int readings = 1000;
    std::array<std::chrono::nanoseconds, 9> tries;
    for (auto& each : tries) {
        auto const begin = std::chrono::steady_clock::now();
        for (int i = 0; i < readings; ++i) {
            std::int64_t const now = stamp(ctx.now());
            slot.started.store(now, std::memory_order_release);
            pace.pay(now, 50);
        }
        each = (std::chrono::steady_clock::now() - begin) / readings;
    }
    std::ranges::nth_element(tries, tries.begin() + tries.size() / 2);
    return std::max(tries[tries.size() / 2], std::chrono::nanoseconds(1));
}

}  // namespace

std::chrono::nanoseconds price_of_reading() {
    static std::chrono::nanoseconds const once = measure_price();
    return once;
}

void task_memory::keep_wait(task_slot& of, std::int64_t began, std::int64_t ended,
                            std::uint64_t nested) noexcept {
    constexpr std::uint64_t largest = std::numeric_limits<std::uint32_t>::max();
    std::size_t const index = waits_known.fetch_add(1, relaxed);
    if (index >= wait_room) return of.waits_lost.store(1, relaxed);
    auto& kept = waits()[index];
    kept.nested = nested < largest ? static_cast<std::uint32_t>(nested) + 1 : 0;
    kept.began = began;
    kept.ended = ended;
    kept.task.store(number_of(of), std::memory_order_release);
}

std::span<nested_slot> task_memory::take_nested(std::size_t count) noexcept {
    if (nested_known.load(relaxed) >= nested_room) return {};
    std::size_t const first = nested_known.fetch_add(count, relaxed);
    if (first >= nested_room) return {};
    return {nested() + first, std::min(count, nested_room - first)};
}

void task_memory::enlist(recorded_worker const& who, std::string_view name) noexcept {
    std::uint32_t const index = workers_known.fetch_add(1, relaxed);
    if (index >= most_workers) return;
    auto& mine = workers[index];
    mine.number.store(static_cast<std::uint32_t>(who.number), relaxed);
    mine.node.store(static_cast<std::uint32_t>(who.node), relaxed);
    mine.process_id.store(who.process_id, relaxed);
    std::size_t const length = std::min(name.size(), sizeof mine.name - 1);
    std::memcpy(mine.name, name.data(), length);
    mine.name[length] = '\0';
    mine.thread_id.store(who.thread_id, std::memory_order_release);
}

void task_memory::forget_workers(std::uint64_t new_id) noexcept {
    id = new_id;
    for (auto& each : workers)
        each.thread_id.store(0, relaxed);
    workers_known.store(0);
}

std::optional<recorded_worker> listed(task_memory::worker const& each) {
    pid_t const thread = each.thread_id.load(std::memory_order_acquire);
    if (thread == 0) return std::nullopt;
    return recorded_worker{.number = each.number.load(task_memory::relaxed),
                           .process_id = each.process_id.load(task_memory::relaxed),
                           .thread_id = thread,
                           .name = each.name,
                           .node = each.node.load(task_memory::relaxed)};
}

std::size_t task_memory::bytes(std::size_t behind) noexcept {
    static auto const page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return (sizeof(task_memory) + behind + page - 1) / page * page;
}

task_memory* task_memory::map(std::size_t behind) {
    void* const mapped = ::mmap(nullptr, bytes(behind), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (mapped == MAP_FAILED)
        throw std::system_error(errno, std::generic_category(), "cannot map memory for task records");
    auto* const memory = ::new (mapped) task_memory{};
    memory->keeper.memory = memory;
    return memory;
}

void task_memory::unmap(std::size_t behind) noexcept {
    ::munmap(this, bytes(behind));
}

}  // namespace quartet::inline v0::detail
