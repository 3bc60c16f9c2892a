// Checks the options of a call before it begins, so that a wrong number is an std::invalid_argument which
// names the option, and not a call that hangs or asks for all memory.

#include <quartet/call_options.hpp>
#include <quartet/detail/call/stream_source.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

namespace quartet::inline v0::detail {
namespace {

[[noreturn]] void refuse(std::string const& what) {
    throw std::invalid_argument("quartet: " + what);
}

void check_limit(std::chrono::nanoseconds limit, char const* what) {
    if (limit < limit.zero()) refuse(std::string(what) + " is below zero; it is a length of time");
}

void refuse_progress(call_options const& options) {
    if (options.progress)
        refuse(
            "call_options::progress is for map and its kin; a future has done(), and a stream its results");
}

void refuse_journal(call_options const& options) {
    if (!options.journal.empty())
        refuse(
            "call_options::journal is for map and its kin, and for streams; a map_async and a single call "
            "keep "
            "nothing for a later run");
}

}  // namespace

/// Refuses a negative number that was converted to std::size_t: it is above half of what that can hold.
void check_count(std::size_t count, char const* what) {
    if (count > std::numeric_limits<std::size_t>::max() / 2)
        refuse(std::string(what) + " is " + std::to_string(static_cast<std::int64_t>(count)) +
               "; it is a number of things, 0 or more");
}

void check_options(call_options const& options) {
    check_limit(options.task_timeout, "call_options::task_timeout");
    check_limit(options.timeout, "call_options::timeout");
    check_limit(options.retry.pause, "retry_options::pause");
    if (!std::isfinite(options.retry.factor) || options.retry.factor < 0) [[unlikely]]
        refuse("retry_options::factor is " + std::to_string(options.retry.factor) +
               "; each pause is so many times as long as the one before, 0 or more");
    check_count(options.retry.times, "retry_options::times");
    check_count(options.chunk_size, "call_options::chunk_size");
}

void check_single(call_options const& options) {
    check_options(options);
    refuse_progress(options);
    refuse_journal(options);
}

void check_async_map(call_options const& options) {
    check_single(options);
    if (options.retry.times > 0)
        refuse(
            "call_options::retry is for map and its kin, and for submit; a map_async tries its tasks once");
}

void tell_of_end(call_options const& options, std::size_t tasks) {
    if (options.progress && tasks > 0) options.progress(tasks, tasks);
}

void check_options(stream_options const& options) {
    check_options(options.call);
    refuse_progress(options.call);
    check_count(options.window, "stream_options::window");
}

}  // namespace quartet::inline v0::detail
