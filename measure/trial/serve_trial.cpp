// measure/trial/serve_trial.cpp
//
// A trial asks the kernel for a signal when its parent dies, and then kills its group, so that nothing goes
// on which nobody waits for any more.

#include "measure/trial/serve_trial.hpp"

#include "measure/probes/process_tree.hpp"
#include "measure/trial/cluster_survey.hpp"
#include "measure/trial/line_socket.hpp"
#include "measure/trial/trial.hpp"

#include <fcntl.h>
#include <signal.h>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <unistd.h>
#include <utility>

namespace quartet::measure {
namespace {

/// Ends the whole group, this process included.
void kill_group(int) {
    kill(0, SIGKILL);
}

/// SIGKILL as the signal of the parent's death would leave behind what the trial has started and what does
/// not watch its own parent: the commands of the command workload. Workers must not inherit the handler; the
/// fork server gives them the usual one.
void die_with_parent() {
    signal(SIGTERM, kill_group);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

// Of a parent with threads the one that started us may be gone before we ask to die with it, while another
// still holds the socket open: then no signal comes, but no answer either.
void await_answer(line_socket& parent) {
    if (!parent.receive_line()) kill_group(SIGKILL);
}

/// The tool's servers are here, not behind a proxy that the environment names for other addresses.
void ask_own_server_directly(std::string_view url) {
    constexpr std::string_view scheme = "http://";  // others know of no proxy
    if (!url.starts_with(scheme)) return;
    auto const rest = url.substr(scheme.size());
    ask_without_proxy(rest.substr(0, rest.rfind(':')));
}

}  // namespace

int serve_trial(int descriptor, log_handler log) {
    die_with_parent();
    line_socket parent(descriptor);
    if (parent.other_side_is_gone()) return 1;  // it died before we could ask to die with it
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    auto const line = parent.receive_line();
    if (!line) return 1;
    if (asks_for_survey(*line))
        return parent.send_line(line_of(survey_nodes(survey_request_of(*line)))) ? 0 : 1;
    auto const request = trial_request_of(*line);
    ask_own_server_directly(request.server_url);
    trial_hooks const hooks{.at_start =
                                [&parent] {
                                    parent.send_line(std::string(trial_is_starting));
                                    await_answer(parent);
                                    forget_own_peak();
                                },
                            .at_end =
                                [&parent] {
                                    parent.send_line(std::string(trial_has_measured));
                                    await_answer(parent);
                                }};
    auto const result = run_trial(request, request.log ? std::move(log) : log_handler(), hooks);
    return parent.send_line(line_of(result)) ? 0 : 1;
}

}  // namespace quartet::measure
