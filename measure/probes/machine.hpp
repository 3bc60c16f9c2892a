// measure/probes/machine.hpp
//
// The machine a run takes place on. Reads some small files of /proc and /sys; any thread.
#pragma once

#include "measure/results/results.hpp"

#include <filesystem>

namespace quartet::measure {

/// What the system does not tell is absent, or an empty string. `scratch` is where the trials put their
/// files.
machine this_machine(std::filesystem::path const& scratch);

/// What decides on the processors' frequency: "performance", "schedutil". Empty if there is none to see.
std::string frequency_governor();

/// What the kernel's clocks go by: "tsc", "kvm-clock", "hpet".
std::string clock_source();

/// The load average of the last minute.
double load_average();

}  // namespace quartet::measure
