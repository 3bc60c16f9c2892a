#include "src/call/journal_header.hpp"

#include "src/base/modules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <dlfcn.h>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

/// Where the body's code is. The type of a body that is no function is described where that is.
void const* address_of(body_identity const& body) noexcept {
    return body.function ? body.function : body.type;
}

/// Where it is told from the whole file, that is read once.
std::string known_identity_of(loaded_module const& module) {
    if (!module.build_id.empty()) return identity_of(module);
    static std::mutex mutex;
    static std::map<std::pair<std::string, std::uintptr_t>, std::string> known;
    std::lock_guard const lock(mutex);
    auto& identity = known[{module.path, module.bias}];
    if (identity.empty()) identity = identity_of(module);
    return identity;
}

/// A line of text with strings as people write them.
std::string name_of_type(std::type_info const& type) {
    std::string text = readable_name(type);
    std::string_view const written_out =
        "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >";
    for (std::size_t at = 0; (at = text.find(written_out, at)) != text.npos;)
        text.replace(at, written_out.size(), "std::string");
    std::ranges::replace(text, '\n', ' ');
    return text;
}

/// A function without a name in the program is called by its address, which is another one in each run.
std::string lasting_name_of(body_identity const& body, std::uintptr_t offset) {
    Dl_info found{};
    bool const unnamed = body.function && (dladdr(body.function, &found) == 0 ||
                                           found.dli_saddr != body.function || !found.dli_sname);
    if (unnamed) return fmt::format("the function at offset {:#x}", offset);
    return body.function ? name_of(body) : name_of_type(*body.type);
}

}  // namespace

std::vector<journal_field> journal_header_of(journaled_call const& call) {
    auto const modules = loaded_modules();
    auto const place = place_of(modules, address_of(call.body));
    if (!place)
        throw std::invalid_argument(
            "quartet: call_options::journal is for bodies whose code is in the program or a library");
    std::string kind = "a stream";
    if (call.inputs) kind = fmt::format("a map of {} inputs", *call.inputs);
    return {{"program", known_identity_of(*place->module), "another program"},
            {"body", lasting_name_of(call.body, place->offset), "another body"},
            {"inputs", name_of_type(call.input), "other inputs"},
            {"results", name_of_type(call.result), "other results"},
            {"call", std::move(kind), "another call"}};
}

}  // namespace quartet::inline v0::detail
