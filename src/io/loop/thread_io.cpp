#include "src/io/loop/thread_io.hpp"

#include <quartet/detail/base/own_process.hpp>

#include <boost/asio/executor_work_guard.hpp>

#include <memory>

namespace quartet::inline v0::detail {
namespace {

struct kept_io {
    boost::asio::io_context io{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> alive{io.get_executor()};
    process_stamp const made_in = this_process();
    std::unique_ptr<kept_io> of_parent{};
};

thread_local std::unique_ptr<kept_io> of_thread;

}  // namespace

boost::asio::io_context* find_thread_io() noexcept {
    return of_thread && is_still(of_thread->made_in) ? &of_thread->io : nullptr;
}

boost::asio::io_context& thread_io() {
    if (auto* const found = find_thread_io()) return *found;
    auto made = std::make_unique<kept_io>();
    // In a forked child that of the parent is kept, and left alone: they share what watches its descriptors.
    made->of_parent = std::move(of_thread);
    of_thread = std::move(made);
    return of_thread->io;
}

}  // namespace quartet::inline v0::detail
