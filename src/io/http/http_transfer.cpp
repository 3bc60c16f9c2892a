// Redirects are followed here, a request at a time, and not by libcurl, whose rules are others than ours
// (http_redirect.hpp); and so is a request made again that met a connection which the server had closed while
// it was idle. libcurl makes it again by itself, but counts how often for as long as the handle lives, and
// gives up after five times.

#include "src/io/http/http_transfer.hpp"

#include "src/io/http/http_redirect.hpp"
#include "src/io/http/http_text.hpp"

#include <quartet/detail/base/deadline.hpp>
#include <quartet/outcome.hpp>
#include <quartet/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <new>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <system_error>
#include <utility>
#include <vector>

namespace quartet::inline v0::detail {
namespace {

using failure_kind = fetch_error::kind;

constexpr std::size_t usual_header_count = 16;

CURL* new_handle() {
    // Once per process, and thread-safe as a static: curl_global_init is not, before 7.84.
    static CURLcode const ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL* const handle = ready == CURLE_OK ? curl_easy_init() : nullptr;
    if (!handle) throw std::bad_alloc();
    return handle;
}

failure_kind usual_kind_of(CURLcode code) noexcept {
    switch (code) {
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_URL_MALFORMAT:
            return failure_kind::url;
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_RESOLVE_HOST:
            return failure_kind::resolve;
        case CURLE_COULDNT_CONNECT:
        case CURLE_PROXY:
            return failure_kind::connect;
        case CURLE_OPERATION_TIMEDOUT:
            return failure_kind::timeout;
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
        case CURLE_SSL_CLIENTCERT:
            return failure_kind::tls;
        case CURLE_PARTIAL_FILE:
        case CURLE_GOT_NOTHING:
        case CURLE_RECV_ERROR:
        case CURLE_SEND_ERROR:
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
            return failure_kind::reply;
        default:
            return failure_kind::other;
    }
}

void require(CURLcode result) {
    if (result == CURLE_OK) return;
    if (result == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
    throw http_failure{failure_kind::other, curl_easy_strerror(result)};
}

void append(curl_list& list, std::string const& line) {
    curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
    if (!longer) throw std::bad_alloc();
    static_cast<void>(list.release());
    list.reset(longer);
}

bool has_header(http_request const& request, std::string_view name) noexcept {
    return std::any_of(request.headers.begin(), request.headers.end(),
                       [name](auto const& each) { return same_name(each.first, name); });
}

/// Whether memory for a line as long as libcurl takes them can still be had; it says the same of a line that
/// is longer as of a lack of memory.
bool has_memory() noexcept {
    void* const piece = std::malloc(256 * 1024);
    std::free(piece);
    return piece != nullptr;
}

std::chrono::steady_clock::time_point end_of(std::chrono::milliseconds timeout) noexcept {
    using clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365 * 100);
    if (timeout <= timeout.zero()) return clock::time_point::max();
    return deadline_after(clock::now(), std::min(timeout, longest));
}

http_failure broken_off() {
    return {failure_kind::reply, "the reply breaks off within its headers"};
}

http_failure out_of_time(http_request const& request) {
    return {failure_kind::timeout, fmt::format("timed out after {} ms", request.timeout.count())};
}

}  // namespace

http_transfer::http_transfer(std::function<void()> wake)
    : handle_(new_handle(), &curl_easy_cleanup),
      headers_(nullptr, &curl_slist_free_all),
      addresses_(nullptr, &curl_slist_free_all),
      lookup_(std::move(wake)) {}

http_transfer* http_transfer::of(CURL* handle) noexcept {
    char* self = nullptr;
    curl_easy_getinfo(handle, CURLINFO_PRIVATE, &self);
    return reinterpret_cast<http_transfer*>(self);
}

void http_transfer::prepare(fetch_operation& operation) {
    require_sendable(operation.request);
    operation_ = &operation;
    deadline_ = end_of(operation.request.timeout);
    redirected_.reset();
    redirects_ = 0;
    is_second_try_ = false;
    prepare_request();
    operation.transfer = this;
}

void http_transfer::prepare_request() {
    error_text_[0] = '\0';
    socket_error_ = 0;
    watch_error = 0;
    refusal_ = nullptr;
    part_ = part::status_line;
    received_ = 0;
    decoded_ = 0;
    operation_->response = {};
    http_request const& next = request();
    url_.parse(next.url);
    names_ = url_.names_to_look_up();
    names_known_ = 0;
    addresses_.reset();
    // A new one for each request: libcurl 7.88 keeps a pointer to the last header of a reply that it has let
    // go of, and follows it when the next reply's headers begin with a folded line. Connections stay with the
    // multi handle. Costs some 2 µs; less when the old one's memory is there again for it.
    handle_.reset();
    handle_.reset(new_handle());
    set_up(next);
    CURL* const curl = handle_.get();
    // A request that may not be repeated does not go over a connection that the server may be about to close:
    // nothing would tell whether it had arrived.
    bool const fresh = !next.reuse_connection || is_second_try_ || !may_be_repeated(next);
    require(curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L));
    require(curl_easy_setopt(curl, CURLOPT_CURLU, url_.parts()));
}

void http_transfer::set_up(http_request const& request) {
    CURL* const curl = handle_.get();
    curl_easy_setopt(curl, CURLOPT_PRIVATE, this);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_text_.data());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);  // a cancel does not wait for the resolver
    require(curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https"));
    require(curl_easy_setopt(curl, CURLOPT_USERAGENT, "quartet/" QUARTET_VERSION));
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, request.verify_tls ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, request.verify_tls ? 2L : 0L);
    if (!request.ca_file.empty()) require(curl_easy_setopt(curl, CURLOPT_CAINFO, request.ca_file.c_str()));
    curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, request.reuse_connection ? 0L : 1L);
    curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set_method(request);
    set_headers(request);

    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, &on_connect);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, this);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, this);
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
        require(curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str()));
    }
}

void http_transfer::set_headers(http_request const& request) {
    headers_.reset();
    for (auto const& [name, value] : request.headers) {
        // libcurl sends an empty header only if it ends in a semicolon.
        append(headers_, trim(value).empty() ? name + ";" : fmt::format("{}: {}", name, value));
    }
    // A part of something compressed can't be decompressed.
    if (!has_header(request, "Accept-Encoding") && !has_header(request, "Range"))
        append(headers_, fmt::format("Accept-Encoding: {}", content_decoder::accepted));
    if (!request.body.empty() && !has_header(request, "Expect"))
        append(headers_, "Expect:");  // no round trip before the body
    if (headers_) curl_easy_setopt(handle_.get(), CURLOPT_HTTPHEADER, headers_.get());
}

bool http_transfer::is_ready() {
    for (; names_known_ < names_.size(); ++names_known_) {
        auto const answer = lookup_.ask(names_[names_known_].host);
        if (!answer && deadline_ <= std::chrono::steady_clock::now()) {
            lookup_.leave();
            throw out_of_time(request());
        }
        if (!answer) return false;
        add_address(names_[names_known_], *answer);
    }
    CURL* const curl = handle_.get();
    require(curl_easy_setopt(curl, CURLOPT_RESOLVE, addresses_.get()));
    long left = 0;  // for ever
    if (deadline_ != time_point::max()) {
        auto const now = std::chrono::steady_clock::now();
        if (deadline_ <= now) throw out_of_time(request());
        auto const most = std::chrono::milliseconds(std::numeric_limits<int>::max());
        left = std::min(std::chrono::ceil<std::chrono::milliseconds>(deadline_ - now), most).count();
    }
    require(curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, left));
    return true;
}

/// Tells libcurl what a name stands for, so that it need not look it up.
void http_transfer::add_address(host_name const& name, name_answer const& answer) {
    if (!answer.error.empty())
        throw http_failure{failure_kind::resolve,
                           fmt::format("the host '{}' can't be looked up: {}", name.host, answer.error)};
    std::string list;
    for (auto const& address : answer.addresses) {
        if (address.find('%') != std::string::npos) continue;  // of one interface: not for this option
        list += list.empty() ? "" : ",";
        list += address.find(':') == std::string::npos ? address : fmt::format("[{}]", address);
    }
    constexpr std::string_view commands = "+-*";  // for this option
    constexpr std::size_t longest = 255;
    if (list.empty() || commands.find(name.host.front()) != commands.npos || name.host.size() > longest)
        return;  // libcurl looks it up again, by itself
    append(addresses_, fmt::format("{}:{}:{}", name.host, name.port, list));
}

bool http_transfer::take_reply(CURLcode result) noexcept {
    try {
        if (goes_on(result)) return true;
        end_with(nullptr);
    } catch (...) {
        fail();
    }
    return false;
}

bool http_transfer::goes_on(CURLcode result) {
    if (may_have_been_idle(result)) {
        is_second_try_ = true;
        prepare_request();
        return true;
    }
    if (refusal_) std::rethrow_exception(std::exchange(refusal_, nullptr));
    if (result != CURLE_OK) throw failure_of(result);
    // libcurl takes the end of a connection for the end of the headers too.
    if (part_ != part::body) throw broken_off();
    if (is_decoded_here()) decoder_.end();
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    operation_->response.status = static_cast<int>(status);
    return follow(operation_->response.status);
}

/// Whether the server had closed the connection while nobody used it: it was not opened for this request, and
/// brought not one byte. Requests that may not be repeated never come here: they open their own.
bool http_transfer::may_have_been_idle(CURLcode result) const noexcept {
    if (result != CURLE_SEND_ERROR && result != CURLE_RECV_ERROR && result != CURLE_GOT_NOTHING) return false;
    long opened = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_NUM_CONNECTS, &opened);
    return opened == 0 && received_ == 0 && !refusal_ && !is_second_try_ && may_be_repeated(request());
}

bool http_transfer::follow(int status) {
    http_request const& answered = request();
    if (answered.max_redirects <= 0) return false;
    std::string const location(operation_->response.header("Location"));
    auto next = redirected(answered, url_, status, location);
    if (!next) return false;
    if (redirects_ == answered.max_redirects)
        throw http_failure{failure_kind::redirects, fmt::format("more than {} redirects, the last one to {}",
                                                                answered.max_redirects, next->request.url)};
    ++redirects_;
    // The caller's request stays as it is: others may hold on to it while it is under way, a tracer for one.
    if (next->body_goes_along)
        next->request.body = redirected_ ? std::move(redirected_->body) : operation_->request.body;
    redirected_ = std::move(next->request);
    is_second_try_ = false;
    prepare_request();
    return true;
}

void http_transfer::fail() noexcept {
    std::exception_ptr error;
    try {
        try {
            throw;
        } catch (http_failure const& why) {
            error = no_reply(operation_->request, why);
        } catch (std::bad_alloc const&) {
            error = no_reply(operation_->request, {failure_kind::other, "no memory is left for the reply"});
        } catch (std::exception const& why) {
            error = no_reply(operation_->request, {failure_kind::other, why.what()});
        }
    } catch (...) {
        error = std::current_exception();
    }
    end_with(error);
}

void http_transfer::cancel() noexcept {
    end_with(std::make_exception_ptr(cancelled()));
}

void http_transfer::end_with(std::exception_ptr error) noexcept {
    lookup_.leave();
    decoder_.clear();
    if (error) operation_->response = {};
    operation_->error = std::move(error);
    operation_->transfer = nullptr;
    operation_ = nullptr;
}

/// Counts what comes in; throws when it is more than the request allows.
void http_transfer::count(std::size_t& bytes, std::size_t more) const {
    std::size_t const most = operation_->request.most_bytes;
    if (more > most || bytes > most - more)
        throw http_failure{failure_kind::reply, fmt::format("the reply is longer than {} bytes", most)};
    bytes += more;
}

/// Makes room for the body that the headers announce.
void http_transfer::expect_body() {
    curl_off_t announced = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    if (announced <= 0) return;
    auto size = static_cast<std::size_t>(announced);
    std::size_t unused = 0;
    count(unused, size);
    // A server may claim any length; beyond this, memory is taken as data really comes.
    constexpr std::size_t trusted = 16 << 20;
    operation_->response.body.reserve(std::min(size, trusted));
}

http_failure http_transfer::failure_of(CURLcode result) const {
    if (result == CURLE_COULDNT_CONNECT && socket_error_)
        return {failure_kind::connect, std::generic_category().message(socket_error_)};
    if (result == CURLE_GOT_NOTHING && received_ > 0) return broken_off();
    if (result == CURLE_ABORTED_BY_CALLBACK)
        return {failure_kind::other, "no memory is left for a connection"};
    if (result == CURLE_OPERATION_TIMEDOUT && (redirected_ || !names_.empty())) return out_of_time(request());
    std::string_view const text = error_text_[0] ? error_text_.data() : curl_easy_strerror(result);
    bool const says_no_memory = result == CURLE_OUT_OF_MEMORY || text.starts_with("Out of memory");
    if (says_no_memory && part_ != part::body && has_memory())
        return {failure_kind::reply, "a line of the reply's headers is longer than 100 kB"};
    if (says_no_memory && received_ > 0 && has_memory())
        return {failure_kind::reply, "a line after the reply's body is longer than 4 kB"};
    if (result == CURLE_BAD_FUNCTION_ARGUMENT && part_ != part::body)
        return {failure_kind::reply, "the reply's headers begin with the rest of a line"};
    // libcurl has one code for a URL that is not HTTP and for a reply that is not: it asks for the former
    // nothing.
    long sent = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_REQUEST_SIZE, &sent);
    bool const is_no_http = result == CURLE_UNSUPPORTED_PROTOCOL && sent > 0;
    return {is_no_http ? failure_kind::reply : usual_kind_of(result), std::string(text)};
}

curl_socket_t http_transfer::on_connect(void* self, curlsocktype, curl_sockaddr* address) noexcept {
    int const opened = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (opened < 0) static_cast<http_transfer*>(self)->socket_error_ = errno;
    return opened;
}

/// What a callback returns to libcurl: less than all ends the transfer, for the reason that was thrown.
template <class Function>
std::size_t http_transfer::receive(std::size_t size, Function function) noexcept {
    try {
        count(received_, size);
        function();
        return size;
    } catch (...) {
        refusal_ = std::current_exception();
        return 0;
    }
}

std::size_t http_transfer::on_body(char* data, std::size_t, std::size_t size, void* self) noexcept {
    auto& transfer = *static_cast<http_transfer*>(self);
    return transfer.receive(size, [&] { transfer.take_body({data, size}); });
}

std::size_t http_transfer::on_header(char* data, std::size_t, std::size_t size, void* self) noexcept {
    auto& transfer = *static_cast<http_transfer*>(self);
    return transfer.receive(size, [&] { transfer.take_header({data, size}); });
}

void http_transfer::take_body(std::string_view data) {
    std::string& body = operation_->response.body;
    if (body.empty()) expect_body();
    auto const take = [this, &body](std::string_view piece) {
        count(decoded_, piece.size());
        body.append(piece);
    };
    if (is_decoded_here()) {
        decoder_.write(data, operation_->request.most_bytes, take);
    } else {
        take(data);
    }
}

/// False for a part of a compressed body, and for a coding that the request itself asked for and that can't
/// be decoded here.
bool http_transfer::is_decoded_here() const noexcept {
    constexpr int partial_content = 206;
    if (!decoder_.is_used() || status_ == partial_content) return false;
    return decoder_.can_decode() || !has_header(request(), "Accept-Encoding");
}

// What a line is, its place tells and not its text: a header may have any name.
void http_transfer::take_header(std::string_view line) {
    if (part_ == part::status_line) return begin_reply(line);
    count(decoded_, line.size());
    auto& headers = operation_->response.headers;
    if (trim(line).empty()) {
        bool const another_follows = status_ >= 100 && status_ < 200;
        part_ = another_follows ? part::status_line : part::body;
        return;
    }
    if (line.front() == ' ' || line.front() == '\t') {  // RFC 9112, 5.2: goes on with the line before
        if (!headers.empty()) headers.back().second.append(" ").append(trim(line));
        return;
    }
    auto const colon = line.find(':');
    if (colon == line.npos) return;
    auto const& [name, value] =
        headers.emplace_back(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
    if (part_ == part::headers) require_meaning(name, value);
}

void http_transfer::begin_reply(std::string_view status_line) {
    auto& response = operation_->response;
    response.headers.clear();
    response.headers.reserve(usual_header_count);
    response.body.clear();
    decoder_.clear();
    length_.clear();
    received_ = status_line.size();
    decoded_ = 0;
    count(decoded_, status_line.size());
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    status_ = static_cast<int>(status);
    constexpr int switching_protocols = 101;
    if (status_ == switching_protocols)
        throw http_failure{failure_kind::reply,
                           "the server went over to another protocol, which was not asked for"};
    part_ = part::headers;
}

/// Looks at the headers that say where the body ends and how it is coded.
void http_transfer::require_meaning(std::string_view name, std::string_view value) {
    if (same_name(name, "Content-Encoding")) decoder_.add(value);
    if (same_name(name, "Content-Length")) {
        if (!length_.empty() && length_ != value)
            throw http_failure{failure_kind::reply,
                               fmt::format("the reply has two lengths, {} and {} bytes", length_, value)};
        length_ = value;
    }
    if (same_name(name, "Transfer-Encoding")) {
        for_each_listed(value, [](std::string_view coding) {
            if (!same_name(coding, "chunked") && !same_name(coding, "identity"))
                throw http_failure{
                    failure_kind::reply,
                    fmt::format("the reply is sent in the coding '{}', which was not asked for", coding)};
        });
    }
}

void refuse(fetch_operation& operation) noexcept {
    auto const set = [&operation](http_failure const& why) {
        operation.error = no_reply(operation.request, why);
    };
    try {
        try {
            throw;
        } catch (http_failure const& why) {
            set(why);
        } catch (std::bad_alloc const&) {
            set({failure_kind::other, "no memory or no descriptor is left for an HTTP client"});
        } catch (std::exception const& why) {
            set({failure_kind::other, why.what()});
        }
    } catch (...) {
        operation.error = std::current_exception();
    }
}

}  // namespace quartet::inline v0::detail
