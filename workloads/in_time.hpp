// workloads/in_time.hpp
//
// A task's part that may take so long, which the user has said.
#pragma once

#include <quartet/context.hpp>
#include <quartet/outcome.hpp>
#include <quartet/structured.hpp>
#include <quartet/task.hpp>

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

namespace quartet {

/// Throws std::runtime_error "WHOM: no answer within 15 s" when the time is up; "no answer …" without `whom`.
template <class Value>
task<Value> in_time(context& ctx, double seconds, task<Value> part, std::string whom = {}) {
    auto const limit = std::chrono::ceil<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
    try {
        co_return co_await ctx.with_timeout(limit, std::move(part));
    } catch (timed_out const&) {
        throw std::runtime_error(
            fmt::format("{}{}no answer within {} s", whom, whom.empty() ? "" : ": ", seconds));
    }
}

}  // namespace quartet
