#include "src/models/cluster/travelling_code.hpp"

#include <quartet/detail/shm/broadcast_memory.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

/// Whether this process has memory there.
bool is_mapped(std::uintptr_t address) noexcept {
    auto const page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    // Of what is mapped nothing is written by that; of what is not it says ENOMEM.
    return msync(reinterpret_cast<void*>(address / page * page), page, MS_ASYNC) == 0;
}

/// The module's identity, which may take the reading of its file, once.
std::string const& kept_identity(loaded_module const& module) {
    static std::mutex mutex;
    static std::map<std::pair<std::string, std::uintptr_t>, std::string> kept;
    std::lock_guard const lock(mutex);
    auto const [found, isnew] = kept.try_emplace({module.path, module.bias});
    if (isnew) found->second = identity_of(module);
    return found->second;
}

/// Those that were loaded when somebody asked anew.
std::shared_ptr<std::vector<loaded_module> const> modules_now(bool anew) {
    static std::mutex mutex;
    static std::shared_ptr<std::vector<loaded_module> const> kept;
    std::lock_guard const lock(mutex);
    if (!kept || anew) kept = std::make_shared<std::vector<loaded_module> const>(loaded_modules());
    return kept;
}

/// The place in the table, which grows by it.
moved_address told(module_place const& place, std::vector<module_name>& table) {
    auto name = name_of_module(*place.module);
    auto const found = std::ranges::find(table, name);
    auto const index = static_cast<std::uint32_t>(found - table.begin());
    if (found == table.end()) table.push_back(std::move(name));
    return {.module = index, .offset = place.offset};
}

moved_address place_of_function(void const* function, std::span<loaded_module const> modules,
                                moved_code& code) {
    auto const place = place_of(modules, function);
    if (!place)
        throw std::invalid_argument(
            "quartet: this body's code was made at run time, so it can't cross to another machine");
    return told(*place, code.modules);
}

/// A view of a shared array has the array's id, which is no address, and of no use elsewhere. That of a
/// broadcast has an id behind a mark.
void refuse_shared_arrays(std::string const& body, std::span<std::byte const> closure) {
    auto const arrays = mapped_shared_memories();
    std::uint64_t before = 0;
    for (std::size_t at = 0; !arrays.empty() && at + sizeof before <= closure.size(); at += sizeof before) {
        std::uint64_t word = 0;
        std::memcpy(&word, closure.data() + at, sizeof word);
        if (before != broadcast_name::own_mark && std::ranges::find(arrays, word) != arrays.end())
            throw std::invalid_argument(fmt::format(
                "quartet: the body {} can't cross to another machine: it captures a view of a shared array, "
                "which stays on this one; what all tasks read can be a quartet::broadcast",
                body));
        before = word;
    }
}

/// Notes which words of the closure are addresses.
void relocate(std::span<loaded_module const> modules, std::string const& body, moved_code& code) {
    constexpr std::uintptr_t least = 65536;                   // nothing lies below (vm.mmap_min_addr)
    constexpr std::uintptr_t most = std::uintptr_t{1} << 47;  // user space on x86-64 and aarch64
    for (std::size_t at = 0; at + sizeof(std::uintptr_t) <= code.closure.size();
         at += sizeof(std::uintptr_t)) {
        std::uintptr_t word = 0;
        std::memcpy(&word, code.closure.data() + at, sizeof word);
        if (word < least || word >= most) continue;
        if (auto const place = place_of(modules, reinterpret_cast<void const*>(word))) {
            code.relocations.push_back({static_cast<std::uint32_t>(at), told(*place, code.modules)});
        } else if (is_mapped(word)) {
            throw std::invalid_argument(
                fmt::format("quartet: the body {} can't cross to another machine: it captures, at byte {}, "
                            "the address of "
                            "memory of this process; pass what lies there as an input, or as a "
                            "quartet::broadcast if all tasks read it",
                            body, at));
        }
    }
}

loaded_module const* find_module(module_name const& name, std::span<loaded_module const> modules) {
    for (auto const& each : modules) {
        if (kept_identity(each) == name.identity) return &each;
    }
    return nullptr;
}

/// Where a place of another process lies in this one.
class places {
public:
    places(moved_code const& code, std::span<loaded_module const> modules) {
        for (auto const& name : code.modules) {
            auto const* const found = find_module(name, modules);
            if (!found)
                throw std::runtime_error(fmt::format(
                    "quartet: this machine lacks {} ({}), which the root runs", name.path, name.identity));
            modules_.push_back(found);
        }
    }

    std::uintptr_t data(moved_address const& address) const {
        auto const& module = *modules_.at(address.module);
        if (!module.segment_at(address.offset)) refuse();
        return module.bias + address.offset;
    }
    template <class Function>
    Function function(moved_address const& address) const {
        auto const* const segment = modules_.at(address.module)->segment_at(address.offset);
        if (!segment || !segment->executable) refuse();
        return reinterpret_cast<Function>(data(address));
    }

private:
    [[noreturn]] static void refuse() {
        throw std::runtime_error("quartet: the root names code that this program does not have");
    }

    std::vector<loaded_module const*> modules_;
};

moved_code pack_by(job& work, std::span<loaded_module const> modules) {
    remote_code const here = work.crossing()->code();
    moved_code code;
    code.run = place_of_function(reinterpret_cast<void const*>(here.run), modules, code);
    code.make = place_of_function(reinterpret_cast<void const*>(here.make), modules, code);
    code.closure.assign(here.closure.begin(), here.closure.end());
    refuse_shared_arrays(work.body_name(), code.closure);
    relocate(modules, work.body_name(), code);
    auto const& name = work.name();
    if (name.function) code.function = place_of_function(name.function, modules, code);
    if (name.type) code.type = place_of_function(name.type, modules, code);
    return code;
}

std::shared_ptr<unpacked_call const> unpack_by(call_message const& about,
                                               std::span<loaded_module const> modules) {
    moved_code const& code = about.code;
    places const here(code, modules);
    auto call = std::make_shared<unpacked_call>();
    call->closure = code.closure;
    for (auto const& each : code.relocations) {
        auto const word = here.data(each.address);
        if (each.at + sizeof word > call->closure.size())
            throw std::runtime_error("quartet: the root sent a body that is cut short");
        std::memcpy(call->closure.data() + each.at, &word, sizeof word);
    }
    call->code = {
        .run = here.function<remote_code::run_function>(code.run),
        .make = here.function<remote_code::make_function>(code.make),
        .closure = call->closure,
        .input = {.size = about.input_size, .alignment = about.input_alignment},
        .output = {
            .size = about.output_size, .alignment = about.output_alignment, .none = about.gives_nothing}};
    if (code.function) call->body.function = reinterpret_cast<void const*>(here.data(*code.function));
    if (code.type) call->body.type = reinterpret_cast<std::type_info const*>(here.data(*code.type));
    return call;
}

std::string file_name_of(loaded_module const& module) {
    return std::filesystem::path(module.path).filename().string();
}

}  // namespace

module_name name_of_module(loaded_module const& module) {
    return {.path = file_name_of(module), .identity = kept_identity(module)};
}

module_name const* missing_module(std::span<module_name const> needed, hello_message const& node) {
    auto const missing = std::ranges::find_if_not(needed, [&](module_name const& each) {
        if (each.identity == node.program.identity) return true;
        return std::ranges::any_of(node.libraries, [&](module_name const& there) {
            return there.identity.empty() ? there.path == each.path : there.identity == each.identity;
        });
    });
    return missing == needed.end() ? nullptr : &*missing;
}

std::vector<module_name> libraries_among(std::span<loaded_module const> modules) {
    std::vector<module_name> all;
    for (auto const& each : modules) {
        if (each.is_program) continue;
        all.push_back({.path = file_name_of(each),
                       .identity = each.build_id.empty() ? std::string() : identity_of(each)});
    }
    return all;
}

moved_code pack_code(job& work) {
    try {
        return pack_by(work, *modules_now(false));
    } catch (std::invalid_argument const&) {
        return pack_by(work, *modules_now(true));  // a library may have come since
    }
}

std::shared_ptr<unpacked_call const> unpack_code(call_message const& about) {
    try {
        return unpack_by(about, *modules_now(false));
    } catch (std::runtime_error const&) {
        return unpack_by(about, *modules_now(true));
    }
}

}  // namespace quartet::inline v0::detail
