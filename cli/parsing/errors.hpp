// cli/parsing/errors.hpp
//
// What ends a command with a message of its own.
#pragma once

#include <stdexcept>
#include <string>

namespace quartet::cli {

/// What a command throws for a mistake of its user's: the message is shown as it is, the exit code is 2.
class usage_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The same for a failure whose exit code is not the usual one.
class failed_with : public std::runtime_error {
public:
    failed_with(int code, std::string const& message) : std::runtime_error(message), code_(code) {}
    int code() const noexcept { return code_; }

private:
    int code_;
};

}  // namespace quartet::cli
