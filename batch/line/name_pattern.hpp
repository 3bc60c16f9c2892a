// batch/line/name_pattern.hpp
//
// A text with replacements that is no command: the name of a job's output, as in thumbs/{/.}.png, or what
// each line of its output begins with.
#pragma once

#include "batch/line/job_values.hpp"
#include "batch/line/line_parts.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::batch {

/// Immutable: any thread may use it.
class name_pattern {
public:
    /// Throws std::runtime_error for a field or a column that does not exist, and for {out}.
    name_pattern(std::string_view text, std::span<std::string const> columns);

    /// Several fields in one place are joined by spaces.
    std::string make(job_values const& values) const;

    /// It has a replacement of the input or of the job's number, so jobs may have names of their own.
    bool differs() const noexcept { return differs_; }

    /// It has {#}, so each job has a name of its own.
    bool is_unique() const noexcept { return is_unique_; }

private:
    std::vector<line_part> parts_;
    bool differs_ = false;
    bool is_unique_ = false;
};

}  // namespace quartet::batch
