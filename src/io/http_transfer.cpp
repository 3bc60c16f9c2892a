#include "src/io/http_transfer.hpp"

#include <quartet/outcome.hpp>
#include <quartet/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <system_error>

namespace quartet::detail {
namespace {

constexpr std::size_t usual_header_count = 16;

CURL* new_handle() {
    // Once per process, and thread-safe as a static: curl_global_init is not, before 7.84.
    static CURLcode const ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL* const handle = ready == CURLE_OK ? curl_easy_init() : nullptr;
    if (!handle) throw std::bad_alloc();
    return handle;
}

fetch_error::kind usual_kind_of(CURLcode code) noexcept {
    using error = fetch_error::kind;
    switch (code) {
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_URL_MALFORMAT:
            return error::url;
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_RESOLVE_HOST:
            return error::resolve;
        case CURLE_COULDNT_CONNECT:
            return error::connect;
        case CURLE_OPERATION_TIMEDOUT:
            return error::timeout;
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
            return error::tls;
        case CURLE_PARTIAL_FILE:
        case CURLE_GOT_NOTHING:
        case CURLE_RECV_ERROR:
        case CURLE_SEND_ERROR:
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_BAD_CONTENT_ENCODING:
            return error::reply;
        default:
            return error::other;
    }
}

std::exception_ptr no_reply(fetch_error::kind what, http_request const& request, std::string_view reason) {
    return std::make_exception_ptr(
        fetch_error(what, fmt::format("{} {}: {}", request.method, request.url, reason)));
}

std::string_view trim(std::string_view text) {
    auto const is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && is_space(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_space(text.back()))
        text.remove_suffix(1);
    return text;
}

/// Whether a handle that is set up for `earlier` needs nothing but a URL to serve `next`.
bool same_but_for_the_url(http_request const& earlier, http_request const& next) {
    return earlier.method == next.method && earlier.headers == next.headers && earlier.body.empty() &&
           next.body.empty() && earlier.timeout == next.timeout &&
           earlier.max_redirects == next.max_redirects && earlier.verify_tls == next.verify_tls &&
           earlier.ca_file == next.ca_file && earlier.reuse_connection == next.reuse_connection;
}

}  // namespace

http_transfer::http_transfer()
    : handle_(new_handle(), &curl_easy_cleanup), headers_(nullptr, &curl_slist_free_all) {}

http_transfer& http_transfer::of(CURL* handle) noexcept {
    char* self = nullptr;
    curl_easy_getinfo(handle, CURLINFO_PRIVATE, &self);
    return *reinterpret_cast<http_transfer*>(self);
}

void http_transfer::prepare(fetch_operation& operation) {
    operation_ = &operation;
    operation.transfer = this;
    error_text_[0] = '\0';
    socket_error_ = 0;
    received_ = 0;
    too_long_ = false;
    if (!settings_ || !same_but_for_the_url(*settings_, operation.request)) set_up(operation.request);
    if (curl_easy_setopt(handle_.get(), CURLOPT_URL, operation.request.url.c_str()) != CURLE_OK)
        throw std::bad_alloc();
}

void http_transfer::set_up(http_request const& request) {
    CURL* const curl = handle_.get();
    settings_.reset();
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, this);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_text_.data());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);  // a cancel does not wait for the resolver
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "quartet/" QUARTET_VERSION);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");  // all that libcurl can decode
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, request.max_redirects > 0 ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, static_cast<long>(request.max_redirects));
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, request.verify_tls ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, request.verify_tls ? 2L : 0L);
    if (!request.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, request.ca_file.c_str());
    if (!request.reuse_connection) {
        curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    }
    set_method(request);
    set_headers(request);

    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, &on_connect);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, this);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, this);
    if (request.body.empty()) settings_ = request;
}

void http_transfer::set_method(http_request const& request) {
    CURL* const curl = handle_.get();
    bool const has_body = !request.body.empty() || request.method == "POST";
    if (has_body) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.c_str());
    }
    if (request.method == "HEAD") {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (request.method != (has_body ? "POST" : "GET")) {
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
}

void http_transfer::set_headers(http_request const& request) {
    headers_.reset();
    auto const add = [this](std::string const& line) {
        curl_slist* const longer = curl_slist_append(headers_.get(), line.c_str());
        if (!longer) throw std::bad_alloc();
        static_cast<void>(headers_.release());
        headers_.reset(longer);
    };
    for (auto const& [name, value] : request.headers) {
        // libcurl sends an empty header only if it ends in a semicolon.
        add(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
    }
    if (!request.body.empty()) add("Expect:");  // no round trip before the body
    if (headers_) curl_easy_setopt(handle_.get(), CURLOPT_HTTPHEADER, headers_.get());
}

void http_transfer::finish(CURLcode result) noexcept {
    fetch_operation& operation = *operation_;
    try {
        if (result == CURLE_ABORTED_BY_CALLBACK) {
            operation.error = std::make_exception_ptr(cancelled());
        } else if (result != CURLE_OK) {
            operation.error = no_reply(kind_of(result), operation.request, reason_of(result));
        } else {
            long status = 0;
            curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
            operation.response.status = static_cast<int>(status);
        }
    } catch (...) {
        operation.error = std::current_exception();
    }
    operation.transfer = nullptr;
    operation_ = nullptr;
}

/// Counts what comes in; false when it is more than the request allows.
bool http_transfer::may_take(std::size_t more) noexcept {
    received_ += more;
    too_long_ = received_ > operation_->request.most_bytes;
    return !too_long_;
}

/// Makes room for the body that the headers announce; false if they announce more than the request allows.
bool http_transfer::expect_body() {
    curl_off_t announced = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    if (announced <= 0) return true;
    auto const size = static_cast<std::size_t>(announced);
    too_long_ = size > operation_->request.most_bytes;
    if (too_long_) return false;
    // A server may claim any length; beyond this, memory is taken as data really comes.
    constexpr std::size_t trusted = 16 << 20;
    operation_->response.body.reserve(std::min(size, trusted));
    return true;
}

fetch_error::kind http_transfer::kind_of(CURLcode result) const noexcept {
    if (too_long_) return fetch_error::kind::reply;
    // libcurl has one code for a URL that is not HTTP and for a reply that is not: it asks for the former
    // nothing.
    long sent = 0;
    if (result == CURLE_UNSUPPORTED_PROTOCOL) curl_easy_getinfo(handle_.get(), CURLINFO_REQUEST_SIZE, &sent);
    return sent > 0 ? fetch_error::kind::reply : usual_kind_of(result);
}

std::string http_transfer::reason_of(CURLcode result) const {
    if (too_long_) return fmt::format("the reply is longer than {} bytes", operation_->request.most_bytes);
    if (result == CURLE_WRITE_ERROR) return "no memory is left for the reply";
    if (result == CURLE_COULDNT_CONNECT && socket_error_)
        return std::generic_category().message(socket_error_);
    return error_text_[0] ? error_text_.data() : curl_easy_strerror(result);
}

curl_socket_t http_transfer::on_connect(void* self, curlsocktype, curl_sockaddr* address) noexcept {
    int const opened = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (opened < 0) static_cast<http_transfer*>(self)->socket_error_ = errno;
    return opened;
}

// Less than all is taken: libcurl ends the transfer with CURLE_WRITE_ERROR.
std::size_t http_transfer::on_body(char* data, std::size_t, std::size_t size, void* self) noexcept {
    auto& transfer = *static_cast<http_transfer*>(self);
    auto& response = transfer.operation_->response;
    try {
        if (response.body.empty() && !transfer.expect_body()) return 0;
        if (!transfer.may_take(size)) return 0;
        response.body.append(data, size);
        return size;
    } catch (...) {
        return 0;
    }
}

std::size_t http_transfer::on_header(char* data, std::size_t, std::size_t size, void* self) noexcept {
    auto& transfer = *static_cast<http_transfer*>(self);
    auto& response = transfer.operation_->response;
    std::string_view const line(data, size);
    try {
        auto const colon = line.find(':');
        bool const begins = line.starts_with("HTTP/");
        if (begins) {  // after a redirect or a 100, another reply
            response.headers.clear();
            response.headers.reserve(usual_header_count);
            response.body.clear();
            transfer.received_ = 0;
        }
        if (!transfer.may_take(size)) return 0;
        if (!begins && colon != std::string_view::npos)
            response.headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
        return size;
    } catch (...) {
        return 0;
    }
}

void refuse(fetch_operation& operation) noexcept {
    auto const set = [&operation](std::string_view reason) {
        operation.error = no_reply(fetch_error::kind::other, operation.request, reason);
    };
    try {
        try {
            throw;
        } catch (std::bad_alloc const&) {
            set("no memory or no descriptor is left for an HTTP client");
        } catch (std::exception const& why) {
            set(why.what());
        }
    } catch (...) {
        operation.error = std::current_exception();
    }
}

}  // namespace quartet::detail
