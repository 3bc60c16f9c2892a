// A program on a cluster, of which the tests of faults see what ran and what it was told: faults_program
// NAME=VALUE... It maps a body over numbers, and says of each task how it ended:
//
//     task 7 value qb
//     task 8 node lost: the node qc was lost while it had this task: its program has ended
//
// Each body leaves marks where all machines see them, in a file a process: `b 7` when it begins, `e 7` when
// it ends. So the tests know what has really run, whatever the program says.

#include <quartet/cluster.hpp>
#include <quartet/quartet.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <iostream>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using steady = std::chrono::steady_clock;

/// The same on all machines, as all have the same arguments.
std::map<std::string, std::string, std::less<>> settings{
    {"spec", "cluster:3+processes:2"},
    {"tasks", "60"},
    {"length", "50"},  // of a task, in milliseconds
    {"slow", ""},      // a host on which they take four times as long
    {"body", "wait"},  // wait, compute, deaf, command, crash, quick
    {"large_on", ""},  // a host on which results have so many
    {"bytes", "0"},
    {"held", ""},           // from this task on they wait until there is a file `go` beside the marks
    {"retries", "0"},       // of tasks that were lost
    {"marks", ""},          // the folder
    {"interrupt", "ends"},  // ends, stops, deaf
    {"broken", "nothing"},  // on purpose: twice, untold, told_twice, behind
};

std::string const& setting(char const* name) {
    return settings.find(name)->second;
}
std::size_t number(char const* name) {
    return std::strtoull(setting(name).c_str(), nullptr, 10);
}

std::string host() {
    char name[256] = {};
    gethostname(name, sizeof name - 1);
    return name;
}

void mark(char what, int task) {
    static thread_local pid_t opened_by = 0;
    static thread_local int file = -1;
    if (opened_by != getpid()) {
        opened_by = getpid();
        auto const path = setting("marks") + "/" + host() + "-" + std::to_string(opened_by);
        file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    }
    char line[32];
    auto const size = static_cast<std::size_t>(std::snprintf(line, sizeof line, "%c %d\n", what, task));
    if (write(file, line, size) != static_cast<ssize_t>(size)) std::abort();
}

/// Leaves a process of its own behind, which nobody ends.
void leave_behind() {
    if (fork() != 0) return;
    setsid();
    execlp("sleep", "sleep", "600", nullptr);
    _exit(1);
}

struct value {
    std::string machine{};
    std::string bytes{};

    void serialize(auto& archive) { archive(machine, bytes); }
};

/// What a task gives that has run on this machine: large ones on one machine only.
std::string text_of(int task, std::string const& machine) {
    std::string text(setting("large_on") == machine ? number("bytes") : 0, 'x');
    if (!text.empty()) text.front() = text.back() = static_cast<char>('a' + task % 26);
    return text;
}

std::chrono::milliseconds length_here() {
    return std::chrono::milliseconds(number("length") * (setting("slow") == host() ? 4 : 1));
}

void compute_for(std::chrono::milliseconds span) {
    auto const until = steady::now() + span;
    while (steady::now() < until) {
    }
}

bool is_held(int task) {
    auto const& from = setting("held");
    return !from.empty() && task >= std::atoi(from.c_str()) &&
           access((setting("marks") + "/../go").c_str(), F_OK) != 0;
}

quartet::task<value> run(quartet::context& ctx, int task) {
    mark('b', task);
    auto const& body = setting("body");
    if (setting("broken") == "twice" && task == 7) mark('b', task);
    if (setting("broken") == "behind" && task == 7) leave_behind();
    while (is_held(task))
        co_await ctx.sleep_for(std::chrono::milliseconds(20));
    if (body == "wait") co_await ctx.sleep_for(length_here());
    if (body == "compute") compute_for(length_here());
    if (body == "deaf") std::this_thread::sleep_for(length_here());  // hears of no stop
    if (body == "crash" && task % 4 == 1) std::abort();
    if (body == "command") {
        auto const seconds = std::to_string(static_cast<double>(number("length")) / 1000);
        auto const slept = co_await ctx.run(quartet::command::program("sleep", seconds));
        if (!slept.ok()) throw std::runtime_error("its command was ended");
    }
    value made{host(), text_of(task, host())};
    mark('e', task);
    co_return made;
}

void tell(std::size_t task, quartet::outcome<value> const& end) {
    if (setting("broken") == "untold" && task == 7) return;
    std::cout << "task " << task << ' ';
    if (!end)
        std::cout << to_string(end.error().why) << ": " << end.error().message << '\n';
    else if (end->bytes != text_of(static_cast<int>(task), end->machine))
        std::cout << "wrong\n";
    else
        std::cout << "value " << end->machine << '\n';
}

/// The interrupt of a terminal stops the executor, or nothing.
void take_interrupts(quartet::executor& executor) {
    if (setting("interrupt") == "ends") return;
    sigset_t interrupts;
    sigemptyset(&interrupts);
    sigaddset(&interrupts, SIGINT);
    pthread_sigmask(SIG_BLOCK, &interrupts, nullptr);
    std::thread([&executor, interrupts] {
        for (int number = 0; sigwait(&interrupts, &number) == 0;) {
            std::cout << "interrupted" << std::endl;
            if (setting("interrupt") == "stops") executor.stop();
        }
    }).detach();
}

int map_and_tell() {
    auto executor = quartet::make_executor(setting("spec"));
    take_interrupts(executor);
    std::cout << "workers " << executor.concurrency() << std::endl;
    std::vector<int> inputs(number("tasks"));
    std::iota(inputs.begin(), inputs.end(), 0);
    auto const begin = steady::now();
    auto const ends = executor.try_map(run, inputs, {.retry = {.times = number("retries")}});
    std::chrono::duration<double> const took = steady::now() - begin;
    for (std::size_t task = 0; task < ends.size(); ++task)
        tell(task, ends[task]);
    if (setting("broken") == "told_twice") tell(7, ends[7]);
    std::cout << "took " << took.count() << '\n' << "over" << std::endl;
    return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
    for (int each = 1; each < argc; ++each) {
        std::string_view const word = argv[each];
        auto const found = settings.find(word.substr(0, word.find('=')));
        if (found == settings.end() || word.find('=') == word.npos) {
            std::cerr << "faults_program: what is " << word << "?\n";
            return EXIT_FAILURE;
        }
        found->second = word.substr(word.find('=') + 1);
    }
    try {
        quartet::cluster_main(argc, argv);
        return map_and_tell();
    } catch (std::exception const& error) {
        std::cout << "refused: " << error.what() << std::endl;
        return EXIT_FAILURE;
    }
}
