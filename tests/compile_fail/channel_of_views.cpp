// says: quartet: the channel's values can't cross to a process: pointers and views leave behind what they
// point to
#include <quartet/quartet.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

void wrong() {
    quartet::channel<std::string_view> texts(10, quartet::between_processes{});
}
