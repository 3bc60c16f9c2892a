// library_program LIBRARY early|late: loads a library before cluster_main() or behind, where the other
// machines never come, and calls a body that lies in it, then one of its own.

#include <quartet/cluster.hpp>
#include <quartet/quartet.hpp>

#include <cstdlib>
#include <dlfcn.h>
#include <iostream>
#include <numeric>
#include <string_view>
#include <vector>

namespace {

using body = int (*)(int);

body loaded(char const* path) {
    void* const library = dlopen(path, RTLD_NOW);
    return library ? reinterpret_cast<body>(dlsym(library, "thrice")) : nullptr;
}

int twice(int number) {
    return 2 * number;
}

void run(quartet::executor& executor, body what) {
    try {
        std::vector<int> inputs(30);
        std::iota(inputs.begin(), inputs.end(), 0);
        auto const results = executor.map(what, inputs);
        std::cout << "sum " << std::accumulate(results.begin(), results.end(), 0) << std::endl;
    } catch (std::exception const& error) {
        std::cout << "refused: " << error.what() << std::endl;
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: library_program LIBRARY early|late\n";
        return EXIT_FAILURE;
    }
    bool const early = std::string_view(argv[2]) == "early";
    body of_library = early ? loaded(argv[1]) : nullptr;
    quartet::cluster_main(argc, argv);
    if (!early) of_library = loaded(argv[1]);
    if (!of_library) {
        std::cerr << "library_program: " << dlerror() << "\n";
        return EXIT_FAILURE;
    }
    auto executor = quartet::make_executor("cluster:3+processes:2");
    run(executor, of_library);
    run(executor, twice);
}
