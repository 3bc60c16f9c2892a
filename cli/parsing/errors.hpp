// cli/parsing/errors.hpp
//
// Exceptions that end a command, with the message and the exit code that its user gets.
#pragma once

#include <stdexcept>
#include <string>

namespace quartet::cli {

/// The user made a mistake, such as a wrong flag: the message is shown as it is, the exit code is 2.
class usage_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A failure whose exit code is not the usual 1.
class failed_with : public std::runtime_error {
public:
    failed_with(int code, std::string const& message) : std::runtime_error(message), code_(code) {}
    int code() const noexcept { return code_; }

private:
    int code_;
};

}  // namespace quartet::cli
