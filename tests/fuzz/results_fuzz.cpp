// The reader of results: any bytes give results or a sentence, and results can be written and read again,
// ranked and compared.
#include "measure/analysis/changes.hpp"
#include "measure/results/report_json.hpp"
#include "measure/statistics/ranking.hpp"
#include "tests/fuzz/require.hpp"

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>

using namespace quartet::measure;
using quartet::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    results read;
    try {
        read = results_from_json(text);
    } catch (std::invalid_argument const& wrong) {
        require(!std::string_view(wrong.what()).empty(), "a refusal says why");
        return 0;
    }
    require(results_from_json(to_json(read)) == read, "what is written is read as it was");
    for (auto const& workload : workloads_of(read))
        rank(read, workload);
    changes_between(read, read, 0.03);
    require(differences_between(read, read).empty(), "nothing differs from itself");
    return 0;
}
