// src/io/files/file_stream.hpp
//
// An operation on a file that may keep it waiting for ever: a pipe, a terminal, a device, /proc/kmsg.
//
// It goes step by step and no step blocks; in between its owner waits as it can, and ends the operation when
// it is to wait no longer. So a pipe whose other end never comes holds up nobody else.
#pragma once

#include <quartet/detail/io/operations/file_operation.hpp>

#include <cstddef>
#include <string_view>

namespace quartet::inline v0::detail {

class file_stream {
public:
    /// `operation` has its descriptor, or -1 if its file is still to be opened.
    explicit file_stream(file_operation& operation) noexcept : operation_(operation) {}

    enum class next {
        done,          ///< or failed; a file that the operation opened for itself is closed
        go_on,         ///< call step() again, after whatever else there is to do
        wait_to_open,  ///< call step() again in some milliseconds
        wait_to_read,  ///< call step() again when the descriptor is readable
        wait_to_write,
    };

    /// Reads or writes a mebibyte at most. What goes wrong is left in the operation's error.
    next step() noexcept;

    /// Ends the operation: with `cancelled`, and the name of what it waited for.
    void cancel() noexcept;

    /// Ends the operation: "cannot read 'x.txt': " and the error's text.
    void fail(std::string_view verb, int error) noexcept;

    int descriptor() const noexcept { return operation_.descriptor; }
    file_operation& operation() const noexcept { return operation_; }

private:
    next open();
    next read();
    next write();
    next finish();
    void close() noexcept;
    bool reads_whole() const noexcept { return operation_.work == file_operation::kind::read_whole; }

    file_operation& operation_;
    std::size_t read_ = 0;
};

/// How a thread waits for a stream.
class stream_wait {
public:
    /// Called between steps, and so at least once a mebibyte. False: the operation is to end.
    virtual bool may_go_on() noexcept = 0;

    /// Waits until the descriptor has one of poll(2)'s events, for some milliseconds at most; -1: for no
    /// event. False: there is no waiting, and the operation fails with EAGAIN.
    virtual bool wait(int descriptor, short events) noexcept = 0;

protected:
    ~stream_wait() = default;
};

/// Does all of it.
void run_stream(file_stream stream, stream_wait& wait) noexcept;

}  // namespace quartet::inline v0::detail
