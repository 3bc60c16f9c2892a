// tests/faults/limits.hpp
//
// Makes the system refuse things, for as long as an object lives.
#pragma once

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace quartet::faults {

/// A lower soft limit of this process.
class resource_limit {
public:
    resource_limit(__rlimit_resource what, rlim_t soft) : what_(what) {
        getrlimit(what, &before_);
        rlimit const lower{soft, before_.rlim_max};
        setrlimit(what, &lower);
    }
    resource_limit(resource_limit const&) = delete;
    resource_limit& operator=(resource_limit const&) = delete;
    ~resource_limit() { setrlimit(what_, &before_); }

private:
    __rlimit_resource what_;
    rlimit before_{};
};

/// A file system in memory, of a few kilobytes if not told otherwise. Throws std::system_error where mounting
/// is not allowed.
class small_disk {
public:
    explicit small_disk(char const* size = "size=64k") {
        std::string pattern = (std::filesystem::temp_directory_path() / "quartet-disk-XXXXXX").native();
        folder_ = mkdtemp(pattern.data());
        if (mount("none", folder_.c_str(), "tmpfs", 0, size) == 0) return;
        int const error = errno;
        rmdir(folder_.c_str());
        throw std::system_error(error, std::generic_category(), "cannot mount a tmpfs");
    }
    small_disk(small_disk const&) = delete;
    small_disk& operator=(small_disk const&) = delete;
    ~small_disk() {
        umount2(folder_.c_str(), MNT_DETACH);
        rmdir(folder_.c_str());
    }
    std::string operator/(std::string const& name) const { return folder_ + "/" + name; }

private:
    std::string folder_;
};

/// An ext4 of 16 MB in a file. Throws std::runtime_error where it can't be made or mounted.
class loop_disk {
public:
    loop_disk() {
        std::string pattern = (std::filesystem::temp_directory_path() / "quartet-loop-XXXXXX").native();
        folder_ = mkdtemp(pattern.data());
        std::string const made = "cd '" + folder_ +
                                 "' && mkdir disk && truncate -s 16M image && PATH=$PATH:/sbin:/usr/sbin && "
                                 "mkfs.ext4 -q image && mount -o loop image disk";
        if (std::system(("{ " + made + "; } 2>'" + folder_ + "/error'").c_str()) == 0) return;
        std::string why;
        std::getline(std::ifstream(folder_ + "/error"), why);
        std::filesystem::remove_all(folder_);
        throw std::runtime_error("no disk can be mounted from a file: " + why);
    }
    loop_disk(loop_disk const&) = delete;
    loop_disk& operator=(loop_disk const&) = delete;
    ~loop_disk() {
        umount2((*this / "").c_str(), MNT_DETACH);
        std::filesystem::remove_all(folder_);
    }
    std::string operator/(std::string const& name) const { return folder_ + "/disk/" + name; }

private:
    std::string folder_;
};

/// A limit on the processes and threads of this process and those it forks, by a cgroup of version 1 or 2:
/// RLIMIT_NPROC does not bind root. Throws std::runtime_error where it can't be had.
class task_limit {
public:
    explicit task_limit(std::size_t further) {
        wait_for_stragglers();
        for (std::string const root : {"/sys/fs/cgroup/pids", "/sys/fs/cgroup"}) {
            group_ = root + "/quartet-faults-" + std::to_string(getpid());
            if (mkdir(group_.c_str(), 0755) != 0) continue;
            if (enter(root, further)) return;
            leave();
        }
        throw std::runtime_error("no cgroup with a pids controller can be made here");
    }
    task_limit(task_limit const&) = delete;
    task_limit& operator=(task_limit const&) = delete;
    ~task_limit() { leave(); }

private:
    static bool write(std::string const& path, std::string const& text) {
        std::ofstream file(path);
        file << text << std::flush;
        return file.good();
    }
    /// Threads that were joined, and those of the kernel for an io_uring that is gone, count until they have
    /// ended.
    static void wait_for_stragglers() {
        for (int tries = 0; tries < 20'000 && has_stragglers(); ++tries)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    static bool has_stragglers() {
        for (auto const& thread : std::filesystem::directory_iterator("/proc/self/task")) {
            std::ifstream file(thread.path() / "status");
            std::string const about{std::istreambuf_iterator<char>(file), {}};
            if (about.starts_with("Name:\tiou-") || about.find("\nVmSize:") == about.npos) return true;
        }
        return false;
    }
    bool enter(std::string const& root, std::size_t further) {
        home_ = root + "/cgroup.procs";
        if (!write(group_ + "/cgroup.procs", "0")) return false;
        std::size_t now = 0;
        std::ifstream(group_ + "/pids.current") >> now;
        return now > 0 && write(group_ + "/pids.max", std::to_string(now + further));
    }
    void leave() {
        write(home_, "0");
        rmdir(group_.c_str());
    }

    std::string group_;
    std::string home_;
};

}  // namespace quartet::faults
