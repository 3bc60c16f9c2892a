// src/models/processes/wake_channel.hpp
//
// Wakes the supervisor out of its poll. Worker processes inherit the end that wakes (parent_wake).
#pragma once

#include "src/base/descriptor.hpp"
#include "src/base/forking.hpp"

#include <optional>

namespace quartet::inline v0::detail {

class wake_channel {
public:
    /// Throws std::system_error.
    wake_channel();

    /// Any thread.
    void wake() const noexcept;

    /// Takes the wakes that have come.
    void hear() const noexcept;

    /// Readable when somebody has woken the supervisor.
    int read_end() const noexcept { return read_end_->get(); }
    int write_end() const noexcept { return write_end_.get(); }

private:
    std::optional<private_descriptor> read_end_;
    descriptor write_end_;
};

}  // namespace quartet::inline v0::detail
