#include "src/advice/cost_file.hpp"

#include "src/advice/cost_lines.hpp"
#include "src/base/cpu_model.hpp"

#include <quartet/cpus.hpp>
#include <quartet/version.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sys/utsname.h>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

constexpr std::string_view first_line = "quartet costs 3";
constexpr std::string_view last_line = "end\n";
constexpr auto good_for = std::chrono::days(30);

struct model_field {
    std::string_view name;
    double model_costs::*figure;
};
constexpr model_field model_fields[] = {
    {"start_seconds", &model_costs::start_seconds},
    {"worker_seconds", &model_costs::worker_seconds},
    {"task_seconds", &model_costs::task_seconds},
    {"hand_out_seconds", &model_costs::hand_out_seconds},
    {"network_wait_seconds", &model_costs::network_wait_seconds},
    {"disk_wait_seconds", &model_costs::disk_wait_seconds},
    {"sleep_seconds", &model_costs::sleep_seconds},
    {"late_seconds", &model_costs::late_seconds},
    {"result_byte_seconds", &model_costs::result_byte_seconds},
    {"start_bytes", &model_costs::start_bytes},
    {"worker_bytes", &model_costs::worker_bytes},
    {"in_flight_bytes", &model_costs::in_flight_bytes},
};

struct model_of_costs {
    std::string_view name;
    model_costs machine_costs::*costs;
};
constexpr model_of_costs models[] = {{"single", &machine_costs::single},
                                     {"threads", &machine_costs::threads},
                                     {"processes", &machine_costs::processes},
                                     {"async", &machine_costs::async}};

struct machine_field {
    std::string_view name;
    double machine_costs::*figure;
};
constexpr machine_field machine_fields[] = {{"efficiency", &machine_costs::efficiency},
                                            {"slice_seconds", &machine_costs::slice_seconds},
                                            {"disk_waits", &machine_costs::disk_waits},
                                            {"program_bytes", &machine_costs::program_bytes},
                                            {"memory_byte_seconds", &machine_costs::memory_byte_seconds}};

/// Every figure with its name.
template <class Costs, class Visit>
void each_figure(Costs& costs, Visit visit) {
    for (auto const& field : machine_fields)
        visit(std::string(field.name), costs.*field.figure);
    for (auto const& model : models) {
        for (auto const& field : model_fields)
            visit(fmt::format("{}.{}", model.name, field.name), costs.*model.costs.*field.figure);
    }
}

}  // namespace

std::filesystem::path cost_file_path() {
    if (char const* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/')
        return std::filesystem::path(cache) / "quartet" / "costs";
    if (char const* home = std::getenv("HOME"); home != nullptr && *home == '/')
        return std::filesystem::path(home) / ".cache" / "quartet" / "costs";
    return {};
}

std::string machine_identity() {
    utsname system{};
    uname(&system);
    return fmt::format("{}, {} usable, Linux {}, quartet {}", cpu_model(), usable_cpus(), system.release,
                       QUARTET_VERSION);
}

std::string to_text(kept_costs const& kept) {
    auto text = fmt::format("{}\nof {}\nmeasured {}\ndisturbed {}\ncpus {}\n", first_line, kept.identity,
                            kept.measured.time_since_epoch().count(), kept.disturbed_share, kept.costs.cpus);
    each_figure(kept.costs, [&](std::string const& name, double figure) {
        text += fmt::format("{} {}\n", name, figure);
    });
    text += last_line;
    return text;
}

std::optional<kept_costs> costs_from_text(std::string_view text) {
    if (!text.starts_with(first_line) || !text.ends_with(last_line)) return std::nullopt;
    auto const lines = cost_lines_of(text);
    bool whole = true;
    auto const take = [&](std::string const& name, auto& number) {
        whole = whole && take_cost(lines, name, number);
    };
    kept_costs made;
    std::int64_t measured = 0;
    take("measured", measured);
    take("disturbed", made.disturbed_share);
    take("cpus", made.costs.cpus);
    each_figure(made.costs, take);
    auto const of = lines.find("of");
    if (!whole || of == lines.end() || made.costs.cpus == 0) return std::nullopt;
    made.identity = of->second;
    made.measured = std::chrono::sys_seconds(std::chrono::seconds(measured));
    return made;
}

std::optional<kept_costs> load_costs() {
    std::ifstream file(cost_file_path());
    std::string const text{std::istreambuf_iterator<char>(file), {}};
    auto kept = costs_from_text(text);
    if (!kept || kept->identity != machine_identity() || kept->measured > std::chrono::system_clock::now())
        return std::nullopt;
    return kept;
}

bool is_better(kept_costs const& found, kept_costs const& kept) noexcept {
    return is_better(found.disturbed_share, found.measured, kept.disturbed_share, kept.measured);
}

bool is_better(double found_disturbed_share, std::chrono::sys_seconds found, double kept_disturbed_share,
               std::chrono::sys_seconds kept) noexcept {
    return !disturbs(found_disturbed_share) || found_disturbed_share <= kept_disturbed_share ||
           found - kept > good_for;
}

}  // namespace quartet::inline v0::detail
