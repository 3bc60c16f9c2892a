#include "server/page.hpp"

#include "server/genre.hpp"

namespace quartet {

std::string page(std::size_t bytes) {
    // A paragraph needs no end tag, so the text may end anywhere and still be a whole document.
    std::string text = "<!doctype html><title>quartet</title><p>Genres nobody has played yet:\n";
    text.reserve(bytes + 64);
    for (std::uint64_t n = 1; text.size() < bytes; ++n)
        text.append(genre(n)).append(",\n");
    text.resize(bytes);
    return text;
}

}  // namespace quartet
