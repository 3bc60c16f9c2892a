// batch/line/job_line.hpp
//
// The line that each input of a batch becomes a job by, with its replacements:
//
//     {}                  the input; of several fields all of them, each as a word of its own,
//                         or joined by spaces where {} is a part of a word
//     {1} {2}             a field by its number        {city}   a field by the name of its column
//     {.} {/} {//} {/.}   without extension, base name, folder, base name without extension; so {2.} {city/}
//     {#} {%} {out}       number of the job, of the slot that it runs in, the file that it is to write
//     {{}} {{1}} {{city}} {} {1} {city} as they stand here
//
// Other braces are as they are, as in awk '{print $1}', and so is ${NAME}. Where columns have names, any
// other name in braces is an error. A line without a replacement of the input ({#} and {%} count, {out} does
// not) gets {} at its end.
//
// A line is straight to exec if a shell would make nothing else of it, and otherwise goes to /bin/sh. There a
// value is quoted as the place demands, so that the program gets exactly its bytes; what the program makes of
// them is its own matter: sh -c 'echo {}' is a line in a line, and a value that begins with a dash may be an
// option to it.
//
// Immutable: any thread may use it.
#pragma once

#include "batch/line/job_values.hpp"
#include "batch/line/line_parts.hpp"

#include <quartet/command.hpp>

#include <span>
#include <string>
#include <string_view>

namespace quartet::batch {

class job_line {
public:
    /// A line as one types it to a shell. `columns` has a name for each field, or an empty one
    /// (input_source::columns()). Throws std::runtime_error for a field or a column that does not exist,
    /// quotes that are not closed, and a replacement where its value can't be quoted: in a comment, a
    /// here-document, between backquotes, in ${…} and $((…)).
    static job_line parse(std::string_view line, std::span<std::string const> columns);

    /// A line that is to be run as it is: no braces in it mean anything, and nothing is added. Throws
    /// std::runtime_error for an empty one, and quotes that are not closed.
    static job_line as_it_is(std::string_view line);

    /// A program and its arguments. No shell sees them, and none is split; but {} by itself is one argument a
    /// field.
    static job_line from_words(std::span<std::string const> words, std::span<std::string const> columns);

    /// As the command line has it: one word is a line, several are a program and its arguments.
    static job_line read(std::span<std::string const> words, std::span<std::string const> columns);

    /// The job's command. Throws std::runtime_error if a value holds a NUL byte, std::invalid_argument if
    /// there are not as many fields as columns, or no output for {out}.
    command make(job_values const& values) const;

    /// The same as one would type it.
    std::string show(job_values const& values) const;

    bool needs_shell() const { return parts_.needs_shell; }

    /// It has {out}.
    bool has_output() const { return parts_.has_output; }

private:
    job_line(line_parts parts, std::size_t fields) : parts_(std::move(parts)), fields_(fields) {}

    void check(job_values const& values) const;
    std::vector<std::string> words_for(job_values const& values) const;
    std::string text_for(job_values const& values) const;

    line_parts parts_;
    std::size_t fields_;
};

}  // namespace quartet::batch
