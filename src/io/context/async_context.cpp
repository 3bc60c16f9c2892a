#include "src/io/context/async_context.hpp"

#include <quartet/outcome.hpp>

#include <exception>

namespace quartet::inline v0::detail {

// A body that swallows its end would go on without ever letting the loop go.
bool async_context::end_at_once(operation& ended) {
    ended.error = std::make_exception_ptr(cancelled());
    if (leaves_the_deaf_) return true;
    std::uint32_t const unheard = count_unheard();
    if (unheard < deaf_after) return true;
    if (unheard == deaf_after) warn(describe_deafness(body_name_ ? body_name_() : "a body"));
    loop_.complete_unbegun(ended, pause_of_the_deaf);
    return false;
}

bool async_context::start(operation& begun) {
    if (stop_requested() && begun.ends_with_body()) return end_at_once(begun);
    return begun.begin(loop_);
}

void async_context::do_log(std::string_view line) {
    if (log_) log_(where(), line);
}

}  // namespace quartet::inline v0::detail
