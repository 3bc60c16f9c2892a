// batch/control/limit_change.hpp
//
// A change of the number of jobs at once, with why it was made. A value.
#pragma once

#include <cstddef>
#include <string>

namespace quartet::batch {

/// Why the number is what it is.
enum class limit_reason {
    first,        ///< as the caller began
    waiting,      ///< the processors had nothing to do
    more_done,    ///< more at once ended more jobs a second
    no_gain,      ///< more at once ended no more of them
    slower,       ///< more at once ended fewer of them
    trial,        ///< a neighbour is tried
    processors,   ///< the processors were busy
    memory,       ///< the jobs' memory, or a limit of it
    descriptors,  ///< descriptors of this process
    load,         ///< the load that the user allows
    refused,      ///< the other side said: slow down
    most,         ///< as many as the user allows
};

/// As in results: "more_done".
char const* name_of(limit_reason why) noexcept;

struct limit_change {
    double when = 0;  ///< seconds, by the clock of who calls
    std::size_t from = 0;
    std::size_t to = 0;
    limit_reason why = limit_reason::first;
    double rate_before = 0;  ///< jobs that ended a second with `from`, as far as measured; else 0
    double rate_after = 0;   ///< with `to`, likewise
    double busy = 0;         ///< processors, at that time; 0 if unknown

    bool operator==(limit_change const&) const = default;
};

/// In a line: "from 8 to 16: the processors had nothing to do".
std::string describe(limit_change const& change);

}  // namespace quartet::batch
