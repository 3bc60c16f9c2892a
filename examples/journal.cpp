// A journal: what has ended well is not computed again by the next run of a program, however the first one
// ended.
#include <quartet/quartet.hpp>

#include <csignal>
#include <iostream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

bool power_fails = true;

int squared(int n) {
    if (n == 3 && power_fails) std::raise(SIGKILL);
    std::cout << "computes " << n << '\n' << std::flush;
    return n * n;
}

void run_batch(std::string const& path) {
    // [run]
    auto executor = quartet::make_executor("single");
    for (int square : executor.map(squared, std::vector{1, 2, 3, 4}, {.journal = path}))
        std::cout << square << ' ';
    // [/run]
    std::cout << '\n' << std::flush;
}

int main(int, char** argv) {
    std::string const path = argv[1];
    pid_t const first_run = fork();
    if (first_run == 0) run_batch(path);
    int status = 0;
    waitpid(first_run, &status, 0);
    std::cout << "the first run was killed: " << (WTERMSIG(status) == SIGKILL ? "yes" : "no") << '\n'
              << std::flush;
    power_fails = false;
    run_batch(path);
}
