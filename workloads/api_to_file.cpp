// Test 6 of the Python study: asks an HTTP API for a made-up music genre, a JSON string, and appends it as a
// line to one file.

#include "server/genre.hpp"
#include "src/io/http/http_failure.hpp"
#include "workloads/fill_in.hpp"

#include <quartet/workload/workload.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace quartet {
namespace {

struct api_call {
    std::string url;
    std::string path;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(url, path);
    }
};

std::string parse_genre(std::string const& url, std::string const& body) {
    auto const parsed = nlohmann::json::parse(body, nullptr, false);
    if (!parsed.is_string())
        throw std::runtime_error(
            fmt::format("GET {}: the reply is not a JSON string", detail::without_credentials(url)));
    return parsed.get<std::string>();
}

task<std::string> save_genre(context& ctx, api_call wanted) {
    auto const response = co_await ctx.fetch(wanted.url);
    if (!response.ok())
        throw std::runtime_error(
            fmt::format("GET {}: status {}", detail::without_credentials(wanted.url), response.status));
    auto genre = parse_genre(wanted.url, response.body);
    co_await ctx.append_file(wanted.path, genre + "\n");
    co_return genre;
}

bool asks_own_server(parameter_values const& values) {
    return std::get<std::string>(values.at("url")).empty();
}

std::filesystem::path target(workload_run const& run) {
    auto const named = run.get<std::string>("file");
    return named.empty() ? run.scratch() / "genres.txt" : std::filesystem::path(named);
}

std::string url_of(workload_run const& run, std::size_t number) {
    auto url = run.get<std::string>("url");
    if (url.empty()) url = run.server_url() + "/genre?n={}";
    return fill_in(url, std::to_string(number)).text;
}

std::vector<std::string> lines_of(std::filesystem::path const& path) {
    std::vector<std::string> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        lines.push_back(line);
    return lines;
}

/// Files that are named are wherever they are.
bool needs_files(parameter_values const& values) {
    return std::get<std::string>(values.at("file")).empty();
}

struct state {
    std::size_t lines_before = 0;
    std::vector<std::string> answers;
};

void run_calls(workload_run& run, state& kept) {
    std::vector<api_call> calls;
    auto const count = run.get<std::size_t>("count");
    for (std::size_t i = 0; i < count; ++i)
        calls.push_back({url_of(run, i), target(run).native()});
    auto const genres = run.map(save_genre, calls);
    run.checksum(genres);
    kept.answers.clear();
    for (std::size_t i = 0; i < genres.size(); ++i) {
        if (!genres[i]) continue;
        kept.answers.push_back(*genres[i]);
        if (run.get<std::string>("url").empty())
            run.expect(*genres[i] == genre(i),
                       fmt::format("number {} is '{}', not '{}'", i, *genres[i], genre(i)));
    }
}

// Lines come in any order, but every answer is a line and nothing else is.
void check_lines(workload_run& run, state& kept) {
    auto lines = lines_of(target(run));
    lines.erase(lines.begin(),
                lines.begin() + static_cast<std::ptrdiff_t>(std::min(kept.lines_before, lines.size())));
    std::ranges::sort(lines);
    std::ranges::sort(kept.answers);
    run.expect(lines == kept.answers, fmt::format("{}: {} new lines do not match the {} answers",
                                                  target(run).native(), lines.size(), kept.answers.size()));
}

workload make_api_to_file() {
    auto const shared = std::make_shared<state>();
    return {
        .name = "api_to_file",
        .help = "asks an HTTP API and appends each answer to one file",
        .parameters =
            {integer("count", 100, 1, 10'000'000, "how many calls"),
             text("url", "",
                  "an API that answers with a JSON string, {} being the call's number and {{}} a {}; empty: "
                  "quartet's own server"),
             text("file", "", "the file; empty: one that is removed afterwards")},
        .workers = {.threads = 32, .async = 100},
        .study_finding = "async (9.3 s) just ahead of threads (9.8 s) and processes (11.3 s); single 44 s",
        .needs_server = asks_own_server,
        .needs_files = needs_files,
        .prepare = [shared](workload_run& run) { shared->lines_before = lines_of(target(run)).size(); },
        .run = [shared](workload_run& run) { run_calls(run, *shared); },
        .verify = [shared](workload_run& run) { check_lines(run, *shared); },
    };
}

registration const api_to_file_workload{make_api_to_file()};

}  // namespace
}  // namespace quartet
