#include <quartet/cpus.hpp>
#include <quartet/detail/io/current_context.hpp>
#include <quartet/detail/io/nested_work.hpp>
#include <quartet/detail/io/pool_thread.hpp>
#include <quartet/detail/io/task_slots.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <pthread.h>
#include <system_error>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

/// For what a body does beside making a call; its own locals have to fit in as well.
constexpr std::size_t kept_free = std::size_t{256} << 10;

/// Untouched pages of it cost nothing.
constexpr std::size_t further_stack = std::size_t{64} << 20;

/// Below this address the stack of the thread is nearly used up.
thread_local constinit char const* lowest_use = nullptr;

[[gnu::noinline]] char const* find_lowest_use() noexcept {
    static char const nothing = 0;
    pthread_attr_t attributes;
    void* lowest = nullptr;
    std::size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return &nothing;
    pthread_attr_getstack(&attributes, &lowest, &size);
    pthread_attr_destroy(&attributes);
    return static_cast<char const*>(lowest) + std::min(kept_free, size / 2);
}

bool stack_is_short() noexcept {
    if (!lowest_use) lowest_use = find_lowest_use();
    return std::less<>()(static_cast<char const*>(__builtin_frame_address(0)), lowest_use);
}

void* call_function(void* function) noexcept {
    (*static_cast<std::function<void()>*>(function))();
    return nullptr;
}

/// Throws std::system_error.
void run_on_further_stack(std::function<void()> function) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, further_stack);
    pthread_t thread;
    int const refused = pthread_create(&thread, &attributes, &call_function, &function);
    pthread_attr_destroy(&attributes);
    if (refused != 0)
        throw std::system_error(refused, std::generic_category(), "cannot make a stack for nested calls");
    pthread_join(thread, nullptr);
}

}  // namespace

void nested_work::run_within_stack(context& ctx) noexcept {
    if (!stack_is_short()) [[likely]]
        return run_body(ctx);
    try {
        run_on_further_stack([this, &ctx, part = current_scope(), task = this_task,
                              blocking = current_blocking_context(), recorder = this_recording.recorder,
                              thread = this_pool_thread, share = cpu_share()] {
            scope_switch const inside(part);
            task_switch const at_work(task);
            this_recording.recorder = recorder;  // it is the same worker
            this_pool_thread = thread;           // of the same pool
            set_thread_cpu_share(share);
            current_blocking_context() = blocking;
            run_body(ctx);
        });
    } catch (...) {
        fail_body(std::current_exception());
    }
}

void nested_work::run_recorded(context& ctx) noexcept {
    task_switch const at_work(record_->begin(ctx));
    run_within_stack(ctx);
    record_->end(ctx, failure());
}

void nested_work::run_beside(context& ctx) noexcept {
    scope part;
    bool const limited = limit_ != scope::time_point::max();
    if (limited) part.set_deadline(limit_);
    scope_switch const beside(limited ? &part : nullptr);
    run_body_or_record(ctx);
}

}  // namespace quartet::inline v0::detail
