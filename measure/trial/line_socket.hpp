// measure/trial/line_socket.hpp
//
// A socket that speaks in lines, which are no longer than memory. For one thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace quartet::measure {

class line_socket {
public:
    /// Owns it.
    explicit line_socket(int socket) : socket_(socket) {}
    line_socket(line_socket const&) = delete;
    line_socket& operator=(line_socket const&) = delete;
    ~line_socket();

    int descriptor() const noexcept { return socket_; }

    /// False if the other side is gone.
    bool send_line(std::string line);

    /// The next line; nothing if the other side is gone. Waits.
    std::optional<std::string> receive_line();

    /// Whether receive_line() would not wait.
    bool has_line();

    bool other_side_is_gone() const;

private:
    bool receive_some();

    int socket_;
    std::string received_;
    std::size_t searched_ = 0;  // so far there is no end of a line in `received_`
};

}  // namespace quartet::measure
