#include "cli/measuring/cost_cache.hpp"

#include "measure/analysis/machine_costs.hpp"
#include "measure/results/atomic_file.hpp"

#include <quartet/cpus.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <system_error>

namespace quartet::cli {
namespace {

/// If the costs can't be written to the cache, the next call falls back to usual ones.
void keep(detail::kept_costs const& found) {
    auto const file = detail::cost_file_path();
    if (file.empty()) return;
    if (auto const kept = detail::load_costs(); kept && !is_better(found, *kept)) return;
    std::error_code ignored;
    std::filesystem::create_directories(file.parent_path(), ignored);
    try {
        measure::write_file_whole(file, detail::to_text(found));
    } catch (std::system_error const&) {
    }
}

}  // namespace

detail::kept_costs measure_machine_costs(workbench& bench, measure::session_observer& observer) {
    bench.provide_server();
    auto const found = measure::measure_costs(bench.session_options({}), observer);
    using namespace std::chrono;
    detail::kept_costs const made{found.costs, detail::machine_identity(),
                                  floor<seconds>(system_clock::now()), found.disturbed_share};
    keep(made);
    return made;
}

known_costs as_known(detail::kept_costs const& measured) {
    auto name = fmt::format("the costs of this machine, measured on {:%Y-%m-%d}", measured.measured);
    if (measured.disturbed())
        name += fmt::format(
            " while others used {:.0f} % of the processors, so that they are too high (`quartet doctor` "
            "measures them anew)",
            100 * measured.disturbed_share);
    return {measured.costs, measured, std::move(name)};
}

known_costs costs_at_hand() {
    if (auto const kept = detail::load_costs()) return as_known(*kept);
    return {usual_costs(usable_cpus()), std::nullopt,
            "the costs of a usual machine (`quartet doctor` measures those of this one)"};
}

known_costs costs_of_python() {
    return {python_costs(usable_cpus()), std::nullopt, "the costs of Python on a usual machine"};
}

}  // namespace quartet::cli
