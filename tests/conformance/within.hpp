// tests/conformance/within.hpp
//
// The table of models for what may be within the process or between processes: channels and locks.
#pragma once

#include "tests/conformance/models.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace quartet::conformance {

struct within_row {
    row model;
    bool within;  ///< within the process

    friend void PrintTo(within_row const& each, std::ostream* out) { PrintTo(each.model, out); }
};

/// Each of these models between processes, and within the process where bodies see its memory.
inline std::vector<within_row> within_and_between(std::vector<row> const& models) {
    std::vector<within_row> chosen;
    for (auto const& each : models) {
        chosen.push_back({each, false});
        if (each.traits.shares_memory) chosen.push_back({each, true});
    }
    return chosen;
}

inline std::string name_of_within(testing::TestParamInfo<within_row> const& info) {
    return info.param.model.name + (info.param.within ? "_within" : "_between");
}

}  // namespace quartet::conformance
