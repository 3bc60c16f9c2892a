// include/quartet/spec.hpp
//
// The one word that names a model: "single", "threads:8", "processes", "async:100", "threads:each",
// "processes:4+async:100", "cluster:3+threads:8".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace quartet::inline v0 {

enum class model_kind { single, processes, threads, async };

/// The names that specs begin with, in the order of the table of the Python study.
inline constexpr model_kind all_model_kinds[] = {model_kind::single, model_kind::processes,
                                                 model_kind::threads, model_kind::async};

std::string_view to_string(model_kind kind) noexcept;

/// A parsed spec. A number is empty where the spec leaves it out, and where it says "each".
struct model_spec {
    model_kind kind = model_kind::single;
    std::optional<std::size_t> count{};
    bool each = false;  ///< a worker per task: threads:each, processes:each, async:each (all in flight)

    bool loops = false;                      ///< "+async": an event loop in each of the threads or processes
    std::optional<std::size_t> in_flight{};  ///< bodies on each of these loops
    bool all_in_flight = false;              ///< "+async:each"

    /// "cluster": all that stands above is what runs on each of the nodes.
    bool cluster = false;
    std::optional<std::size_t> nodes{};

    /// The same without the cluster.
    model_spec on_each_node() const;

    friend bool operator==(model_spec const&, model_spec const&) = default;
};

/// Throws std::invalid_argument with one sentence that says what is wrong and what is allowed.
model_spec parse_spec(std::string_view text);

/// The spec's text; parse_spec(to_string(s)) == s.
std::string to_string(model_spec const& spec);

}  // namespace quartet::inline v0
