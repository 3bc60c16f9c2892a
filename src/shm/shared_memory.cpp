// The memory is a memfd: a head with its id, and the data. Its owner maps it when it is made, and children
// that are forked later have that mapping. All others open the owner's descriptor through /proc, map it, and
// see by the id in the head whether it is the memory they mean: process and descriptor numbers come again. So
// nobody has to send descriptors, and no name is left in a file system by a program that is killed.
//
// At the end the owner takes the pages out of the file: the memory is free at once, though other processes
// still have it mapped, and its head reads as zeros there. They let go of the address space when they next
// map another. Truncating the file would do the same, but a span used too late would raise SIGBUS.
#include "src/base/descriptor.hpp"
#include "src/base/file_size_limit.hpp"
#include "src/base/forking.hpp"
#include "src/base/withheld_signal.hpp"
#include "src/shm/memory_directory.hpp"

#include <quartet/detail/shm/shared_memory.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <mutex>
#include <new>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <system_error>
#include <unistd.h>
#include <unordered_map>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

struct alignas(shared_memory::alignment) memory_head {
    std::atomic<std::uint64_t> id;
};

/// Head and data, in whole pages: nothing smaller can be given back.
std::size_t file_size(std::size_t bytes) {
    static auto const page_size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return (sizeof(memory_head) + bytes + page_size - 1) / page_size * page_size;
}

[[noreturn]] void throw_error(int error, std::string const& what) {
    if (error == ENOMEM || error == ENOSPC) throw std::bad_alloc();
    throw std::system_error(error, std::generic_category(), what);
}

char const* name_of(memory_use use) noexcept {
    return use == memory_use::array ? "shared array" : "broadcast";
}

[[noreturn]] void throw_gone(shared_memory_name const& name, memory_use use) {
    throw std::runtime_error(
        fmt::format("quartet: the {} of this view is gone: process {} has let go of it or ended",
                    name_of(use), name.owner));
}

/// A part of the address space that shows the memory.
class mapping {
public:
    mapping(int descriptor, std::size_t bytes, memory_use use)
        : size_(file_size(bytes)),
          base_(mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)) {
        if (base_ == MAP_FAILED)
            throw_error(errno, fmt::format("cannot map the memory of a {}", name_of(use)));
    }
    mapping(mapping&& other) noexcept : size_(other.size_), base_(std::exchange(other.base_, MAP_FAILED)) {}
    ~mapping() {
        if (base_ != MAP_FAILED) munmap(base_, size_);
    }

    /// 0 when the owner has let go of it.
    std::atomic<std::uint64_t>& id() const noexcept { return static_cast<memory_head*>(base_)->id; }
    void* data() const noexcept { return static_cast<memory_head*>(base_) + 1; }

private:
    std::size_t size_;
    void* base_;
};

/// Maps what the name may stand for; its id is not looked at.
mapping map_others(shared_memory_name const& name, memory_use use) {
    auto const path = fmt::format("/proc/{}/fd/{}", name.owner, name.descriptor);
    auto const refuse = [&] {
        if (errno == ENOENT) throw_gone(name, use);
        throw_error(errno, fmt::format("cannot open the {} of process {}", name_of(use), name.owner));
    };
    // Looked at first: the number may be that of a device by now, and to open some has effects.
    struct stat about {};
    if (stat(path.c_str(), &about) != 0) refuse();
    if (!S_ISREG(about.st_mode) || static_cast<std::size_t>(about.st_size) != file_size(name.bytes))
        throw_gone(name, use);
    descriptor const opened(open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (opened.get() < 0) refuse();
    return {opened.get(), name.bytes, use};
}

/// Maps it, or what stands for it on this machine.
mapping map_by_name(shared_memory_name const& name, memory_use use) {
    auto const here = find_published(name.id);
    if (!here) return map_others(name, use);
    if (is_refused(*here))
        throw std::runtime_error(fmt::format("quartet: this machine had no memory for a {} of {} bytes",
                                             name_of(use), name.bytes));
    return map_others(*here, use);
}

/// All that this process has mapped, its own memory and others', by id.
class known_mappings {
public:
    static known_mappings& of_this_process() {
        // Never destroyed, for there may be arrays in static objects. A forked child finds it whole: it is
        // locked over the fork.
        static auto& known = *new known_mappings;
        [[maybe_unused]] static int const locked_over_forks = pthread_atfork(
            [] { known.mutex_.lock(); }, [] { known.mutex_.unlock(); }, [] { known.mutex_.unlock(); });
        return known;
    }

    void add(std::uint64_t id, mapping added) {
        std::lock_guard const lock(mutex_);
        by_id_.emplace(id, std::move(added));
    }
    void remove(std::uint64_t id) {
        std::lock_guard const lock(mutex_);
        by_id_.erase(id);
    }
    void* find(shared_memory_name const& name, memory_use use) {
        std::lock_guard const lock(mutex_);
        auto found = by_id_.find(name.id);
        if (found == by_id_.end()) {
            std::erase_if(by_id_, [](auto const& each) { return each.second.id() != each.first; });
            found = by_id_.emplace(name.id, map_by_name(name, use)).first;
        }
        if (found->second.id() != name.id) {
            by_id_.erase(found);
            throw_gone(name, use);
        }
        return found->second.data();
    }
    std::vector<std::uint64_t> ids() {
        std::lock_guard const lock(mutex_);
        std::vector<std::uint64_t> all;
        for (auto const& each : by_id_)
            all.push_back(each.first);
        return all;
    }

private:
    std::mutex mutex_;
    std::unordered_map<std::uint64_t, mapping> by_id_;
};

void refuse_more_than_the_machine_has(std::size_t bytes) {
    struct sysinfo machine {};
    sysinfo(&machine);
    // The system would hand out all it has, and end programs, before it says no.
    std::size_t const all = machine.totalram * machine.mem_unit;
    if (bytes > all || file_size(bytes) > all) throw std::bad_alloc();
}

void refuse_more_than_a_file_may_hold(std::size_t bytes, memory_use use) {
    auto const most = file_size_limit();
    if (file_size(bytes) <= most) return;
    throw std::system_error(
        EFBIG, std::generic_category(),
        fmt::format("quartet: a {} of {} bytes is larger than this process may make a file ({} bytes, "
                    "RLIMIT_FSIZE); raise the limit (ulimit -f)",
                    name_of(use), bytes, most));
}

int make_memfd(memory_use use) {
    int const made =
        memfd_create(use == memory_use::array ? "quartet-array" : "quartet-broadcast", MFD_CLOEXEC);
    if (made < 0) throw_error(errno, fmt::format("cannot make a {}", name_of(use)));
    return made;
}

/// Takes all pages now: when one is touched, a lack of memory would be a signal and not an error.
void take_pages(int descriptor, std::size_t bytes, memory_use use) {
    withheld_size_signal const withheld;  // the limit may have been lowered just now
    // A step that a signal breaks off is undone, so it must be done before a profiler's next signal.
    std::size_t most_at_once = std::size_t{1} << 20;
    for (std::size_t taken = 0; taken < bytes;) {
        auto const step = std::min(most_at_once, bytes - taken);
        if (fallocate(descriptor, 0, static_cast<off_t>(taken), static_cast<off_t>(step)) == 0)
            taken += step;
        else if (errno == EINTR)
            most_at_once = std::max(file_size(0), most_at_once / 2);
        else
            throw_error(errno, fmt::format("cannot get memory for a {}", name_of(use)));
    }
}

std::uint64_t new_id() {
    std::uint64_t id = 0;
    while (id == 0) {
        if (getrandom(&id, sizeof id, 0) < 0 && errno != EINTR)
            throw_error(errno, "cannot get a random id for shared memory");
    }
    return id;
}

}  // namespace

struct shared_memory::state {
    state(std::size_t bytes, memory_use use, std::uint64_t id)
        : descriptor(make_memfd(use)),
          name{.id = id ? id : new_id(), .bytes = bytes, .owner = getpid(), .descriptor = descriptor.get()} {
        take_pages(descriptor.get(), file_size(bytes), use);
        mapping whole(descriptor.get(), bytes, use);
        whole.id() = name.id;
        data = whole.data();
        known_mappings::of_this_process().add(name.id, std::move(whole));
    }
    ~state() {
        if (getpid() != name.owner) return;  // a copy in a forked child
        fallocate(descriptor.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                  static_cast<off_t>(file_size(name.bytes)));
        known_mappings::of_this_process().remove(name.id);
    }
    state(state const&) = delete;
    state& operator=(state const&) = delete;

    private_descriptor descriptor;
    shared_memory_name name;
    void* data = nullptr;
};

shared_memory::shared_memory(std::size_t bytes, memory_use use, std::uint64_t id) {
    refuse_more_than_the_machine_has(bytes);
    refuse_more_than_a_file_may_hold(bytes, use);
    state_ = std::make_unique<state>(bytes, use, id);
}

shared_memory::shared_memory(shared_memory&&) noexcept = default;
shared_memory& shared_memory::operator=(shared_memory&&) noexcept = default;
shared_memory::~shared_memory() = default;

shared_memory_name shared_memory::name() const noexcept {
    return state_ ? state_->name : shared_memory_name{};
}

void* shared_memory::data() const noexcept {
    return state_ ? state_->data : nullptr;
}

void* find_shared_memory(shared_memory_name const& name, memory_use use) {
    if (name.id == 0) throw std::runtime_error(fmt::format("quartet: this view is of no {}", name_of(use)));
    return known_mappings::of_this_process().find(name, use);
}

std::vector<std::uint64_t> mapped_shared_memories() {
    return known_mappings::of_this_process().ids();
}

}  // namespace quartet::inline v0::detail
