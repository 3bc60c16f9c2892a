#include "src/base/bounded_text.hpp"

#include <quartet/detail/call/body_name.hpp>
#include <quartet/detail/call/map_job.hpp>
#include <quartet/outcome.hpp>

#include <fmt/format.h>

#include <cxxabi.h>
#include <memory>

namespace quartet {

std::string_view to_string(cause why) noexcept {
    switch (why) {
        case cause::threw:
            return "threw";
        case cause::worker_died:
            return "worker died";
        case cause::cancelled:
            return "cancelled";
        case cause::timed_out:
            return "timed out";
    }
    return "unknown";
}

namespace {

std::string summary(std::vector<failure> const& failures, std::size_t tasks) {
    if (failures.empty()) return fmt::format("none of {} tasks failed", tasks);
    auto const& first = failures.front();
    return fmt::format("{} of {} tasks failed; the first is task {}: {}", failures.size(), tasks, first.index,
                       first.message);
}

}  // namespace

timed_out::timed_out(std::chrono::nanoseconds limit)
    : std::runtime_error(fmt::format("timed out after {:g} s", std::chrono::duration<double>(limit).count())),
      limit_(limit) {}

map_error::map_error(std::vector<failure> failures, std::size_t tasks)
    : std::runtime_error(summary(failures, tasks)),
      failures_(std::make_shared<std::vector<failure> const>(std::move(failures))),
      tasks_(tasks) {}

namespace detail {

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

}  // namespace detail
}  // namespace quartet
