#include <quartet/detail/stall_watch.hpp>
#include <quartet/job.hpp>

#include <fmt/format.h>

namespace quartet::detail {

void stall_watch::show(running_body const& body, time_point now) noexcept {
    show(body.of(), body.index(), now);
}

void stall_watch::show(job const& work, std::size_t task, time_point now) noexcept {
    shown_->work.store(work.remote, std::memory_order_relaxed);
    shown_->task.store(task, std::memory_order_relaxed);
    shown_->since.store(now.count(), std::memory_order_release);
}

void stall_watch::tell(running_body const& body, std::chrono::nanoseconds held) {
    tell(body.of(), body.index(), held);
}

void stall_watch::tell(job const& work, std::size_t task, std::chrono::nanoseconds held) {
    auto const name = work.body_name();
    if (!told_.insert(name).second) return;
    report_(
        fmt::format("task {} of {} held its event loop for {:.0f} ms, and no other could go on meanwhile; "
                    "what computes or blocks belongs into ctx.offload()",
                    work.number_of(task), name, std::chrono::duration<double, std::milli>(held).count()));
}

}  // namespace quartet::detail
