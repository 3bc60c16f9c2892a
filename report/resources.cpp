#include "report/resources.hpp"

extern "C" {
extern char const quartet_page_begin[];
extern char const quartet_page_end[];
extern char const quartet_charts_begin[];
extern char const quartet_charts_end[];
extern char const quartet_style_begin[];
extern char const quartet_style_end[];
}

namespace quartet::report {

std::string_view page_template() noexcept {
    return {quartet_page_begin, quartet_page_end};
}

std::string_view chart_script() noexcept {
    return {quartet_charts_begin, quartet_charts_end};
}

std::string_view chart_style() noexcept {
    return {quartet_style_begin, quartet_style_end};
}

}  // namespace quartet::report
