#include <quartet/detail/call/body_name.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <cstdlib>
#include <cxxabi.h>
#include <dlfcn.h>
#include <memory>
#include <string>
#include <string_view>

namespace quartet::inline v0::detail {
namespace {

// Types of the library are in an inline namespace, and people write their names without it.
constexpr std::string_view full_name = "quartet::v0::";
constexpr std::string_view usual_name = "quartet::";

std::string demangled(char const* name) {
    int status = 0;
    std::unique_ptr<char, decltype(&std::free)> const readable(
        abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free);
    std::string text = readable ? readable.get() : name;
    for (std::size_t at = 0; (at = text.find(full_name, at)) != std::string::npos;)
        text.replace(at, full_name.size(), usual_name);
    return text;
}

}  // namespace

std::string readable_name(std::type_info const& type) {
    return demangled(type.name());
}

std::string function_name(void const* address) {
    Dl_info found{};
    if (dladdr(address, &found) == 0) return fmt::format("the function at {}", address);
    if (found.dli_saddr == address && found.dli_sname) return demangled(found.dli_sname);
    auto const offset =
        static_cast<std::byte const*>(address) - static_cast<std::byte const*>(found.dli_fbase);
    return fmt::format("the function at {}+{:#x}", found.dli_fname, offset);
}

std::string name_of(body_identity const& body) {
    if (body.function) return function_name(body.function);
    return body.type ? readable_name(*body.type) : "a body";
}

}  // namespace quartet::inline v0::detail
