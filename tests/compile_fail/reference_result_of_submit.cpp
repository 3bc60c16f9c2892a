// says: quartet: a body gives a value, which can cross models: neither a reference nor something const
#include <quartet/quartet.hpp>

#include <string>

std::string const& same(std::string const& text);

void wrong(quartet::executor& executor) {
    executor.submit(same, std::string("a"));
}
