// report/html.hpp
//
// Results as a page that stands alone: charts, tables, verdicts and advice, in one file that needs no
// network. Pure functions; any thread.
#pragma once

#include "measure/results/results.hpp"

#include <map>
#include <string>
#include <string_view>

namespace quartet::report {

/// Whether this build has the page: without Node it has not.
bool has_page() noexcept;

/// The advice on each workload, by its name; a workload that is missing gets none.
using advice_texts = std::map<std::string, std::string>;

/// The document that the page draws, as JSON.
std::string to_document(measure::results const& results, advice_texts const& advice);

/// The page with the document in it. Names and messages are shown as text, whatever they hold. Throws
/// std::logic_error if there is no page.
std::string to_html(measure::results const& results, advice_texts const& advice);

/// The page without results. It asks every second for `version`, a number, and when that has changed for
/// `news`:
/// {"finished": false, "report": …}, with what to_document() gives. Both are addresses relative to its own.
std::string live_page(std::string_view version, std::string_view news);

}  // namespace quartet::report
