#include "src/base/nearest.hpp"

#include <quartet/workload/registry.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <utility>

namespace quartet::inline v0 {
namespace {

std::vector<workload>& registry() {
    static std::vector<workload> all;
    return all;
}

}  // namespace

void register_workload(workload added) {
    bool const well_named = !added.name.empty() && std::ranges::all_of(added.name, [](unsigned char c) {
        return std::isalnum(c) || c == '_';
    });
    if (!well_named)
        throw std::invalid_argument(
            fmt::format("a workload's name is made of letters, digits and _, not '{}'", added.name));
    if (std::ranges::any_of(registry(), [&](workload const& other) { return other.name == added.name; }))
        throw std::invalid_argument(fmt::format("there are two workloads named '{}'", added.name));
    if (!added.run) throw std::invalid_argument(fmt::format("workload '{}' has nothing to run", added.name));
    registry().push_back(std::move(added));
}

std::vector<workload> const& registered_workloads() {
    return registry();
}

workload const& find_workload(std::string_view name) {
    std::vector<std::string_view> names;
    for (auto const& each : registry()) {
        if (each.name == name) return each;
        names.push_back(each.name);
    }
    throw std::invalid_argument(fmt::format("unknown workload '{}'; there are {}{}", name,
                                            detail::join(names), detail::did_you_mean(name, names)));
}

}  // namespace quartet::inline v0
