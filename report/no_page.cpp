// Instead of the page, where its tools were missing.
#include "report/resources.hpp"
#include "report/svg.hpp"

#include <stdexcept>

namespace quartet::report {

std::string_view page_template() noexcept {
    return {};
}

std::string_view chart_script() noexcept {
    return {};
}

std::string_view chart_style() noexcept {
    return {};
}

std::vector<picture> draw_charts(measure::results const&) {
    throw std::logic_error("this build of quartet has no charts");
}

}  // namespace quartet::report
