#include "src/base/nearest.hpp"

#include <quartet/spec.hpp>

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <stdexcept>
#include <vector>

namespace quartet::inline v0 {
namespace {

// Enough for any machine, and low enough that a slip of the keyboard is noticed.
constexpr std::size_t most_workers = 10'000'000;

constexpr std::string_view cluster_name = "cluster";

model_kind parse_kind(std::string_view name, std::string_view text) {
    std::vector<std::string_view> names;
    for (auto kind : all_model_kinds) {
        if (to_string(kind) == name) return kind;
        names.push_back(to_string(kind));
    }
    names.push_back(cluster_name);
    throw std::invalid_argument(fmt::format("unknown model '{}'; the models are {}{}", text,
                                            detail::join(names), detail::did_you_mean(name, names)));
}

/// Nothing if it is none from 1 to most_workers.
std::optional<std::size_t> number_of(std::string_view digits) {
    std::size_t number = 0;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    bool const whole = error == std::errc() && end == digits.data() + digits.size();
    if (!whole || number == 0 || number > most_workers) return std::nullopt;
    return number;
}

std::size_t parse_count(std::string_view digits, std::string_view text) {
    if (auto const count = number_of(digits)) return *count;
    throw std::invalid_argument(fmt::format(
        "model '{}': after the colon comes a number from 1 to {}, or 'each'", text, most_workers));
}

/// "threads:8" or "async:each", without a composition; `text` is the whole, for messages.
model_spec parse_part(std::string_view part, std::string_view text) {
    auto const colon = part.find(':');
    model_spec spec{.kind = parse_kind(part.substr(0, colon), text)};
    if (colon == std::string_view::npos) return spec;
    if (spec.kind == model_kind::single)
        throw std::invalid_argument(fmt::format("model '{}': 'single' takes no number", text));
    auto const count = part.substr(colon + 1);
    if (count == "each") {
        spec.each = true;
    } else {
        spec.count = parse_count(count, text);
    }
    return spec;
}

std::size_t parse_nodes(std::string_view digits, std::string_view text) {
    if (auto const nodes = number_of(digits)) return *nodes;
    throw std::invalid_argument(
        fmt::format("model '{}': after 'cluster:' comes a number of nodes from 1 to {}", text, most_workers));
}

std::string part_text(model_kind kind, std::optional<std::size_t> count, bool each) {
    std::string text(to_string(kind));
    if (each) text += ":each";
    if (count) text += fmt::format(":{}", *count);
    return text;
}

}  // namespace

std::string_view to_string(model_kind kind) noexcept {
    switch (kind) {
        case model_kind::single:
            return "single";
        case model_kind::processes:
            return "processes";
        case model_kind::threads:
            return "threads";
        case model_kind::async:
            return "async";
    }
    return "unknown";
}

namespace {

/// "cluster:3+processes:4": what comes behind the plus runs on each node.
model_spec parse_cluster(std::string_view text) {
    auto const plus = text.find('+');
    auto const head = text.substr(0, plus);
    model_spec spec{.kind = model_kind::processes};
    if (plus != std::string_view::npos) spec = parse_spec(text.substr(plus + 1));
    bool const runs_there = (spec.kind == model_kind::processes && !spec.each) ||
                            spec.kind == model_kind::async ||
                            (spec.kind == model_kind::threads && !spec.each && !spec.loops);
    if (!runs_there || spec.cluster)
        throw std::invalid_argument(fmt::format(
            "model '{}': what can run on the nodes of a cluster is processes:N, threads:N, async:M "
            "and processes:N+async:M",
            text));
    spec.cluster = true;
    if (head.size() > cluster_name.size())
        spec.nodes = parse_nodes(head.substr(cluster_name.size() + 1), text);
    return spec;
}

bool names_cluster(std::string_view text) {
    if (!text.starts_with(cluster_name)) return false;
    auto const rest = text.substr(cluster_name.size());
    return rest.empty() || rest.front() == ':' || rest.front() == '+';
}

}  // namespace

model_spec parse_spec(std::string_view text) {
    if (names_cluster(text)) return parse_cluster(text);
    auto const plus = text.find('+');
    auto spec = parse_part(text.substr(0, plus), text);
    if (plus == std::string_view::npos) return spec;
    auto const inner = text.substr(plus + 1);
    bool const has_loops = (spec.kind == model_kind::threads || spec.kind == model_kind::processes) &&
                           !spec.each && inner.find('+') == std::string_view::npos;
    auto const loops = parse_part(inner.substr(0, inner.find('+')), text);
    if (!has_loops || loops.kind != model_kind::async)
        throw std::invalid_argument(fmt::format(
            "model '{}': what can be composed is threads:N+async:M and processes:N+async:M", text));
    spec.loops = true;
    spec.in_flight = loops.count;
    spec.all_in_flight = loops.each;
    return spec;
}

model_spec model_spec::on_each_node() const {
    model_spec there = *this;
    there.cluster = false;
    there.nodes.reset();
    return there;
}

std::string to_string(model_spec const& spec) {
    if (spec.cluster) {
        model_spec const on_node = spec.on_each_node();
        auto const head =
            spec.nodes ? fmt::format("{}:{}", cluster_name, *spec.nodes) : std::string(cluster_name);
        bool const usual = on_node == model_spec{.kind = model_kind::processes};
        return usual ? head : head + '+' + to_string(on_node);
    }
    auto const text = part_text(spec.kind, spec.count, spec.each);
    return spec.loops ? text + '+' + part_text(model_kind::async, spec.in_flight, spec.all_in_flight) : text;
}

}  // namespace quartet::inline v0
