// How an offloaded function runs: on an event loop in the threads of its offload_pool, so that the loop stays
// free; in the fake at once. A blocking context has a thread of its own and runs it there (offload.hpp).

#include "src/io/loop/offload_pool.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/io/operations/offload.hpp>

#include <string>

namespace quartet::inline v0::detail {

bool offload_base::begin(event_loop& loop) {
    is_cancelled = owner().stop_requested();
    loop.services.use<offload_pool>(loop.io(), loop.most_offload_threads).start(*this);
    return false;
}

bool offload_base::pretend(fake_loop& loop) {
    run();
    loop.complete_soon(*this);
    return false;
}

void offload_base::cancel_begun(event_loop& loop) noexcept {
    auto* const pool = loop.services.find<offload_pool>();
    if (pool && pool->cancel(*this, [this](std::string const& late) { warn(late); }))
        loop.complete_soon(*this);
}

}  // namespace quartet::inline v0::detail
