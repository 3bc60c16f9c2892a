#include "src/io/sync/fake_gates.hpp"
#include "src/io/sync/gate_waits.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/io/operations/gate_operation.hpp>
#include <quartet/outcome.hpp>

#include <exception>

namespace quartet::inline v0::detail {

void gate_operation::perform(blocking_thread& here) {
    thread_waiter self;
    while (!owner().stop_requested()) {
        self.prepare();
        if (try_for(&self)) return;
        self.wait(at().wait_until(here.deadline()), &here.stop_word());
    }
    at().leave(self);
    error = std::make_exception_ptr(cancelled());
}

bool gate_operation::begin(event_loop& loop) {
    return loop.services.use<gate_waits>(loop.io()).start(*this);
}

bool gate_operation::pretend(fake_loop& loop) {
    return loop.services.use<fake_gates>(loop).start(*this);
}

void gate_operation::cancel_begun(event_loop& loop) noexcept {
    auto* const waits = loop.services.find<gate_waits>();
    if (waits && waits->cancel(*this)) loop.complete_soon(*this);
}

void gate_operation::cancel_pretended(fake_loop& loop) noexcept {
    if (auto* const waits = loop.services.find<fake_gates>())
        waits->end(*this, std::make_exception_ptr(cancelled()));
}

}  // namespace quartet::inline v0::detail
