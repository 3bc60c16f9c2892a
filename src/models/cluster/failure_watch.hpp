// src/models/cluster/failure_watch.hpp
//
// Whether an endpoint has failed, asked now and then: to find out costs more than to handle a message.
#pragma once

#include "src/models/cluster/endpoint.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

namespace quartet::inline v0::detail {

class failure_watch {
public:
    using time_point = endpoint::time_point;

    /// Why it has failed, once it has; nothing before.
    std::optional<std::string> const& ask(endpoint const& line, time_point now) {
        owed_ = !failed_ && now < next_;
        if (failed_ || owed_) return failed_;
        next_ = now + std::chrono::milliseconds(100);
        failed_ = line.failed();
        return failed_;
    }

    /// Who waits is to wait no longer than that, as an answer is owed to him.
    time_point limit(time_point until) const noexcept { return owed_ ? std::min(until, next_) : until; }

private:
    time_point next_{};
    bool owed_ = false;
    std::optional<std::string> failed_{};
};

}  // namespace quartet::inline v0::detail
