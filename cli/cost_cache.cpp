#include "cli/cost_cache.hpp"

#include "measure/atomic_file.hpp"
#include "measure/machine_costs.hpp"
#include "src/advice/cost_file.hpp"

#include <chrono>
#include <system_error>

namespace quartet::cli {
namespace {

/// Costs that can't be kept are measured again the next time.
void keep(machine_costs const& costs) {
    auto const file = detail::cost_file_path();
    if (file.empty()) return;
    using namespace std::chrono;
    detail::kept_costs const kept{costs, detail::machine_identity(), floor<seconds>(system_clock::now())};
    std::error_code ignored;
    std::filesystem::create_directories(file.parent_path(), ignored);
    try {
        measure::write_file_whole(file, detail::to_text(kept));
    } catch (std::system_error const&) {
    }
}

}  // namespace

machine_costs measure_machine_costs(workbench& bench, measure::session_observer& observer) {
    bench.provide_server();
    auto const costs = measure::measure_costs(bench.session_options({}), observer);
    if (!costs.disturbed) keep(costs.costs);
    return costs.costs;
}

machine_costs costs_of_this_machine(workbench& bench, measure::session_observer& observer) {
    auto const kept = detail::load_costs();
    return kept ? kept->costs : measure_machine_costs(bench, observer);
}

}  // namespace quartet::cli
