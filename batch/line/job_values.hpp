// batch/line/job_values.hpp
//
// What a job's line is filled in with.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace quartet::batch {

struct job_values {
    std::span<std::string const> fields{};  ///< of its input, as many as there are columns
    std::size_t number = 1;                 ///< {#}: its place among the inputs, from 1
    std::size_t slot = 1;       ///< {%}: no two jobs that run at the same time have the same, from 1
    std::string_view output{};  ///< {out}: the file that it is to write
};

}  // namespace quartet::batch
