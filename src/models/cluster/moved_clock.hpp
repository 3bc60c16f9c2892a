// src/models/cluster/moved_clock.hpp
//
// Times of a node as by the root's clock.
#pragma once

#include "src/call/left_record.hpp"
#include "src/models/cluster/clock_estimate.hpp"
#include "src/models/cluster/messages.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace quartet::inline v0::detail {

class moved_clock {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// What is moved has happened between the two times.
    moved_clock(clock_estimate const& clock, time_point after, time_point before) noexcept
        : ahead_(clock.ahead().count()),
          error_(clock.error(before).count()),
          after_(nanoseconds_of(after)),
          before_(nanoseconds_of(before)) {}

    /// As a whole, so that what lies between its times stays as long as it was. A task that would have begun
    /// before its call, or ended after that was heard of, is moved to where it can have been, within the
    /// error.
    void move(left_record& record) const noexcept {
        std::int64_t by = -ahead_;
        if (record.started + by < after_)
            by += std::min(error_, after_ - (record.started + by));
        else if (record.ended + by > before_)
            by -= std::min(error_, record.ended + by - before_);
        record.started += by;
        record.ended += by;
        for (auto& each : record.waits) {
            each.began += by;
            each.ended += by;
        }
        for (auto& each : record.nested) {
            each.made += by;
            if (each.started) *each.started += by;
            if (each.ended) *each.ended += by;
        }
    }

private:
    std::int64_t ahead_;
    std::int64_t error_;
    std::int64_t after_;
    std::int64_t before_;
};

}  // namespace quartet::inline v0::detail
