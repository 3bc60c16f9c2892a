// include/quartet/workload/parameter.hpp
//
// The parameters of a workload: each has a name, a type, a default, a range and a help line, so that a
// command line can check and explain what it is given. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace quartet::inline v0 {

/// A parameter's type is that of its default value.
using parameter_value = std::variant<std::int64_t, double, bool, std::string>;

struct parameter {
    std::string name;
    std::string help;
    parameter_value value;                   ///< the default
    std::optional<parameter_value> study{};  ///< under --preset study, where it differs
    std::optional<double> least{};           ///< of a number
    std::optional<double> most{};
    bool names_input = false;  ///< a text that names a file, which every trial reads

    /// "integer", "number", "yes or no", "text".
    std::string_view type() const noexcept;

    /// "1 to 1000", "at least 1", "yes or no", "any text".
    std::string range() const;

    /// The value that `text` stands for. Throws std::invalid_argument with a sentence that says what is
    /// wrong and what is allowed.
    parameter_value parse(std::string_view text) const;
};

/// The value as parse() reads it.
std::string to_string(parameter_value const& value);

parameter integer(std::string name, std::int64_t value, std::int64_t least, std::int64_t most,
                  std::string help);
parameter number(std::string name, double value, double least, double most, std::string help);
parameter flag(std::string name, bool value, std::string help);
parameter text(std::string name, std::string value, std::string help);

/// A file that trials read. A pipe, which can be read only once, is copied for them; none is the empty text.
parameter input_file(std::string name, std::string help);

/// The same parameter, with another value under --preset study.
parameter with_study(parameter of, parameter_value studied);

/// Values by parameter name.
using parameter_values = std::map<std::string, parameter_value, std::less<>>;

enum class preset { quick, study };

/// Every parameter's value under a preset.
parameter_values default_values(std::vector<parameter> const& parameters, preset which);

/// Sets one value from text. Throws std::invalid_argument: an unknown name (with the nearest one) or a bad
/// value; `of` stands before the name in the text ("sleep" for "sleep.scale").
void set_value(parameter_values& values, std::vector<parameter> const& parameters, std::string_view of,
               std::string_view name, std::string_view text);

}  // namespace quartet::inline v0
