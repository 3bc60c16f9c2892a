// batch/run/input_reader.hpp
//
// Reads the inputs on a thread of its own, some ahead, so that a slow pipe holds up nobody.
#pragma once

#include "batch/inputs/input_arguments.hpp"
#include "src/base/descriptor.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace quartet::batch {

struct numbered_input {
    std::uint64_t number = 0;  ///< its place among all, from 1
    std::vector<std::string> fields{};
};

/// For one thread.
class input_reader {
public:
    /// Opens the sources, and reads all but the first of them. Throws as open_inputs() does.
    explicit input_reader(std::vector<source_description> sources);

    /// Ends the reading, also if a pipe gives nothing.
    ~input_reader();

    std::vector<std::string> const& columns() const noexcept { return columns_; }

    /// Begins to read; once.
    void start();

    /// Readable when next() may have something that it had not before.
    int descriptor() const noexcept { return news_.get(); }

    /// The next input; none if it is not there yet, or if ended(). Throws std::runtime_error for what can't
    /// be read, once, and has ended then.
    std::optional<numbered_input> next();

    bool ended() const;

    /// How many inputs there are, as soon as that is known: from their end, or sooner if they can be counted.
    std::optional<std::uint64_t> total() const;

private:
    void read(std::stop_token const& stopped);
    void count(std::stop_token const& stopped);
    void tell() const noexcept;

    std::vector<source_description> descriptions_;
    detail::descriptor stop_;
    detail::descriptor news_;
    std::unique_ptr<input_source> source_;
    std::vector<std::string> columns_;
    mutable std::mutex mutex_;
    std::condition_variable_any room_;
    std::deque<numbered_input> ahead_;
    bool read_all_ = false;
    std::string problem_;
    std::atomic<std::uint64_t> total_{0};
    std::atomic<bool> total_known_{false};
    std::jthread counter_;
    std::jthread reader_;
};

}  // namespace quartet::batch
