#include "report/svg.hpp"

#include "measure/results/plain_text.hpp"
#include "measure/results/report_json.hpp"
#include "report/resources.hpp"

#include <duktape.h>
#include <memory>
#include <stdexcept>

namespace quartet::report {
namespace {

struct end_engine {
    void operator()(duk_context* engine) const noexcept { duk_destroy_heap(engine); }
};
using engine_owner = std::unique_ptr<duk_context, end_engine>;

[[noreturn]] void give_up(duk_context* engine) {
    throw std::runtime_error(std::string("cannot draw the charts: ") + duk_safe_to_string(engine, -1));
}

void push(duk_context* engine, std::string_view text) {
    duk_push_lstring(engine, text.data(), text.size());
}

std::string text_at(duk_context* engine, duk_uarridx_t index) {
    duk_get_prop_index(engine, -1, index);
    duk_size_t length = 0;
    char const* const text = duk_get_lstring(engine, -1, &length);
    std::string made(text ? text : "", length);
    duk_pop(engine);
    return made;
}

/// In a protected call, since the engine knows no exceptions of C++ and would end the program.
duk_ret_t call_files_of(duk_context* engine, void*) {
    push(engine, chart_script());
    duk_push_literal(engine, "charts.js");
    duk_compile(engine, 0);
    duk_call(engine, 0);
    duk_pop(engine);
    duk_get_global_string(engine, "quartetCharts");
    duk_get_prop_string(engine, -1, "filesOf");
    duk_dup(engine, 0);
    duk_json_decode(engine, -1);
    push(engine, chart_style());
    duk_call(engine, 2);
    return 1;
}

}  // namespace

std::vector<picture> draw_charts(measure::results const& results) {
    if (chart_script().empty()) throw std::logic_error("this build of quartet has no report page");
    engine_owner const owner(duk_create_heap_default());
    if (!owner) throw std::runtime_error("cannot draw the charts: there is not enough memory");
    auto* const engine = owner.get();
    push(engine, measure::with_plain_texts(measure::to_json(results)));
    if (duk_safe_call(engine, call_files_of, nullptr, 1, 1) != DUK_EXEC_SUCCESS) give_up(engine);
    std::vector<picture> made;
    auto const count = static_cast<duk_uarridx_t>(duk_get_length(engine, -1));
    for (duk_uarridx_t index = 0; index < count; ++index) {
        duk_get_prop_index(engine, -1, index);
        made.push_back({text_at(engine, 0), text_at(engine, 1)});
        duk_pop(engine);
    }
    return made;
}

}  // namespace quartet::report
