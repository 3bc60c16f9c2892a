// batch/control/machine_state.hpp
//
// How the machine was between two readings, as far as it tells. A value; machine_load.hpp reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace quartet::batch {

/// What the system does not tell is absent, and then nothing is decided by it.
struct machine_state {
    double processors = 1;             ///< that we may use, a quota included
    std::optional<double> busy{};      ///< of them, in the mean since the last reading, by anybody
    std::optional<double> runnable{};  ///< tasks that ran or waited for a processor, at the time of reading
    std::optional<double> load{};      ///< the load average of one minute
    std::optional<std::uint64_t>
        memory_available{};                  ///< bytes that can be had before anything is swapped or killed
    std::optional<double> memory_stalled{};  ///< the part of the time in which a task waited for memory
    std::optional<double> disk_stalled{};    ///< the part of the time in which a task waited for a disk
    std::optional<std::size_t> descriptors_free{};  ///< of this process
};

}  // namespace quartet::batch
