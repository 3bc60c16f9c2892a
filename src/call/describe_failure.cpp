#include "src/base/bounded_text.hpp"

#include <quartet/detail/call/body_name.hpp>
#include <quartet/detail/call/describe_failure.hpp>
#include <quartet/outcome.hpp>

#include <fmt/format.h>

#include <cxxabi.h>
#include <exception>
#include <string>
#include <typeinfo>
#include <utility>

namespace quartet::inline v0::detail {

void throw_failure(failure const& why) {
    if (why.exception && why.why != cause::cancelled) std::rethrow_exception(why.exception);
    throw task_error(why);
}

failure describe_current_exception(std::size_t index, std::string worker) {
    failure why{.index = index, .worker = std::move(worker), .exception = std::current_exception()};
    try {
        throw;
    } catch (cancelled const& stopped) {
        why.why = cause::cancelled;
        why.message = stopped.what();
    } catch (task_timed_out const& late) {
        why.why = cause::timed_out;
        why.message = late.what();
    } catch (std::exception const& thrown) {
        char const* const text = thrown.what();
        why.message = text ? bounded_text(text)
                           : fmt::format("an exception of type {}, whose what() is null",
                                         bounded_text(current_exception_type()));
    } catch (...) {
        why.message = fmt::format("an exception of type {}", bounded_text(current_exception_type()));
    }
    return why;
}

failure describe_cancelled(std::size_t index) {
    return {.index = index, .why = cause::cancelled, .message = "cancelled before it began"};
}

std::string current_exception_type() {
    std::type_info const* type = abi::__cxa_current_exception_type();
    if (!type) return "unknown";
    return readable_name(*type);
}

}  // namespace quartet::inline v0::detail
