#include "src/models/cluster/rank.hpp"

#include "src/base/cgroups.hpp"
#include "src/models/cluster/bundled_line.hpp"
#include "src/models/cluster/failure_watch.hpp"
#include "src/models/cluster/node.hpp"
#include "src/models/cluster/node_inbox.hpp"
#include "src/models/cluster/travelling_code.hpp"

#include <quartet/cpus.hpp>
#include <quartet/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::inline v0::detail {

std::string host_name() {
    char name[256] = {};
    gethostname(name, sizeof name - 1);
    return name;
}

std::optional<std::size_t> workers_of_node() {
    char const* const said = std::getenv("QUARTET_WORKERS");
    if (!said) return {};
    std::size_t count = 0;
    char const* const end = said + std::strlen(said);
    auto const read = std::from_chars(said, end, count);
    if (read.ec != std::errc() || read.ptr != end || count < 1)
        throw std::invalid_argument(
            fmt::format("quartet: QUARTET_WORKERS is '{}'; it is a number of workers, as 4", said));
    return count;
}

namespace {

std::uint64_t usable_memory() {
    auto const all = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                     static_cast<std::uint64_t>(sysconf(_SC_PAGE_SIZE));
    return std::min(all, memory_limit().value_or(all));
}

/// For who looks at the node: a word that can't be read is refused when a pool is opened.
std::size_t workers_to_tell(std::size_t usual) {
    try {
        return workers_of_node().value_or(usual);
    } catch (std::invalid_argument const&) {
        return 0;
    }
}

}  // namespace

hello_message about_this_node() {
    auto const modules = loaded_modules();
    std::size_t const processors = usable_cpus();
    return {.version = QUARTET_VERSION,
            .name = host_name(),
            .program = name_of_module(modules.front()),
            .processors = processors,
            .all_processors = static_cast<std::uint64_t>(sysconf(_SC_NPROCESSORS_ONLN)),
            .workers = workers_to_tell(processors),
            .memory = usable_memory(),
            .libraries = libraries_among(modules)};
}

namespace {

using std::chrono::steady_clock;

/// Until the node is over, and gives why.
std::string serve_root_as(node& self, node_inbox& inbox, endpoint& line) {
    failure_watch failure;
    while (!self.over()) {
        while (auto arrived = line.receive()) {
            if (arrived->from == 0) self.receive(std::move(arrived->message), steady_clock::now());
        }
        if (auto const& failed = failure.ask(line, steady_clock::now())) return *failed;
        if (line.is_gone(0)) return "the program of the root has ended";
        inbox.deliver(self, steady_clock::now());
        self.advance(steady_clock::now());
        if (!self.over()) line.wait(failure.limit(self.next_deadline()));
    }
    return *self.over();
}

}  // namespace

std::string serve_root(endpoint& over, model_maker const& make, std::chrono::nanoseconds silence,
                       std::function<void()> const& leaving, meter_maker meters) {
    bundled_line line(over);
    node_inbox inbox([&line] { line.wake(); });
    node_values values;  // before there are workers
    node self({.about = about_this_node(),
               .how = line.how(),
               .silence = silence,
               .send = [&line](packet message) { line.send(0, std::move(message)); },
               .make_pool = executor_pools(make),
               .make_meter = std::move(meters),
               .values = &values,
               .reports = inbox.reports()},
              steady_clock::now());
    auto why = serve_root_as(self, inbox, line);
    line.flush();
    if (leaving) leaving();
    return why;
}

}  // namespace quartet::inline v0::detail
