#include <quartet/detail/call/nested_part.hpp>

namespace quartet::inline v0::detail {

std::exception_ptr thrown_for(failure const& why) noexcept {
    if (why.exception) return why.exception;
    if (why.why == cause::cancelled) return std::make_exception_ptr(cancelled());
    return std::make_exception_ptr(task_error(why));
}

}  // namespace quartet::inline v0::detail
