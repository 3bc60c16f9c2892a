// A libFuzzer target for the CSV reader: any bytes, read at once, in parts and by the reference parser, must
// give the same rows or the same error. Not part of the build, since it needs clang; in bash, from the root:
//
//   sources=$(echo tests/workloads/data/csv_fuzz.cpp workloads/data/csv{,_digest,_split}.cpp)
//   clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -I. $sources -o build/csv_fuzz
//   build/csv_fuzz -max_total_time=120 -max_len=400 -only_ascii=0
#include "tests/workloads/data/csv_reading.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    std::string const problem = quartet::disagreement(text, 6);
    if (!problem.empty()) {
        std::fprintf(stderr, "%s\n", problem.c_str());
        std::abort();
    }
    return 0;
}
