#include "cli/launching/hosts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace quartet::cli {
namespace {

constexpr unsigned most_workers = 4096;

/// A name may begin no option of a launcher, and hold nothing that a launcher's list would be split at.
bool is_name(std::string_view name) {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    return !name.empty() && name.front() != '-' && name.find_first_not_of(allowed) == name.npos;
}

cluster_host parse_host(std::string_view text) {
    auto const colon = text.find(':');
    cluster_host made{.name = std::string(text.substr(0, colon))};
    if (!is_name(made.name))
        throw std::invalid_argument(fmt::format("'{}' is not a host, such as a or a:4", text));
    if (colon == text.npos) return made;
    auto const digits = text.substr(colon + 1);
    unsigned count = 0;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
    if (error != std::errc() || end != digits.data() + digits.size() || count < 1 || count > most_workers)
        throw std::invalid_argument(fmt::format(
            "'{}': behind the colon stands a number of workers from 1 to {}", text, most_workers));
    made.workers = count;
    return made;
}

void add(std::vector<cluster_host>& hosts, cluster_host host) {
    auto const same = [&](cluster_host const& each) { return each.name == host.name; };
    if (std::any_of(hosts.begin(), hosts.end(), same))
        throw std::invalid_argument(fmt::format("'{}' is named twice, and a host has one node", host.name));
    hosts.push_back(std::move(host));
}

std::string_view trimmed(std::string_view line) {
    line = line.substr(0, line.find('#'));
    auto const first = line.find_first_not_of(" \t\r");
    if (first == line.npos) return {};
    return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

std::vector<cluster_host> parse_hosts(std::string_view text) {
    std::vector<cluster_host> hosts;
    for (std::size_t begin = 0; begin <= text.size();) {
        auto const end = std::min(text.find(',', begin), text.size());
        add(hosts, parse_host(text.substr(begin, end - begin)));
        begin = end + 1;
    }
    return hosts;
}

std::vector<cluster_host> read_hosts(std::string const& file) {
    std::ifstream in(file);
    std::vector<cluster_host> hosts;
    std::string line;
    while (std::getline(in, line)) {
        if (auto const text = trimmed(line); !text.empty()) add(hosts, parse_host(text));
    }
    if (!in.eof())
        throw std::invalid_argument(fmt::format("'{}' can't be read: {}", file, std::strerror(errno)));
    if (hosts.empty()) throw std::invalid_argument(fmt::format("'{}' names no host", file));
    return hosts;
}

std::string names_of(std::vector<cluster_host> const& hosts) {
    std::string names;
    for (auto const& each : hosts)
        names += (names.empty() ? "" : ",") + each.name;
    return names;
}

bool any_has_workers(std::vector<cluster_host> const& hosts) {
    return std::any_of(hosts.begin(), hosts.end(),
                       [](cluster_host const& each) { return each.workers.has_value(); });
}

}  // namespace quartet::cli
