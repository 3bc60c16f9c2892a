// cli/launching/typed_input.hpp
//
// What is typed at the terminal, for a program that may not read from there.
#pragma once

#include "src/base/descriptor.hpp"

#include <optional>

namespace quartet::cli {

struct pipe_ends {
    detail::descriptor read{};
    detail::descriptor write{};

    /// Both are closed on exec. Throws std::system_error.
    pipe_ends();
};

/// A launcher is in a process group of its own, so that Ctrl-C at the terminal does not end it before the
/// program; so it may not read from that terminal, and is given by a pipe what is typed there. Input that is
/// no terminal it has itself.
class typed_input {
public:
    typed_input();

    /// To become the launcher's input; -1: it has ours.
    int for_launcher() const { return pipe_ ? pipe_->read.get() : -1; }

    void launcher_has_it() {
        if (pipe_) pipe_->read = detail::descriptor();
    }

    /// To be polled for reading; -1 if there is nothing to pass on now: a process in the background must not
    /// ask for input.
    int source() const;

    /// Once that is readable.
    void pass_on();

private:
    std::optional<pipe_ends> pipe_{};
};

}  // namespace quartet::cli
