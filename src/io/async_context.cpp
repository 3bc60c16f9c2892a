#include "src/io/async_context.hpp"

#include "src/io/http_transfer.hpp"

#include <quartet/outcome.hpp>

namespace quartet::detail {

bool async_context::start(sleep_operation& operation) {
    if (stop_requested()) {
        operation.error = std::make_exception_ptr(cancelled());
        return true;
    }
    if (operation.duration <= operation.duration.zero()) return true;
    loop_.start(operation);
    return false;
}

bool async_context::start(fetch_operation& operation) {
    if (stop_requested()) {
        operation.error = std::make_exception_ptr(cancelled());
        return true;
    }
    try {
        loop_.start(operation);
        return false;
    } catch (...) {
        refuse(operation);
        return true;
    }
}

bool async_context::start(command_operation& operation) {
    if (stop_requested()) throw cancelled();
    loop_.start(operation);
    return false;
}

bool async_context::start(file_operation& operation) {
    operation.is_cancelled = stop_requested();
    loop_.start(operation);
    return false;
}

bool async_context::start(offload_base& operation) {
    operation.is_cancelled = stop_requested();
    loop_.start(operation);
    return false;
}

bool async_context::start(yield_operation& operation) {
    loop_.start(operation);
    return false;
}

bool async_context::start(channel_operation& operation) {
    if (!stop_requested()) return loop_.start(operation);
    operation.error = std::make_exception_ptr(cancelled());
    return true;
}

void async_context::cancel(offload_base& operation) noexcept {
    loop_.cancel(operation, [this](std::string const& text) { do_log(text); });
}

void async_context::do_log(std::string_view line) {
    if (log_) log_(where(), line);
}

}  // namespace quartet::detail
