#include "measure/commands/starter_image.hpp"

#include <cstddef>
#include <sys/mman.h>
#include <unistd.h>

#ifdef QUARTET_HAS_STARTER
extern "C" char const quartet_starter_begin[];
extern "C" char const quartet_starter_end[];
#endif

namespace quartet::measure {

detail::descriptor starter_image() {
#ifdef QUARTET_HAS_STARTER
    detail::descriptor file(memfd_create("quartet-starter", MFD_CLOEXEC));
    for (char const* at = quartet_starter_begin; file.get() >= 0 && at < quartet_starter_end;) {
        auto const rest = static_cast<std::size_t>(quartet_starter_end - at);
        ssize_t const written = write(file.get(), at, rest);
        if (written <= 0) return {};
        at += written;
    }
    return file;
#else
    return {};
#endif
}

}  // namespace quartet::measure
