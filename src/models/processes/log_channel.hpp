// src/models/processes/log_channel.hpp
//
// The way of log lines from worker processes to the executor's handler.
#pragma once

#include "src/base/descriptor.hpp"
#include "src/base/forking.hpp"

#include <quartet/backend/model.hpp>

#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

namespace quartet::inline v0::detail {

class log_channel {
public:
    /// `name` is the workers', before their number, and kept by the caller. Without a handler there is no
    /// socket, and workers drop their lines.
    log_channel(log_handler handler, std::string_view name);

    int read_end() const noexcept { return read_end_ ? read_end_->get() : -1; }
    int write_end() const noexcept { return write_end_.get(); }

    /// Hands all lines that have come to the handler. When it returns, what had come before the call was
    /// handled, by whichever thread.
    void deliver();

private:
    log_record unpack(std::size_t size) const;

    log_handler handler_;
    std::string_view name_;
    std::mutex mutex_;  // guards what is read
    std::vector<char> packet_;
    std::optional<private_descriptor> read_end_;
    descriptor write_end_;
};

}  // namespace quartet::inline v0::detail
