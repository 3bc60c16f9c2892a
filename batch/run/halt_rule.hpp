// batch/run/halt_rule.hpp
//
// When a batch ends before its inputs do: --halt soon,fail=3 or now,fail=5%.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quartet::batch {

enum class halt_kind {
    soon,  ///< no new jobs; the running ones end
    now,   ///< they are ended
};

struct halt_rule {
    halt_kind kind = halt_kind::soon;
    bool of_successes = false;  ///< counts those that ended well instead of those that failed
    bool is_share = false;
    double bound = 1;  ///< jobs, or per cent of those that have ended

    /// A share means little of a few jobs: so many must have ended.
    static constexpr std::uint64_t fewest_for_share = 10;

    /// "now,fail=1", "soon,fail=10%", "now,success=1". Throws std::invalid_argument with a sentence.
    static halt_rule parse(std::string_view text);

    /// Whether it is time, after so many jobs.
    bool holds(std::uint64_t failed, std::uint64_t done) const noexcept;

    /// "3 jobs have failed".
    std::string explain(std::uint64_t failed, std::uint64_t done) const;
};

}  // namespace quartet::batch
