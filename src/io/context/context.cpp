#include "src/base/bounded_text.hpp"

#include <quartet/backend/loop.hpp>
#include <quartet/context.hpp>
#include <quartet/detail/io/stop_state.hpp>
#include <quartet/file.hpp>

#include <strings.h>

namespace quartet::inline v0 {
detail::file_operation context::write_file(std::filesystem::path const& path, std::string_view data) {
    return {*this, detail::file_operation::kind::write_whole, path.native(), data};
}

detail::file_operation context::append_file(std::filesystem::path const& path, std::string_view data) {
    return {*this, detail::file_operation::kind::append_whole, path.native(), data};
}

std::string operation::name_of_waiting_body() const {
    auto const* const body = scope_ ? scope_->body() : nullptr;
    return body ? name_of(*body) : "a body";
}

void timed_operation::cancel_pretended(fake_loop& loop) noexcept {
    loop.cancel_wait(*this);
}

void context::notice_end(detail::scope& part, std::uint32_t stopped) const noexcept {
    auto const at = now();
    part.notice_end(at, stopped ? at - detail::age_of_stop(stopped) : detail::scope::time_point::max());
}

std::uint32_t context::count_unheard() noexcept {
    auto* const part = detail::current_scope();
    bool const of_whole_body = !part || (stop_word_->load(std::memory_order_relaxed) != 0 && !part->body());
    return ++(of_whole_body ? unheard_ : part->largest_ended().unheard);
}

void context::log(std::string_view line) {
    if (line.size() <= detail::most_text) return do_log(line);
    do_log(detail::bounded_text(line));
}

std::string_view http_response::header(std::string_view name) const noexcept {
    for (auto const& [key, value] : headers) {
        if (key.size() == name.size() && strncasecmp(key.data(), name.data(), name.size()) == 0) return value;
    }
    return {};
}

file::state::state(context& owner, detail::file_operation const& opened)
    : operation(owner, detail::file_operation::kind::write, opened.path), descriptor(opened.descriptor) {
    operation.nature = opened.nature;
}

void file::state::prepare_write() noexcept {
    operation.work = detail::file_operation::kind::write;
    operation.descriptor = descriptor;
    operation.input = buffer;
    operation.written = 0;
}

bool file::state::start_write(std::string_view more) {
    buffer.append(more);
    prepare_write();
    return operation.await_ready();
}

void file::state::finish_write() {
    // What has been written must not be written again, and what has not been must not be lost.
    buffer.erase(0, operation.written);
    operation.await_resume();
}

file::file(std::unique_ptr<state> opened) noexcept : state_(std::move(opened)) {}
file::file(file&&) noexcept = default;

file& file::operator=(file&& other) noexcept {
    if (this != &other) {
        file const closed = std::move(*this);
        state_ = std::move(other.state_);
    }
    return *this;
}

file::~file() {
    if (!state_ || state_->descriptor < 0) return;
    auto& operation = state_->operation;
    state_->prepare_write();
    if (!state_->buffer.empty()) operation.perform_now();
    operation.work = detail::file_operation::kind::close;
    operation.perform_now();
}

task<void> file::close() {
    co_await flush();
    auto& operation = state_->operation;
    operation.work = detail::file_operation::kind::close;
    operation.descriptor = std::exchange(state_->descriptor, -1);
    co_await operation;
}

std::string const& file::path() const {
    if (!state_) detail::misuse("this file was moved from");
    return state_->operation.path;
}

}  // namespace quartet::inline v0
