// says: [-Werror=unused-result]
// flags: -Werror=unused-result
#include <quartet/quartet.hpp>

quartet::task<void> wrong(quartet::file& file) {
    file.append("a line");
    co_return;
}
