// cli/launching/hosts.hpp
//
// The machines of a cluster as they are typed: a,b:4,c
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::cli {

struct cluster_host {
    std::string name;
    std::optional<unsigned> workers{};  ///< of its node; without, as many as it has processors

    friend bool operator==(cluster_host const&, cluster_host const&) = default;
};

/// "a,b:4": names with commas between them. Throws std::invalid_argument with a sentence, also for a name
/// that stands there twice, since a host has one node.
std::vector<cluster_host> parse_hosts(std::string_view text);

/// The same from a file with a host a line; what follows a # is a remark. Throws likewise, and
/// std::invalid_argument too if the file can't be read.
std::vector<cluster_host> read_hosts(std::string const& file);

/// "a,b", without their workers.
std::string names_of(std::vector<cluster_host> const& hosts);

bool any_has_workers(std::vector<cluster_host> const& hosts);

}  // namespace quartet::cli
