// says: quartet: the inputs can't cross to a process: pointers and views leave behind what they point to
#include <quartet/quartet.hpp>

#include <optional>
#include <string_view>
#include <vector>

void wrong(quartet::executor& executor, std::vector<std::optional<std::string_view>> const& texts) {
    executor.stream([](std::optional<std::string_view> const&) { return 1; }, texts);
}
