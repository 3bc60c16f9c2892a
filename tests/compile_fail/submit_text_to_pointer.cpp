// says: quartet: a body is a coroutine task<R>(context&, In) or a plain function R(In)
#include <quartet/quartet.hpp>

int length(char* text);

void wrong(quartet::executor& executor, char* text) {
    executor.submit(length, text);
}
