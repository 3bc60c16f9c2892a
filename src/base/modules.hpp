// src/base/modules.hpp
//
// The program and the shared libraries that are loaded: what each is, and in which one an address lies.
//
// Code that has the same module and offset in two processes is the same code if the modules have the same
// identity: addresses differ from run to run, offsets do not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace quartet::inline v0::detail {

/// A part of a module that is loaded, by offsets from its bias.
struct module_segment {
    std::uintptr_t first = 0;
    std::uintptr_t last = 0;  ///< behind its end
    bool readable = false;
    bool writable = false;
    bool executable = false;
};

struct loaded_module {
    std::string path;         ///< of the program that of its file, also when it was started by another name
    std::string build_id;     ///< NT_GNU_BUILD_ID in hexadecimal digits; empty if it was linked without
    std::uintptr_t bias = 0;  ///< what is added to its offsets
    bool is_program = false;
    std::vector<module_segment> segments;

    /// The segment in which an offset lies, or null.
    module_segment const* segment_at(std::uintptr_t offset) const noexcept;
};

/// Those of now, the program first. Any thread; it holds the loader's lock while it goes through them. Throws
/// std::bad_alloc.
std::vector<loaded_module> loaded_modules();

/// Where something lies, in a way that holds for other processes of the same program.
struct module_place {
    loaded_module const* module;  ///< one of those that were given
    std::uintptr_t offset;
};

/// Where `address` lies among `modules`; nothing if in none of them, as on the heap.
std::optional<module_place> place_of(std::span<loaded_module const> modules, void const* address) noexcept;

/// "build id 5d41…", or "SHA-256 2cf2…" of its file, if it was linked without one. That reads the whole file;
/// throws std::system_error with its path if it can't be read. The file of a library may have been replaced
/// since it was loaded, that of the program is the one that runs.
std::string identity_of(loaded_module const& module);

}  // namespace quartet::inline v0::detail
