// measure/probes/machine.cpp

#include "measure/probes/machine.hpp"

#include "src/base/cgroups.hpp"
#include "src/base/cpu_model.hpp"

#include <quartet/cpus.hpp>

#include <boost/version.hpp>
#include <curl/curl.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <gnu/libc-version.h>
#include <linux/magic.h>
#include <string>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <utility>
#ifdef __x86_64__
#include <cpuid.h>
#include <cstring>
#endif

namespace quartet::measure {
namespace {

/// The first line of a file; empty if there is none.
std::string first_line(std::filesystem::path const& file) {
    std::string line;
    std::getline(std::ifstream(file) >> std::ws, line);
    return line;
}

/// How many there are in "0", "0-1", "0,64" or "0-1,64-65"; absent if the text is none of these.
std::optional<std::uint64_t> count_in_list(std::string const& list) {
    std::uint64_t count = 0;
    char const* at = list.c_str();
    while (*at != '\0') {
        char* end = nullptr;
        auto const first = std::strtoull(at, &end, 10);
        if (end == at) return std::nullopt;
        auto last = first;
        if (*end == '-') last = std::strtoull(end + 1, &end, 10);
        if (last < first) return std::nullopt;
        count += last - first + 1;
        at = *end == ',' ? end + 1 : end;
        if (at == end && *at != '\0') return std::nullopt;
    }
    return count > 0 ? std::optional(count) : std::nullopt;
}

/// A hypervisor names itself to cpuid: Intel 64 and IA-32 Software Developer's Manual, cpuid, ECX bit 31; the
/// leaf 0x40000000 is a convention of the hypervisors'.
std::string virtualization() {
#ifdef __x86_64__
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 31 & 1)) return "";
    __cpuid(0x40000000, a, b, c, d);
    char name[13] = {};
    unsigned const registers[] = {b, c, d};
    std::memcpy(name, registers, 12);
    for (auto const& [signature, known] : {std::pair{"KVMKVMKVM", "KVM"},
                                           {"Microsoft Hv", "Hyper-V"},
                                           {"VMwareVMware", "VMware"},
                                           {"XenVMMXenVMM", "Xen"},
                                           {"TCGTCGTCGTCG", "QEMU"}}) {
        if (std::string_view(name) == signature) return known;
    }
    return name[0] != '\0' ? name : "unknown";
#else
    return first_line("/sys/hypervisor/type");
#endif
}

std::uint64_t physical_memory() {
    long const pages = ::sysconf(_SC_PHYS_PAGES);
    long const page = ::sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page) : 0;
}

std::uint64_t swap() {
    struct sysinfo machine {};
    return ::sysinfo(&machine) == 0 ? std::uint64_t{machine.totalswap} * machine.mem_unit : 0;
}

/// The word in brackets: "always [madvise] never".
std::string huge_pages() {
    auto const line = first_line("/sys/kernel/mm/transparent_hugepage/enabled");
    auto const open = line.find('[');
    auto const close = line.find(']', open);
    return open == std::string::npos || close == std::string::npos ? ""
                                                                   : line.substr(open + 1, close - open - 1);
}

std::string distribution() {
    constexpr std::string_view key = "PRETTY_NAME=";
    std::ifstream file("/etc/os-release");
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with(key)) continue;
        auto value = line.substr(key.size());
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
            value = value.substr(1, value.size() - 2);
        return value;
    }
    return "";
}

/// The file system by the number that statfs() gives, for a folder whose mount can't be seen, as under
/// another root.
std::string file_system_by_magic(std::filesystem::path const& folder) {
    struct statfs found {};
    if (::statfs(folder.c_str(), &found) != 0) return "";
    switch (static_cast<std::uint32_t>(found.f_type)) {
        case EXT4_SUPER_MAGIC:
            return "ext";  // 2, 3 and 4 have the same
        case XFS_SUPER_MAGIC:
            return "xfs";
        case BTRFS_SUPER_MAGIC:
            return "btrfs";
        case TMPFS_MAGIC:
            return "tmpfs";
        case OVERLAYFS_SUPER_MAGIC:
            return "overlay";
        case NFS_SUPER_MAGIC:
            return "nfs";
        default:
            return fmt::format("{:#x}", static_cast<std::uint32_t>(found.f_type));
    }
}

/// The type of the mount that the folder is in: the longest mount point that it begins with.
std::string file_system(std::filesystem::path const& folder) {
    std::error_code error;
    auto const whole = std::filesystem::canonical(folder, error).native();
    if (error) return "";
    std::ifstream mounts("/proc/self/mounts");
    std::string type;
    std::size_t longest = 0;
    for (std::string device, point, kind, rest;
         mounts >> device >> point >> kind && std::getline(mounts, rest);) {
        bool const within = whole == point || point == "/" || whole.starts_with(point + '/');
        if (within && point.size() >= longest) {
            longest = point.size();
            type = kind;
        }
    }
    return type.empty() ? file_system_by_magic(whole) : type;
}

std::optional<std::uint64_t> limit(__rlimit_resource_t which) {
    rlimit found{};
    if (::getrlimit(which, &found) != 0 || found.rlim_cur == RLIM_INFINITY) return std::nullopt;
    return found.rlim_cur;
}

#ifdef __clang__
constexpr char compiler[] = __VERSION__;  // "Clang 14.0.6", with the vendor's name in front
#else
constexpr char compiler[] = "g++ " __VERSION__;
#endif

std::string libraries() {
    return fmt::format("Boost {}.{}.{}, libcurl {}, liburing {}", BOOST_VERSION / 100'000,
                       BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100,
                       curl_version_info(CURLVERSION_NOW)->version, QUARTET_LIBURING);
}

}  // namespace

std::string frequency_governor() {
    return first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
}

std::string clock_source() {
    return first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource");
}

double load_average() {
    double minute = 0;
    return ::getloadavg(&minute, 1) == 1 ? minute : 0;
}

machine this_machine(std::filesystem::path const& scratch) {
    utsname system{};
    ::uname(&system);
    long const cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
    return {
        .cpu_model = detail::cpu_model(),
        .cpus = cpus > 0 ? static_cast<std::uint64_t>(cpus) : 0,
        .usable_cpus = usable_cpus(),
        .cpu_quota = detail::cpu_quota(),
        .threads_per_core =
            count_in_list(first_line("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list")),
        .governor = frequency_governor(),
        .clock_source = clock_source(),
        .virtualization = virtualization(),
        .memory_bytes = physical_memory(),
        .memory_limit_bytes = detail::memory_limit(),
        .swap_bytes = swap(),
        .huge_pages = huge_pages(),
        .kernel = std::string(system.sysname) + ' ' + system.release,
        .distribution = distribution(),
        .libc = std::string("glibc ") + ::gnu_get_libc_version(),
        .scratch_file_system = file_system(scratch),
        .open_files_limit = limit(RLIMIT_NOFILE),
        .processes_limit = limit(RLIMIT_NPROC),
        .build_type = QUARTET_BUILD_TYPE,
        .compiler = compiler,
        .libraries = libraries(),
    };
}

}  // namespace quartet::measure
