// src/io/http_transfer.hpp
//
// One libcurl easy handle and the request it works on. The blocking context performs it in place, the
// async one hands it to a multi handle: the same client in all models.
//
// A transfer is used again for the next request: libcurl keeps its connections and buffers.
#pragma once

#include <quartet/operations.hpp>

#include <curl/curl.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace quartet::detail {

class http_transfer {
public:
    /// Throws std::bad_alloc if libcurl gives no handle.
    http_transfer();

    /// Gets ready for `operation`, which must live until finish(). Throws std::bad_alloc.
    void prepare(fetch_operation& operation);

    /// Fills the operation's response, or its error: `cancelled` for CURLE_ABORTED_BY_CALLBACK.
    void finish(CURLcode result) noexcept;

    /// Whether the system had no descriptor left for a connection.
    bool lacked_descriptor() const noexcept { return socket_error_ == EMFILE || socket_error_ == ENFILE; }

    CURL* handle() const noexcept { return handle_.get(); }
    fetch_operation& operation() const noexcept { return *operation_; }

    /// The transfer that a handle belongs to.
    static http_transfer& of(CURL* handle) noexcept;

private:
    static curl_socket_t on_connect(void* self, curlsocktype, curl_sockaddr* address) noexcept;
    static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) noexcept;
    static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) noexcept;
    void set_up(http_request const& request);
    void set_method(http_request const& request);
    void set_headers(http_request const& request);
    bool may_take(std::size_t more) noexcept;
    bool expect_body();
    fetch_error::kind kind_of(CURLcode result) const noexcept;
    std::string reason_of(CURLcode result) const;

    std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle_;
    std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers_;
    std::array<char, CURL_ERROR_SIZE> error_text_{};
    int socket_error_ = 0;      // why the system gave no socket; libcurl only says that it couldn't connect
    std::size_t received_ = 0;  // bytes of the reply that comes now
    bool too_long_ = false;     // more than the request allows
    fetch_operation* operation_ = nullptr;
    std::optional<http_request>
        settings_;  // the request that the handle was set up for, if the next may be like it
};

/// For a fetch that could not even begin: makes the exception that is being handled its error, with the
/// request in its text.
void refuse(fetch_operation& operation) noexcept;

}  // namespace quartet::detail
