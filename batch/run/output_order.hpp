// batch/run/output_order.hpp
//
// Gives what jobs wrote as they end, or in the order of their inputs.
#pragma once

#include "batch/run/kept_output.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace quartet::batch {

struct job_output {
    kept_output output{};
    kept_output errors{};
    std::string tag{};  ///< before each line, if not empty
};

/// For one thread.
class output_order {
public:
    /// Gets a piece of standard output or, `errors`, of standard error.
    using taker = std::function<void(std::string_view piece, bool errors)>;

    output_order(bool keeps_order, taker take) : keeps_order_(keeps_order), take_(std::move(take)) {}

    /// The job of that number has had its last try, or is left out. Gives it, and in order what waited for
    /// it. Throws what the taker throws.
    void ended(std::uint64_t job, job_output output);

    /// What is held back for the sake of the order, though others before it will not come any more.
    void flush();

    /// So much is held back that no more jobs should begin.
    bool is_full() const noexcept { return held_bytes_ > most_bytes || files_ > most_files; }

private:
    static constexpr std::size_t most_bytes = std::size_t{256} << 20;
    static constexpr std::size_t most_files = 200;  // each is a descriptor

    void give(job_output const& output) const;
    void give_tagged(kept_output const& text, std::string const& tag, bool errors) const;

    bool keeps_order_;
    taker take_;
    std::map<std::uint64_t, job_output> held_;
    std::uint64_t next_ = 1;
    std::size_t held_bytes_ = 0;
    std::size_t files_ = 0;
};

}  // namespace quartet::batch
