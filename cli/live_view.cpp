#include "cli/live_view.hpp"

#include "cli/commands/commands.hpp"
#include "cli/results_advice.hpp"
#include "measure/atomic_file.hpp"
#include "report/html.hpp"

#include <fmt/format.h>

#include <chrono>
#include <thread>

namespace quartet::cli {
namespace {

constexpr auto page_asks_every = std::chrono::seconds(1);
constexpr auto news_file = "news.json";
constexpr auto version_file = "version.json";

std::filesystem::path made_folder(std::filesystem::path const& scratch) {
    if (!report::has_page())
        throw usage_error(
            "--live: this quartet was built without its report page; configure it again, and "
            "the build says what it lacks");
    auto folder = scratch / "live";
    std::filesystem::create_directory(folder);
    measure::write_file_whole((folder / "live.html").native(), report::live_page(version_file, news_file));
    measure::write_file_whole((folder / version_file).native(), "0");
    return folder;
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
    std::this_thread::sleep_for(2 * page_asks_every);
}

}  // namespace quartet::cli
