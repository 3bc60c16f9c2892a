#include "server/faults.hpp"

#include "server/page.hpp"
#include "server/random.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace quartet::server_detail {
namespace {

/// Each question about a request draws from a stream of its own; else the slow replies would be a subset
/// of the errors.
enum class stream : std::uint64_t { jitter, error, slow, broken };

double draw(std::uint64_t request_number, stream which, std::uint64_t seed) {
    return unit_interval(mix(mix(mix(seed) + static_cast<std::uint64_t>(which)) + request_number));
}

void check_rate(double rate, char const* name) {
    if (!(rate >= 0 && rate <= 1)) throw std::invalid_argument(std::string(name) + " must be from 0 to 1");
}

void check_duration(std::chrono::nanoseconds duration, char const* name) {
    if (duration < std::chrono::nanoseconds(0) || duration > std::chrono::hours(1))
        throw std::invalid_argument(std::string(name) + " must be from 0 to 1 hour");
}

}  // namespace

fate fate_of(std::uint64_t request_number, server_options const& options) {
    auto const happens = [&](stream which, double rate) {
        return rate > 0 && draw(request_number, which, options.seed) < rate;
    };
    auto const swing = 2 * draw(request_number, stream::jitter, options.seed) - 1;
    fate result;
    result.error = happens(stream::error, options.error_rate);
    result.slow = happens(stream::slow, options.slow_rate);
    result.broken = happens(stream::broken, options.broken_rate);
    result.delay =
        options.latency + std::chrono::duration_cast<std::chrono::nanoseconds>(options.jitter * swing);
    result.delay = std::max(result.delay, std::chrono::nanoseconds(0));
    if (result.slow) result.delay += options.slow_by;
    return result;
}

void check(server_options const& options) {
    check_rate(options.error_rate, "error_rate");
    check_rate(options.slow_rate, "slow_rate");
    check_rate(options.broken_rate, "broken_rate");
    check_duration(options.latency, "latency");
    check_duration(options.jitter, "jitter");
    check_duration(options.slow_by, "slow_by");
    check_duration(options.idle_timeout, "idle_timeout");
    if (options.idle_timeout == options.idle_timeout.zero())
        throw std::invalid_argument("idle_timeout must be above 0");
    if (options.page_bytes > page_bytes_max)
        throw std::invalid_argument("page_bytes must be at most " + std::to_string(page_bytes_max));
}

}  // namespace quartet::server_detail
