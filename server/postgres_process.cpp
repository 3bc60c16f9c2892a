// Two children, one after the other: initdb, and then the server. Each is a session of its own, so that no
// Ctrl-C of the terminal reaches it, and asks to die with its parent after it has become the user it runs as.
// What they write goes to a file of the folder, whose telling line becomes the text of an error. The server
// tells that it is ready in its postmaster.pid, where pg_ctl looks for it too.
#include "server/postgres_process.hpp"

#include "server/own_process.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <grp.h>
#include <optional>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <string_view>
#include <sys/stat.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace quartet {
namespace {

namespace fs = std::filesystem;
using server_detail::die_with;
using server_detail::forget_signal_handlers;

constexpr auto longest_death = std::chrono::seconds(1);
constexpr auto longest_start = std::chrono::minutes(5);  // of a machine that has much else to do
constexpr auto longest_end = std::chrono::seconds(10);
constexpr int look_every_ms = 10;

bool has_programs(fs::path const& folder) {
    return ::access((folder / "initdb").c_str(), X_OK) == 0 &&
           ::access((folder / "postgres").c_str(), X_OK) == 0;
}

int version_of(fs::path const& folder) {
    auto const name = folder.filename().native();
    int version = 0;
    std::from_chars(name.data(), name.data() + name.size(), version);
    return version;
}

[[noreturn]] void refuse(std::string const& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

/// Whom the server runs as.
struct account {
    bool changed = false;
    uid_t user = ::geteuid();
    gid_t group = ::getegid();
};

account unprivileged() {
    if (::geteuid() != 0) return {};
    for (char const* name : {"postgres", "nobody"}) {
        if (auto const* const found = ::getpwnam(name)) return {true, found->pw_uid, found->pw_gid};
    }
    throw std::runtime_error(
        "PostgreSQL can't be started: it does not run as root, and there is no user 'postgres'");
}

struct child_plan {
    std::vector<std::string> command;
    fs::path folder;  ///< where it runs
    fs::path output;
    account as;
    int signal_at_parents_death;
};

/// Between fork and exec; what fails is written to the child's output.
[[noreturn]] void become(child_plan const& plan, std::vector<char*> const& arguments, int output,
                         pid_t parent) {
    ::setsid();
    forget_signal_handlers();
    ::signal(SIGPIPE, SIG_DFL);
    int const null = ::open("/dev/null", O_RDONLY);
    if (null >= 0) ::dup2(null, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::close_range(3, ~0U, 0);
    bool const is_there = ::chdir(plan.folder.c_str()) == 0 &&
                          (!plan.as.changed || (::setgroups(0, nullptr) == 0 &&
                                                ::setgid(plan.as.group) == 0 && ::setuid(plan.as.user) == 0));
    if (is_there) {
        die_with(parent, plan.signal_at_parents_death);
        ::execv(arguments[0], arguments.data());
    }
    ::dprintf(STDERR_FILENO, "error: %s: %s\n", arguments[0], std::strerror(errno));
    ::_exit(127);
}

pid_t start(child_plan const& plan) {
    int const output = ::open(plan.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (output < 0) refuse("cannot write to '" + plan.output.native() + "'");
    std::vector<char*> arguments;
    for (auto const& word : plan.command)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    auto const parent = ::getpid();
    pid_t const child = ::fork();
    if (child == 0) become(plan, arguments, output, parent);
    int const error = errno;
    ::close(output);
    errno = error;
    if (child < 0) refuse("cannot fork a process for PostgreSQL");
    return child;
}

/// Waits a little. False if it is to be given up.
bool may_go_on(int stop_descriptor) {
    pollfd stop{.fd = stop_descriptor, .events = POLLIN, .revents = 0};
    return ::poll(&stop, 1, look_every_ms) <= 0 || stop.revents == 0;
}

/// Looks again and again; false if the time was up before it has ended.
template <class HasEnded>
bool ends_within(std::chrono::seconds limit, HasEnded const& has_ended) {
    auto const deadline = std::chrono::steady_clock::now() + limit;
    while (!has_ended()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        ::poll(nullptr, 0, look_every_ms);
    }
    return true;
}

/// Kills a child and what is in its session, and waits for the end of both: whoever looks afterwards finds
/// nobody. What others are to reap is not waited for long.
void kill_all(pid_t child) {
    ::kill(-child, SIGKILL);
    ::kill(child, SIGKILL);  // it may not have made its session yet
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    ends_within(longest_death, [child] {
        while (::waitpid(-child, nullptr, WNOHANG) > 0) {
        }
        return ::kill(-child, 0) != 0;
    });
}

/// Has a server end at once, and those that it has started, which are in sessions of their own.
void shut_down(pid_t server) {
    ::kill(server, SIGQUIT);  // what it calls an immediate shutdown
    if (!ends_within(longest_end, [server] { return ::waitpid(server, nullptr, WNOHANG) != 0; }))
        kill_all(server);
}

/// Of what a program has written the line that tells what is wrong.
std::string telling_line(fs::path const& output) {
    std::ifstream file(output);
    std::string last;
    for (std::string line; std::getline(file, line);) {
        if (line.find_first_not_of(" \t\r") == line.npos) continue;
        if (line.find("error: ") != line.npos || line.find("FATAL: ") != line.npos) return line;
        last = line;
    }
    return last.empty() ? "it ended without a word" : last;
}

/// Waits until `is_done` of the child's status, which it has once it has ended. Throws if it has and that is
/// not enough, or if it takes too long; then it is ended.
template <class Done>
void wait_for(pid_t child, postgres_options const& options, fs::path const& output, void (*end)(pid_t),
              Done const& is_done) {
    auto const deadline = std::chrono::steady_clock::now() + longest_start;
    for (std::optional<int> ended; !is_done(ended);) {
        if (ended) throw std::runtime_error("PostgreSQL can't be started: " + telling_line(output));
        if (!may_go_on(options.stop_descriptor)) {
            end(child);
            throw postgres_given_up();
        }
        if (std::chrono::steady_clock::now() > deadline) {
            end(child);
            throw std::runtime_error("PostgreSQL can't be started: it is not ready after 5 minutes");
        }
        int status = 0;
        if (::waitpid(child, &status, WNOHANG) == child) ended = status;
    }
}

/// Whether the server has written that it takes connections: the eighth line says so.
bool is_ready(fs::path const& data) {
    std::ifstream file(data / "postmaster.pid");
    std::string line;
    for (int number = 0; number < 8; ++number) {
        if (!std::getline(file, line)) return false;
    }
    return line.starts_with("ready");
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    std::string encoded;
    for (char const each : text) {
        auto const byte = static_cast<unsigned char>(each);
        if (plain.find(each) != plain.npos)
            encoded += each;
        else
            encoded += {'%', digits[byte / 16], digits[byte % 16]};
    }
    return encoded;
}

/// The folder that is the server's alone.
fs::path make_home(fs::path const& in, account const& owner) {
    auto home = fs::absolute(in) / "postgres";
    if (::mkdir(home.c_str(), 0700) != 0 ||
        (owner.changed && ::chown(home.c_str(), owner.user, owner.group) != 0))
        refuse("cannot make the folder '" + home.native() + "'");
    return home;
}

void make_database(postgres_options const& options, fs::path const& home, account const& owner) {
    auto const output = options.folder / "initdb.log";
    auto const child =
        start({.command = {options.programs / "initdb", "--pgdata", home / "data", "--username", "quartet",
                           "--auth", "trust", "--no-sync", "--no-locale", "--encoding", "UTF8"},
               .folder = home,
               .output = output,
               .as = owner,
               .signal_at_parents_death = SIGKILL});
    wait_for(child, options, output, kill_all, [](std::optional<int> status) {
        return status && WIFEXITED(*status) && WEXITSTATUS(*status) == 0;
    });
}

pid_t start_server(postgres_options const& options, fs::path const& home, account const& owner) {
    auto const output = options.folder / "postgres.log";
    auto const setting = [](std::string_view name, std::string_view value) {
        return "--" + std::string(name) + "=" + std::string(value);
    };
    auto const child =
        start({.command = {options.programs / "postgres", "-D", home / "data",
                           setting("listen_addresses", ""), setting("unix_socket_directories", home.native()),
                           setting("unix_socket_permissions", "0700"),
                           setting("max_connections", std::to_string(options.connections)),
                           setting("superuser_reserved_connections", "0"), setting("max_wal_senders", "0"),
                           setting("max_locks_per_transaction", "10"), setting("fsync", "off"),
                           setting("autovacuum", "off"), setting("logging_collector", "off")},
               .folder = home,
               .output = output,
               .as = owner,
               .signal_at_parents_death = SIGQUIT});
    wait_for(child, options, output, shut_down,
             [&](std::optional<int> status) { return !status && is_ready(home / "data"); });
    return child;
}

}  // namespace

fs::path postgres_programs() {
    fs::path newest;
    std::error_code ignored;
    for (auto const& version : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
        bool const is_newer = newest.empty() || version_of(version.path()) > version_of(newest.parent_path());
        if (is_newer && has_programs(version.path() / "bin")) newest = version.path() / "bin";
    }
    if (!newest.empty()) return newest;
    char const* const path = std::getenv("PATH");
    std::string_view folders = path ? path : "";
    while (!folders.empty()) {
        auto const end = std::min(folders.find(':'), folders.size());
        fs::path const folder = folders.substr(0, end);
        if (folder.is_absolute() && has_programs(folder)) return folder;
        folders.remove_prefix(std::min(end + 1, folders.size()));
    }
    return {};
}

postgres_process::postgres_process(postgres_options const& options) {
    auto const owner = unprivileged();
    auto const home = make_home(options.folder, owner);
    make_database(options, home, owner);
    id_ = start_server(options, home, owner);
    url_ = "postgresql:///postgres?user=quartet&host=" + percent_encoded(home.native());
}

postgres_process::~postgres_process() {
    if (::waitpid(id_, nullptr, WNOHANG) == 0) shut_down(id_);
}

}  // namespace quartet
