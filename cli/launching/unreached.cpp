#include "cli/launching/unreached.hpp"

#include "cli/launching/commands_beside.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

namespace quartet::cli {
namespace {

/// A launcher's variable may name another one.
std::string remote_shell(launcher const& by) {
    char const* const set =
        std::getenv(by.kind == launcher_kind::hydra ? "HYDRA_LAUNCHER_EXEC" : "OMPI_MCA_plm_rsh_agent");
    return set != nullptr && *set != '\0' ? set : "ssh";
}

word_list asking(std::string const& shell, std::string const& host) {
    auto const is_ssh = shell.substr(shell.rfind('/') + 1) == "ssh";
    if (!is_ssh) return {shell, host, "true"};
    return {shell, "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", host, "true"};
}

std::string reason(command_result const& heard) {
    std::string_view const said(heard.errors);
    auto const line = said.substr(0, said.find_first_of("\r\n"));
    return line.empty() ? heard.describe() : std::string(line);
}

}  // namespace

std::vector<std::string> why_unreached(launcher const& by, std::vector<std::string> const& hosts) {
    std::vector<std::string> sentences;
    if (by.kind == launcher_kind::srun) return sentences;
    std::vector<word_list> questions;
    for (auto const& each : hosts)
        questions.push_back(asking(remote_shell(by), each));
    auto const answers = run_beside(questions);
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        if (!answers[i].ok())
            sentences.push_back(fmt::format("{} can't be reached: {}", hosts[i], reason(answers[i])));
    }
    return sentences;
}

}  // namespace quartet::cli
