#include <quartet/detail/base/misuse.hpp>

#include <stdexcept>
#include <string>

namespace quartet::inline v0::detail {

void misuse(char const* sentence) {
    throw std::logic_error(std::string("quartet: ") + sentence);
}

}  // namespace quartet::inline v0::detail
