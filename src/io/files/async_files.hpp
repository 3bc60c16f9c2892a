// src/io/files/async_files.hpp
//
// The file operations of one event loop. Two implementations: io_uring, with threads beside it where the loop
// has several processors; and a small pool of threads for kernels that refuse it. For the loop's thread.
#pragma once

#include "src/io/files/file_line.hpp"
#include "src/io/files/file_streams.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/detail/io/operations/file_operation.hpp>
#include <quartet/file.hpp>

#include <memory>
#include <string>

namespace quartet::inline v0::detail {

class async_files : public loop_service {
public:
    explicit async_files(event_loop& loop) : streams_(loop.io()), line_(loop, streams_) {}

    /// Begins an operation; its completion comes from the loop.
    virtual void start(file_operation& operation) = 0;

    /// Ends an operation soon if it waits for a stream, or is about to; what else there is goes on.
    void cancel(file_operation& operation) noexcept {
        operation.is_cancelled = true;
        streams_.cancel(operation);
    }

    /// Hands what was begun to the kernel, and completes what that ends at once.
    bool advance() override = 0;

    /// "io_uring", or "threads" with the reason.
    virtual std::string name() const = 0;

protected:
    file_streams streams_;
    file_line line_;
};

/// Throws std::system_error if io_uring is asked for by name and the kernel refuses.
std::unique_ptr<async_files> make_async_files(event_loop& loop, file_backend wanted);

/// How many threads the loop may have beside io_uring.
enum class threads_beside { none, for_processors };

std::unique_ptr<async_files> make_file_uring(event_loop& loop, threads_beside threads);
std::unique_ptr<async_files> make_file_threads(event_loop& loop, std::string reason);

}  // namespace quartet::inline v0::detail
