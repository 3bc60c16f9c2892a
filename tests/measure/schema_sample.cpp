// tests/measure/schema_sample.cpp
//
// Prints a results document for validate_schema.py; with an argument, one that breaks the schema in that way.

#include "measure/results/report_json.hpp"
#include "tests/measure/sample_results.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <string>
#include <string_view>

namespace {

void spoil(nlohmann::ordered_json& document, std::string_view how) {
    auto& fetch = document["results"][1];
    if (how == "missing") fetch.erase("tree_peak_method");
    if (how == "extra") fetch["surprise"] = 1;
    if (how == "type") fetch["trials"][0]["wall_seconds"] = "1.5";
    if (how == "records") fetch["records"]["started"][0] = -0.5;
    if (how == "negative") fetch["tasks"] = -1;
    if (how == "model") fetch["model"] = "coroutines";
    if (how == "schema") document["schema"] = "quartet/results/3";
}

}  // namespace

int main(int count, char** arguments) {
    auto document = nlohmann::ordered_json::parse(quartet::measure::to_json(quartet::test::sample_results()));
    for (int i = 1; i < count; ++i)
        spoil(document, arguments[i]);
    std::puts(document.dump().c_str());
}
