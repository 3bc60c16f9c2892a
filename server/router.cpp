#include "server/router.hpp"

#include "server/genre.hpp"
#include "server/gzip.hpp"
#include "server/page.hpp"

#include <boost/algorithm/string/predicate.hpp>
#include <boost/algorithm/string/trim.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

namespace quartet::server_detail {
namespace {

namespace http = boost::beast::http;

constexpr std::uint64_t delay_max_ms = 3'600'000;
constexpr std::uint64_t redirects_max = 1000;

std::string_view view(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

/// The path and query of a target. A client that takes us for its proxy sends "http://host/path".
std::string_view local_part(std::string_view target) {
    auto const scheme = target.find("://");
    if (target.starts_with('/') || scheme == target.npos) return target;
    auto const path = target.find('/', scheme + 3);
    return path == target.npos ? "/" : target.substr(path);
}

std::optional<std::uint64_t> number(std::string_view text, std::uint64_t max) {
    std::uint64_t value = 0;
    auto const parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || value > max) return std::nullopt;
    return value;
}

/// The value of `name` in "a=1&b=2"; empty if it is not there.
std::optional<std::string_view> parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        auto const pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        if (pair.substr(0, pair.find('=')) == name)
            return pair.substr(std::min(pair.size(), name.size() + 1));
    }
    return std::nullopt;
}

bool refuses(http::param_list const& parameters) {
    for (auto const& [name, value] : parameters)
        if (boost::iequals(name, "q")) return value.find_first_not_of("0.") == value.npos;
    return false;
}

bool accepts_gzip(request const& asked) {
    for (auto const& [coding, parameters] : http::ext_list(asked[http::field::accept_encoding]))
        if (boost::iequals(coding, "gzip") || coding == "*") return !refuses(parameters);
    return false;
}

reply with_text(reply result, std::string text) {
    result.owner = std::make_shared<std::string const>(std::move(text));
    result.body = *result.owner;
    return result;
}

}  // namespace

struct router::call {
    request const& asked;
    std::string_view argument;  ///< what stands in the path for the route's argument
    std::string_view query;
};

struct router::route {
    std::string_view path;
    std::string_view argument;  ///< the name of what follows the path; empty: nothing may follow
    reply (router::*answer)(call const&);
    std::string_view help;

    bool matches(std::string_view asked) const {
        return argument.empty() ? asked == path : asked.starts_with(path);
    }
};

constexpr router::route router::routes[] = {
    {"/", "", &router::help, "this list"},
    {"/page", "", &router::page, "an HTML page; ?bytes=N sets its length"},
    {"/genre", "", &router::genre, "a JSON string, a made-up music genre that follows from ?n=K"},
    {"/status/", "CODE", &router::status, "a reply with that status, 200 to 599"},
    {"/redirect/", "N", &router::redirect, "N redirects, the last one to /page"},
    {"/echo", "", &router::echo, "method, target, headers and body of the request as JSON"},
    {"/gzip", "", &router::gzip, "the page, compressed if Accept-Encoding allows gzip"},
    {"/delay/", "MS", &router::delay, "a reply that comes MS milliseconds later than others"},
    {"/after/", "MS", &router::after, "a reply that comes after MS milliseconds, however late others come"},
    {"/stats", "", &router::stats, "what the server has counted so far, this request included, as JSON"},
    {"/files/", "NAME", &router::file, "a file of the folder that the server was given, if it was"},
};

reply text_reply(unsigned status, std::string text) {
    reply result;
    result.status = status;
    return with_text(std::move(result), std::move(text += '\n'));
}

router::router(server_options const& options, live_counters const& counts)
    : page_bytes_(options.page_bytes),
      folder_(options.folder),
      counts_(counts),
      page_(std::make_shared<std::string const>(quartet::page(page_bytes_))) {}

reply router::answer(request const& asked) {
    auto const target = local_part(view(asked.target()));
    auto const path = target.substr(0, target.find('?'));
    auto const query = target.substr(std::min(target.size(), path.size() + 1));
    for (auto const& each : routes)
        if (each.matches(path)) return (this->*each.answer)({asked, path.substr(each.path.size()), query});
    return text_reply(404, fmt::format("no such path: {}; / lists those there are", path));
}

reply router::help(call const&) {
    std::string text = "quartet's test server\n\n";
    for (auto const& each : routes) {
        if (each.answer == &router::file && folder_.empty()) continue;
        text += fmt::format("{:<14} {}\n", fmt::format("{}{}", each.path, each.argument), each.help);
    }
    return with_text({}, std::move(text));
}

reply router::page_reply(std::size_t bytes) {
    if (page_->size() < bytes) page_ = std::make_shared<std::string const>(quartet::page(bytes));
    reply result;
    result.content_type = "text/html";
    result.owner = page_;
    result.body = std::string_view(*page_).substr(0, bytes);
    return result;
}

reply router::page(call const& asked) {
    auto const text = parameter(asked.query, "bytes");
    if (!text) return page_reply(page_bytes_);
    auto const bytes = number(*text, page_bytes_max);
    if (!bytes) return text_reply(400, fmt::format("bytes must be a number from 0 to {}", page_bytes_max));
    return page_reply(static_cast<std::size_t>(*bytes));
}

reply router::genre(call const& asked) {
    auto const text = parameter(asked.query, "n");
    auto const n = number(text.value_or(""), UINT64_MAX);
    if (!n) return text_reply(400, "n must be a number from 0 to 18446744073709551615, as in /genre?n=7");
    reply result;
    result.content_type = "application/json";
    return with_text(std::move(result), fmt::format("\"{}\"", quartet::genre(*n)));
}

reply router::status(call const& asked) {
    auto const code = number(asked.argument, 599);
    if (!code || *code < 200) return text_reply(400, "CODE must be a number from 200 to 599");
    auto const status = static_cast<unsigned>(*code);
    return text_reply(status,
                      fmt::format("{} {}", status, view(http::obsolete_reason(http::int_to_status(status)))));
}

reply router::redirect(call const& asked) {
    auto const left = number(asked.argument, redirects_max);
    if (!left) return text_reply(400, fmt::format("N must be a number from 0 to {}", redirects_max));
    if (*left == 0) return page_reply(page_bytes_);
    auto const next = *left == 1 ? std::string("/page") : fmt::format("/redirect/{}", *left - 1);
    auto result = text_reply(302, "to " + next);
    result.fields = fmt::format("Location: {}\r\n", next);
    return result;
}

reply router::file(call const& asked) {
    std::string const name(asked.argument);
    // Nothing that leads out of the folder, and nothing hidden.
    bool const plain = !name.empty() && name.front() != '.' && name.find('/') == name.npos;
    std::ifstream file;
    if (plain && !folder_.empty()) file.open(folder_ / name, std::ios::binary);
    if (!file.is_open()) return text_reply(404, "no such file: " + name);
    reply result;
    if (name.ends_with(".html")) result.content_type = "text/html; charset=utf-8";
    if (name.ends_with(".json")) result.content_type = "application/json";
    return with_text(std::move(result), std::string(std::istreambuf_iterator<char>(file), {}));
}

reply router::echo(call const& asked) {
    auto headers = nlohmann::json::object();
    for (auto const& field : asked.asked) {
        auto& value = headers[std::string(field.name_string())];
        value = (value.is_null() ? "" : value.get<std::string>() + ", ") + std::string(field.value());
    }
    nlohmann::json const said{{"method", std::string(asked.asked.method_string())},
                              {"target", std::string(asked.asked.target())},
                              {"headers", std::move(headers)},
                              {"body", asked.asked.body()}};
    reply result;
    result.content_type = "application/json";
    // JSON is UTF-8; bytes of a body that are not become U+FFFD.
    return with_text(std::move(result), said.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

reply router::gzip(call const& asked) {
    auto result = page_reply(page_bytes_);
    result.fields = "Vary: Accept-Encoding\r\n";
    if (!accepts_gzip(asked.asked)) return result;
    if (!gzipped_) gzipped_ = std::make_shared<std::string const>(server_detail::gzip(result.body));
    result.fields += "Content-Encoding: gzip\r\n";
    result.owner = gzipped_;
    result.body = *gzipped_;
    return result;
}

reply router::delay(call const& asked) {
    auto const ms = number(asked.argument, delay_max_ms);
    if (!ms) return text_reply(400, fmt::format("MS must be a number from 0 to {}", delay_max_ms));
    auto result = text_reply(200, fmt::format("{} ms later", *ms));
    result.delay = std::chrono::milliseconds(*ms);
    return result;
}

reply router::after(call const& asked) {
    auto result = delay(asked);
    result.has_own_latency = true;
    return result;
}

reply router::stats(call const&) {
    auto const now = counts_.snapshot();
    nlohmann::json const said{{"connections", now.connections},
                              {"open", now.open},
                              {"requests", now.requests},
                              {"errors", now.errors},
                              {"slow", now.slow},
                              {"broken", now.broken},
                              {"bytes_sent", now.bytes_sent},
                              {"idle_closed", now.idle_closed},
                              {"accept_pauses", now.accept_pauses}};
    reply result;
    result.content_type = "application/json";
    return with_text(std::move(result), said.dump());
}

}  // namespace quartet::server_detail
