// measure/results/report_json.cpp

#include "measure/results/report_json.hpp"

#include "measure/results/fields.hpp"
#include "measure/results/records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <new>

namespace quartet::measure {
namespace {

// ---- Writing

std::string compact(json const& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool has_structure(json const& value) {
    return std::ranges::any_of(value, [](json const& each) { return each.is_structured() && !each.empty(); });
}

void write(std::string& out, json const& value, std::string const& indent, bool within_array) {
    bool const on_one_line = !value.is_structured() || value.empty() ||
                             (!has_structure(value) && (value.is_array() || within_array));
    if (on_one_line) {
        out += compact(value);
        return;
    }
    auto const inner = indent + "  ";
    out += value.is_array() ? '[' : '{';
    bool first = true;
    for (auto const& [name, member] : value.items()) {
        out += first ? "\n" : ",\n";
        first = false;
        out += inner;
        if (value.is_object()) out += compact(name) + ": ";
        write(out, member, inner, value.is_array());
    }
    out += '\n' + indent + (value.is_array() ? ']' : '}');
}

// ---- Reading

/// Our documents nest a few levels deep; a deeper one may have been made to exhaust memory.
json parse(std::string_view text) {
    constexpr int deepest = 16;
    auto const limit_depth = [](int depth, json::parse_event_t, json&) {
        if (depth > deepest) throw std::invalid_argument("not a results document: it nests too deeply");
        return true;
    };
    try {
        return json::parse(text, limit_depth);
    } catch (json::exception const& error) {
        // "[json.exception.parse_error.101] parse error at line 1, column 2: …"
        std::string_view const what = error.what();
        auto const end = what.find("] ");
        throw std::invalid_argument(
            fmt::format("not a results document: {}", end == what.npos ? what : what.substr(end + 2)));
    } catch (std::bad_alloc const&) {
        throw std::invalid_argument("not a results document: there is not enough memory for it");
    }
}

std::string schema_of(json const& document) {
    auto const found = document.find("schema");
    if (found == document.end() || !found->is_string())
        throw std::invalid_argument("not a results document: it has no \"schema\"");
    return *found;
}

void check_schema(std::string const& schema) {
    if (schema == results_schema) return;
    constexpr std::size_t most_shown = 100;
    throw std::invalid_argument(fmt::format("its schema is \"{}\", and this quartet reads \"{}\"",
                                            schema.substr(0, most_shown), results_schema));
}

}  // namespace

std::string to_json(results const& what) {
    json document = {{"schema", results_schema}};
    document.update(to_object(what));
    std::string text;
    write(text, document, "", false);
    return text + '\n';
}

results results_from_json(std::string_view text) {
    json const document = parse(text);
    if (!document.is_object()) throw std::invalid_argument("not a results document: it is not an object");
    check_schema(schema_of(document));
    return from_object<results>(document);
}

results read_results(std::filesystem::path const& file) {
    auto const refuse = [&](std::string_view why) {
        throw std::invalid_argument(fmt::format("{}: {}", file.native(), why));
    };
    std::error_code error;
    if (std::filesystem::is_directory(file, error)) refuse(std::strerror(EISDIR));
    std::ifstream stream(file, std::ios::binary);
    if (!stream) refuse(std::strerror(errno));
    auto const refuse_its_size = [&] {
        refuse(
            fmt::format("larger than the {} MiB that a file of results may have", most_results_bytes >> 20));
    };
    auto const size = std::filesystem::file_size(file, error);  // that of a pipe is unknown, and none
    if (!error && size > most_results_bytes) refuse_its_size();
    std::string text;
    try {
        constexpr std::size_t piece = 1 << 20;
        if (!error) text.reserve(size + piece);
        while (stream && text.size() <= most_results_bytes) {
            std::size_t const before = text.size();
            text.resize(before + piece);
            stream.read(text.data() + before, piece);
            text.resize(before + static_cast<std::size_t>(stream.gcount()));
        }
    } catch (std::bad_alloc const&) {
        refuse("there is not enough memory for it");
    }
    if (text.size() > most_results_bytes) refuse_its_size();
    try {
        return results_from_json(text);
    } catch (std::invalid_argument const& wrong) {
        refuse(wrong.what());
    }
    return {};
}

}  // namespace quartet::measure
