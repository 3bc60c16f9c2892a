#include <quartet/detail/stall_watch.hpp>
#include <quartet/job.hpp>

#include <fmt/format.h>

namespace quartet::detail {

void stall_watch::tell(running_body const& body, std::chrono::nanoseconds held) {
    auto const name = body.name();
    if (!told_.insert(name).second) return;
    report_(
        fmt::format("task {} of {} held its event loop for {:.0f} ms, and no other could go on meanwhile; "
                    "what computes or "
                    "blocks belongs into ctx.offload()",
                    body.index(), name, std::chrono::duration<double, std::milli>(held).count()));
}

}  // namespace quartet::detail
