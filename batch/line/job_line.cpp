#include "batch/line/job_line.hpp"

#include "batch/line/line_scanner.hpp"
#include "batch/line/shell_names.hpp"
#include "batch/line/word_parts.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace quartet::batch {

namespace {

std::string in_single_quotes(std::string const& value) {
    auto const quoted = shell_quote(value);
    return quoted.substr(1, quoted.size() - 2);
}

std::string in_double_quotes(std::string const& value) {
    std::string quoted;
    for (char const byte : value) {
        if (byte == '\\' || byte == '"' || byte == '$' || byte == '`') quoted += '\\';
        quoted += byte;
    }
    return quoted;
}

std::string for_shell(line_part const& part, std::vector<std::string> values) {
    if (part.within == quoting::single_quotes) return in_single_quotes(joined(values));
    if (part.within == quoting::double_quotes)
        return (part.after_variable ? "\"\"" : "") + in_double_quotes(joined(values));
    if (!part.alone) return shell_quote(joined(values));
    for (auto& value : values)
        value = shell_quote(value);
    return joined(values);
}

// A word as a person would type it, so without quotes that change nothing.
std::string typed(std::string const& word, bool is_first) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    bool const is_plain = !word.empty() && word.find_first_not_of(plain) == word.npos;
    bool const is_special = is_first && (is_reserved(word) || word.find('=') != word.npos);
    return is_plain && !is_special ? word : shell_quote(word);
}

}  // namespace

job_line job_line::parse(std::string_view line, std::span<std::string const> columns) {
    return {line_scanner(line, columns).scan(), columns.size()};
}

job_line job_line::as_it_is(std::string_view line) {
    return {line_scanner(line, {}).scan_as_it_is(), 0};
}

job_line job_line::from_words(std::span<std::string const> words, std::span<std::string const> columns) {
    if (words.empty())
        throw std::runtime_error("there is no command to run; sh -c {} runs each input as a line");
    line_parts parts;
    for (auto const& word : words) {
        if (word.find('\0') != word.npos) throw std::runtime_error("the command holds a NUL byte");
        parts.words.push_back(parts_of_word(word, columns));
        for (auto const& part : parts.words.back()) {
            if (!part.replaced) continue;
            bool const is_output = part.replaced->from == replacement::source::output;
            (is_output ? parts.has_output : parts.has_input) = true;
        }
    }
    if (!parts.has_input) parts.words.push_back(parts_of_word("{}", columns));
    parts.has_input = true;
    return {std::move(parts), columns.size()};
}

job_line job_line::read(std::span<std::string const> words, std::span<std::string const> columns) {
    return words.size() == 1 ? parse(words.front(), columns) : from_words(words, columns);
}

command job_line::make(job_values const& values) const {
    check(values);
    if (parts_.needs_shell) return command::shell(text_for(values));
    command made;
    made.arguments = words_for(values);
    return made;
}

std::string job_line::show(job_values const& values) const {
    check(values);
    if (parts_.needs_shell) return text_for(values);
    auto words = words_for(values);
    for (std::size_t word = 0; word < words.size(); ++word)
        words[word] = typed(words[word], word == 0);
    return joined(words);
}

void job_line::check(job_values const& values) const {
    if (values.fields.size() != fields_)
        throw std::invalid_argument("an input has not as many fields as there are columns");
    if (parts_.has_output && values.output.empty())
        throw std::invalid_argument("the line has {out}, and there is no output");
    for (std::size_t field = 0; field < fields_; ++field)
        if (values.fields[field].find('\0') != std::string::npos)
            throw std::runtime_error("input " + std::to_string(values.number) + ", field " +
                                     std::to_string(field + 1) +
                                     ": it holds a NUL byte, which no argument can hold");
    if (values.output.find('\0') != values.output.npos)
        throw std::invalid_argument("the output's name holds a NUL byte");
}

std::vector<std::string> job_line::words_for(job_values const& values) const {
    std::vector<std::string> words;
    for (auto const& parts : parts_.words) {
        if (parts.size() == 1 && parts.front().replaced && parts.front().alone) {
            auto each = parts.front().replaced->values(values);
            words.insert(words.end(), std::move_iterator(each.begin()), std::move_iterator(each.end()));
            continue;
        }
        words.push_back(text_of(parts, values));
    }
    return words;
}

std::string job_line::text_for(job_values const& values) const {
    std::string text;
    for (auto const& part : parts_.text)
        text += part.replaced ? for_shell(part, part.replaced->values(values)) : part.text;
    // To the shell a line that begins so would be its options.
    if (text.starts_with('-') || text.starts_with('+')) text.insert(text.begin(), ' ');
    return text;
}

}  // namespace quartet::batch
