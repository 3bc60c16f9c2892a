#include "report/html.hpp"

#include "measure/analysis/findings.hpp"
#include "measure/results/plain_text.hpp"
#include "measure/results/report_json.hpp"
#include "measure/statistics/ranking.hpp"
#include "report/resources.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <stdexcept>
#include <vector>

namespace quartet::report {
namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view placeholder = "@report@";
constexpr std::string_view root_element = "<html lang=\"en\"";

std::string joined(std::vector<std::string> const& parts, std::string_view separator) {
    return fmt::format("{}", fmt::join(parts, separator));
}

std::vector<std::string> texts_of(std::vector<measure::remark> const& remarks) {
    std::vector<std::string> texts;
    for (auto const& each : remarks)
        texts.push_back(joined(each.specs, ", ") + ": " + joined(each.lines, "; "));
    return texts;
}

json said_of(measure::results const& results, std::string const& workload, advice_texts const& advice) {
    auto found = measure::findings_of(results, workload);
    auto doubts = texts_of(found.doubts);
    if (!found.outliers.empty()) doubts.push_back(found.outliers);
    auto const advised = advice.find(workload);
    return {{"workload", workload},
            {"best", found.best},
            {"verdict", measure::has_curves(results, workload) ? "" : found.verdict},  // curves tell more
            {"doubts", doubts},
            {"troubles", texts_of(found.troubles)},
            {"advice", advised == advice.end() ? "" : advised->second}};
}

/// Fit for a script element: without "<" nothing in the text can end the element.
std::string embedded(std::string const& text) {
    std::string made;
    made.reserve(text.size());
    for (char const each : text) {
        if (each == '<')
            made += "\\u003c";
        else
            made += each;
    }
    return made;
}

std::string page_with(std::string const& document) {
    if (!has_page()) throw std::logic_error("this build of quartet has no report page");
    std::string_view const page = page_template();
    auto const at = page.find(placeholder);
    std::string made(page.substr(0, at));
    made += document;
    return made += page.substr(at + placeholder.size());
}

}  // namespace

bool has_page() noexcept {
    return !page_template().empty();
}

std::string to_document(measure::results const& results, advice_texts const& advice) {
    auto said = json::array();
    for (auto const& workload : measure::workloads_of(results))
        said.push_back(said_of(results, workload, advice));
    json const rest{{"said", said}, {"conditions", measure::remarks_on_run(results)}};
    auto text = rest.dump(-1, ' ', false, json::error_handler_t::replace);
    text.pop_back();  // the brace that ends it
    return measure::with_plain_texts(text + ",\"results\":" + measure::to_json(results) + "}");
}

std::string to_html(measure::results const& results, advice_texts const& advice) {
    return page_with(embedded(to_document(results, advice)));
}

std::string live_page(std::string_view version, std::string_view news) {
    auto page = page_with("");
    auto const root = page.find(root_element);
    page.insert(root + root_element.size(),
                fmt::format(" data-version=\"{}\" data-news=\"{}\"", version, news));
    return page;
}

}  // namespace quartet::report
