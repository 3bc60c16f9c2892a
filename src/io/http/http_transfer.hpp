// src/io/http/http_transfer.hpp
//
// One libcurl easy handle and the exchange it works on: a request, and those that follow from redirects. The
// blocking context performs it in place, the async one hands it to a multi handle: the same client in all
// models.
//
// A transfer is used again for the next exchange: libcurl keeps its connections and buffers.
#pragma once

#include "src/io/http/content_decoder.hpp"
#include "src/io/http/http_failure.hpp"
#include "src/io/http/http_url.hpp"
#include "src/io/http/name_resolver.hpp"

#include <quartet/detail/io/operations/fetch.hpp>

#include <curl/curl.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace quartet::inline v0::detail {

using curl_list = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

class http_transfer {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// `wake` is called when is_ready() is worth another try; see name_lookup. Throws std::bad_alloc.
    explicit http_transfer(std::function<void()> wake);

    /// Gets ready for `operation`, which must live until this is done with it. Throws http_failure,
    /// std::bad_alloc; then nothing has begun.
    void prepare(fetch_operation& operation);

    /// Whether the request can be handed to libcurl now: false while its host is being looked up. Throws
    /// http_failure if it can't be found or time is up, std::bad_alloc.
    bool is_ready();

    /// libcurl is done with the request. True if the exchange goes on with another one, as begun by
    /// prepare(); else the operation has its response or its error.
    bool take_reply(CURLcode result) noexcept;

    /// Ends the exchange with the exception that is being handled, with the request in its text.
    void fail() noexcept;

    /// Ends the exchange with `cancelled`.
    void cancel() noexcept;

    /// When the exchange must be over.
    time_point deadline() const noexcept { return deadline_; }

    /// Whether the system had no descriptor left for a connection.
    bool lacked_descriptor() const noexcept { return socket_error_ == EMFILE || socket_error_ == ENFILE; }

    CURL* handle() const noexcept { return handle_.get(); }
    fetch_operation& operation() const noexcept { return *operation_; }

    /// The transfer that a handle belongs to; null if it is none of ours.
    static http_transfer* of(CURL* handle) noexcept;

    bool is_added = false;  ///< to a multi handle; for the owner of that
    int watch_error = 0;    ///< why its connection can't be watched any more; likewise

private:
    static curl_socket_t on_connect(void* self, curlsocktype, curl_sockaddr* address) noexcept;
    static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) noexcept;
    static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) noexcept;
    http_request const& request() const noexcept { return redirected_ ? *redirected_ : operation_->request; }
    void prepare_request();
    void set_up(http_request const& request);
    void set_method(http_request const& request);
    void set_headers(http_request const& request);
    void add_address(host_name const& name, name_answer const& answer);
    bool goes_on(CURLcode result);
    bool may_have_been_idle(CURLcode result) const noexcept;
    bool follow(int status);
    void take_header(std::string_view line);
    void begin_reply(std::string_view status_line);
    void require_meaning(std::string_view name, std::string_view value);
    void take_body(std::string_view data);
    bool is_decoded_here() const noexcept;
    void expect_body();
    void count(std::size_t& bytes, std::size_t more) const;
    template <class Function>
    std::size_t receive(std::size_t size, Function function) noexcept;
    http_failure failure_of(CURLcode result) const;
    void end_with(std::exception_ptr error) noexcept;

    std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle_;
    curl_list headers_;
    curl_list addresses_;
    std::array<char, CURL_ERROR_SIZE> error_text_{};

    // Of the exchange.
    fetch_operation* operation_ = nullptr;
    time_point deadline_;
    std::optional<http_request> redirected_;  // what it has come to
    int redirects_ = 0;
    bool is_second_try_ = false;  // of one that met a connection which the server had closed

    // Of the request.
    http_url url_;
    std::vector<host_name> names_;
    std::size_t names_known_ = 0;
    name_lookup lookup_;
    int socket_error_ = 0;  // why the system gave no socket; libcurl only says that it couldn't connect

    // Of the reply that comes now.
    enum class part { status_line, headers, body } part_ = part::status_line;
    int status_ = 0;
    std::string length_;        // as Content-Length says
    std::size_t received_ = 0;  // bytes
    std::size_t decoded_ = 0;   // bytes, with the headers
    content_decoder decoder_;
    std::exception_ptr refusal_;  // why no more is taken
};

/// For a fetch that could not even begin: makes the exception that is being handled its error, with the
/// request in its text.
void refuse(fetch_operation& operation) noexcept;

}  // namespace quartet::inline v0::detail
