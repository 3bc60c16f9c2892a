// batch/run/journal_keeper.hpp
//
// Writes a journal, and has the disk keep it once a second, on a thread of its own as that may take long.
#pragma once

#include "batch/journal/journal.hpp"

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

namespace quartet::batch {

/// For one thread.
class journal_keeper {
public:
    explicit journal_keeper(journal& keeps);

    /// What was added is on the disk then, or a later open() will tell what is not.
    ~journal_keeper();

    /// Throws std::system_error if it can't be written, or could not be kept lately.
    void add(journal_row const& row);

    /// Has the disk keep everything. Throws std::system_error.
    void finish();

private:
    void run(std::stop_token const& stopped);

    journal& keeps_;
    std::mutex mutex_;
    std::condition_variable_any woken_;
    bool added_ = false;
    std::exception_ptr failure_;
    std::jthread thread_;
};

}  // namespace quartet::batch
