// src/io/files/file_threads.cpp
//
// File operations on a small pool of threads: each is done there by blocking system calls, and its
// completion is posted to the loop.

#include "src/io/files/async_files.hpp"
#include "src/io/files/files.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <system_error>

namespace quartet::inline v0::detail {
namespace {

constexpr std::size_t thread_count = 4;

class file_threads final : public async_files {
public:
    file_threads(boost::asio::io_context& io, std::string reason)
        : async_files(io), io_(io), reason_(std::move(reason)) {}
    ~file_threads() override { pool_.join(); }

    void start(file_operation& operation) override {
        boost::asio::post(pool_, [this, &operation] {
            auto const left = perform_without_waiting(operation);
            boost::asio::post(io_, [this, &operation, left] {
                left == left_to_do::nothing ? operation.complete() : streams_.take(operation);
            });
        });
    }
    bool advance() override { return streams_.advance(); }
    std::string name() const override { return reason_.empty() ? "threads" : "threads (" + reason_ + ")"; }

private:
    boost::asio::io_context& io_;
    std::string reason_;
    boost::asio::thread_pool pool_{thread_count};
};

}  // namespace

std::unique_ptr<async_files> make_file_threads(boost::asio::io_context& io, std::string reason) {
    return std::make_unique<file_threads>(io, std::move(reason));
}

std::unique_ptr<async_files> make_async_files(boost::asio::io_context& io, file_backend wanted) {
    if (wanted == file_backend::threads) return make_file_threads(io, "");
    try {
        return make_file_uring(io);
    } catch (std::system_error const& refused) {
        if (wanted == file_backend::io_uring) throw;
        return make_file_threads(io, refused.what());
    }
}

}  // namespace quartet::inline v0::detail
