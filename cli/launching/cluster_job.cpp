#include "cli/launching/cluster_job.hpp"

#include "cli/launching/commands_beside.hpp"
#include "cli/launching/rank_script.hpp"
#include "cli/launching/started_program.hpp"
#include "cli/launching/typed_input.hpp"
#include "cli/launching/unreached.hpp"
#include "cli/parsing/exit_codes.hpp"
#include "src/base/descriptor.hpp"
#include "src/io/commands/running_process.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <optional>
#include <poll.h>
#include <set>
#include <signal.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::cli {
namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto linger_after_program = 5s;
constexpr auto patience_with_launcher = 3s;
constexpr auto time_to_begin = 15s;  // then hosts are asked whether they can be reached
constexpr auto time_to_drain = 1s;   // for what a launcher has written before its end

class job {
public:
    job(launcher const& by, launch_line const& line, std::vector<cluster_host> const& hosts,
        std::string const& mark, interrupt const& signals)
        : by_(by),
          line_(line),
          hosts_(hosts),
          signals_(signals),
          reader_(mark),
          program_({.words = line.words,
                    .environment = line.environment,
                    .input = input_.for_launcher(),
                    .errors = errors_.write.get(),
                    .own_group = true}),
          pidfd_(detail::open_pidfd(program_.id())),
          began_at_(clock::now()),
          withholding_(hosts_known()) {
        if (pidfd_.get() < 0) throw std::system_error(errno, std::generic_category(), "pidfd_open");
        errors_.write = detail::descriptor();
        input_.launcher_has_it();
    }

    job_end run() {
        while (!launcher_ended_ && !over_) {
            wait_for_something();
            look_at_clock();
        }
        if (launcher_ended_) drain();
        if (!launcher_ended_) end_launcher();
        started_program::end_all();  // ranks on this machine, of a launcher that was killed
        show(reader_.rest());
        explain();
        stop_withholding();
        return std::move(end_);
    }

private:
    void wait_for_something() {
        std::array<pollfd, 4> waiting{pollfd{errors_.read.get(), POLLIN, 0}, pollfd{pidfd_.get(), POLLIN, 0},
                                      pollfd{signals_.descriptor(), POLLIN, 0},
                                      pollfd{input_.source(), POLLIN, 0}};
        if (poll(waiting.data(), waiting.size(), 100) < 1) return;
        if (waiting[0].revents != 0) read_errors();
        if (waiting[2].revents != 0) take_signal();
        if (waiting[3].revents != 0) input_.pass_on();
        if (waiting[1].revents != 0) reap();
    }

    void read_errors() {
        std::array<char, 16384> piece{};
        auto const size = ::read(errors_.read.get(), piece.data(), piece.size());
        if (size < 0 && errno == EINTR) return;
        if (size <= 0) {
            errors_.read = detail::descriptor();
            return;
        }
        auto found = reader_.take({piece.data(), static_cast<std::size_t>(size)});
        // In this order: what a launcher says at the end of a job is behind the report of its end.
        show(found.text);
        for (auto& each : found.reports)
            heard(each);
        if (!begun_.empty()) stop_withholding();
    }

    /// Pages that a launcher writes about a host which it did not reach are shown only where we can't say it
    /// shorter.
    void show(std::string_view text) {
        if (withholding_) {
            withheld_ += text;
        } else if (!quiet_) {
            std::fwrite(text.data(), 1, text.size(), stderr);
            std::fflush(stderr);
        }
    }

    void stop_withholding() {
        if (!std::exchange(withholding_, false)) return;
        show(std::exchange(withheld_, {}));
    }

    void heard(rank_report const& told) {
        switch (told.what) {
            case rank_report::begun:
                begun_.insert(told.number);
                if (!told.step.empty()) step_ = told.step;
                return;
            case rank_report::lacks_program:
                begun_.insert(told.number);
                remark("{} is not there on {} (rank {})", line_.program, told.host, told.number);
                fail_with(no_such_program);
                quiet_ = true;
                return;
            case rank_report::ended:
                program_code_ = told.number;
                program_ended_at_ = clock::now();
        }
    }

    /// The first becomes SIGINT of rank 0's program, where there is one; the second ends all.
    void take_signal() {
        int const number = signals_.signal();
        if (number == 0) return;
        bool const first = signals_taken_++ == 0;
        if (first && begun_.count(0) != 0 && !program_code_) {
            detail::send_signal(pidfd_, signal_for_stop(by_.kind));
            return;
        }
        if (program_code_) {  // which is what counts; the launcher lingers
            over_ = true;
            return;
        }
        fail_with(interrupted_by + number);
    }

    void look_at_clock() {
        auto const now = clock::now();
        if (program_ended_at_ && now - *program_ended_at_ > linger_after_program && !launcher_ended_)
            over_ = true;
        if (now - began_at_ < time_to_begin || all_begun()) return;
        if (!asked_hosts_ && hosts_known()) ask_hosts();
        if (!end_.remarks.empty()) fail_with(something_failed);
        stop_withholding();
    }

    bool hosts_known() const { return !hosts_.empty() && by_.kind != launcher_kind::srun; }
    bool all_begun() const { return line_.ranks && begun_.size() >= static_cast<std::size_t>(*line_.ranks); }

    std::vector<std::string> silent_hosts() const {
        std::vector<std::string> names;
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
            if (begun_.count(static_cast<int>(i)) == 0) names.push_back(hosts_[i].name);
        }
        return names;
    }

    void ask_hosts() {
        asked_hosts_ = true;
        for (auto& each : why_unreached(by_, silent_hosts()))
            end_.remarks.push_back(std::move(each));
        if (end_.remarks.empty()) return;
        quiet_ = true;
        withheld_.clear();
    }

    void reap() {
        int status = 0;
        if (waitpid(program_.id(), &status, WNOHANG) != program_.id()) return;
        launcher_ended_ = true;
        launcher_code_ = WIFSIGNALED(status) ? interrupted_by + WTERMSIG(status) : WEXITSTATUS(status);
        program_.set_ended();
    }

    /// What it wrote before its end is still in the pipe; what it left behind may hold that open.
    void drain() {
        auto const until = clock::now() + time_to_drain;
        while (errors_.read.get() >= 0 && clock::now() < until) {
            pollfd waiting{errors_.read.get(), POLLIN, 0};
            if (poll(&waiting, 1, 50) == 1) read_errors();
        }
    }

    /// Asks the launcher first, which then ends the other ranks wherever they are; then whatever runs here.
    void end_launcher() {
        quiet_ = true;  // pages about what we do to it
        detail::send_signal(pidfd_, SIGTERM);
        auto const until = clock::now() + patience_with_launcher;
        while (!launcher_ended_ && clock::now() < until) {
            std::array<pollfd, 3> waiting{pollfd{errors_.read.get(), POLLIN, 0},
                                          pollfd{pidfd_.get(), POLLIN, 0},
                                          pollfd{signals_.descriptor(), POLLIN, 0}};
            if (poll(waiting.data(), waiting.size(), 100) < 1) continue;
            if (waiting[0].revents != 0) read_errors();
            if (waiting[1].revents != 0) reap();
            if (waiting[2].revents != 0 && signals_.signal() != 0) break;
        }
        if (launcher_ended_) return;
        started_program::end_all();
        program_.set_ended();
        if (by_.kind == launcher_kind::srun && !step_.empty()) cancel_step();
    }

    /// Slurm keeps what a killed srun has started: a step of the job that we are in, or a job of its own.
    void cancel_step() const {
        if (current_allocation())
            run_beside({{"scancel", "--signal=KILL", step_}});
        else
            run_beside({{"scancel", step_.substr(0, step_.find('.'))}});
    }

    void explain() {
        if (program_code_ && !failed_) {
            end_.code = *program_code_;
            if (end_.code == all_well && !all_begun() && hosts_known() && !asked_hosts_) ask_hosts();
            if (end_.code == all_well && !end_.remarks.empty()) end_.code = something_failed;
            return;
        }
        if (failed_) return;
        end_.code = launcher_code_ == all_well ? something_failed : launcher_code_;
        if (begun_.count(0) != 0) {
            remark("{} ended with code {} before the program on rank 0 had; what it says of it stands above",
                   by_.program, launcher_code_);
            return;
        }
        if (hosts_known() && !asked_hosts_) ask_hosts();
        if (end_.remarks.empty())
            remark("{} ended with code {} and did not begin the program; what it says of it stands above",
                   by_.program, launcher_code_);
    }

    template <class... Values>
    void remark(fmt::format_string<Values...> text, Values&&... values) {
        end_.remarks.push_back(fmt::format(text, std::forward<Values>(values)...));
    }
    void fail_with(int code) {
        failed_ = over_ = true;
        end_.code = code;
    }

    launcher const& by_;
    launch_line const& line_;
    std::vector<cluster_host> const& hosts_;
    interrupt const& signals_;
    report_reader reader_;
    pipe_ends errors_{};
    typed_input input_{};
    started_program program_;
    detail::descriptor pidfd_;
    clock::time_point began_at_;
    bool withholding_;  ///< until the first rank has begun
    std::string withheld_{};
    bool quiet_ = false;     ///< what the launcher says is known
    std::set<int> begun_{};  ///< ranks that are there
    std::string step_{};     ///< of Slurm
    std::optional<int> program_code_{};
    std::optional<clock::time_point> program_ended_at_{};
    int launcher_code_ = 0;
    int signals_taken_ = 0;
    bool launcher_ended_ = false;
    bool asked_hosts_ = false;
    bool over_ = false;    ///< the launcher is to be ended
    bool failed_ = false;  ///< end_.code is set
    job_end end_{};
};

}  // namespace

job_end run_job(launcher const& by, launch_line const& line, std::vector<cluster_host> const& hosts,
                std::string const& mark, interrupt const& signals) {
    return job(by, line, hosts, mark, signals).run();
}

}  // namespace quartet::cli
