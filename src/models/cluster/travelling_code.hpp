// src/models/cluster/travelling_code.hpp
//
// A body on its way to another machine that runs the same program: as the places of its functions in the
// program's modules, and the bytes of what it captures.
//
// Among these bytes may be addresses: of functions, which is what a body that is a function consists of, and
// of constants. Those that lie in a module are told as module and offset. An address of anything else, the
// stack, the heap, shared memory, means nothing elsewhere, and such a body is refused. What looks like an
// address of memory that this process has is taken for one: a number that is captured beside has no reason to
// be 47 bits long and to hit mapped memory.
#pragma once

#include "src/base/modules.hpp"
#include "src/models/cluster/messages.hpp"

#include <quartet/backend/job.hpp>
#include <quartet/detail/call/body_name.hpp>
#include <quartet/detail/call/crossing.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace quartet::inline v0::detail {

/// The job's code. Throws std::invalid_argument, in one sentence, if the body can't cross. Any
/// thread.
moved_code pack_code(job& work);

/// A call, and its code in this process.
struct unpacked_call {
    std::vector<std::byte> closure;
    remote_code code;
    body_identity body;
};

/// Finds the code here. Throws std::runtime_error if this program is another, or lacks a module. Any thread.
std::shared_ptr<unpacked_call const> unpack_code(call_message const& about);

/// The first of `needed` that a node lacks, by what it has told of itself; null if it lacks none. One that it
/// has told no identity of may be the same.
module_name const* missing_module(std::span<module_name const> needed, hello_message const& node);

/// The shared libraries of a process, for who asks whether one is missing there.
std::vector<module_name> libraries_among(std::span<loaded_module const> modules);

/// What a module is called among machines: its path, and what tells it from others.
module_name name_of_module(loaded_module const& module);

}  // namespace quartet::inline v0::detail
