// cli/commands/commands.hpp
//
// The commands of the command line. Each adds its options to the parser; what it then does is kept in
// `action`, and the chosen command's action gives the exit code.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <stdexcept>
#include <string>

namespace quartet::cli {

using action = std::function<int()>;

void add_run(CLI::App& app, action& chosen);
void add_advise(CLI::App& app, action& chosen);
void add_profile(CLI::App& app, action& chosen);
void add_sweep(CLI::App& app, action& chosen);
void add_check(CLI::App& app, action& chosen);
void add_report(CLI::App& app, action& chosen);
void add_compare(CLI::App& app, action& chosen);
void add_list(CLI::App& app, action& chosen);
void add_doctor(CLI::App& app, action& chosen);
void add_serve(CLI::App& app, action& chosen);
void add_generate(CLI::App& app, action& chosen);
void add_clean(CLI::App& app, action& chosen);
void add_completion(CLI::App& app, action& chosen);

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
