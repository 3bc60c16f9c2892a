// report/resources.hpp
//
// The files that are built from report/page, as the program carries them. All are empty in a build without
// the page.
#pragma once

#include <string_view>

namespace quartet::report {

/// The whole page without the results document.
std::string_view page_template() noexcept;

/// The functions that draw charts, for an engine of ECMAScript 5; defines `filesOf`.
std::string_view chart_script() noexcept;

/// The style of charts that are written as files of their own.
std::string_view chart_style() noexcept;

}  // namespace quartet::report
