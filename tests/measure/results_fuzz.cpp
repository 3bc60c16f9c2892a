// A libFuzzer target for the reader of results: any bytes give results or a sentence, and results can be
// written and read again, ranked and compared. Not part of the build, since it needs clang; from the root:
//
//   clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -I. -Iinclude
//   tests/measure/results_fuzz.cpp
//       measure/{report_json,fields,results,changes,comparison,statistics,ranking}.cpp -lfmt -o
//       build/results_fuzz
//   mkdir -p build/results_corpus && build/checked/tests/measure/schema_sample >
//   build/results_corpus/sample.json build/results_fuzz -max_total_time=300 -max_len=8000
//   build/results_corpus
#include "measure/changes.hpp"
#include "measure/ranking.hpp"
#include "measure/report_json.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace quartet::measure;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    results read;
    try {
        read = results_from_json(text);
    } catch (std::invalid_argument const& wrong) {
        if (std::string_view(wrong.what()).empty()) std::abort();
        return 0;
    }
    if (results_from_json(to_json(read)) != read) std::abort();
    for (auto const& workload : workloads_of(read))
        rank(read, workload);
    changes_between(read, read, 0.03);
    if (!differences_between(read, read).empty()) std::abort();
    return 0;
}
