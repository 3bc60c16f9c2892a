#include "batch/inputs/input_arguments.hpp"

#include "batch/inputs/combined_sources.hpp"
#include "batch/inputs/sources.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>

namespace quartet::batch {

namespace {

bool is_separator(std::string_view word) {
    return word == ":::" || word == ":::+" || word == "::::" || word == "::::+";
}

void check_separator(std::string_view word, std::size_t words_after, bool is_first) {
    if (word.starts_with("::::") && words_after == 0)
        throw std::runtime_error("'" + std::string(word) + "' needs a file after it; - is standard input");
    if (word.ends_with('+') && is_first)
        throw std::runtime_error("'" + std::string(word) +
                                 "' links inputs to those before it, and there are none");
}

void add_sources(std::vector<source_description>& sources, std::string_view separator,
                 std::vector<std::string> words) {
    bool const linked = separator.ends_with('+');
    if (!separator.starts_with("::::")) {
        sources.push_back({.values = std::move(words), .linked = linked});
        return;
    }
    for (auto& file : words)
        sources.push_back({.kind = source_kind::lines, .file = std::move(file), .linked = linked});
}

std::string name_of(source_description const& source) {
    if (source.kind != source_kind::values) return byte_stream::name_of(source.file);
    if (source.values.empty()) return "':::'";
    return "'::: " + source.values.front() + (source.values.size() > 1 ? " …'" : "'");
}

std::unique_ptr<input_source> open(source_description const& source, empty_lines empty, int stop) {
    switch (source.kind) {
        case source_kind::values:
            return std::make_unique<value_source>(source.values);
        case source_kind::lines:
            return std::make_unique<line_source>(source.file, empty, stop);
        case source_kind::nul_separated:
            return std::make_unique<nul_separated_source>(source.file, stop);
        case source_kind::csv:
            return std::make_unique<table_source>(source.file, ',', stop);
        case source_kind::tsv:
            return std::make_unique<table_source>(source.file, '\t', stop);
    }
    throw std::invalid_argument("this is no kind of source");
}

// Before anything runs, where it can be known then.
void check_values(std::span<source_description const> linked) {
    for (auto const& source : linked) {
        auto const& first = linked.front();
        if (first.kind != source_kind::values || source.kind != source_kind::values) continue;
        if (source.values.size() != first.values.size())
            throw std::runtime_error("linked inputs need equally many, and " + name_of(first) + " has " +
                                     std::to_string(first.values.size()) + ", " + name_of(source) + " has " +
                                     std::to_string(source.values.size()));
    }
}

std::unique_ptr<input_source> open_linked(std::span<source_description const> linked, int stop) {
    if (linked.size() == 1) return open(linked.front(), empty_lines::skipped, stop);
    check_values(linked);
    std::vector<std::unique_ptr<input_source>> sources;
    std::vector<std::string> names;
    for (auto const& source : linked) {
        sources.push_back(open(source, empty_lines::kept, stop));
        names.push_back(name_of(source));
    }
    return std::make_unique<linked_sources>(std::move(sources), std::move(names));
}

void check_standard_input(std::span<source_description const> sources) {
    auto const times = std::ranges::count_if(sources, &source_description::is_standard_input);
    if (times > 1) throw std::runtime_error("standard input (-) can be only one of the inputs");
}

}  // namespace

input_arguments split_inputs(std::span<char const* const> words) {
    input_arguments split;
    auto at = std::find_if(words.begin(), words.end(), is_separator);
    split.words.assign(words.begin(), at);
    while (at != words.end()) {
        std::string_view const separator = *at;
        auto const end = std::find_if(at + 1, words.end(), is_separator);
        std::vector<std::string> after(at + 1, end);
        check_separator(separator, after.size(), split.sources.empty());
        add_sources(split.sources, separator, std::move(after));
        at = end;
    }
    return split;
}

std::unique_ptr<input_source> open_inputs(std::span<source_description const> sources, int stop) {
    if (sources.empty()) throw std::invalid_argument("a batch needs a source of inputs");
    check_standard_input(sources);
    std::vector<std::unique_ptr<input_source>> crossed;
    for (std::size_t begin = 0, end = 1; begin < sources.size(); begin = end, ++end) {
        while (end < sources.size() && sources[end].linked)
            ++end;
        crossed.push_back(open_linked(sources.subspan(begin, end - begin), stop));
    }
    if (crossed.size() == 1) return std::move(crossed.front());
    return std::make_unique<crossed_sources>(std::move(crossed));
}

}  // namespace quartet::batch
