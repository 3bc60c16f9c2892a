// tests/workloads/trial.hpp
//
// A workload with some of its values, which can be run without the tool.
#pragma once

#include <quartet/workload/workload.hpp>

#include <memory>
#include <string>
#include <utility>

namespace quartet::test {

inline constexpr char const* models_to_try[] = {"single",  "threads:3",  "processes:2",
                                                "async:5", "async:each", "processes:2+async:3"};

class trial_of {
public:
    explicit trial_of(char const* workload)
        : what_(find_workload(workload)), values_(default_values(what_.parameters, preset::quick)) {}

    void set(std::string name, parameter_value value) {
        values_.insert_or_assign(std::move(name), std::move(value));
    }
    void check() const { what_.check(values_); }
    std::string lacks() const { return what_.lacks(values_); }
    std::unique_ptr<workload_server> start_server() const { return what_.start_server(values_, {}); }

    workload_run::report run(std::string const& spec, std::string const& address = {}) const {
        workload_run run({.parameters = values_, .model = parse_spec(spec), .server_url = address});
        what_.run(run);
        run.end_executor();
        return run.take_report();
    }

private:
    workload const& what_;
    parameter_values values_;
};

}  // namespace quartet::test
