// tests/conformance/models.hpp
//
// The one table of what the conformance suite runs over: every model with every context. A new model is
// done when it has a row here and the suite passes unchanged.
//
// A test says by its suite what it needs, and the suite's rows are chosen by model_traits or by a column of
// the table; no test asks which model it runs under.
#pragma once

#include "tests/chosen_file.hpp"
#include "tests/sanitized.hpp"

#include <quartet/fake.hpp>
#include <quartet/quartet.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quartet::conformance {

using test::sanitized;

// Under ThreadSanitizer the rows with processes are left out. They run under AddressSanitizer.
inline constexpr bool with_processes = test::sees_forks;

// A fork copies the locks that other threads hold. glibc's allocator frees its own in the child,
// AddressSanitizer's does not (that of g++ 12), and a worker was seen to wait for one for ever.
inline constexpr bool may_fork_beside_threads = with_processes && !sanitized;

inline constexpr model_traits in_this_process{
    .can_kill = false, .shares_memory = true, .survives_crash = false};
inline constexpr model_traits in_processes{.can_kill = true, .shares_memory = false, .survives_crash = true};

struct row {
    std::string name;
    std::function<executor(fake_world&, log_handler, task_recorder*)> make;
    std::size_t many;          ///< how many tasks are a lot for it
    bool real_io = true;       ///< files and sockets are the system's
    bool interleaves = false;  ///< all bodies take turns on one thread
    bool on_loops = false;     ///< bodies run in the async context
    bool chooses = false;      ///< its first workers and those it chose then have the same numbers
    model_traits traits = in_this_process;

    friend void PrintTo(row const& each, std::ostream* out) { *out << each.name; }
};

inline row by_spec(std::string name, std::string spec, std::size_t many,
                   file_backend files = file_backend::automatic) {
    bool const interleaves = spec.starts_with("async") && spec != "async:1";
    bool const on_loops = spec.find("async") != std::string::npos;
    auto const& traits = spec.find("processes") == std::string::npos ? in_this_process : in_processes;
    auto make = [spec = std::move(spec), files](fake_world&, log_handler log, task_recorder* recorder) {
        // A busy machine holds up loops too: only a minute is a stall here.
        executor_options options{.log = std::move(log), .recorder = recorder};
        if (spec == "auto" || spec.find("async") != std::string::npos) {
            options.files = files;
            options.stall_limit = std::chrono::minutes(1);
        }
        return make_executor(spec, std::move(options));
    };
    return {.name = std::move(name),
            .make = std::move(make),
            .many = many,
            .interleaves = interleaves,
            .on_loops = on_loops,
            .traits = traits};
}

/// What the model itself says of its choice is none of the bodies' lines.
inline row by_advice(std::string name, std::size_t many) {
    auto made = by_spec(std::move(name), "auto", many);
    made.chooses = true;
    made.make = [plain = made.make](fake_world& world, log_handler log, task_recorder* recorder) {
        auto of_bodies = [log](log_record const& record) {
            if (record.worker != "auto") log(record);
        };
        return plain(world, log ? log_handler(of_bodies) : log_handler(), recorder);
    };
    return made;
}

inline row by_fake(std::string name, std::size_t limit) {
    auto make = [limit](fake_world& world, log_handler log, task_recorder* recorder) {
        auto how = std::make_unique<fake>(world, fake_options{.limit = limit, .log_to = std::move(log)});
        how->record_in(recorder);
        return executor(std::move(how));
    };
    return {.name = std::move(name),
            .make = std::move(make),
            .many = 100'000,
            .real_io = false,
            .interleaves = limit > 1,
            .on_loops = true};
}

/// Every row of the table.
inline std::vector<row> const& all_rows() {
    static std::vector<row> const rows = [] {
        constexpr std::size_t lots = sanitized ? 10'000 : 100'000;
        std::vector<row> table{
            by_spec("single", "single", lots),
            by_spec("threads_1", "threads:1", lots),
            by_spec("threads_3", "threads:3", lots),
            by_spec("threads_each", "threads:each", sanitized ? 500 : 10'000),
            by_spec("async_1", "async:1", lots, file_backend::io_uring),
            by_spec("async_7", "async:7", lots, file_backend::io_uring),
            by_spec("async_each", "async:each", lots, file_backend::io_uring),
            by_spec("threads_2_async_7", "threads:2+async:7", lots),
            by_spec("async_7_file_threads", "async:7", lots, file_backend::threads),
            by_spec("async_each_file_threads", "async:each", lots, file_backend::threads),
            by_advice("auto", lots),
            by_fake("fake_7", 7),
            by_fake("fake_each", fake_options{}.limit),
        };
        if (with_processes) {
            table.push_back(by_spec("processes_1", "processes:1", lots));
            table.push_back(by_spec("processes_3", "processes:3", lots));
            table.push_back(by_spec("processes_2_async_7", "processes:2+async:7", lots));
            table.push_back(by_spec("processes_each", "processes:each", sanitized ? 50 : 500));
        }
        return table;
    }();
    return rows;
}

/// The rows of which `holds` is true.
inline std::vector<row> rows_where(std::function<bool(row const&)> const& holds) {
    std::vector<row> chosen;
    for (auto const& each : all_rows()) {
        if (holds(each)) chosen.push_back(each);
    }
    return chosen;
}

/// The rows whose model has the trait.
inline std::vector<row> rows_with(bool model_traits::*trait, bool value = true) {
    return rows_where([=](row const& each) { return each.traits.*trait == value; });
}

inline std::vector<row> rows_with_real_io() {
    return rows_where(&row::real_io);
}
inline std::vector<row> rows_that_interleave() {
    return rows_where(&row::interleaves);
}

inline std::string name_of(testing::TestParamInfo<row> const& info) {
    return info.param.name;
}

/// A folder that is gone after the test.
class temporary_folder {
public:
    temporary_folder() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "quartet-conformance-XXXXXX").native();
        path_ = mkdtemp(pattern.data());
    }
    temporary_folder(temporary_folder const&) = delete;
    temporary_folder& operator=(temporary_folder const&) = delete;
    ~temporary_folder() { std::filesystem::remove_all(path_); }

    std::string operator/(std::string_view name) const { return (path_ / name).native(); }

private:
    std::filesystem::path path_;
};

/// What every suite derives from.
class any_model : public testing::TestWithParam<row> {
protected:
    executor make(log_handler log = {}, task_recorder* recorder = nullptr) {
        return GetParam().make(world_, std::move(log), recorder);
    }
    std::size_t many() const { return GetParam().many; }

    fake_world world_;
};

/// Whether a task may end because another one of its worker's was stopped, or late: a loop in another process
/// that has not answered after 250 ms is ended with all that is on it, and a busy machine may keep it from
/// answering.
inline bool may_be_taken_along(row const& by, failure const& why) {
    return why.why == cause::worker_died && by.on_loops && by.name.starts_with("processes");
}

/// Suites that a cluster passes. In others some body works on memory of the test by its address, which means
/// nothing on another machine, or asks for workers called as the model only.
inline bool crosses_machines(std::string_view suite) {
    static constexpr std::string_view crossing[] = {"bodies",
                                                    "a_broadcast",
                                                    "files",
                                                    "real_files",
                                                    "a_foreign_awaitable",
                                                    "an_own_operation",
                                                    "an_own_operation_with_real_io",
                                                    "a_handle",
                                                    "inputs",
                                                    "results",
                                                    "a_text",
                                                    "call_option",
                                                    "kinds_of_inputs",
                                                    "a_future",
                                                    "a_stream",
                                                    "stop",
                                                    "a_descriptor",
                                                    "a_connection",
                                                    "a_listener",
                                                    "a_datagram_socket",
                                                    "a_suspended_body",
                                                    "records",
                                                    "records_of_everything",
                                                    "records_by_a_real_clock",
                                                    "records_of_killed",
                                                    "a_shielded_part",
                                                    "a_task_group",
                                                    "a_future_that_has_ended",
                                                    "an_awaited_future_of_any_model"};
    return std::ranges::find(crossing, suite) != std::end(crossing);
}

/// The rows of a suite, and that of a cluster if it has one. None where another file's cases are run.
inline std::vector<row> rows_for(std::string_view suite, std::string_view path, std::vector<row> rows) {
    if (!test::makes_cases_of(path)) return {};
    if (with_processes && !sanitized && crosses_machines(suite))
        rows.push_back(by_spec("cluster_1", "cluster:1+processes:2", 100'000));
    return rows;
}

/// Registers a suite over some of the rows. A suite may have no rows left under a sanitizer.
#define QUARTET_SUITE(suite, rows)                                                                        \
    GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(suite);                                                 \
    INSTANTIATE_TEST_SUITE_P(models, suite,                                                               \
                             testing::ValuesIn(::quartet::conformance::rows_for(#suite, __FILE__, rows)), \
                             ::quartet::conformance::name_of)

}  // namespace quartet::conformance
