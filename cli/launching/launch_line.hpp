// cli/launching/launch_line.hpp
//
// The line that starts one rank a node: unbound, so that a rank's workers have all processors of their node;
// waiting without burning one; and such that the others go on when a node is lost.
#pragma once

#include "cli/launching/hosts.hpp"
#include "cli/launching/launcher.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quartet::cli {

struct launch_request {
    std::vector<cluster_host> hosts{};  ///< none: those of the allocation, or this machine alone
    std::optional<int> nodes{};         ///< so many of them
    std::optional<double>
        silence{};  ///< seconds, after which a node is taken for lost; the library's if left out
    std::vector<std::string> program{};
};

struct launch_line {
    std::vector<std::pair<std::string, std::string>> environment{};  ///< set beside this process's
    std::vector<std::string> words{};
    std::string program{};       ///< what the ranks run
    std::optional<int> ranks{};  ///< how many, where that is known
};

/// With a mark the ranks tell of themselves (rank_script.hpp). Throws usage_error if the launcher can't do
/// it.
launch_line launch_line_for(launcher const& by, launch_request const& what,
                            std::optional<allocation> const& given, std::string_view mark);

/// To be pasted into a shell: "NAME=value word 'two words'".
std::string to_paste(launch_line const& line);

}  // namespace quartet::cli
