#include "batch/run/input_reader.hpp"

#include "batch/inputs/byte_stream.hpp"
#include "src/base/all_signals_blocked.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace quartet::batch {

namespace {

constexpr std::size_t most_ahead = 1000;

detail::descriptor open_event() {
    detail::descriptor made(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (made.get() < 0) throw std::system_error(errno, std::generic_category(), "cannot read the inputs");
    return made;
}

void set(detail::descriptor const& event) noexcept {
    std::uint64_t const one = 1;
    static_cast<void>(::write(event.get(), &one, sizeof one) < 0);
}

/// They can be read a second time.
bool can_be_counted(std::vector<source_description> const& sources) {
    return std::ranges::all_of(sources, [](source_description const& source) {
        std::error_code ignored;
        return source.kind == source_kind::values || std::filesystem::is_regular_file(source.file, ignored);
    });
}

}  // namespace

input_reader::input_reader(std::vector<source_description> sources)
    : descriptions_(std::move(sources)),
      stop_(open_event()),
      news_(open_event()),
      source_(open_inputs(descriptions_, stop_.get())),
      columns_(source_->columns()) {}

input_reader::~input_reader() {
    set(stop_);
    counter_.request_stop();
    reader_.request_stop();
}

void input_reader::start() {
    detail::all_signals_blocked const blocked;  // they are for who waits for them
    if (can_be_counted(descriptions_))
        counter_ = std::jthread([this](std::stop_token const& stopped) { count(stopped); });
    reader_ = std::jthread([this](std::stop_token const& stopped) { read(stopped); });
}

void input_reader::tell() const noexcept {
    set(news_);
}

void input_reader::read(std::stop_token const& stopped) {
    std::string problem;
    std::uint64_t number = 0;
    try {
        while (auto fields = source_->next()) {
            std::unique_lock lock(mutex_);
            if (!room_.wait(lock, stopped, [this] { return ahead_.size() < most_ahead; })) return;
            ahead_.push_back({++number, std::move(*fields)});
            if (ahead_.size() == 1) tell();
        }
    } catch (inputs_stopped const&) {
        return;
    } catch (std::exception const& failure) {
        problem = failure.what();
    }
    std::lock_guard const lock(mutex_);
    problem_ = std::move(problem);
    read_all_ = true;
    total_ = number;
    total_known_ = true;
    tell();
}

void input_reader::count(std::stop_token const& stopped) {
    try {
        auto const again = open_inputs(descriptions_, stop_.get());
        std::uint64_t found = 0;
        while (!stopped.stop_requested() && again->next())
            ++found;
        if (stopped.stop_requested() || total_known_) return;
        total_ = found;
        total_known_ = true;
    } catch (...) {
        // Who reads them will say what is wrong.
    }
}

std::optional<numbered_input> input_reader::next() {
    std::lock_guard const lock(mutex_);
    std::uint64_t ignored = 0;
    if (ahead_.empty()) {
        static_cast<void>(::read(news_.get(), &ignored, sizeof ignored) < 0);
        if (read_all_ && !problem_.empty()) throw std::runtime_error(std::exchange(problem_, {}));
        return std::nullopt;
    }
    auto first = std::move(ahead_.front());
    ahead_.pop_front();
    room_.notify_one();
    return first;
}

bool input_reader::ended() const {
    std::lock_guard const lock(mutex_);
    return read_all_ && ahead_.empty() && problem_.empty();
}

std::optional<std::uint64_t> input_reader::total() const {
    if (!total_known_) return std::nullopt;
    return total_.load();
}

}  // namespace quartet::batch
