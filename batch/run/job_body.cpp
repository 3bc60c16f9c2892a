#include "batch/run/job_body.hpp"

#include "batch/run/output_file.hpp"
#include "src/base/descriptor.hpp"
#include "src/base/withheld_signal.hpp"

#include <quartet/outcome.hpp>

#include <cerrno>
#include <exception>
#include <fcntl.h>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::batch {

namespace {

using std::chrono::duration;

command command_of(job_request const& what, job_report& report) {
    command made;
    made.arguments = what.arguments;
    made.directory = what.folder;
    made.timeout = what.timeout;
    made.own_session = true;
    made.most_bytes = std::numeric_limits<std::size_t>::max();
    made.on_output = [&report](std::string_view piece) { report.output.add(piece); };
    made.on_errors = [&report](std::string_view piece) { report.errors.add(piece); };
    return made;
}

bool is_want_of_room(std::error_code const& code) {
    using std::errc;
    return code == errc::too_many_files_open || code == errc::too_many_files_open_in_system ||
           code == errc::resource_unavailable_try_again || code == errc::not_enough_memory;
}

void write_to(std::filesystem::path const& path, kept_output const& output) {
    auto const refuse = [&path] {
        throw std::system_error(errno, std::generic_category(), "cannot write '" + path.native() + "'");
    };
    detail::descriptor const file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (file.get() < 0) refuse();
    detail::withheld_size_signal const withheld;
    output.give([&](std::string_view piece) {
        while (!piece.empty()) {
            ssize_t const written = ::write(file.get(), piece.data(), piece.size());
            if (written < 0 && errno != EINTR) refuse();
            if (written > 0) piece.remove_prefix(static_cast<std::size_t>(written));
        }
    });
}

/// What a job that has ended well wrote gets its name.
void keep_file(job_request const& what, output_file& file, job_report& report) {
    if (what.use == output_use::in_file) write_to(file.temporary(), report.output);
    file.put_in_place(what.lasting);
    report.place = what.place;
    if (what.use == output_use::in_file) report.output = {};
}

task<void> run_command(context& ctx, job_request const& what, job_report& report) {
    std::optional<output_file> file;
    if (what.use != output_use::kept) file.emplace(what.place, what.number);
    report.end = co_await ctx.run(command_of(what, report));
    if (!file || !report.end.ok()) co_return;
    co_await ctx.offload([&] { keep_file(what, *file, report); });
}

}  // namespace

task<job_report> run_job(context& ctx, job_request const& what) {
    job_report report;
    auto const begin = std::chrono::steady_clock::now();
    report.started = duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    try {
        co_await run_command(ctx, what, report);
    } catch (cancelled const&) {
        report.cancelled = true;
    } catch (std::system_error const& failure) {
        report.problem = failure.what();
        report.no_room = is_want_of_room(failure.code());
    } catch (std::exception const& failure) {
        report.problem = failure.what();
    }
    report.seconds = duration<double>(std::chrono::steady_clock::now() - begin).count();
    co_return report;
}

}  // namespace quartet::batch
