// src/call/journal_header.hpp
#pragma once

#include "src/call/journal_file.hpp"

#include <quartet/detail/call/call_journal.hpp>

#include <vector>

namespace quartet::inline v0::detail {

/// What a journal of the call says at its beginning. Throws std::invalid_argument if the body's code is in no
/// file, std::system_error if that file has to be read and can't be.
std::vector<journal_field> journal_header_of(journaled_call const& call);

}  // namespace quartet::inline v0::detail
