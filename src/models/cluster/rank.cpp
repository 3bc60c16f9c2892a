#include "src/models/cluster/rank.hpp"

#include "src/models/cluster/failure_watch.hpp"
#include "src/models/cluster/node.hpp"
#include "src/models/cluster/node_inbox.hpp"
#include "src/models/cluster/travelling_code.hpp"

#include <quartet/version.hpp>

#include <unistd.h>

namespace quartet::inline v0::detail {

std::string host_name() {
    char name[256] = {};
    gethostname(name, sizeof name - 1);
    return name;
}

hello_message about_this_node() {
    return {
        .version = QUARTET_VERSION, .name = host_name(), .program = name_of_module(loaded_modules().front())};
}

std::string serve_root(endpoint& line, model_maker const& make, std::chrono::nanoseconds silence) {
    using clock = std::chrono::steady_clock;
    node_inbox inbox([&line] { line.wake(); });
    node self({.about = about_this_node(),
               .how = line.how(),
               .silence = silence,
               .send = [&line](packet message) { line.send(0, std::move(message)); },
               .make_pool = executor_pools(make),
               .reports = inbox.reports()},
              clock::now());
    failure_watch failure;
    while (!self.over()) {
        while (auto arrived = line.receive()) {
            if (arrived->from == 0) self.receive(std::move(arrived->message), clock::now());
        }
        if (auto const& failed = failure.ask(line, clock::now())) return *failed;
        if (line.is_gone(0)) return "the program of the root has ended";
        inbox.deliver(self, clock::now());
        self.advance(clock::now());
        if (!self.over()) line.wait(failure.limit(self.next_deadline()));
    }
    return *self.over();
}

}  // namespace quartet::inline v0::detail
