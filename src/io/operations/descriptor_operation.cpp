#include "src/io/context/look_for_stop.hpp"
#include "src/io/loop/descriptor_waits.hpp"
#include "src/io/loop/fake_descriptors.hpp"
#include "src/io/loop/poll_descriptor.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/base/misuse.hpp>
#include <quartet/detail/io/operations/descriptor_operation.hpp>
#include <quartet/outcome.hpp>

#include <algorithm>
#include <chrono>
#include <exception>

namespace quartet::inline v0::detail {

void descriptor_operation::perform(blocking_thread& here) {
    using std::chrono::steady_clock;
    if (try_now({})) return;
    while (!owner().stop_requested()) {
        std::chrono::nanoseconds most = look_for_stop;
        if (here.deadline() != steady_clock::time_point::max())
            most = std::min(most, std::chrono::nanoseconds(here.deadline() - steady_clock::now()));
        turn_to_next();
        auto const holds = poll_descriptor(number(), wanted(), most);
        if (holds && try_now(holds)) return;
    }
    throw cancelled();
}

bool descriptor_operation::begin(event_loop& loop) {
    return loop.services.use<descriptor_waits>(loop).start(*this);
}

bool descriptor_operation::pretend(fake_loop& loop) {
    loop.services.use<fake_descriptors>(loop).start(*this);
    return false;
}

void descriptor_operation::cancel_begun(event_loop& loop) noexcept {
    if (auto* const waits = loop.services.find<descriptor_waits>()) waits->cancel(*this);
}

void descriptor_operation::cancel_pretended(fake_loop& loop) noexcept {
    if (auto* const waits = loop.services.find<fake_descriptors>())
        waits->end(*this, std::make_exception_ptr(cancelled()));
}

ready_operation::ready_operation(context& owner, int descriptor, readiness wanted)
    : descriptor_operation(owner, descriptor, wanted) {
    if (!wanted) misuse("a body waits for a descriptor to be readable, writable or either, not for nothing");
}

bool ready_operation::try_now(readiness holds) {
    if (!holds) holds = poll_descriptor(number(), wanted());
    holds_ = holds & wanted();
    return static_cast<bool>(holds_);
}

}  // namespace quartet::inline v0::detail
