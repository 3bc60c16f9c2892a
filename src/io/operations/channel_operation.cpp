#include "src/io/channel_waits.hpp"
#include "src/io/fake_channels.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/io/operations/channel_operation.hpp>
#include <quartet/outcome.hpp>

#include <exception>

namespace quartet::inline v0::detail {

void channel_operation::perform(blocking_thread& here) {
    thread_waiter self;
    while (!owner().stop_requested()) {
        self.prepare();
        if (try_for(&self)) return;
        self.wait(here.deadline(), &here.stop_word());
    }
    gate().leave(self);
    error = std::make_exception_ptr(cancelled());
}

bool channel_operation::begin(event_loop& loop) {
    return loop.services.use<channel_waits>(loop.io()).start(*this);
}

bool channel_operation::pretend(fake_loop& loop) {
    return loop.services.use<fake_channels>(loop).start(*this);
}

void channel_operation::cancel_begun(event_loop& loop) noexcept {
    auto* const waits = loop.services.find<channel_waits>();
    if (waits && waits->cancel(*this)) loop.complete_soon(*this);
}

void channel_operation::cancel_pretended(fake_loop& loop) noexcept {
    if (auto* const waits = loop.services.find<fake_channels>())
        waits->end(*this, std::make_exception_ptr(cancelled()));
}

}  // namespace quartet::inline v0::detail
