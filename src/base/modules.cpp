#include "src/base/modules.hpp"

#include "src/base/descriptor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <link.h>
#include <memory>
#include <openssl/evp.h>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

constexpr char const* own_program = "/proc/self/exe";

std::string in_hexadecimal(std::span<unsigned char const> bytes) {
    std::string text;
    text.reserve(2 * bytes.size());
    for (unsigned char const byte : bytes)
        text += fmt::format("{:02x}", byte);
    return text;
}

/// The build id among the notes of one segment; empty if it is not there. `alignment` is that of its entries.
std::string build_id_in(std::span<unsigned char const> notes, std::size_t alignment) {
    constexpr std::string_view gnu("GNU", 4);  // with the zero
    auto const padded = [alignment](std::size_t size) {
        return (size + alignment - 1) / alignment * alignment;
    };
    while (notes.size() >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        std::memcpy(&note, notes.data(), sizeof note);
        auto const rest = notes.subspan(sizeof note);
        std::size_t const before = padded(sizeof note + note.n_namesz) - sizeof note;
        if (before > rest.size() || note.n_descsz > rest.size() - before) break;
        std::string_view const owner(reinterpret_cast<char const*>(rest.data()), note.n_namesz);
        if (note.n_type == NT_GNU_BUILD_ID && owner == gnu)
            return in_hexadecimal(rest.subspan(before, note.n_descsz));
        notes = rest.subspan(std::min(before + padded(note.n_descsz), rest.size()));
    }
    return {};
}

loaded_module module_of(dl_phdr_info const& info) {
    loaded_module made;
    if (info.dlpi_name) made.path = info.dlpi_name;
    made.bias = info.dlpi_addr;
    std::span const headers(info.dlpi_phdr, info.dlpi_phnum);
    for (auto const& header : headers) {
        if (header.p_type != PT_LOAD) continue;
        made.segments.push_back({.first = header.p_vaddr,
                                 .last = header.p_vaddr + header.p_memsz,
                                 .readable = (header.p_flags & PF_R) != 0,
                                 .writable = (header.p_flags & PF_W) != 0,
                                 .executable = (header.p_flags & PF_X) != 0});
    }
    for (auto const& header : headers) {
        if (header.p_type != PT_NOTE || !made.build_id.empty()) continue;
        auto const* const loaded = made.segment_at(header.p_vaddr);
        if (!loaded || header.p_memsz > loaded->last - header.p_vaddr) continue;
        auto const* const first = reinterpret_cast<unsigned char const*>(info.dlpi_addr + header.p_vaddr);
        made.build_id = build_id_in({first, header.p_memsz}, header.p_align == 8 ? 8 : 4);
    }
    return made;
}

struct collecting {
    std::vector<loaded_module> modules;
    std::exception_ptr thrown;  // no exception may pass the loader
};

int collect(dl_phdr_info* info, std::size_t, void* given) noexcept {
    auto& to = *static_cast<collecting*>(given);
    try {
        to.modules.push_back(module_of(*info));
        return 0;
    } catch (...) {
        to.thrown = std::current_exception();
        return 1;
    }
}

[[noreturn]] void throw_unreadable(loaded_module const& module, int error) {
    throw std::system_error(error, std::generic_category(), "quartet: cannot read '" + module.path + "'");
}

std::string sha256_of(loaded_module const& module) {
    char const* const path = module.is_program ? own_program : module.path.c_str();
    descriptor const file(open(path, O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) throw_unreadable(module, errno);
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const digest(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    if (!digest || EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("quartet: OpenSSL has no SHA-256 here");
    std::array<unsigned char, 1 << 16> bytes;
    for (;;) {
        ssize_t const count = read(file.get(), bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw_unreadable(module, errno);
        if (count == 0) break;
        EVP_DigestUpdate(digest.get(), bytes.data(), static_cast<std::size_t>(count));
    }
    unsigned int size = 0;
    EVP_DigestFinal_ex(digest.get(), bytes.data(), &size);
    return in_hexadecimal({bytes.data(), size});
}

}  // namespace

module_segment const* loaded_module::segment_at(std::uintptr_t offset) const noexcept {
    auto const found = std::ranges::find_if(segments, [offset](module_segment const& each) {
        return each.first <= offset && offset < each.last;
    });
    return found == segments.end() ? nullptr : &*found;
}

std::vector<loaded_module> loaded_modules() {
    collecting found;
    dl_iterate_phdr(&collect, &found);
    if (found.thrown) std::rethrow_exception(found.thrown);
    if (!found.modules.empty()) {
        auto& program = found.modules.front();  // whose name the loader leaves empty
        program.is_program = true;
        std::error_code ignored;
        auto const file = std::filesystem::read_symlink(own_program, ignored);
        if (!file.empty()) program.path = file.native();
    }
    return std::move(found.modules);
}

std::optional<module_place> place_of(std::span<loaded_module const> modules, void const* address) noexcept {
    auto const number = reinterpret_cast<std::uintptr_t>(address);
    for (auto const& each : modules) {
        if (each.segment_at(number - each.bias)) return module_place{&each, number - each.bias};
    }
    return {};
}

std::string identity_of(loaded_module const& module) {
    if (!module.build_id.empty()) return "build id " + module.build_id;
    return "SHA-256 " + sha256_of(module);
}

}  // namespace quartet::inline v0::detail
