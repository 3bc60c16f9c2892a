// batch/line/replacement.hpp
//
// What stands in braces in a line: {} {1} {city} {#} {%} {out}, and the forms {.} {/} {//} {/.} of a path.
#pragma once

#include "batch/line/job_values.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::batch {

enum class path_form {
    whole,
    no_extension,      ///< {.}: without what follows the last dot of the name; a name's first dot is none of
                       ///< these
    base,              ///< {/}: what basename gives
    folder,            ///< {//}: what dirname gives
    base_no_extension  ///< {/.}
};

std::string in_form(std::string_view path, path_form form);

struct replacement {
    enum class source { all_fields, field, number, slot, output };

    source from = source::all_fields;
    std::size_t field = 0;  ///< from 0
    path_form form = path_form::whole;

    /// One, or of all_fields one for each field.
    std::vector<std::string> values(job_values const& of) const;
};

/// Braces that mean something: a replacement, or {{…}}, which is one pair of braces that is left as it is.
struct braces {
    std::size_t length = 0;  ///< of the text that they are
    std::optional<replacement> replaced{};
    std::string literal{};  ///< if they are none
};

/// What `text` begins with; none if it does not begin with braces, or they mean nothing here, as in awk
/// '{print $1}'. `columns` has one name a field, empty if it has none. Throws std::runtime_error for a field
/// that does not exist, and where columns have names also for what looks like a name and is none, or is that
/// of two.
std::optional<braces> read_braces(std::string_view text, std::span<std::string const> columns);

}  // namespace quartet::batch
