#include "src/models/cluster/link_process.hpp"

#include "src/base/descriptor.hpp"
#include "src/base/forking.hpp"
#include "src/models/cluster/link_loop.hpp"
#include "src/models/cluster/link_sleep.hpp"
#include "src/models/cluster/mpi_loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <string_view>
#include <sys/prctl.h>
#include <thread>
#include <unistd.h>

namespace quartet::inline v0::detail {
namespace {

constexpr unsigned finish_limit = 5;                    // seconds
constexpr std::chrono::seconds after_program_limit(3);  // it has ended
constexpr std::chrono::seconds given_up_limit(1);
constexpr int look_again_while_starting = 100;  // milliseconds

void say_error(link_state& state, std::string_view text) noexcept {
    std::size_t const length = std::min(text.size(), state.error.size() - 1);
    std::copy_n(text.begin(), length, state.error.begin());
    state.error[length] = '\0';
}

/// Lives as long as the program, so a terminal's and a launcher's signals to it are the program's business.
/// Those of a fault keep their effect.
void ignore_signals() noexcept {
    forget_signal_handlers();
    for (int const number :
         {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE})
        signal(number, SIG_IGN);
}

void give_up_outputs(std::initializer_list<int> numbers) noexcept {
    descriptor const nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
    for (int const number : numbers)
        dup2(nothing.get(), number);
}

/// Ends this process some time after the program has ended, or at once while MPI starts: it may stand within
/// MPI for ever. Also when the program has waited long enough for that: a moment later, since a launcher ends
/// the program when this process ends, and it is to have told why.
void watch_program(int end, std::atomic<bool> const& started, link_state const& state) {
    std::thread([end, &started, &state] {
        pollfd ended{.fd = end, .events = POLLIN, .revents = 0};
        while (poll(&ended, 1, started ? -1 : look_again_while_starting) <= 0) {
            if (started || state.ordered.load() != link_state::order::end) continue;
            std::this_thread::sleep_for(given_up_limit);
            _exit(EXIT_FAILURE);
        }
        if (started) std::this_thread::sleep_for(after_program_limit);
        _exit(EXIT_FAILURE);
    }).detach();
}

std::string described(quartet_mpi_table const& mpi, std::int32_t error) {
    std::array<char, 512> text{};
    mpi.describe(error, text.data(), text.size());
    return text.data();
}

void start_mpi(quartet_mpi_table const& mpi, link_state& state, launch const& how) {
    if (int const error = mpi.start(); error != 0)
        throw std::runtime_error(fmt::format("quartet: MPI does not start: {}", described(mpi, error)));
    mpi.about(state.about.data(), state.about.size());
    state.rank = static_cast<std::uint32_t>(mpi.rank());
    state.size = static_cast<std::uint32_t>(mpi.size());
    if (state.size != how.size)
        throw std::runtime_error(fmt::format(
            "quartet: {} has started {} ranks and {} sees {}: it is of another MPI; start the program by the "
            "launcher of that one, or say with QUARTET_MPI=openmpi or mpich which MPI the launcher is of",
            how.launcher, how.size, state.about.data(), state.size));
    if (state.size > link_state::most_ranks)
        throw std::runtime_error(
            fmt::format("quartet: a cluster has {} ranks at the most", link_state::most_ranks));
}

/// Throws what the program is to be told.
bool serve(link_memory& memory, link_process_options const& options, std::atomic<bool>& started,
           quartet_mpi_table const*& mpi) {
    link_sleep sleep(options.program_wakes, options.program_end);
    mpi = &load_mpi_plugin(options.plugin, options.how.flavour);
    start_mpi(*mpi, memory.state(), options.how);
    link_loop loop(*mpi, memory, sleep, options);
    started = true;
    memory.state().is.store(link_state::phase::running);
    memory.state().bell.ring();
    return loop.run();
}

}  // namespace

void run_link_process(link_memory& memory, link_process_options const& options) noexcept {
    prctl(PR_SET_NAME, "quartet-link");
    prctl(PR_SET_TIMERSLACK, 1000UL);  // naps are of some microseconds
    ignore_signals();
    give_up_outputs({STDIN_FILENO, STDOUT_FILENO});  // the standard error is kept for what MPI says
    static std::atomic<bool> started{false};
    link_state& state = memory.state();
    watch_program(options.program_end, started, state);
    quartet_mpi_table const* mpi = nullptr;
    try {
        bool const finish = serve(memory, options, started, mpi);
        give_up_outputs({STDERR_FILENO});  // somebody may wait for its end
        if (finish) {
            alarm(finish_limit);
            mpi->finish();
        }
        state.is.store(link_state::phase::ended);
    } catch (std::exception const& error) {
        say_error(state, error.what());
        state.is.store(link_state::phase::refused);
    }
    state.bell.ring();
    _exit(EXIT_SUCCESS);
}

}  // namespace quartet::inline v0::detail
