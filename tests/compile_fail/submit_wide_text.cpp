// says: quartet: the inputs can't cross to a process: pointers and views leave behind what they point to
#include <quartet/quartet.hpp>

int length(wchar_t const* text);

void wrong(quartet::executor& executor, wchar_t* text) {
    executor.submit(length, text);
}
