#include "batch/inputs/byte_stream.hpp"

#include <cerrno>
#include <fcntl.h>
#include <iterator>
#include <poll.h>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace quartet::batch {

namespace {

constexpr std::size_t buffer_size = 1 << 16;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::string text_of_errno(int error) {
    return std::generic_category().message(error);
}

}  // namespace

std::string byte_stream::name_of(std::string const& file) {
    return file == "-" ? "standard input" : "'" + file + "'";
}

byte_stream::byte_stream(std::string const& file, int stop)
    : name_(name_of(file)), stop_(stop), buffer_(buffer_size) {
    if (file != "-") {
        own_ = detail::descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
        number_ = own_.get();
        if (number_ < 0) refuse(text_of_errno(errno));
    }
    struct stat status {};
    if (::fstat(number_, &status) != 0) refuse(text_of_errno(errno));
    if (S_ISDIR(status.st_mode)) refuse("it is a folder");
}

bool byte_stream::fill() {
    if (ended_) return false;
    at_ = 0;
    filled_ = read_to(0);
    ended_ = filled_ == 0;
    return !ended_;
}

/// Reads into the buffer from a place on; how much, 0 at the end.
std::size_t byte_stream::read_to(std::size_t place) {
    for (;;) {
        if (stop_ >= 0) wait();
        ssize_t const got = ::read(number_, buffer_.data() + place, buffer_.size() - place);
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno == EAGAIN) {  // somebody else set standard input so
            wait();
        } else if (errno != EINTR) {
            fail(line_, text_of_errno(errno));
        }
    }
}

/// Until there is something to read. Throws inputs_stopped if the stop is there before.
void byte_stream::wait() const {
    pollfd waited[]{{number_, POLLIN, 0}, {stop_, POLLIN, 0}};
    while (::poll(waited, std::size(waited), -1) < 0 && errno == EINTR) {
    }
    if (waited[1].revents != 0) throw inputs_stopped();
}

void byte_stream::skip_byte_order_mark() {
    // A pipe may give it in pieces, so what is here is not all that may come.
    while (peek() != end && filled_ < byte_order_mark.size() &&
           byte_order_mark.starts_with(std::string_view(buffer_.data(), filled_))) {
        std::size_t const got = read_to(filled_);
        if (got == 0) break;
        filled_ += got;
    }
    if (std::string_view(buffer_.data(), filled_).starts_with(byte_order_mark)) at_ = byte_order_mark.size();
}

void byte_stream::fail(std::size_t line, std::string_view problem) const {
    throw std::runtime_error("cannot read " + name_ + ", line " + std::to_string(line) + ": " +
                             std::string(problem));
}

void byte_stream::refuse(std::string_view problem) const {
    throw std::runtime_error("cannot read " + name_ + ": " + std::string(problem));
}

}  // namespace quartet::batch
