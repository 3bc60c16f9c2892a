#include "batch/line/name_pattern.hpp"

#include "batch/line/word_parts.hpp"

#include <stdexcept>

namespace quartet::batch {

name_pattern::name_pattern(std::string_view text, std::span<std::string const> columns)
    : parts_(parts_of_word(text, columns)) {
    using source = replacement::source;
    for (auto const& part : parts_) {
        if (!part.replaced) continue;
        if (part.replaced->from == source::output)
            throw std::runtime_error("a name can't have {out}, which it is itself");
        if (part.replaced->from != source::slot) differs_ = true;
        if (part.replaced->from == source::number) is_unique_ = true;
    }
}

std::string name_pattern::make(job_values const& values) const {
    return text_of(parts_, values);
}

}  // namespace quartet::batch
