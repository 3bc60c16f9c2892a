// says: quartet: the inputs can't cross to a process: pointers and views leave behind what they point to
#include <quartet/quartet.hpp>

#include <vector>

int sum(std::vector<int>::const_iterator first, int count);

void wrong(quartet::executor& executor, std::vector<int> const& numbers) {
    executor.submit(sum, numbers.begin(), 3);
}
