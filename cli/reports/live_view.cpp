#include "cli/reports/live_view.hpp"

#include "cli/advice/results_advice.hpp"
#include "cli/reports/report_options.hpp"
#include "measure/results/atomic_file.hpp"
#include "report/html.hpp"

#include <quartet/quartet.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <exception>
#include <thread>

namespace quartet::cli {
namespace {

using namespace std::chrono_literals;

/// A page asks every second; one that is busy drawing, later.
constexpr auto longest_wait = 5s;
/// What a page asks for when it learns of the end: the version, and the news.
constexpr std::uint64_t last_requests = 2;
constexpr auto news_file = "news.json";
constexpr auto version_file = "version.json";

std::filesystem::path made_folder(std::filesystem::path const& scratch) {
    check_page("--live");
    auto folder = scratch / "live";
    std::filesystem::create_directory(folder);
    measure::write_file_whole((folder / "live.html").native(), report::live_page(version_file, news_file));
    measure::write_file_whole((folder / version_file).native(), "0");
    return folder;
}

/// What the server has counted.
struct server_counts {
    std::uint64_t requests;
    std::uint64_t open;
};

task<server_counts> ask_server(context& ctx, std::string url) {
    auto const answer = co_await ctx.fetch(url + "/stats");
    auto const said = nlohmann::json::parse(answer.body);
    co_return server_counts{said.at("requests"), said.at("open")};
}

/// Waits until an open page has fetched the final results; does not wait if no page is open.
void wait_for_pages(std::string const& url) {
    auto asking = make_executor("single");
    auto const counts = [&] { return asking.submit(ask_server, url).get(); };
    auto const end = std::chrono::steady_clock::now() + longest_wait;
    auto const before = counts().requests;
    for (std::uint64_t own = 1; std::chrono::steady_clock::now() < end; ++own) {
        auto const now = counts();
        constexpr std::uint64_t own_connection = 1;
        if (now.open <= own_connection || now.requests - before - own >= last_requests) break;
        std::this_thread::sleep_for(100ms);
    }
    std::this_thread::sleep_for(200ms);  // an answer is on its way
}

}  // namespace

live_view::live_view(std::filesystem::path const& scratch)
    : folder_(made_folder(scratch)), server_({.latency = {}, .folder = folder_}) {}

std::string live_view::url() const {
    return server_.url() + "/files/live.html";
}

void live_view::write(measure::results const& results, bool finished) {
    auto const news = fmt::format("{{\"finished\":{},\"report\":{}}}", finished,
                                  report::to_document(results, advice_for_report(results)));
    measure::write_file_whole((folder_ / news_file).native(), news);
    measure::write_file_whole((folder_ / version_file).native(), fmt::format("{}", ++version_));
}

void live_view::show(measure::results const& results) {
    write(results, false);
}

void live_view::finish(measure::results const& results) {
    write(results, true);
    try {
        wait_for_pages(server_.url());
    } catch (std::exception const&) {
        // If the server does not answer, no page is open.
    }
}

}  // namespace quartet::cli
