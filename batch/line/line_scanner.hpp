// batch/line/line_scanner.hpp
//
// Reads a line as a POSIX shell would, as far as it must be known where a value comes to stand, and whether a
// shell is needed at all.
//
// It follows quotes, $(…) within quotes and in each other, comments, here-documents and backquotes. A value
// can be made right wherever the shell removes quotes again, which is not in the last three, in $((…)) and in
// ${…}: there it is refused.
#pragma once

#include "batch/line/line_parts.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::batch {

class line_scanner {
public:
    line_scanner(std::string_view line, std::span<std::string const> columns);

    /// Once. Throws std::runtime_error for what can't be made right, and for quotes that are not closed. A
    /// line without a replacement that has the input gets {} as its last word.
    line_parts scan();

    /// The same for a line that is as it is to be run: no braces mean anything, and nothing is added. Braces
    /// that some shells expand need a shell.
    line_parts scan_as_it_is();

private:
    // The word that is read, and where it stands in its command. $(…) has one of its own.
    struct word_state {
        bool begun = false;
        bool plain = true;  // nothing of it is quoted, or not known yet
        bool known = true;  // nothing of it is replaced, by us or by the shell
        bool assigns = false;
        std::string text{};
        std::size_t pieces = 0;
        std::size_t replaced_at = 0;  // in parts_.text, of its last replacement
        bool begins_command = true;
        bool after_redirection = false;
    };
    struct here_document {
        std::string end;
        bool strips_tabs;
    };

    void scan_commands(bool until_parenthesis);
    void scan_unquoted();
    void scan_backslash();
    void scan_newline();
    void scan_operator();
    void scan_redirection();
    void scan_here_document_begin();
    void scan_here_documents();
    void scan_comment();
    void scan_single_quotes();
    void scan_double_quotes();
    void scan_double_quoted_backslash();
    void scan_backquotes();
    void scan_dollar(bool in_quotes);
    void scan_variable();
    void scan_parameter();
    void scan_arithmetic();

    bool scan_braces(quoting within);
    void replace(replacement what, quoting within);
    void copy_without_values(std::size_t end, std::string_view place, std::string_view instead);
    void end_word();
    void end_first_word();
    void append_input();

    bool at_end() const { return at_ == line_.size(); }
    char here(std::size_t ahead = 0) const { return at_ + ahead < line_.size() ? line_[at_ + ahead] : '\0'; }
    std::string_view rest() const { return line_.substr(at_); }
    void copy(std::size_t bytes);
    void add_text(std::string_view text);
    void add_to_word(std::string_view text);
    void add_unknown_to_word();

    std::string_view line_;
    std::span<std::string const> columns_;
    std::size_t at_ = 0;
    std::size_t variable_end_ = 0;  // where a $NAME has ended last
    word_state word_;
    std::vector<line_part> exec_word_;
    std::vector<here_document> here_documents_;
    int substitutions_ = 0;  // $(…) that we are in
    bool replaces_ = true;
    bool in_compound_ = false;
    bool had_here_document_ = false;
    bool ends_in_comment_ = false;
    line_parts parts_;
};

}  // namespace quartet::batch
