#include "measure/commands/starter.hpp"

#include "measure/commands/starter_image.hpp"
#include "measure/commands/starter_protocol.hpp"
#include "measure/probes/process_tree.hpp"
#include "measure/probes/usage.hpp"
#include "measure/trial/trial_process.hpp"
#include "src/base/describe_end.hpp"
#include "src/base/forking.hpp"
#include "src/base/poll_timeout.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <poll.h>
#include <signal.h>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace quartet::measure {
namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

[[noreturn]] void refuse(char const* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

/// A long time after which to look is no time at all.
clock::time_point after(clock::duration limit) {
    return limit == start_purpose::no_limit() ? clock::time_point::max() : clock::now() + limit;
}

detail::descriptor memory_file(char const* name) {
    detail::descriptor file(memfd_create(name, MFD_CLOEXEC));
    if (file.get() < 0) refuse("memfd_create");
    return file;
}

detail::descriptor file_with(std::string const& text) {
    auto file = memory_file("quartet-plan");
    if (write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) refuse("write");
    return file;
}

/// In the forked child: becomes the program of the image, with these descriptors as its own. Comes back if
/// that can't be.
void become(detail::descriptor const& image, std::array<int, handed_end - handed_socket> const& files) {
    if (image.get() < 0) return;
    constexpr int out_of_the_way = 64;
    auto moved = files;
    for (auto& each : moved) {
        if (each >= 0) each = fcntl(each, F_DUPFD_CLOEXEC, out_of_the_way);
    }
    int const program = fcntl(image.get(), F_DUPFD_CLOEXEC, out_of_the_way);
    for (std::size_t place = 0; place < moved.size(); ++place) {
        if (moved[place] >= 0) dup2(moved[place], handed_socket + static_cast<int>(place));
    }
    char name[] = "quartet-starter";
    char* const words[] = {name, nullptr};
    fexecve(program, words, environ);
}

}  // namespace

struct command_starter::shared_memory {
    shared_memory() : file(memory_file("quartet-state")) {
        if (ftruncate(file.get(), sizeof(shared_state)) != 0) refuse("ftruncate");
        void* const at =
            mmap(nullptr, sizeof(shared_state), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
        if (at == MAP_FAILED) refuse("mmap");
        state = new (at) shared_state;
    }
    ~shared_memory() { munmap(state, sizeof(shared_state)); }
    shared_memory(shared_memory const&) = delete;
    shared_memory& operator=(shared_memory const&) = delete;

    detail::descriptor file;
    shared_state* state = nullptr;
};

/// Samples the memory of what takes long. To begin with it takes some of a millisecond, which a time that
/// counts must not have in it: of 20 ms of gzip, 4 % were seen.
class command_starter::memory_watch {
public:
    static constexpr auto worth_it_in_a_warm_up = 5ms;
    static constexpr auto worth_it = 500ms;

    explicit memory_watch(start_purpose const& what_for) : begins_(clock::time_point::max()) {
        if (!what_for.timed) return;
        bool const counts = what_for.round > 0;
        begins_ = clock::now() + (counts ? worth_it : worth_it_in_a_warm_up);
        how_ = counts ? sampling::in_background : sampling::for_pictures;
    }

    clock::time_point begins() const noexcept { return begins_; }

    void begin(pid_t process) {
        begins_ = clock::time_point::max();
        if (process <= 0) return;
        try {
            sampler_.emplace(process, how_);
        } catch (std::system_error const&) {
            sampler_.reset();  // no thread to be had
        }
    }

    /// The kernel knows the peak of the largest process; `own` is what it can't have been less than.
    void tell(start_reply const& reply, command_end& end) const {
        auto& peak = end.figures.tree_peak_bytes;
        if (sampler_) {
            peak = sampler_->peak_bytes();
            end.peak_method = peak > 0 ? sampler_->method() : "";
            end.sampling_share = sampler_->background_share();
        }
        constexpr std::uint64_t unit = 1024;  // bytes, of ru_maxrss
        if (reply.used.ru_maxrss <= reply.own_peak) return;
        auto const largest = unit * static_cast<std::uint64_t>(reply.used.ru_maxrss);
        if (largest <= peak) return;
        peak = largest;
        end.peak_method = "hwm";
    }

private:
    clock::time_point begins_;
    sampling how_ = sampling::in_background;
    std::optional<tree_memory_sampler> sampler_;
};

std::string command_end::describe() const {
    if (start_error != 0) return std::string("can't be started: ") + std::strerror(start_error);
    if (timed_out) return "took too long and was ended";
    if (stopped_by == SIGTTIN || stopped_by == SIGTTOU)
        return "wanted the terminal, which it can't have here, and was ended";
    if (stopped_by != 0) return std::string("was stopped by SIG") + sigabbrev_np(stopped_by) + " and ended";
    return detail::describe_end(status);
}

command_starter::command_starter(std::vector<word_list> const& commands, start_options const& how,
                                 int stop_descriptor)
    : shared_(std::make_unique<shared_memory>()), stop_descriptor_(stop_descriptor) {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) refuse("socketpair");
    socket_ = detail::descriptor(sockets[0]);
    detail::descriptor const theirs(sockets[1]);
    errors_ = memory_file("quartet-errors");
    detail::descriptor output;
    if (how.output == output_to::pipe) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) refuse("pipe");
        output_ = detail::descriptor(ends[0]);
        output = detail::descriptor(ends[1]);
        fcntl(output_.get(), F_SETFL, O_NONBLOCK);
    }
    auto const plan = file_with(plan_text(commands, how));
    auto const image = starter_image();
    process_ = detail::fork_child();
    if (process_ < 0) refuse("fork");
    if (process_ != 0) return;
    become(image, {theirs.get(), shared_->file.get(), plan.get(), errors_.get(), output.get()});
    close(socket_.get());
    serve_starts(theirs.get(), commands, how, {output.get(), errors_.get()}, *shared_->state);
}

command_starter::~command_starter() {
    end_running(SIGKILL);
    socket_ = detail::descriptor();  // closed, which is its end
    if (process_ > 0) {
        while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
}

command_end command_starter::run(std::size_t command, start_purpose const& what_for) {
    // As std::minstd_rand: what matters is that lengths differ.
    paddings_ = (paddings_ * 48271 + 11) % 2147483647;
    start_request const asked{.command = static_cast<std::uint32_t>(command),
                              .round = what_for.round,
                              .padding = static_cast<std::uint32_t>(paddings_ % most_padding),
                              .keeps_errors = what_for.keeps_errors,
                              .timed = what_for.timed};
    if (send(socket_.get(), &asked, sizeof asked, MSG_NOSIGNAL) != sizeof asked)
        throw std::runtime_error("the process that starts commands has died");
    auto end = wait_for_end(what_for);
    if (what_for.keeps_errors) end.errors = kept_errors();
    return end;
}

command_end command_starter::wait_for_end(start_purpose const& what_for) {
    constexpr auto grace = 1s;
    command_end end;
    memory_watch memory(what_for);
    auto limit = after(what_for.limit);
    auto kill_at = clock::time_point::max();
    bool stopping = false;
    for (;;) {
        std::array<pollfd, 3> waiting{{{socket_.get(), POLLIN, 0},
                                       {output_.get(), POLLIN, 0},
                                       {stopping ? -1 : stop_descriptor_, POLLIN, 0}}};
        int const found = poll(waiting.data(), waiting.size(),
                               detail::poll_timeout(std::min({memory.begins(), limit, kill_at})));
        if (found < 0 && errno != EINTR) refuse("poll");
        if (waiting[1].revents != 0) drain_output();
        if (waiting[0].revents != 0) break;
        auto const now = clock::now();
        if (now >= memory.begins()) memory.begin(shared_->state->running);
        if (now >= limit) {
            end.timed_out = true;
            limit = now + 100ms;  // it may not have begun yet
            end_running(SIGKILL);
        }
        if (now >= kill_at) {
            kill_at = now + 100ms;
            end_running(SIGKILL);
        }
        if (waiting[2].revents != 0) {
            stopping = true;
            shared_->state->ending = true;
            kill_at = now + grace;
            end_running(SIGINT);
        }
    }
    start_reply reply;
    if (recv(socket_.get(), &reply, sizeof reply, 0) != sizeof reply)
        throw std::runtime_error("the process that starts commands has died");
    drain_output();
    shared_->state->ending = false;
    if (stopping) throw interrupted();
    end.start_error = reply.error;
    end.status = reply.status;
    end.stopped_by = reply.stopped_by;
    auto const used = usage_from(reply.used);
    auto& figures = end.figures;
    figures.round = what_for.round;
    figures.wall_seconds = 1e-9 * static_cast<double>(reply.wall_nanoseconds);
    figures.cpu_user_seconds = used.cpu_user_seconds;
    figures.cpu_system_seconds = used.cpu_system_seconds;
    figures.voluntary_switches = static_cast<std::uint64_t>(used.voluntary_switches);
    figures.involuntary_switches = static_cast<std::uint64_t>(used.involuntary_switches);
    figures.minor_faults = static_cast<std::uint64_t>(used.minor_faults);
    figures.major_faults = static_cast<std::uint64_t>(used.major_faults);
    figures.read_bytes = static_cast<std::uint64_t>(used.read_bytes);
    figures.written_bytes = static_cast<std::uint64_t>(used.written_bytes);
    figures.counters = reply.counters;
    figures.left_processes = reply.left;
    if (WIFEXITED(reply.status)) figures.exit_code = static_cast<std::uint64_t>(WEXITSTATUS(reply.status));
    end.cpu_seconds = used.cpu_user_seconds + used.cpu_system_seconds;
    end.left_name = reply.left_name.data();
    memory.tell(reply, end);
    return end;
}

void command_starter::drain_output() noexcept {
    if (output_.get() < 0) return;
    std::array<char, 65536> piece;
    while (read(output_.get(), piece.data(), piece.size()) > 0) {
    }
}

void command_starter::end_running(int number) noexcept {
    if (pid_t const group = shared_->state->running) kill(-group, number);
}

std::string command_starter::kept_errors() const {
    constexpr off_t most = 4096;
    off_t const size = lseek(errors_.get(), 0, SEEK_END);
    if (size <= 0) return {};
    std::string text(static_cast<std::size_t>(std::min(size, most)), '\0');
    ssize_t const got = pread(errors_.get(), text.data(), text.size(), std::max<off_t>(0, size - most));
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return text;
}

}  // namespace quartet::measure
