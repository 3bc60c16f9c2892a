// src/io/files/file_threads.cpp
//
// File operations on a small pool of threads: each is done there by blocking system calls, and its
// completion is posted to the loop.

#include "src/io/files/async_files.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace quartet::inline v0::detail {
namespace {

constexpr std::size_t thread_count = 4;

class file_threads final : public async_files {
public:
    file_threads(event_loop& loop, std::string reason) : async_files(loop), reason_(std::move(reason)) {
        line_.have_threads(thread_count);
    }

    void start(file_operation& operation) override { line_.add(operation); }
    bool advance() override {
        line_.call_threads(1);
        return streams_.advance();
    }
    std::string name() const override { return reason_.empty() ? "threads" : "threads (" + reason_ + ")"; }

private:
    std::string reason_;
};

}  // namespace

std::unique_ptr<async_files> make_file_threads(event_loop& loop, std::string reason) {
    return std::make_unique<file_threads>(loop, std::move(reason));
}

std::unique_ptr<async_files> make_async_files(event_loop& loop, file_backend wanted) {
    if (wanted == file_backend::threads) return make_file_threads(loop, "");
    try {
        auto const beside =
            wanted == file_backend::automatic ? threads_beside::for_processors : threads_beside::none;
        return make_file_uring(loop, beside);
    } catch (std::system_error const& refused) {
        if (wanted == file_backend::io_uring) throw;
        return make_file_threads(loop, refused.what());
    }
}

}  // namespace quartet::inline v0::detail
