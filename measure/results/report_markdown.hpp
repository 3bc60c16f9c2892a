// measure/results/report_markdown.hpp
//
// Results for people, in Markdown. Pure function; any thread.
#pragma once

#include "measure/results/results.hpp"

#include <string>

namespace quartet::measure {

/// The machine, the settings and the conditions as lists of what is known, then a table per workload: a
/// column per model, a row per field. That way round a table stays as narrow as there are models. Bytes are
/// in KiB, MiB or GiB; figures that JSON and CSV give exactly are rounded here.
std::string to_markdown(results const& what);

}  // namespace quartet::measure
