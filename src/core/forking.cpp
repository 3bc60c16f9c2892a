#include "src/core/forking.hpp"

#include <mutex>
#include <signal.h>
#include <unistd.h>
#include <vector>

namespace quartet::detail {
namespace {

struct descriptor_registry {
    std::mutex mutex;
    std::vector<int> descriptors;
};

descriptor_registry& registry() {
    static descriptor_registry all;
    return all;
}

}  // namespace

private_descriptor::private_descriptor(int descriptor) : descriptor_(descriptor) {
    std::lock_guard const lock(registry().mutex);
    registry().descriptors.push_back(descriptor);
}

private_descriptor::~private_descriptor() {
    std::lock_guard const lock(registry().mutex);
    // In a forked child it was closed by fork_child, and its number may be another's.
    if (std::erase(registry().descriptors, descriptor_) > 0) close(descriptor_);
}

pid_t fork_child() noexcept {
    // Held over the fork, so that the child finds the list whole; it forks children of its own, perhaps.
    std::lock_guard const lock(registry().mutex);
    pid_t const process = fork();
    if (process != 0) return process;
    for (int const each : registry().descriptors)
        close(each);
    registry().descriptors.clear();
    return 0;
}

void forget_signal_handlers() noexcept {
    for (int const number : {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD, SIGALRM})
        signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace quartet::detail
