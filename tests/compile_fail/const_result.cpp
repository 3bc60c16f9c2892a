// says: quartet: a body gives a value, which can cross models: neither a reference nor something const
#include <quartet/quartet.hpp>

#include <string>
#include <vector>

std::string const text_of(int);

void wrong(quartet::executor& executor) {
    executor.try_map(text_of, std::vector{1});
}
