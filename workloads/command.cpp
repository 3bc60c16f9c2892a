// A command line per input: `gzip -kc {}` over a list of files. For people who want to know how many jobs
// at once are best, and have no C++ to write for it.
//
// The command is a child process under every model; the models differ in who waits for it. async:N is one
// thread with up to N commands under way; threads:N and processes:N have a thread or a process wait for each.

#include "workloads/fill_in.hpp"

#include <quartet/cpus.hpp>
#include <quartet/workload/workload.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace quartet {
namespace {

namespace fs = std::filesystem;

struct one_command {
    std::size_t number;
    std::string input;
    std::string line;
    std::string folder;  ///< where its output is kept; empty: nowhere
    double timeout_seconds;
    std::uint64_t most_bytes;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(number, input, line, folder, timeout_seconds, most_bytes);
    }
};

/// What is known of an output once the output is gone.
struct digest {
    std::uint64_t bytes;
    std::uint64_t checksum;
};

/// What is kept of the output of a command, which may be larger than memory.
class output_taken {
public:
    /// Has the command give its output to this, which must live until it has ended.
    void take_from(command& what) {
        what.on_output = [this](std::string_view piece) { add(piece); };
        what.on_errors = [this](std::string_view piece) {
            errors_.append(piece.substr(0, most_errors - errors_.size()));
        };
    }
    /// The sum is one over words, and must not depend on where the pieces are cut.
    void add(std::string_view piece) {
        bytes_ += piece.size();
        auto const missing = std::min((word - part_.size()) % word, piece.size());
        part_.append(piece.substr(0, missing));
        piece.remove_prefix(missing);
        if (part_.size() == word) add_to(sum_, std::exchange(part_, {}));
        if (!part_.empty()) return;
        auto const whole = piece.size() - piece.size() % word;
        add_to(sum_, piece.substr(0, whole));
        part_ = piece.substr(whole);
    }
    digest output() const {
        auto sum = sum_;
        add_to(sum, part_);
        return {bytes_, sum.value()};
    }
    std::string const& first_errors() const { return errors_; }

private:
    static constexpr std::size_t most_errors = 4096;  // whose first line a failure shows
    static constexpr std::size_t word = sizeof(std::uint64_t);

    static void add_to(checksum& sum, std::string_view bytes) {
        sum.add_bytes(std::as_bytes(std::span(bytes)));
    }

    std::uint64_t bytes_ = 0;
    checksum sum_;
    std::string part_;  // of a word
    std::string errors_;
};

fs::path kept_output(fs::path const& folder, std::size_t number, std::string_view ending) {
    return folder / fmt::format("{:06}.{}", number, ending);
}

fs::path exit_codes(fs::path const& folder) {
    return folder / "exit_codes.tsv";
}

task<void> keep(context& ctx, one_command const& of, command_result const& result) {
    co_await ctx.write_file(kept_output(of.folder, of.number, "out"), result.output);
    co_await ctx.write_file(kept_output(of.folder, of.number, "err"), result.errors);
    co_await ctx.append_file(exit_codes(of.folder), fmt::format("{:06}\t{}\t{}\t{}\n", of.number,
                                                                result.exit_code, result.signal, of.input));
}

/// A failure says which input it was; of a long one the beginning.
std::string with_input(std::string const& input, std::string_view why) {
    constexpr std::size_t most = 200;
    return fmt::format("'{}{}': {}", std::string_view(input).substr(0, most),
                       input.size() > most ? "..." : "", why);
}

task<digest> run_unnamed(context& ctx, one_command const& wanted) {
    auto what = command::shell(wanted.line);
    what.timeout =
        std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(wanted.timeout_seconds));
    what.most_bytes = wanted.most_bytes;
    output_taken taken;
    bool const kept = !wanted.folder.empty();
    if (!kept) taken.take_from(what);
    auto result = co_await ctx.run(std::move(what));
    if (kept) {
        co_await keep(ctx, wanted, result);
        taken.add(result.output);
    } else {
        result.errors = taken.first_errors();
    }
    result.check();
    co_return taken.output();
}

task<digest> run_one(context& ctx, one_command wanted) {
    try {
        co_return co_await run_unnamed(ctx, wanted);
    } catch (cancelled const&) {
        throw;
    } catch (std::exception const& why) {
        throw std::runtime_error(with_input(wanted.input, why.what()));
    }
}

/// `line` with the input, as one word of the shell, in its placeholders; behind it if it has none.
std::string command_for(std::string_view line, std::string_view input) {
    auto const word = shell_quote(input);
    auto filled = fill_in(line, word);
    return filled.placeholders > 0 ? std::move(filled.text) : fmt::format("{} {}", filled.text, word);
}

/// The lines of a list as they were meant: CR LF ends a line too, and a byte order mark does not belong to
/// the first line.
std::vector<std::string> lines_of(std::istream& file, std::string const& path) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    std::vector<std::string> lines;
    std::size_t number = 0;
    for (std::string line; std::getline(file, line);) {
        if (++number == 1 && line.starts_with(byte_order_mark)) line.erase(0, byte_order_mark.size());
        if (line.ends_with('\r')) line.pop_back();
        // Also what UTF-16 looks like.
        if (line.find('\0') != line.npos)
            throw std::invalid_argument(
                fmt::format("command.inputs: '{}' has a null byte in line {}, which no argument of a command "
                            "can hold; save it as UTF-8, with one input in each line",
                            path, number));
        if (!line.empty()) lines.push_back(std::move(line));
    }
    return lines;
}

std::vector<std::string> read_inputs(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::system_error(errno, std::generic_category(), fmt::format("cannot open '{}'", path));
    auto inputs = lines_of(file, path);
    if (inputs.empty())
        throw std::invalid_argument(
            fmt::format("command.inputs: '{}' holds no input; put one in each line", path));
    return inputs;
}

void make_output_folder(fs::path const& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) throw std::system_error(error, fmt::format("cannot make the folder '{}'", folder.native()));
    std::ofstream codes(exit_codes(folder), std::ios::trunc);
    if (!codes.flush())
        throw std::system_error(errno, std::generic_category(),
                                fmt::format("cannot write to '{}'", exit_codes(folder).native()));
}

/// One run, from its inputs to its end state.
struct state {
    std::vector<one_command> commands;
    std::vector<outcome<digest>> outcomes;
};

void check(parameter_values const& values) {
    auto const& line = std::get<std::string>(values.at("line"));
    if (line.find_first_not_of(" \t") == line.npos)
        throw std::invalid_argument(
            "command.line is empty; say what to run on each input: --set command.line='gzip -kc {}'");
    auto const& inputs = std::get<std::string>(values.at("inputs"));
    if (inputs.empty())
        throw std::invalid_argument(
            "command.inputs is empty; name a file with one input a line: --inputs FILE");
    read_inputs(inputs);
}

void prepare(workload_run& run, state& now) {
    auto const line = run.get<std::string>("line");
    auto const folder = run.get<std::string>("output");
    now = {};
    for (auto const& input : read_inputs(run.get<std::string>("inputs")))
        now.commands.push_back({now.commands.size(), input, command_for(line, input), folder,
                                run.get<double>("timeout"), run.get<std::uint64_t>("most_bytes")});
    if (!folder.empty()) make_output_folder(folder);
}

void run_all(workload_run& run, state& now) {
    now.outcomes = run.map(run_one, now.commands);
    run.checksum(now.outcomes);
}

// Commands wrote their lines as they ended; the order of the inputs is what another run can be compared by.
void sort_exit_codes(fs::path const& path) {
    std::vector<std::string> lines;
    {
        std::ifstream file(path);
        if (!file.is_open()) return;  // a command has removed it; one that could not write has failed
        for (std::string line; std::getline(file, line);)
            lines.push_back(line);
    }
    std::ranges::sort(lines);
    std::ofstream file(path, std::ios::trunc);
    file << "number\texit_code\tsignal\tinput\n";
    for (auto const& line : lines)
        file << line << '\n';
    if (!file.flush())
        throw std::system_error(errno, std::generic_category(),
                                fmt::format("cannot write to '{}'", path.native()));
}

void check_kept(workload_run& run, one_command const& command, digest const& output) {
    std::error_code error;
    auto const path = kept_output(command.folder, command.number, "out");
    auto const size = fs::file_size(path, error);
    run.expect(
        !error && size == output.bytes,
        fmt::format("'{}' does not hold the {} bytes that the command wrote", path.native(), output.bytes));
}

void verify(workload_run& run, state const& now) {
    run.expect(now.outcomes.size() == now.commands.size(),
               fmt::format("{} outputs of {} commands", now.outcomes.size(), now.commands.size()));
    auto const folder = run.get<std::string>("output");
    if (folder.empty()) return;
    sort_exit_codes(exit_codes(folder));
    for (std::size_t i = 0; i < now.outcomes.size(); ++i) {
        if (now.outcomes[i]) check_kept(run, now.commands[i], *now.outcomes[i]);
    }
}

workload make_command() {
    auto const shared = std::make_shared<state>();
    return {
        .name = "command",
        .help = "runs a command line for each input",
        .parameters = {text("line", "",
                            "the command, for /bin/sh; {} stands for the input and is quoted already; "
                            "without {} the input comes last; {{}} is a {}"),
                       input_file("inputs", "a file with one input a line (--inputs FILE)"),
                       text("output", "",
                            "a folder that keeps what each command wrote (000000.out, 000000.err) and "
                            "exit_codes.tsv; empty: not kept"),
                       number("timeout", 0, 0, 1e6, "seconds after which a command is ended; 0: never"),
                       integer("most_bytes", std::int64_t{1} << 30, 0, std::int64_t{1} << 50,
                               "so much a command may write; one that writes more is ended and has failed. "
                               "Held in memory only where `output` keeps it")},
        .workers = {.threads = 0, .async = usable_cpus()},
        .only_by_name = true,
        .check = check,
        .prepare = [shared](workload_run& run) { prepare(run, *shared); },
        .run = [shared](workload_run& run) { run_all(run, *shared); },
        .verify = [shared](workload_run& run) { verify(run, *shared); },
    };
}

registration const command_workload{make_command()};

}  // namespace
}  // namespace quartet
