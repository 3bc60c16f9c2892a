// cli/terminal/interrupt.hpp
//
// Ctrl-C and other ending signals as a descriptor to wait on, instead of handlers that interrupt anything.
#pragma once

#include "src/base/descriptor.hpp"

namespace quartet::cli {

/// Blocks SIGINT, SIGTERM and SIGHUP for this process, for the rest of its life; SIGHUP not if it is ignored,
/// as under nohup. Construct it once, and before any thread is started.
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
