// Prints a file of costs as `quartet doctor` would keep it: those that are usual, as if measured now on this
// machine.
#include "src/advice/cost_file.hpp"

#include <quartet/cpus.hpp>
#include <quartet/workload/advice.hpp>

#include <chrono>
#include <iostream>

int main() {
    using namespace std::chrono;
    std::cout << quartet::detail::to_text({quartet::usual_costs(quartet::usable_cpus()),
                                           quartet::detail::machine_identity(),
                                           floor<seconds>(system_clock::now())});
}
