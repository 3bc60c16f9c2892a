#include "batch/run/output_order.hpp"

#include <utility>

namespace quartet::batch {

namespace {

std::size_t bytes_of(job_output const& output) {
    return output.output.in_memory() + output.errors.in_memory() + sizeof(job_output);
}

std::size_t files_of(job_output const& output) {
    return std::size_t{output.output.has_file()} + std::size_t{output.errors.has_file()};
}

}  // namespace

void output_order::ended(std::uint64_t job, job_output output) {
    if (!keeps_order_) return give(output);
    held_bytes_ += bytes_of(output);
    files_ += files_of(output);
    held_.emplace(job, std::move(output));
    while (!held_.empty() && held_.begin()->first == next_) {
        auto const first = held_.extract(held_.begin());
        held_bytes_ -= bytes_of(first.mapped());
        files_ -= files_of(first.mapped());
        ++next_;
        give(first.mapped());
    }
}

void output_order::flush() {
    while (!held_.empty())
        give(held_.extract(held_.begin()).mapped());
    held_bytes_ = files_ = 0;
}

void output_order::give(job_output const& output) const {
    if (!output.tag.empty()) {
        give_tagged(output.output, output.tag, false);
        return give_tagged(output.errors, output.tag, true);
    }
    output.output.give([this](std::string_view piece) { take_(piece, false); });
    output.errors.give([this](std::string_view piece) { take_(piece, true); });
}

void output_order::give_tagged(kept_output const& text, std::string const& tag, bool errors) const {
    bool at_begin = true;
    std::string tagged;
    text.give([&](std::string_view piece) {
        tagged.clear();
        while (!piece.empty()) {
            if (at_begin) tagged += tag;
            auto const end = piece.find('\n');
            at_begin = end != piece.npos;
            auto const line = piece.substr(0, at_begin ? end + 1 : end);
            tagged += line;
            piece.remove_prefix(line.size());
        }
        take_(tagged, errors);
    });
    if (!at_begin) take_("\n", errors);  // the next line is another job's
}

}  // namespace quartet::batch
