// A program on a cluster, as a user would write it: cluster_program SPEC TASKS. Maps short sleeps, and prints
// how many of them each machine ran, what failed and why, and how a second call fared.

#include <quartet/cluster.hpp>
#include <quartet/quartet.hpp>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;

struct place {
    int input;
    std::string machine;

    void serialize(auto& archive) { archive(input, machine); }
};

quartet::task<place> run_where(quartet::context& ctx, int input) {
    co_await ctx.sleep_for(50ms);
    auto const name = ctx.where().name;
    co_return place{input, name.substr(0, name.find('/'))};
}

void map_and_tell(quartet::executor& executor, int tasks) {
    std::vector<int> inputs;
    for (int input = 0; input < tasks; ++input)
        inputs.push_back(input);
    std::map<std::string, std::size_t> counts;
    auto const outcomes = executor.try_map(run_where, inputs);
    for (std::size_t index = 0; index < outcomes.size(); ++index) {
        auto const& each = outcomes[index];
        if (each && each->input != inputs[index]) ++counts["wrong"];
        ++counts[each ? "on " + each->machine : std::string(to_string(each.error().why))];
    }
    for (auto const& [what, count] : counts)
        std::cout << what << ": " << count << "\n";
    std::cout << "outcomes: " << outcomes.size() << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
    quartet::cluster_main(argc, argv);
    if (argc != 3) {
        std::cerr << "usage: cluster_program SPEC TASKS\n";
        return EXIT_FAILURE;
    }
    try {
        auto executor = quartet::make_executor(argv[1]);
        std::cout << "workers: " << executor.concurrency() << "\n";
        std::cout << "spec: " << executor.spec() << std::endl;
        map_and_tell(executor, std::atoi(argv[2]));
        map_and_tell(executor, 12);
    } catch (std::exception const& error) {
        std::cout << "refused: " << error.what() << std::endl;
    }
}
