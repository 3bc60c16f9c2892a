// src/io/files/file_streams.hpp
//
// The operations of one event loop on streams (file_stream.hpp). Each waits by a watch of its descriptor, and
// so holds no thread and no place that a file on a disk would need. For the loop's thread.
#pragma once

#include <quartet/detail/io/operations/file_operation.hpp>

#include <boost/asio/io_context.hpp>

#include <memory>
#include <unordered_map>
#include <vector>

namespace quartet::inline v0::detail {

class file_streams {
public:
    explicit file_streams(boost::asio::io_context& io) : io_(io) {}

    /// Does what is left of an operation, whose descriptor is -1 if its file is still to be opened. Its
    /// completion comes from the loop.
    void take(file_operation& operation);

    /// Does some of what can be done at once; false if that is nothing. Once a turn of the loop.
    bool advance();

    /// Ends one, if it is here, with `cancelled`; it completes in a turn to come.
    void cancel(file_operation& operation) noexcept;

private:
    class transfer;

    void advance(std::shared_ptr<transfer> const& each);
    void wait(std::shared_ptr<transfer> const& each, bool to_read);
    void wait_a_while(std::shared_ptr<transfer> const& each);

    boost::asio::io_context& io_;
    std::unordered_map<file_operation*, std::shared_ptr<transfer>> under_way_;
    std::vector<std::shared_ptr<transfer>> to_go_on_;
};

}  // namespace quartet::inline v0::detail
