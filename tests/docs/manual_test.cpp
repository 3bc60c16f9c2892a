// The tables of docs/manual.md that follow from the code. A failing test prints the table as it should be.

#include "cli/parsing/exit_codes.hpp"
#include "measure/results/fields.hpp"

#include <quartet/workload/workload.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace quartet {
namespace {

void expect_in_manual(std::string const& table) {
    std::ifstream file(QUARTET_MANUAL);
    std::string const manual{std::istreambuf_iterator<char>(file), {}};
    EXPECT_NE(manual.find(table), std::string::npos) << "docs/manual.md should have:\n\n" << table;
}

template <class Record>
std::string table_of() {
    std::string table = "| field | unit | what it is |\n|---|---|---|\n";
    for (auto const& each : measure::fields_of<Record>())
        table += fmt::format("| `{}` | {} | {} |\n", each.name, to_string(each.unit), each.help);
    return table;
}

std::string default_of(parameter const& of) {
    auto text = to_string(of.value);
    if (of.study) text += fmt::format("; study: {}", to_string(*of.study));
    return text;
}

std::string parameters_table() {
    std::string table = "| parameter | default | allowed | what it is |\n|---|---|---|---|\n";
    for (auto const& workload : registered_workloads()) {
        for (auto const& each : workload.parameters)
            table += fmt::format("| `{}.{}` | {} | {} | {} |\n", workload.name, each.name, default_of(each),
                                 each.range(), each.help);
    }
    return table;
}

TEST(manual, has_every_field_of_a_result) {
    expect_in_manual(table_of<measure::measurement>());
}

TEST(manual, has_every_field_of_a_lap) {
    expect_in_manual(table_of<measure::lap>());
}

TEST(manual, has_every_field_of_a_worker) {
    expect_in_manual(table_of<measure::worker_use>());
}

TEST(manual, has_every_field_of_a_trial) {
    expect_in_manual(table_of<measure::trial_figures>());
}

TEST(manual, has_every_field_of_a_node) {
    expect_in_manual(table_of<measure::node_figures>());
}

TEST(manual, has_every_field_of_the_records) {
    expect_in_manual(table_of<measure::task_table>());
}

TEST(manual, has_every_field_of_the_conditions) {
    expect_in_manual(table_of<measure::conditions>());
}

TEST(manual, has_every_field_of_the_machine) {
    expect_in_manual(table_of<measure::machine>());
}

TEST(manual, has_every_field_of_the_settings) {
    expect_in_manual(table_of<measure::settings>());
}

TEST(manual, has_every_field_of_a_scaling_curve) {
    expect_in_manual(table_of<measure::scaling_curve>());
}

TEST(manual, has_every_field_of_a_count) {
    expect_in_manual(table_of<measure::scaling_count>());
}

TEST(manual, has_every_parameter) {
    expect_in_manual(parameters_table());
}

TEST(manual, has_the_exit_codes) {
    for (int code : {cli::all_well, cli::something_failed, cli::bad_usage})
        expect_in_manual(fmt::format("| {} |", code));
    constexpr int ctrl_c = 2;
    expect_in_manual(fmt::format("| {} |", cli::interrupted_by + ctrl_c));
}

}  // namespace
}  // namespace quartet
