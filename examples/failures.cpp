// When tasks fail: try_map gives an outcome for each, map throws one map_error that holds all failures, and
// on_failure says what becomes of the others.
#include <quartet/quartet.hpp>

#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

// [body]
int parse(std::string const& text) {
    return std::stoi(text);
}
// [/body]

int main() {
    auto executor = quartet::make_executor("threads:2");
    std::vector<std::string> const texts{"1", "two", "3", "99999999999"};

    // [try_map]
    for (auto const& outcome : executor.try_map(parse, texts)) {
        if (outcome) {
            std::cout << *outcome << '\n';
        } else {
            quartet::failure const& why = outcome.error();
            std::cout << "task " << why.index << ' ' << to_string(why.why) << ": " << why.message << '\n';
        }
    }
    // [/try_map]

    // [original]
    try {
        executor.try_map(parse, texts)[3].value();
    } catch (std::out_of_range const&) {
        std::cout << "the exception itself\n";
    }
    // [/original]

    // [map]
    try {
        executor.map(parse, texts);
    } catch (quartet::map_error const& error) {
        std::cout << error.failures().size() << " of " << error.tasks() << " tasks failed\n";
    }
    // [/map]

    // [stop_all]
    auto single = quartet::make_executor("single");
    auto const outcomes = single.try_map(parse, texts, {.failure = quartet::on_failure::stop_all});
    std::cout << "after the first failure: " << to_string(outcomes.back().error().why) << '\n';
    // [/stop_all]
}
