#include "measure/analysis/changes.hpp"

#include "measure/results/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace quartet::measure {
namespace {

/// The n-th measurement of the same workload and spec; there are several if a model was measured against
/// itself.
measurement const* counterpart(measurement const& of, results const& own, results const& other) {
    auto const same = [&](measurement const& each) {
        return each.workload == of.workload && each.spec == of.spec;
    };
    auto skip = std::ranges::count_if(own.measurements.begin(),
                                      own.measurements.begin() + (&of - own.measurements.data()), same);
    for (auto const& each : other.measurements) {
        if (same(each) && skip-- == 0) return &each;
    }
    return nullptr;
}

bool timed(measurement const& of) {
    auto const walls = counted(of, &trial_figures::wall_seconds);
    return !walls.empty() && std::ranges::all_of(walls, [](double each) { return each > 0; });
}

change_kind kind_of(comparison const& compared) {
    switch (compared.winner()) {
        case verdict::first_wins:
            return change_kind::faster;
        case verdict::second_wins:
            return change_kind::slower;
        case verdict::equal:
            return change_kind::equal;
        case verdict::unresolved:
            break;
    }
    return change_kind::unresolved;
}

change change_of(measurement const& before, measurement const& after, comparison_options const& options) {
    change made{.workload = before.workload,
                .spec = before.spec,
                .kind = change_kind::failed,
                .old_seconds = before.wall_seconds.median,
                .new_seconds = after.wall_seconds.median};
    bool const was_good = is_good(before) && timed(before);
    bool const good = is_good(after) && timed(after);
    if (was_good != good) made.kind = good ? change_kind::mended : change_kind::broken;
    if (!was_good || !good) return made;
    made.compared = compare_runs(counted(after, &trial_figures::wall_seconds),
                                 counted(before, &trial_figures::wall_seconds), options);
    made.kind = kind_of(*made.compared);
    return made;
}

/// Physical memory, as the kernel tells it, differs a little from boot to boot.
bool about_equal(json const& one, json const& other) {
    double const a = one;
    double const b = other;
    return std::abs(a - b) <= 0.01 * std::max(a, b);
}

std::string shown(json const& value) {
    if (value.is_null()) return "none";
    return value.is_string() ? fmt::format("'{}'", value.get<std::string>()) : value.dump();
}

}  // namespace

std::string_view to_string(change_kind which) {
    switch (which) {
        case change_kind::faster:
            return "faster";
        case change_kind::slower:
            return "slower";
        case change_kind::equal:
            return "equal";
        case change_kind::unresolved:
            return "not resolved";
        case change_kind::broken:
            return "broken";
        case change_kind::mended:
            return "mended";
        case change_kind::failed:
            return "failed in both";
        case change_kind::added:
            return "new";
        case change_kind::removed:
            return "gone";
    }
    return {};
}

bool change::is_regression(double above) const noexcept {
    if (kind == change_kind::broken) return true;
    return kind == change_kind::slower && compared->ratio > 1 + above;
}

bool change::may_be_regression(double above) const noexcept {
    if (kind != change_kind::unresolved || !compared) return false;
    return !compared->enough || compared->bounds.high > 1 + above;
}

bool change::contradicts_medians() const noexcept {
    constexpr double shown = 0.0005;
    if (!compared || !(old_seconds > 0)) return false;
    double const by_medians = new_seconds / old_seconds - 1;
    double const by_pairs = compared->ratio - 1;
    return std::abs(by_medians) >= shown && std::abs(by_pairs) >= shown && (by_medians > 0) != (by_pairs > 0);
}

std::vector<change> changes_between(results const& old_results, results const& new_results, double margin) {
    auto const in_both = std::ranges::count_if(old_results.measurements, [&](auto const& each) {
        return counterpart(each, old_results, new_results) != nullptr;
    });
    comparison_options const options{.margin = margin, .comparisons = static_cast<std::size_t>(in_both)};
    std::vector<change> changes;
    for (auto const& each : old_results.measurements) {
        if (auto const* const after = counterpart(each, old_results, new_results)) {
            changes.push_back(change_of(each, *after, options));
        } else {
            changes.push_back({each.workload, each.spec, change_kind::removed, each.wall_seconds.median});
        }
    }
    for (auto const& each : new_results.measurements) {
        if (!counterpart(each, new_results, old_results))
            changes.push_back({each.workload, each.spec, change_kind::added, 0, each.wall_seconds.median});
    }
    return changes;
}

std::vector<std::string> differences_between(results const& old_results, results const& new_results) {
    static std::set<std::string_view> const may_differ{"open_files_limit", "processes_limit", "swap_bytes"};
    std::vector<std::string> differences;
    for (auto const& each : fields_of<machine>()) {
        json const one = each.get(old_results.machine);
        json const other = each.get(new_results.machine);
        bool const same = one == other || (each.name == "memory_bytes" && about_equal(one, other));
        if (!same && !may_differ.contains(each.name))
            differences.push_back(fmt::format("{}: {} and {}", each.name, shown(one), shown(other)));
    }
    for (auto const& [name, value] : old_results.settings.parameters) {
        auto const other = new_results.settings.parameters.find(name);
        if (other != new_results.settings.parameters.end() && other->second != value)
            differences.push_back(fmt::format("parameter {}: '{}' and '{}'", name, value, other->second));
    }
    return differences;
}

std::size_t rounds_needed_to_compare(std::size_t rows) {
    double const wrong = 0.05 / static_cast<double>(std::max<std::size_t>(1, rows));
    std::size_t rounds = 1;
    // The chance that all of n samples are above all of n others, on either side: 2 / (2n over n).
    for (double chance = 1; chance > wrong; ++rounds)
        chance *= static_cast<double>(rounds + 1) / static_cast<double>(2 * (2 * rounds + 1));
    return rounds;
}

}  // namespace quartet::measure
