#include "cli/measuring/plan.hpp"

#include "cli/measuring/input_files.hpp"
#include "cli/parsing/errors.hpp"
#include "cli/parsing/value_rule.hpp"
#include "src/base/nearest.hpp"
#include "src/io/http/http_failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace quartet::cli {
namespace {

workload const& workload_named(std::string const& name) {
    try {
        return find_workload(name);
    } catch (std::invalid_argument const& unknown) {
        throw usage_error(unknown.what());
    }
}

std::vector<std::string> workload_names() {
    std::vector<std::string> names;
    for (auto const& each : registered_workloads())
        names.push_back(each.name);
    return names;
}

/// As --set wants them: "sleep.scale=".
std::vector<std::string> parameter_names() {
    std::vector<std::string> names;
    for (auto const& workload : registered_workloads()) {
        for (auto const& each : workload.parameters)
            names.push_back(fmt::format("{}.{}=", workload.name, each.name));
    }
    return names;
}

std::vector<workload const*> choose_workloads(work_options const& options) {
    std::vector<workload const*> chosen;
    for (auto const& name : options.workloads) {
        auto const* const found = &workload_named(name);
        if (std::ranges::find(chosen, found) == chosen.end()) chosen.push_back(found);
    }
    if (!options.workloads.empty()) return chosen;
    for (auto const& each : registered_workloads()) {
        if (!each.only_by_name) chosen.push_back(&each);
    }
    return chosen;
}

std::vector<std::string> split(std::string const& list, char separator) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= list.size();) {
        auto const end = std::min(list.find(separator, begin), list.size());
        parts.push_back(list.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

void apply_setting(values_by_workload& values, std::string const& setting) {
    auto const equals = setting.find('=');
    auto const dot = setting.substr(0, equals).find('.');
    if (equals == std::string::npos || dot == std::string::npos)
        throw usage_error(fmt::format("--set: '{}' is not of the form WORKLOAD.PARAMETER=VALUE", setting));
    auto const name = setting.substr(0, dot);
    workload const& what = workload_named(name);
    auto const found = values.find(name);
    if (found == values.end())
        throw usage_error(fmt::format("--set: '{}' is not among the workloads of this run", name));
    try {
        set_value(found->second, what.parameters, name, setting.substr(dot + 1, equals - dot - 1),
                  setting.substr(equals + 1));
    } catch (std::invalid_argument const& wrong) {
        throw usage_error(fmt::format("--set: {}", wrong.what()));
    }
}

/// Two values for one parameter are refused: only the last would count.
void check_once(std::vector<std::string> const& settings) {
    std::map<std::string, std::string> known;
    for (auto const& each : settings) {
        auto const equals = each.find('=');
        auto const name = each.substr(0, equals);
        auto const [other, first] = known.emplace(name, each.substr(equals + 1));
        if (!first)
            throw usage_error(fmt::format("--set: {} is given twice, '{}' and '{}'{}; leave one out", name,
                                          detail::without_credentials(other->second),
                                          detail::without_credentials(each.substr(equals + 1)),
                                          name == "command.inputs" ? " (--inputs sets it too)" : ""));
    }
}

void check_values(workload const& what, parameter_values const& values) {
    if (!what.check) return;
    try {
        what.check(values);
    } catch (std::exception const& wrong) {
        throw usage_error(wrong.what());
    }
}

values_by_workload choose_values(std::vector<workload const*> const& workloads, work_options const& options) {
    values_by_workload values;
    for (auto const* each : workloads)
        values[each->name] = default_values(each->parameters, choose_preset(options));
    for (auto const& setting : options.settings)
        apply_setting(values, setting);
    check_once(options.settings);
    for (auto const* each : workloads)
        check_values(*each, values[each->name]);
    return values;
}

/// Takes out what lacks something here.
void leave_out_lacking(std::vector<workload const*>& workloads, plan& from) {
    std::string why;
    std::erase_if(workloads, [&](workload const* each) {
        auto lacking = each->lacks ? each->lacks(from.values[each->name]) : std::string();
        if (lacking.empty()) return false;
        from.values.erase(each->name);
        from.skipped.push_back(fmt::format("{} is skipped: {}", each->name, lacking));
        why = fmt::format("{} can't be run here: {}", each->name, lacking);
        return true;
    });
    if (workloads.empty()) throw usage_error(why);
}

/// The setting; if it names an input file that can be read only once, with the name of a copy.
std::string with_copy(std::string const& setting, std::filesystem::path const& scratch,
                      interrupt const& stop) {
    auto const equals = setting.find('=');
    if (equals == std::string::npos || equals + 1 == setting.size()) return setting;
    auto const name = setting.substr(0, equals);
    for (auto const& each : registered_workloads()) {
        for (auto const& parameter : each.parameters) {
            if (!parameter.names_input || fmt::format("{}.{}", each.name, parameter.name) != name) continue;
            auto const file = readable_again(setting.substr(equals + 1), scratch / name, stop);
            return fmt::format("{}={}", name, file.native());
        }
    }
    return setting;
}

}  // namespace

CLI::Option* add_workload_argument(CLI::App& command, std::string& workload, std::string help) {
    return takes_one_of(command.add_option("WORKLOAD", workload, std::move(help)), workload_names());
}

CLI::Option* add_workload_argument(CLI::App& command, std::vector<std::string>& workloads, std::string help) {
    return takes_one_of(command.add_option("WORKLOAD", workloads, std::move(help)), workload_names());
}

CLI::Option* add_models_option(CLI::App& command, std::string& models, std::string help) {
    std::vector<std::string> kinds;
    for (auto const kind : all_model_kinds)
        kinds.emplace_back(to_string(kind));
    kinds.emplace_back("cluster");
    return takes_list_of(command.add_option("--models", models, std::move(help))->option_text("SPEC,..."),
                         kinds);
}

void add_work_options(CLI::App& command, work_options& options) {
    takes_one_of(command.add_option(
                     "--preset", options.preset,
                     "quick: the seven tests with shorter waits; study: the parameters of the Python study"),
                 {"quick", "study"})
        ->option_text("PRESET")
        ->capture_default_str();
    takes_one_of(command.add_option("--set", options.settings,
                                    "a parameter of a workload (see `list`), as often as needed"),
                 parameter_names())
        ->option_text("WORKLOAD.PARAMETER=VALUE")
        ->expected(1)
        ->take_all()
        ->allow_extra_args(false);
    takes_file(
        command.add_option("--inputs", options.inputs,
                           "for the workload `command`: a file with an input per line; - is standard input"))
        ->option_text("FILE");
    takes_folder(
        command.add_option("--scratch", options.scratch,
                           "the folder for the tests' own files, which a cluster's machines have to share "
                           "(default: $TMPDIR or /tmp; on a cluster the current one if not all see that)"))
        ->option_text("FOLDER");
}

std::vector<model_spec> parse_models(std::string const& list, std::string_view flag) {
    std::vector<model_spec> models;
    for (auto const& text : split(list, ',')) {
        try {
            auto const model = parse_spec(text);
            if (std::ranges::find(models, model) == models.end()) models.push_back(model);
        } catch (std::invalid_argument const& wrong) {
            throw usage_error(fmt::format("{}: {}", flag, wrong.what()));
        }
    }
    return models;
}

preset choose_preset(work_options const& options) {
    if (options.preset == "quick") return preset::quick;
    // "seed" is what the study's was called in earlier versions.
    if (options.preset == "study" || options.preset == "seed") return preset::study;
    std::string_view const names[] = {"quick", "study"};
    throw usage_error(fmt::format("--preset: unknown preset '{}'; there are quick and study{}",
                                  options.preset, detail::did_you_mean(options.preset, names)));
}

std::string_view name_of(preset which) noexcept {
    return which == preset::quick ? "quick" : "study";
}

plan make_plan(work_options const& options, std::vector<model_spec> const& models) {
    plan made;
    auto workloads = choose_workloads(options);
    made.values = choose_values(workloads, options);
    leave_out_lacking(workloads, made);
    for (auto const* what : workloads) {
        auto const& values = made.values[what->name];
        made.needs_server = made.needs_server || (what->needs_server && what->needs_server(values));
        for (auto const& model : models)
            made.configurations.push_back(
                {what, values, measure::resolve(model, *what, choose_preset(options))});
    }
    return made;
}

void take_inputs(work_options& options, std::filesystem::path const& scratch, interrupt const& stop) {
    for (auto& setting : options.settings)
        setting = with_copy(setting, scratch, stop);
    if (options.inputs.empty()) return;
    if (std::ranges::find(options.workloads, "command") == options.workloads.end())
        throw usage_error(
            "--inputs: only the workload 'command' takes inputs, and it is not among the workloads of this "
            "run");
    auto const copy = scratch / "inputs";
    auto const file = options.inputs == "-" ? copy_of_standard_input(copy, stop)
                                            : readable_again(options.inputs, copy, stop);
    options.settings.push_back("command.inputs=" + std::filesystem::absolute(file).native());
}

}  // namespace quartet::cli
