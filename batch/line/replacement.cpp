#include "batch/line/replacement.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace quartet::batch {

namespace {

// The longer before those that they end in.
constexpr std::array<std::pair<std::string_view, path_form>, 4> path_forms{
    {{"/.", path_form::base_no_extension},
     {"//", path_form::folder},
     {"/", path_form::base},
     {".", path_form::no_extension}}};

std::string_view without_slashes(std::string_view path) {
    while (path.size() > 1 && path.ends_with('/'))
        path.remove_suffix(1);
    return path;
}

std::string_view base_of(std::string_view path) {
    path = without_slashes(path);
    auto const slash = path.rfind('/');
    return slash == path.npos || path.size() == 1 ? path : path.substr(slash + 1);
}

std::string_view folder_of(std::string_view path) {
    path = without_slashes(path);
    auto const slash = path.rfind('/');
    if (slash == path.npos) return ".";
    return without_slashes(path.substr(0, slash + 1));
}

std::string_view without_extension(std::string_view path) {
    auto const name = path.substr(path.rfind('/') + 1);  // all of it if there is none
    auto const dot = name.rfind('.');
    if (dot == name.npos || name.find_first_not_of('.') > dot) return path;
    return path.substr(0, path.size() - (name.size() - dot));
}

std::string in_braces(std::string_view body) {
    std::string text("{");
    text += body;
    return text += '}';
}

std::string as_it_is(std::string_view body) {
    return "; {" + in_braces(body) + "} is " + in_braces(body) + " as it is";
}

std::pair<std::string_view, path_form> split_form(std::string_view body) {
    for (auto const& [suffix, form] : path_forms)
        if (body.ends_with(suffix)) return {body.substr(0, body.size() - suffix.size()), form};
    return {body, path_form::whole};
}

bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

// Those of a letter that is not in ASCII, too.
bool is_name_byte(char byte) {
    return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           byte == '-' || static_cast<unsigned char>(byte) >= 0x80;
}

bool looks_like_a_name(std::string_view text) {
    return !text.empty() && text[0] != '-' && std::all_of(text.begin(), text.end(), is_name_byte);
}

std::size_t field_of_number(std::string_view digits, std::string_view body, std::size_t count) {
    std::size_t number = 0;
    auto const read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (read.ec == std::errc() && number >= 1 && number <= count) return number - 1;
    throw std::runtime_error("the line asks for " + in_braces(body) + ", and the fields of an input are " +
                             (count == 1 ? "{1} only" : "{1} to " + in_braces(std::to_string(count))) +
                             as_it_is(body));
}

std::string list_of_names(std::span<std::string const> columns) {
    std::string list;
    for (auto const& name : columns)
        if (!name.empty()) list += (list.empty() ? "" : ", ") + in_braces(name);
    return list;
}

std::optional<std::size_t> field_of_name(std::string_view name, std::string_view body,
                                         std::span<std::string const> columns) {
    if (name.empty()) return std::nullopt;
    auto const found = std::find(columns.begin(), columns.end(), name);
    if (found == columns.end()) return std::nullopt;
    auto const field = static_cast<std::size_t>(found - columns.begin());
    if (std::find(found + 1, columns.end(), name) != columns.end())
        throw std::runtime_error("the line asks for " + in_braces(body) +
                                 ", and several columns have that name; the first is " +
                                 in_braces(std::to_string(field + 1)) + as_it_is(body));
    return field;
}

// Where columns have names; otherwise a word in braces is none of ours.
std::optional<replacement> read_name(std::string_view body, std::span<std::string const> columns) {
    using enum replacement::source;
    if (auto const found = field_of_name(body, body, columns))
        return replacement{.from = field, .field = *found};
    auto const [name, form] = split_form(body);
    if (auto const found = field_of_name(name, body, columns))
        return replacement{.from = field, .field = *found, .form = form};
    auto const names = list_of_names(columns);
    if (names.empty() || !looks_like_a_name(name)) return std::nullopt;
    throw std::runtime_error("the line asks for " + in_braces(body) + ", and the columns are " + names +
                             as_it_is(body));
}

std::optional<replacement> read_body(std::string_view body, std::span<std::string const> columns) {
    using enum replacement::source;
    if (body == "#") return replacement{.from = number};
    if (body == "%") return replacement{.from = slot};
    if (body == "out") return replacement{.from = output};
    auto const [name, form] = split_form(body);
    if (name.empty()) return replacement{.from = all_fields, .form = form};
    if (std::all_of(name.begin(), name.end(), is_digit))
        return replacement{.from = field, .field = field_of_number(name, body, columns.size()), .form = form};
    return read_name(body, columns);
}

// What would be replaced, or refused.
bool means_something(std::string_view body, std::span<std::string const> columns) {
    try {
        return read_body(body, columns).has_value();
    } catch (std::runtime_error const&) {
        return true;
    }
}

}  // namespace

std::string in_form(std::string_view path, path_form form) {
    switch (form) {
        case path_form::whole:
            break;
        case path_form::no_extension:
            return std::string(without_extension(path));
        case path_form::base:
            return std::string(base_of(path));
        case path_form::folder:
            return std::string(folder_of(path));
        case path_form::base_no_extension:
            return std::string(without_extension(base_of(path)));
    }
    return std::string(path);
}

std::vector<std::string> replacement::values(job_values const& of) const {
    std::vector<std::string> all;
    switch (from) {
        case source::all_fields:
            for (auto const& each : of.fields)
                all.push_back(in_form(each, form));
            break;
        case source::field:
            all.push_back(in_form(of.fields[field], form));
            break;
        case source::number:
            all.push_back(std::to_string(of.number));
            break;
        case source::slot:
            all.push_back(std::to_string(of.slot));
            break;
        case source::output:
            all.emplace_back(of.output);
            break;
    }
    return all;
}

std::optional<braces> read_braces(std::string_view text, std::span<std::string const> columns) {
    if (!text.starts_with('{')) return std::nullopt;
    std::size_t const begin = text.starts_with("{{") ? 2 : 1;
    auto const end = text.find_first_of("{}", begin);
    if (end == text.npos || text[end] == '{') return std::nullopt;
    auto const body = text.substr(begin, end - begin);
    if (begin == 1) {
        auto const found = read_body(body, columns);
        return found ? std::optional(braces{.length = end + 1, .replaced = found}) : std::nullopt;
    }
    if (text.substr(end, 2) != "}}" || !means_something(body, columns)) return std::nullopt;
    return braces{.length = end + 2, .literal = in_braces(body)};
}

}  // namespace quartet::batch
