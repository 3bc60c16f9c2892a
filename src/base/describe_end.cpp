#include "src/base/describe_end.hpp"

#include <fmt/format.h>

#include <cstring>
#include <sys/wait.h>

namespace quartet::inline v0::detail {

std::string describe_end(int status) {
    if (!WIFSIGNALED(status)) return fmt::format("exited with code {}", WEXITSTATUS(status));
    char const* const name = sigabbrev_np(WTERMSIG(status));
    char const* const meaning = sigdescr_np(WTERMSIG(status));
    if (!name || !meaning) return fmt::format("was killed by signal {}", WTERMSIG(status));
    return fmt::format("was killed by SIG{} ({})", name, meaning);
}

}  // namespace quartet::inline v0::detail
