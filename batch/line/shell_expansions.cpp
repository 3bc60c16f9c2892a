// batch/line/shell_expansions.cpp
//
// The part of line_scanner that follows $…, and here-documents.
#include "batch/line/line_scanner.hpp"

#include <algorithm>
#include <stdexcept>

namespace quartet::batch {

namespace {

[[noreturn]] void refuse_expansion(std::string const& problem) {
    throw std::runtime_error("the line can't be run: " + problem);
}

bool is_name_byte_of_shell(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '_';
}

bool is_one_of(char byte, std::string_view bytes) {
    return byte != '\0' && bytes.find(byte) != bytes.npos;
}

}  // namespace

void line_scanner::scan_dollar(bool in_quotes) {
    char const next = here(1);
    if (next == '(' && here(2) == '(') return scan_arithmetic();
    if (next == '{') return scan_parameter();
    if (is_name_byte_of_shell(next) || is_one_of(next, "@*#?-$!")) return scan_variable();
    if (next == '(') {
        parts_.needs_shell = true;
        copy(2);
        ++substitutions_;
        scan_commands(true);
        --substitutions_;
        return add_unknown_to_word();
    }
    if (next == '\'' && !in_quotes)
        refuse_expansion("$'…' is not the same to every shell; use $(printf …) or plain quotes");
    if (next == '"' && !in_quotes)
        parts_.needs_shell = true;  // nor is $"…", but the value is quoted in the same way
    add_to_word("$");
    copy(1);
}

void line_scanner::scan_variable() {
    parts_.needs_shell = true;
    add_unknown_to_word();
    bool const is_named = is_name_byte_of_shell(here(1));
    copy(2);
    while (is_named && is_name_byte_of_shell(here()))
        copy(1);
    variable_end_ = at_;
}

void line_scanner::scan_parameter() {
    auto const name_end = line_.find_first_not_of("0123456789", at_ + 2);
    if (name_end != line_.npos && line_[name_end] == '}') {
        auto const what = std::string(line_.substr(at_ + 1, name_end - at_));
        refuse_expansion("$" + what + " is a variable of the shell; write \\$" + what +
                         " for a dollar before the input");
    }
    parts_.needs_shell = true;
    std::size_t end = at_ + 2;
    for (int open = 1; open > 0; ++end) {
        if (end >= line_.size()) refuse_expansion("a ${ is not closed");
        if (line_[end] == '}') --open;
        if (line_.substr(end, 2) == "${") ++open, ++end;
        if (line_[end] == '\\') ++end;
    }
    end = std::min(end, line_.size());
    // Whether a quote in there counts depends on the shell, and so does where the braces end.
    if (line_.substr(at_, end - at_).find_first_of("'\"`") != line_.npos)
        refuse_expansion("quotes in ${…} can't be followed; set a variable first: x='…'; … ${y:-$x}");
    copy(2);
    copy_without_values(end, "in ${…}", "set a variable to it first: x={}; …");
    add_unknown_to_word();
}

void line_scanner::scan_arithmetic() {
    parts_.needs_shell = true;
    std::size_t end = at_ + 3;
    for (int open = 2; open > 0; ++end) {
        if (end >= line_.size()) refuse_expansion("a $(( is not closed");
        if (line_[end] == '(') ++open;
        if (line_[end] == ')') --open;
    }
    copy_without_values(end, "in $((…))", "set a variable to it first: x={}; … $((x + 1))");
    add_unknown_to_word();
}

void line_scanner::scan_here_document_begin() {
    copy(2);
    here_document begun{.end = {}, .strips_tabs = here() == '-'};
    if (begun.strips_tabs) copy(1);
    while (here() == ' ' || here() == '\t')
        copy(1);
    for (char quote = '\0'; !at_end() && (quote || !is_one_of(here(), " \t\n|&;()<>")); copy(1)) {
        if (quote ? here() == quote : is_one_of(here(), "'\""))
            quote = quote ? '\0' : here();
        else if (quote || here() != '\\')
            begun.end += here();
    }
    here_documents_.push_back(std::move(begun));
    had_here_document_ = true;
}

// After the newline that ends the line that began them.
void line_scanner::scan_here_documents() {
    for (auto const& document : here_documents_) {
        for (bool ended = false; !ended && !at_end();) {
            auto const end = std::min(line_.find('\n', at_), line_.size());
            auto text = line_.substr(at_, end - at_);
            if (document.strips_tabs) text.remove_prefix(std::min(text.find_first_not_of('\t'), text.size()));
            ended = text == document.end;
            copy_without_values(std::min(end + 1, line_.size()), "in a here-document",
                                "write printf '%s\\n' {} | … to give it to a command");
        }
    }
    here_documents_.clear();
}

}  // namespace quartet::batch
