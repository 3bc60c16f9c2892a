#include "measure/trial/trial_protocol.hpp"

#include "measure/results/json_values.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace quartet::measure {

// ---- The lists

template <>
struct json_value<task_order::kind> {
    static constexpr std::array<std::string_view, 3> names{"as_given", "backwards", "shuffled"};

    static json to(task_order::kind kind) { return names.at(kind); }
    static void from(task_order::kind& kind, json const& from) {
        auto const found = std::ranges::find_if(names, [&](auto const name) { return from == json(name); });
        if (found == names.end()) throw std::invalid_argument("no order of tasks");
        kind = static_cast<task_order::kind>(found - names.begin());
    }
    static json form() { return {{"enum", names}}; }
};

template <>
std::span<field<task_digest> const> fields_of() {
    static constexpr std::array list{
        make_field<task_digest, &task_digest::value>("value"),
        make_field<task_digest, &task_digest::failed>("failed"),
        make_field<task_digest, &task_digest::text>("text"),
    };
    return list;
}

template <>
std::span<field<trial_request> const> fields_of() {
    using r = trial_request;
    static constexpr std::array list{
        make_field<r, &r::workload>("workload"),
        make_field<r, &r::spec>("spec"),
        make_field<r, &r::parameters>("parameters"),
        make_field<r, &r::scratch>("scratch"),
        make_field<r, &r::server_url>("server_url"),
        make_field<r, &r::trace_heap>("trace_heap"),
        make_field<r, &r::for_pictures>("for_pictures"),
        make_field<r, &r::log>("log"),
        make_field<r, &r::order, &task_order::how>("order.how"),
        make_field<r, &r::order, &task_order::seed>("order.seed"),
        make_field<r, &r::keep_digests>("keep_digests"),
    };
    return list;
}

template <>
std::span<field<trial_result> const> fields_of() {
    using r = trial_result;
    static constexpr std::array list{
        make_field<r, &r::error>("error"),
        make_field<r, &r::tasks>("tasks"),
        make_field<r, &r::failed>("failed"),
        make_field<r, &r::failures>("failures"),
        make_field<r, &r::checksum>("checksum"),
        make_field<r, &r::verification>("verification"),
        make_field<r, &r::laps>("laps"),
        make_field<r, &r::figures>("figures"),
        make_field<r, &r::heap_current_bytes>("heap_current_bytes"),
        make_field<r, &r::heap_peak_bytes>("heap_peak_bytes"),
        make_field<r, &r::beside_cpu_seconds>("beside_cpu_seconds"),
        make_field<r, &r::tracing_seconds>("tracing_seconds"),
        make_field<r, &r::recording_seconds>("recording_seconds"),
        make_field<r, &r::records>("records"),
        make_field<r, &r::workers>("workers"),
        make_field<r, &r::digests>("digests"),
    };
    return list;
}

// ---- Lines

namespace {

template <class Record>
Record record_of(std::string_view line) {
    try {
        return from_object<Record>(json::parse(line));
    } catch (json::exception const& wrong) {
        throw std::invalid_argument(wrong.what());
    }
}

}  // namespace

std::string line_of(trial_request const& request) {
    return to_object(request).dump();
}

std::string line_of(trial_result const& result) {
    // What tasks say may hold bytes that are no UTF-8.
    return to_object(result).dump(-1, ' ', false, json::error_handler_t::replace);
}

trial_request trial_request_of(std::string_view line) {
    return record_of<trial_request>(line);
}

trial_result trial_result_of(std::string_view line) {
    return record_of<trial_result>(line);
}

}  // namespace quartet::measure
