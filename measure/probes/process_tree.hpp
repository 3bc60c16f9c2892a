// measure/probes/process_tree.hpp
//
// The memory of a process and all its descendants, seen from outside. It counts what the traced heap
// cannot: stacks, code, mapped files and the commands that the tree executes.
//
// The figure is the sum of PSS: a page that n processes share counts 1/n in each, so once in the sum, and
// forked workers are not charged with their parent's memory n times. The kernel keeps no peak of it, so it is
// sampled; a peak shorter than the pause between two samples can be missed. So the last sample of a short
// trial also asks each process for its own peak, which the kernel does keep (VmHWM). The cgroup's memory.peak
// has no such gap, but needs a cgroup of our own to write to, and counts the page cache: a workload of files
// would be charged with what it wrote, and another round with what the first one read.
#pragma once

#include "measure/results/results.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <sys/types.h>

namespace quartet::measure {

enum class sampling {
    by_hand,        ///< only sample_now()
    in_background,  ///< also by a thread, as often as it can without biasing what it measures
    for_pictures,   ///< by a thread, and more often; all samples are kept
};

/// How many samples a course has at most.
inline constexpr std::size_t most_samples_kept = 1000;

/// Sums the memory of a process tree and keeps the peak.
///
/// The tree consists of the process `root`, the processes of its session and process group, and their
/// descendants. A process that was in it once stays in it, so a daemon does too. Start `root` as the leader
/// of a session or of a process group: then orphans whose parents died between two samples are found too.
///
/// A sample costs some 50 microseconds for each small process of the tree, 15 for each MiB that it holds (the
/// kernel walks its pages) and 1 for each other process of the machine. The thread spends at most 0.5 % of
/// one processor on it: it rests 200 times what the last sample took, and never less than 5 ms. What it took
/// is measured (background_share()). For pictures it rests 4 times as long as a sample takes, at least 2 ms,
/// and the samples also tell the processor time of the tree, as the processes' own clocks give it; that of
/// processes that have ended is as of the last sample before.
///
/// All members may be called from any thread, except the destructor. Not for use across a fork().
class tree_memory_sampler {
public:
    /// So many bytes of the tree are the measuring's own, and are not counted. Throws std::system_error if
    /// the thread cannot be started.
    /// `without`: a process that is not counted, nor what it starts from now on.
    explicit tree_memory_sampler(pid_t root, sampling how = sampling::in_background,
                                 std::size_t not_counted = 0, pid_t without = -1);

    ~tree_memory_sampler();

    /// Takes a sample and returns its bytes: 0 if nothing of the tree is alive. Call it at the end of a trial
    /// while its processes still live, so that the peak is never below what they held to the end.
    std::size_t sample_now();

    /// The same, and each process counts with its own peak (VmHWM) if the tree is one process, or if there
    /// were too few samples to rely on. Of several processes that is the most they can have held together;
    /// they held less if their peaks were at different times.
    void sample_last();

    /// Forgets the peak so far: what is to be measured begins now. Takes a sample first, so that those which
    /// follow know the tree already.
    void restart();

    std::size_t peak_bytes() const;

    std::size_t sample_count() const;

    /// The part of one processor that the thread has taken between restart() and sample_last().
    double background_share() const;

    /// The samples since restart(), by the time since then; at the most `most_samples_kept`, spread evenly.
    usage_table course() const;

    /// How long the tree waited for a processor since restart(), if it has used `cpu_seconds` of one until
    /// now. Of each process the samples read what the kernel accounts to its main thread; what came after the
    /// last sample of a process, and processes that no sample met, are taken to have waited as much for each
    /// second of processor time. Absent where the kernel does not tell.
    std::optional<double> processor_wait_seconds(double cpu_seconds) const;

    /// "pss"; "pss+hwm" if the peak is that of sample_last(); or "rss" as soon as the kernel shows for a
    /// process only that, which counts shared pages in each process (old kernels, and commands that run as
    /// another user).
    std::string_view method() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// To be called in the process that is measured, when measuring begins: resets its own peak, and that of
/// processes it forks later, to what it holds now.
void forget_own_peak() noexcept;

}  // namespace quartet::measure
