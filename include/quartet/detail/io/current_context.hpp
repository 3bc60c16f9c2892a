// include/quartet/detail/io/current_context.hpp
//
// The context of the body that runs on this thread, for what is awaited without naming it.
#pragma once

#include <quartet/detail/io/scope.hpp>

namespace quartet::inline v0::detail {

/// That of blocking bodies; null on a thread that runs none. A blocking context sets it for as long as it
/// lives.
inline context*& current_blocking_context() noexcept {
    static thread_local constinit context* current = nullptr;
    return current;
}

/// Null outside of bodies. For what runs in a body: on an event loop each has a scope.
inline context* current_context() noexcept {
    scope const* const part = current_scope();
    return part && part->body() ? part->body_context() : current_blocking_context();
}

}  // namespace quartet::inline v0::detail
