// cli/reports/live_view.hpp
//
// The report page of a run in progress, served on a loopback port by a process of its own. The page asks
// every second whether there are new results.
#pragma once

#include "measure/results/results.hpp"
#include "server/server_process.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace quartet::cli {

class live_view {
public:
    /// Keeps its files in a new folder below `scratch`. Create it before there are threads, as it forks.
    /// Throws usage_error if this build has no page, std::system_error.
    explicit live_view(std::filesystem::path const& scratch);

    /// Where the page is: "http://127.0.0.1:8080/files/live.html".
    std::string url() const;

    /// Shows the results so far. Throws std::system_error.
    void show(measure::results const& results);

    /// Shows the final results, and waits a moment so that an open page can fetch them.
    void finish(measure::results const& results);

private:
    void write(measure::results const& results, bool finished);

    std::filesystem::path folder_;
    server_process server_;
    std::uint64_t version_ = 0;
};

}  // namespace quartet::cli
