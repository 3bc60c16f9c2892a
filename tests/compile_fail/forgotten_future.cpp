// says: [-Werror=unused-result]
// flags: -Werror=unused-result
#include <quartet/quartet.hpp>

void wrong(quartet::executor& executor) {
    executor.submit([] { return 1; });
}
