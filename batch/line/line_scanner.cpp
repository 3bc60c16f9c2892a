#include "batch/line/line_scanner.hpp"

#include "batch/line/shell_names.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

namespace quartet::batch {

namespace {

[[noreturn]] void refuse(std::string const& problem) {
    throw std::runtime_error("the line can't be run: " + problem);
}

// Spaces and newlines at both ends; of a line that ends in a backslash and a space, that space is a word.
std::string_view trim(std::string_view line) {
    constexpr std::string_view blank = " \t\n\r";
    line.remove_prefix(std::min(line.find_first_not_of(blank), line.size()));
    auto end = line.find_last_not_of(blank);
    if (end == line.npos) return {};
    if (line[end] == '\\' && end + 1 < line.size()) ++end;
    return line.substr(0, end + 1);
}

}  // namespace

line_scanner::line_scanner(std::string_view line, std::span<std::string const> columns)
    : line_(trim(line)), columns_(columns) {}

line_parts line_scanner::scan() {
    if (line_.find('\0') != line_.npos) refuse("it holds a NUL byte");
    if (line_.empty()) refuse("it is empty; sh -c {} runs each input as a line of its own");
    scan_commands(false);
    if (!parts_.has_input) append_input();
    return std::move(parts_);
}

line_parts line_scanner::scan_as_it_is() {
    replaces_ = false;
    if (line_.find('\0') != line_.npos) refuse("it holds a NUL byte");
    if (line_.empty()) refuse("it is empty");
    scan_commands(false);
    return std::move(parts_);
}

void line_scanner::scan_commands(bool until_parenthesis) {
    auto outer = std::exchange(word_, {});
    int open = 0;
    while (!at_end()) {
        if (here() == '(') ++open;
        if (here() == ')' && open-- == 0 && until_parenthesis) break;
        scan_unquoted();
    }
    if (until_parenthesis && at_end()) refuse("a $( is not closed");
    end_word();
    if (!until_parenthesis) return;
    copy(1);
    word_ = std::move(outer);
}

void line_scanner::scan_unquoted() {
    switch (here()) {
        case ' ':
        case '\t':
            end_word();
            return copy(1);
        case '\n':
            return scan_newline();
        case '|':
        case '&':
        case ';':
        case '(':
        case ')':
            return scan_operator();
        case '<':
        case '>':
            return scan_redirection();
        case '\\':
            return scan_backslash();
        case '\'':
            return scan_single_quotes();
        case '"':
            return scan_double_quotes();
        case '`':
            return scan_backquotes();
        case '$':
            return scan_dollar(false);
        case '#':
            if (!word_.begun) return scan_comment();
            break;
        case '~':
            if (!word_.begun) parts_.needs_shell = true;
            break;
        case '*':
        case '?':
        case '[':
            parts_.needs_shell = true;
            break;
        case '=':
            if (word_.begins_command && word_.plain && is_variable_name(word_.text))
                parts_.needs_shell = word_.assigns = true;
            break;
        case '{':
            if (scan_braces(quoting::none)) return;
            if (!replaces_ && here(1) != '}') parts_.needs_shell = true;
            break;
        default:
            break;
    }
    add_to_word(line_.substr(at_, 1));
    copy(1);
}

void line_scanner::scan_backslash() {
    if (at_ + 1 == line_.size()) refuse("it ends in a backslash");
    if (here(1) != '\n') {  // which goes on with the line
        add_to_word(line_.substr(at_ + 1, 1));
        word_.plain = false;
    }
    copy(2);
}

void line_scanner::scan_operator() {
    end_word();
    parts_.needs_shell = true;
    word_.begins_command = true;
    word_.after_redirection = false;
    copy(1);
}

void line_scanner::scan_newline() {
    scan_operator();
    scan_here_documents();
}

void line_scanner::scan_redirection() {
    end_word();
    parts_.needs_shell = true;
    if (rest().starts_with("<<")) return scan_here_document_begin();
    word_.after_redirection = true;
    copy(1);
    if (here() == '>' || here() == '&' || here() == '|') copy(1);
}

void line_scanner::scan_comment() {
    parts_.needs_shell = true;
    copy_without_values(std::min(line_.find('\n', at_), line_.size()), "in a comment", "leave it out");
    ends_in_comment_ = at_end();
}

void line_scanner::scan_single_quotes() {
    word_.begun = true;
    word_.plain = false;
    copy(1);
    for (; !at_end() && here() != '\'';) {
        if (scan_braces(quoting::single_quotes)) continue;
        add_to_word(line_.substr(at_, 1));
        copy(1);
    }
    if (at_end()) refuse("a single quote (') is not closed");
    add_to_word("");
    copy(1);
}

void line_scanner::scan_double_quotes() {
    word_.begun = true;
    word_.plain = false;
    copy(1);
    while (!at_end() && here() != '"') {
        if (here() == '\\') {
            scan_double_quoted_backslash();
        } else if (here() == '`') {
            scan_backquotes();
        } else if (here() == '$') {
            scan_dollar(true);
        } else if (!scan_braces(quoting::double_quotes)) {
            add_to_word(line_.substr(at_, 1));
            copy(1);
        }
    }
    if (at_end()) refuse("a double quote (\") is not closed");
    add_to_word("");
    copy(1);
}

void line_scanner::scan_double_quoted_backslash() {
    if (here(1) == '\n') return copy(2);
    if (at_ + 1 < line_.size() && std::string_view("$`\"\\").find(here(1)) != std::string_view::npos) {
        add_to_word(line_.substr(at_ + 1, 1));
        return copy(2);
    }
    // It stands for itself, but for what may follow it: the first byte of a value.
    add_to_word("\\");
    add_text("\\\\");
    ++at_;
}

void line_scanner::scan_backquotes() {
    parts_.needs_shell = true;
    std::size_t end = at_ + 1;
    while (end < line_.size() && line_[end] != '`')
        end += line_[end] == '\\' ? 2 : 1;
    if (end >= line_.size()) refuse("a backquote (`) is not closed");
    copy_without_values(end + 1, "between backquotes", "write $(…) instead of them");
    add_unknown_to_word();
}

void line_scanner::end_word() {
    if (!word_.begun) return;
    bool const is_target = std::exchange(word_.after_redirection, false);
    if (word_.pieces == 1 && !word_.known && word_.replaced_at < parts_.text.size() && !is_target &&
        !word_.assigns) {
        parts_.text[word_.replaced_at].alone = true;
        for (auto& part : exec_word_)
            part.alone = true;
    }
    parts_.words.push_back(std::exchange(exec_word_, {}));
    if (word_.begins_command && !is_target) end_first_word();
    word_ = {.begins_command = word_.begins_command};
}

void line_scanner::end_first_word() {
    if (word_.assigns) return;
    if (word_.plain && word_.known && is_reserved(word_.text)) {
        if (word_.text == "case" && substitutions_ > 0) refuse("'case' can't be followed within $(…)");
        parts_.needs_shell = true;
        in_compound_ = in_compound_ || word_.text != "!";
        word_.begins_command = comes_before_command(word_.text);
        return;
    }
    if (word_.known && is_only_builtin(word_.text)) parts_.needs_shell = true;
    word_.begins_command = false;
}

void line_scanner::append_input() {
    constexpr auto problem =
        "it does not say where the input goes, and that can't be its end; write {} where it goes";
    if (in_compound_ || had_here_document_ || ends_in_comment_ || word_.begins_command ||
        word_.after_redirection)
        refuse(problem);
    line_part const input{.replaced = replacement{}, .alone = true};
    parts_.words.push_back({input});
    add_text(" ");
    parts_.text.push_back(input);
    parts_.has_input = true;
}

bool line_scanner::scan_braces(quoting within) {
    auto const found = replaces_ ? read_braces(rest(), columns_) : std::nullopt;
    if (!found) return false;
    if (found->replaced) {
        replace(*found->replaced, within);
    } else {
        add_to_word(found->literal);
        add_text(found->literal);
    }
    at_ += found->length;
    return true;
}

void line_scanner::replace(replacement what, quoting within) {
    word_.begun = true;
    word_.known = false;
    ++word_.pieces;
    if (within != quoting::none) ++word_.pieces;  // its quotes: it is never alone
    word_.replaced_at = parts_.text.size();
    exec_word_.push_back({.replaced = what});
    parts_.text.push_back(
        {.replaced = what, .within = within, .after_variable = variable_end_ == at_ && at_ > 0});
    parts_.has_output = parts_.has_output || what.from == replacement::source::output;
    parts_.has_input = parts_.has_input || what.from != replacement::source::output;
}

void line_scanner::copy_without_values(std::size_t end, std::string_view place, std::string_view instead) {
    while (at_ < end) {
        auto const found = replaces_ ? read_braces(line_.substr(at_, end - at_), columns_) : std::nullopt;
        if (!found) {
            copy(1);
            continue;
        }
        if (found->replaced)
            refuse(std::string(rest().substr(0, found->length)) + " stands " + std::string(place) +
                   ", where its value can't be quoted; " + std::string(instead));
        add_text(found->literal);
        at_ += found->length;
    }
}

void line_scanner::copy(std::size_t bytes) {
    add_text(line_.substr(at_, bytes));
    at_ += bytes;
}

void line_scanner::add_text(std::string_view text) {
    if (parts_.text.empty() || parts_.text.back().replaced) parts_.text.emplace_back();
    parts_.text.back().text += text;
}

void line_scanner::add_to_word(std::string_view text) {
    word_.begun = true;
    ++word_.pieces;
    word_.text += text;
    if (exec_word_.empty() || exec_word_.back().replaced) exec_word_.emplace_back();
    exec_word_.back().text += text;
}

void line_scanner::add_unknown_to_word() {
    word_.begun = true;
    word_.known = false;
    word_.pieces += 2;  // never alone
}

}  // namespace quartet::batch
