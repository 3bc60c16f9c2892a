// report/resources.hpp
//
// What report/page is built into, as it lies in the program. All are empty in a build without the page.
#pragma once

#include <string_view>

namespace quartet::report {

/// The whole page but for the document.
std::string_view page_template() noexcept;

/// The functions that draw charts, for an engine of ECMAScript 5; defines `filesOf`.
std::string_view chart_script() noexcept;

/// How charts look that are files of their own.
std::string_view chart_style() noexcept;

}  // namespace quartet::report
