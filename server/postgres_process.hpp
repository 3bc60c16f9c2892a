// server/postgres_process.hpp
//
// A PostgreSQL server of one's own: in a folder, at a Unix socket there, for as long as the object lives.
//
// It listens at no port, and only its own user and root get to its socket, so it asks for no password. Root
// starts it as the user `postgres`, or `nobody` where there is none, since it refuses to run as root. Nothing
// in it is worth keeping: it writes without waiting for the disk, and is ended at once.
#pragma once

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <sys/types.h>

namespace quartet {

/// The folder with `initdb` and `postgres`: of Debian's versions the newest, which are not in PATH, or that
/// of an initdb in PATH. Empty if PostgreSQL is not installed.
std::filesystem::path postgres_programs();

struct postgres_options {
    std::filesystem::path programs = postgres_programs();
    std::filesystem::path folder{};  ///< an empty one, which its user may enter; the owner removes it later
    std::size_t connections = 100;   ///< at the same time
    int stop_descriptor = -1;        ///< readable: start no further
};

/// Thrown when the stop descriptor was readable before the server was ready.
struct postgres_given_up : std::runtime_error {
    postgres_given_up() : std::runtime_error("the start of PostgreSQL was given up") {}
};

class postgres_process {
public:
    /// Makes a database and starts its server, which takes a second or more; returns when it answers. Forks:
    /// create it before the program has a second thread. Throws std::runtime_error with the words of initdb
    /// or the server, std::system_error, postgres_given_up; then nothing is left running.
    explicit postgres_process(postgres_options const& options);

    /// Ends it, and waits for its end. It also ends when the thread that created the object ends in any way.
    ~postgres_process();

    postgres_process(postgres_process const&) = delete;
    postgres_process& operator=(postgres_process const&) = delete;

    pid_t id() const { return id_; }

    /// What libpq connects to it by, as its superuser.
    std::string const& url() const { return url_; }

private:
    pid_t id_ = -1;
    std::string url_;
};

}  // namespace quartet
