// Workloads whose tasks share what they should not, each in another way, and one whose errors are no text for
// people, for check_test.py.

#include <quartet/workload/workload.hpp>

#include <chrono>
#include <csignal>
#include <ranges>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using quartet::context;
using quartet::task;

int honest(int n) {
    return n * n;
}

int calls = 0;
int carried_over(int n) {
    return n + ++calls;
}

// Bodies that run at the same time overwrite what the others have noted down.
int noted = 0;
task<int> racing(context& ctx, int n) {
    noted = n;
    co_await ctx.sleep_for(3ms);
    co_return noted;
}

pid_t const first_process = getpid();
std::string of_the_worker(int n) {
    return getpid() == first_process ? "at home " + std::to_string(n) : "abroad";
}

double by_chance(int n) {
    if (n % 2 == 0) return n;
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int failing_after_others(int n) {
    if (++calls > 5) throw std::runtime_error("too many calls");
    return n;
}

int dying_in_a_worker(int n) {
    if (n == 3 && getpid() != first_process) raise(SIGKILL);
    return n;
}

/// 10 MB, with what a terminal, a browser and Markdown would obey.
int loud(int) {
    throw std::runtime_error("\a\x1b[31m\xe2\x80\xae | `code` <b>" + std::string(10 << 20, 'x'));
}

void add(std::string name, auto body) {
    quartet::register_workload(
        {.name = std::move(name), .help = "", .run = [body](quartet::workload_run& run) {
             run.map(body, std::views::iota(0, 8));
         }});
}

bool const added = [] {
    add("honest", honest);
    add("carried_over", carried_over);
    add("racing", racing);
    add("of_the_worker", of_the_worker);
    add("by_chance", by_chance);
    add("failing_after_others", failing_after_others);
    add("dying_in_a_worker", dying_in_a_worker);
    add("loud", loud);
    quartet::register_workload({.name = "broken", .help = "", .run = [](quartet::workload_run&) {
                                    throw std::runtime_error("no input");
                                }});
    return true;
}();

}  // namespace

QUARTET_MAIN()
