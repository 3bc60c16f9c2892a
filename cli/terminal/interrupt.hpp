// cli/terminal/interrupt.hpp
//
// Ctrl-C and the like as something to wait for, instead of something that strikes in the middle.
#pragma once

#include "src/base/descriptor.hpp"

namespace quartet::cli {

/// Holds back SIGINT, SIGTERM and SIGHUP for this process, from construction on and for good; SIGHUP not if
/// it is ignored, as by nohup. Construct it before any thread, and in one place.
class interrupt {
public:
    /// Throws std::system_error.
    interrupt();

    /// Readable once a signal has come.
    int descriptor() const noexcept { return signals_.get(); }

    /// The signal that has come, or 0.
    int signal() const;

private:
    detail::descriptor signals_;
};

}  // namespace quartet::cli
