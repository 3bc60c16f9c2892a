#include "src/base/forking.hpp"

#include "src/base/output.hpp"

#include <mutex>
#include <signal.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {
namespace {

struct descriptor_registry {
    std::mutex mutex;
    std::vector<private_descriptor*> descriptors;
};

descriptor_registry& registry() {
    static descriptor_registry all;
    return all;
}

}  // namespace

private_descriptor::private_descriptor(int descriptor) : descriptor_(descriptor) {
    std::lock_guard const lock(registry().mutex);
    registry().descriptors.push_back(this);
}

private_descriptor::~private_descriptor() {
    std::lock_guard const lock(registry().mutex);
    std::erase(registry().descriptors, this);
    if (descriptor_ >= 0) close(descriptor_);
}

pid_t fork_child() noexcept {
    write_out_files();  // it is the parent's, and stands before what the child prints
    // Held over the fork, so that the child finds the list whole; it forks children of its own, perhaps.
    std::lock_guard const lock(registry().mutex);
    pid_t const process = fork();
    if (process != 0) return process;
    drop_inherited_output();  // what came just now, or was in use
    for (auto* const each : registry().descriptors)
        close(std::exchange(each->descriptor_, -1));  // its number may soon be another's
    registry().descriptors.clear();
    return 0;
}

bool has_effect(int number, void (*effect)(int)) noexcept {
    struct sigaction now {};
    return sigaction(number, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 &&
           now.sa_handler == effect;
}

void forget_signal_handlers() noexcept {
    for (int const number : {SIGTERM, SIGINT, SIGCHLD, SIGALRM})
        signal(number, SIG_DFL);
    for (int const number : signals_that_stay_ignored) {
        if (!has_effect(number, SIG_IGN)) signal(number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace quartet::inline v0::detail
