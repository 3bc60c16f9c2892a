// measure/trial/cluster_survey.cpp
//
// There is no call that runs a body on each node. But a pool of one worker a node, and as many tasks, gives
// one to each, since the idle ones are served first; should one get two, all is asked again.

#include "measure/trial/cluster_survey.hpp"

#include "measure/results/json_values.hpp"
#include "measure/trial/node_probe.hpp"
#include "measure/trial/synthetic.hpp"
#include "src/base/own_cpus.hpp"
#include "src/executor/cluster.hpp"
#include "src/models/cluster/link.hpp"
#include "src/models/cluster/rank.hpp"

#include <quartet/detail/call/describe_failure.hpp>
#include <quartet/executor.hpp>
#include <quartet/outcome.hpp>
#include <quartet/socket.hpp>
#include <quartet/spec.hpp>
#include <quartet/structured.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::measure {

// ---- The lists

template <>
std::span<field<survey_request> const> fields_of() {
    using r = survey_request;
    static constexpr std::array list{
        make_field<r, &r::specs>("specs"),         make_field<r, &r::files>("files"),
        make_field<r, &r::addresses>("addresses"), make_field<r, &r::port>("port"),
        make_field<r, &r::speeds>("speeds"),
    };
    return list;
}

template <>
std::span<field<surveyed_node> const> fields_of() {
    using n = surveyed_node;
    static constexpr std::array list{
        make_field<n, &n::name>("name"),       make_field<n, &n::seen>("seen"),
        make_field<n, &n::reached>("reached"), make_field<n, &n::processors>("processors"),
        make_field<n, &n::numbers>("numbers"), make_field<n, &n::kernel>("kernel"),
        make_field<n, &n::memory>("memory"),   make_field<n, &n::steps>("steps"),
    };
    return list;
}

template <>
std::span<field<survey_result> const> fields_of() {
    using r = survey_result;
    static constexpr std::array list{
        make_field<r, &r::error>("error"),
        make_field<r, &r::nodes>("nodes"),
        make_field<r, &r::mpi>("mpi"),
    };
    return list;
}

// ---- Lines

namespace {

constexpr std::string_view survey_mark = "survey ";  // no line of a trial's begins so: that is JSON

}  // namespace

std::string line_of(survey_request const& request) {
    return std::string(survey_mark) + to_object(request).dump();
}

std::string line_of(survey_result const& result) {
    return to_object(result).dump(-1, ' ', false, json::error_handler_t::replace);
}

bool asks_for_survey(std::string_view line) noexcept {
    return line.starts_with(survey_mark);
}

survey_request survey_request_of(std::string_view line) {
    return from_object<survey_request>(json::parse(line.substr(survey_mark.size())));
}

survey_result survey_result_of(std::string_view line) {
    return from_object<survey_result>(json::parse(line));
}

// ---- On the nodes

namespace {

/// What a node is asked.
struct question {
    std::vector<std::string> files;
    std::vector<std::string> addresses;
    std::uint64_t port = 0;
    bool speeds = false;

    void serialize(auto& archive) { archive(files, addresses, port, speeds); }
};

struct answer {
    surveyed_node node;
    std::int64_t process = 0;  // two ranks may be on one machine

    void serialize(auto& archive) { archive(node, process); }
};

task<bool> answers(context& ctx, std::string address, std::uint16_t port) {
    bool connected = false;
    try {
        auto const there =
            co_await ctx.with_timeout(std::chrono::seconds(2), ctx.connect(std::move(address), port));
        connected = true;
    } catch (timed_out const&) {
    } catch (std::system_error const&) {
    }
    co_return connected;
}

surveyed_node this_node() {
    auto const about = detail::about_this_node();
    surveyed_node made{.name = about.name,
                       .seen = {},
                       .reached = {},
                       .processors = about.processors,
                       .numbers = {},
                       .kernel = boot_of_this_kernel(),
                       .memory = about.memory};
    auto const usable = detail::own_cpus();
    for (std::size_t number = 0; number < usable.size(); ++number) {
        if (usable[number]) made.numbers.push_back(number);
    }
    return made;
}

task<answer> look(context& ctx, question asked) {
    answer made{.node = this_node(), .process = getpid()};
    if (asked.speeds) made.node.steps = steps_in(std::chrono::milliseconds(1));
    for (std::size_t place = 0; place < asked.files.size(); ++place) {
        std::error_code absent;
        if (std::filesystem::exists(asked.files[place], absent)) made.node.seen.push_back(place);
    }
    for (std::size_t place = 0; asked.port != 0 && place < asked.addresses.size(); ++place) {
        ask_without_proxy(asked.addresses[place]);
        if (co_await answers(ctx, asked.addresses[place], static_cast<std::uint16_t>(asked.port)))
            made.node.reached.push_back(place);
    }
    co_return made;
}

/// Of the nodes that there are.
survey_result ask_all(question const& asked) {
    auto pool = make_executor("cluster+threads:1");
    std::size_t const nodes = parse_spec(pool.spec()).nodes.value_or(1);
    std::map<std::pair<std::string, std::int64_t>, surveyed_node> heard;
    constexpr int most_rounds = 50;
    for (int round = 0; heard.size() < nodes && round < most_rounds; ++round) {
        for (auto& each : pool.map(look, std::vector(nodes, asked)))
            heard.try_emplace({each.node.name, each.process}, std::move(each.node));
    }
    if (heard.size() < nodes)
        throw std::runtime_error(
            fmt::format("of {} nodes of the cluster only {} have answered", nodes, heard.size()));
    survey_result made;
    for (auto& [whose, each] : heard)
        made.nodes.push_back(std::move(each));
    auto const own = heard.find({detail::host_name(), getpid()});
    if (own != heard.end())
        std::rotate(made.nodes.begin(), made.nodes.begin() + std::distance(heard.begin(), own),
                    made.nodes.begin() + std::distance(heard.begin(), own) + 1);
    return made;
}

}  // namespace

survey_result survey_nodes(survey_request const& request) {
    try {
        for (auto const& each : request.specs)
            static_cast<void>(make_executor(each));
        auto made = ask_all({request.files, request.addresses, request.port, request.speeds});
        if (auto const cluster = detail::own_cluster(); cluster && cluster->line)
            made.mpi = cluster->line->about();
        return made;
    } catch (...) {
        return {.error = detail::describe_current_exception(0, {}).message, .nodes = {}, .mpi = {}};
    }
}

void ask_without_proxy(std::string_view host) {
    for (char const* name : {"no_proxy", "NO_PROXY"}) {
        char const* const others = std::getenv(name);
        if (!others && std::string_view(name) != "no_proxy") continue;
        std::string list = others ? others : "";
        bool const known = fmt::format(",{},", list).find(fmt::format(",{},", host)) != list.npos;
        if (known) continue;
        list += list.empty() ? "" : ",";
        list += host;
        setenv(name, list.c_str(), 1);
    }
}

}  // namespace quartet::measure
