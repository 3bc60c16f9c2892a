// tests/batch/input_files.hpp
//
// Files to read inputs from, and all rows of a source at once.
#pragma once

#include "batch/inputs/input_source.hpp"
#include "tests/io/processes.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::batch {

using rows = std::vector<std::vector<std::string>>;

class input_file {
public:
    explicit input_file(std::string_view text) { std::ofstream(folder_ / "in") << text; }
    std::string path() const { return (folder_ / "in").native(); }

private:
    test::temporary_folder folder_;
};

inline rows rows_of(input_source& source) {
    rows all;
    while (auto row = source.next())
        all.push_back(std::move(*row));
    EXPECT_FALSE(source.next()) << "once it has ended it stays so";
    return all;
}

/// What `act` throws; what it should say is looked for by the caller.
template <class Act>
std::string refusal_of(Act act) {
    try {
        act();
    } catch (std::runtime_error const& refused) {
        return refused.what();
    }
    return "(nothing was refused)";
}

}  // namespace quartet::batch
