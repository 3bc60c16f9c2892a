// batch/run/orphan_guard.hpp
//
// A process beside a batch, which ends the jobs that are left when the batch is killed: they would go on
// without anybody who hears of their ends, while a resumed batch runs them a second time.
//
// It knows them by a variable in their environment, so daemons too. Its own descriptor of the journal keeps
// that locked until it is done.
#pragma once

#include "src/base/descriptor.hpp"

#include <string>
#include <string_view>
#include <sys/types.h>

namespace quartet::batch {

class orphan_guard {
public:
    /// The variable's name.
    static constexpr std::string_view variable = "QUARTET_BATCH";

    /// Starts it, and sets the variable for this process, whose jobs inherit it. `kept`: a descriptor that it
    /// keeps open; -1: none. To be made before there are threads. Throws std::system_error.
    explicit orphan_guard(int kept);

    /// The batch has ended, and no jobs are left.
    ~orphan_guard();
    orphan_guard(orphan_guard const&) = delete;
    orphan_guard& operator=(orphan_guard const&) = delete;

private:
    detail::descriptor word_;  // closed without one: this process was killed
    pid_t process_ = -1;
};

}  // namespace quartet::batch
