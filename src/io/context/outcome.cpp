#include <quartet/outcome.hpp>

#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quartet::inline v0 {

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
        case cause::node_lost:
            return "node lost";
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

}  // namespace quartet::inline v0
