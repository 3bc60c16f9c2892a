#include "src/base/output.hpp"

#include "src/base/all_signals_blocked.hpp"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <stdio_ext.h>
#include <streambuf>

// glibc exports these for libraries that must look at its streams; its headers do not declare them.
// NOLINTBEGIN(bugprone-reserved-identifier): the names are glibc's.
extern "C" {
[[gnu::weak]] void _IO_list_lock();
[[gnu::weak]] void _IO_list_unlock();
[[gnu::weak]] std::FILE* _IO_iter_begin();
[[gnu::weak]] std::FILE* _IO_iter_next(std::FILE*);
[[gnu::weak]] std::FILE* _IO_iter_file(std::FILE*);
[[gnu::weak]] std::FILE* _IO_iter_end();
}
// NOLINTEND(bugprone-reserved-identifier)

namespace quartet::inline v0::detail {
namespace {

/// Looks into the buffer of a C++ stream. It is empty, as far as can be seen, where C's stream buffers.
template <class Char>
struct opened_buffer : std::basic_streambuf<Char> {
    using buffer = std::basic_streambuf<Char>;
    static std::ptrdiff_t waiting(buffer& of) noexcept {
        return (of.*&opened_buffer::pptr)() - (of.*&opened_buffer::pbase)();
    }
    static void drop(buffer& of) noexcept { (of.*&opened_buffer::pbump)(-static_cast<int>(waiting(of))); }
};

template <class Char>
bool is_waiting(std::basic_ostream<Char>& stream) noexcept {
    auto* const buffer = stream.rdbuf();
    return buffer && opened_buffer<Char>::waiting(*buffer) > 0;
}

template <class Char>
void write_out(std::basic_ostream<Char>& stream) noexcept {
    if (!is_waiting(stream)) return;
    try {
        stream.rdbuf()->pubsync();
    } catch (...) {  // a buffer of the program's own
    }
}

template <class Char>
void drop(std::basic_ostream<Char>& stream) noexcept {
    auto* const file = dynamic_cast<std::basic_filebuf<Char>*>(stream.rdbuf());  // not one in memory
    if (file && is_waiting(stream)) opened_buffer<Char>::drop(*file);
}

void for_each_stream(auto&& use) noexcept {
    use(std::cout);
    use(std::clog);
    use(std::cerr);
    use(std::wcout);
    use(std::wclog);
    use(std::wcerr);
}

void for_each_file(auto&& use) noexcept {
    if (!_IO_iter_begin || !_IO_iter_next || !_IO_iter_file || !_IO_iter_end || !_IO_list_lock ||
        !_IO_list_unlock) {
        use(stdout);
        use(stderr);
        return;
    }
    _IO_list_lock();
    for (auto* each = _IO_iter_begin(); each != _IO_iter_end(); each = _IO_iter_next(each))
        use(_IO_iter_file(each));
    _IO_list_unlock();
}

void write_out_standard() noexcept {
    all_signals_blocked const whole;  // a write that a signal breaks off would lose what waits
    write_out_streams();
    std::fflush(stdout);
    std::fflush(stderr);
}

void write_out_unless_used(std::FILE* file) noexcept {
    if (__fpending(file) == 0 || ftrylockfile(file) != 0) return;
    std::fflush(file);
    funlockfile(file);
}

}  // namespace

void write_out_printed() noexcept {
    if (__fpending(stdout) > 0 || is_waiting(std::cout) || is_waiting(std::clog)) write_out_standard();
}

void write_out_streams() noexcept {
    for_each_stream([](auto& each) { write_out(each); });
}

void write_out_all() noexcept {
    bool any = __fpending(stdout) > 0 || __fpending(stderr) > 0;
    for_each_stream([&](auto& each) { any |= is_waiting(each); });
    if (any) write_out_standard();
    write_out_files();
}

void write_out_files() noexcept {
    for_each_file([](std::FILE* each) { write_out_unless_used(each); });
}

void drop_inherited_output() noexcept {
    for_each_stream([](auto& each) { drop(each); });
    for_each_file([](std::FILE* each) {
        if (__fpending(each) > 0 && fileno(each) >= 0) __fpurge(each);
    });
}

}  // namespace quartet::inline v0::detail
