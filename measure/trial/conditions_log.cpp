#include "measure/trial/conditions_log.hpp"

#include "measure/probes/machine.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <optional>
#include <utility>

namespace quartet::measure {
namespace {

std::string utc_now() {
    return fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr)));
}

}  // namespace

conditions_log::conditions_log() : power_(power_now()) {
    known_.started = utc_now();
    known_.load_before = load_average();
}

conditions conditions_log::until_now() const {
    auto made = known_;
    made.finished = utc_now();
    made.load_after = load_average();
    made.other_cpu_share = met_.other_cpu_share();
    made.steal_share = met_.steal_share();
    made.throttled_seconds = met_.throttled_seconds;
    auto const share = [&](std::optional<double> const& part) {
        return part && met_.seconds > 0 ? std::optional(*part / met_.seconds) : std::nullopt;
    };
    made.io_pressure_share = share(met_.io_pressure_seconds);
    made.memory_pressure_share = share(met_.memory_pressure_seconds);
    add_warnings(made);
    return made;
}

conditions_log::power_state conditions_log::power_now() {
    return {frequency_governor(), clock_source()};
}

void conditions_log::add_warnings(measure::conditions& into) const {
    constexpr double much = 0.05;
    auto const warn = [&](bool holds, std::string text) {
        if (holds) into.warnings.push_back(std::move(text));
    };
    auto const percent = [](double share) { return fmt::format("{:.0f} %", 100 * share); };
    warn(met_.disturbs() && into.other_cpu_share > much,
         fmt::format("other programs used {} of the processors", percent(into.other_cpu_share)));
    warn(
        met_.disturbs() && into.steal_share > 0.02,
        fmt::format("the hypervisor gave {} of the processors to other machines", percent(into.steal_share)));
    warn(into.throttled_seconds.value_or(0) > 0,
         fmt::format("a quota kept the run from running for {:.2g} s", into.throttled_seconds.value_or(0)));
    warn(into.memory_pressure_share.value_or(0) > much,
         fmt::format("tasks waited for memory in {} of the time",
                     percent(into.memory_pressure_share.value_or(0))));
    auto const now = power_now();
    warn(now != power_, fmt::format("the governor or clock changed from {} {} to {} {}", power_.governor,
                                    power_.clock, now.governor, now.clock));
}

}  // namespace quartet::measure
