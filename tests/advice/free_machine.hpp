// A machine on which nothing costs anything, so that what is left can be reckoned in one's head.
#pragma once

#include <quartet/workload/advice.hpp>

namespace quartet {

inline machine_costs free_machine(std::size_t cpus) {
    return {.cpus = cpus};
}

}  // namespace quartet
