// measure/results/fields.hpp
//
// The one list of what a results document holds. Every report walks it, so a field that is added here is in
// JSON with its schema, CSV and Markdown, and one that is not here is in none. Pure data; any thread.
#pragma once

#include "measure/results/field.hpp"
#include "measure/results/results.hpp"

#include <span>

namespace quartet::measure {

template <>
std::span<field<machine> const> fields_of();
template <>
std::span<field<settings> const> fields_of();
template <>
std::span<field<conditions> const> fields_of();
template <>
std::span<field<lap> const> fields_of();
template <>
std::span<field<worker_use> const> fields_of();
template <>
std::span<field<node_figures> const> fields_of();
template <>
std::span<field<trial_figures> const> fields_of();
template <>
std::span<field<task_table> const> fields_of();
template <>
std::span<field<usage_table> const> fields_of();
template <>
std::span<field<measurement> const> fields_of();
template <>
std::span<field<scaling_count> const> fields_of();
template <>
std::span<field<scaling_curve> const> fields_of();

/// The document itself, without the name of its schema.
template <>
std::span<field<results> const> fields_of();

template <>
std::span<field_group const> groups_of<measurement>();

/// Columns are of equal length, and places are within them.
template <>
void check_whole(task_table const& records);
template <>
void check_whole(usage_table const& usage);

}  // namespace quartet::measure
