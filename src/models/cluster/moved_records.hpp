// src/models/cluster/moved_records.hpp
//
// Records of tasks on their way to the root: in as few bytes as are easily had, since a short task's record
// would else be longer than its result. Times are told as what they are later than the one before.
#pragma once

#include "src/call/left_record.hpp"
#include "src/models/cluster/messages.hpp"

#include <quartet/task_recorder.hpp>

#include <vector>

namespace quartet::inline v0::detail {

struct moved_records {
    std::vector<recorded_worker> workers{};  ///< that nobody was told of yet
    std::vector<left_record> records{};      ///< by task, counted from the head's first
};

/// Adds them to a message; nothing if there are none.
void write_records(outcomes_head head, moved_records const& what, byte_writer& to);

/// Throws std::length_error if they are cut short, std::runtime_error if they are none.
moved_records read_records(byte_reader& from);

}  // namespace quartet::inline v0::detail
