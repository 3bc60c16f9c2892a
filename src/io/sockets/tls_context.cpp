#include "src/io/sockets/tls_context.hpp"

#include "src/io/sockets/tls_words.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <mutex>
#include <new>
#include <openssl/err.h>
#include <string_view>
#include <utility>
#include <vector>

namespace quartet::inline v0 {
namespace detail {
namespace {

/// As much as a batch of records, so that these are taken from the system in one call.
constexpr std::size_t read_buffer = std::size_t{64} << 10;

[[noreturn]] void refuse(std::string const& text) {
    throw tls_error(tls_error::kind::setup, text);
}

/// "cannot use the key file 'key.pem': No such file or directory"
[[noreturn]] void refuse_file(std::string_view what, std::string const& file) {
    refuse(fmt::format("cannot use the {} '{}': {}", what, file, words_for_file()));
}

void check_name(std::string_view what, std::string const& file) {
    if (file.empty()) refuse(fmt::format("TLS needs a {}, and its name is empty", what));
    if (file.find('\0') != std::string::npos)
        refuse(fmt::format("the name of the {} has a zero byte in it", what));
}

/// Nobody is asked: OpenSSL would, on the terminal, and wait.
int no_password(char*, int, int, void*) {
    return -1;
}

std::unique_ptr<SSL_CTX, tls_context_deleter> new_context(SSL_METHOD const* method, tls_version least) {
    ERR_clear_error();
    std::unique_ptr<SSL_CTX, tls_context_deleter> made(SSL_CTX_new(method));
    if (!made) refuse("OpenSSL can't begin: " + words_for_setup());
    auto* const context = made.get();
    SSL_CTX_set_min_proto_version(context, least == tls_version::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_AUTO_RETRY | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, read_buffer);
    SSL_CTX_set_default_passwd_cb(context, no_password);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return made;
}

/// Each with its length before it.
std::string as_sent(std::vector<std::string> const& protocols) {
    std::string all;
    for (auto const& each : protocols) {
        if (each.empty() || each.size() > 255)
            refuse("the name of a protocol (ALPN) has 1 to 255 bytes, and '" + each + "' has not");
        all += static_cast<char>(each.size());
        all += each;
    }
    if (all.size() > 0xffff) refuse("the names of the protocols (ALPN) are more than 65535 bytes together");
    return all;
}

unsigned char const* bytes_of(std::string const& text) noexcept {
    return reinterpret_cast<unsigned char const*>(text.data());
}

/// The server's best protocol that the client speaks as well.
int choose_protocol(SSL*, unsigned char const** chosen, unsigned char* length, unsigned char const* offered,
                    unsigned offered_length, void* ours) {
    auto const& own = *static_cast<std::string const*>(ours);
    unsigned char* found = nullptr;
    int const answer = SSL_select_next_proto(&found, length, bytes_of(own), static_cast<unsigned>(own.size()),
                                             offered, offered_length);
    *chosen = found;
    return answer == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::string from_environment(char const* name) {
    char const* const value = std::getenv(name);
    return value ? value : "";
}

std::string trusted_by_environment() {
    return from_environment("SSL_CERT_FILE") + '\0' + from_environment("SSL_CERT_DIR");
}

struct usual {
    std::mutex mutex;
    std::string environment;
    std::shared_ptr<tls_context const> context;
};

usual& last_made() {
    static auto& last = *new usual;  // threads may still connect while the program ends
    return last;
}

}  // namespace

void tls_context::show(std::string const& certificate_file, std::string const& key_file) {
    ERR_clear_error();
    check_name("certificate file", certificate_file);
    check_name("key file", key_file);
    if (SSL_CTX_use_certificate_chain_file(get(), certificate_file.c_str()) != 1)
        refuse_file("certificate file", certificate_file);
    // It also compares the two, and then says no more than that they differ.
    bool const has_key = SSL_CTX_use_PrivateKey_file(get(), key_file.c_str(), SSL_FILETYPE_PEM) == 1;
    if (!has_key && is_another_key())
        refuse(fmt::format("the key in '{}' is not that of the certificate in '{}'", key_file,
                           certificate_file));
    if (!has_key) refuse_file("key file", key_file);
}

void tls_context::trust(std::string const& file) {
    ERR_clear_error();
    check_name("file of trusted certificates", file);
    if (SSL_CTX_load_verify_file(get(), file.c_str()) != 1) refuse_file("file of trusted certificates", file);
}

void tls_context::trust_as_the_system_does() {
    ERR_clear_error();
    // A bundle that is named and missing makes every certificate unknown, which is then told.
    SSL_CTX_set_default_verify_paths(get());
    ERR_clear_error();
}

tls_context::tls_context(tls_client_options const& options)
    : context_(new_context(TLS_client_method(), options.least_version)),
      verifies_(options.verify),
      server_name_(options.server_name) {
    if (server_name_.find('\0') != std::string::npos) refuse("the server_name has a zero byte in it");
    SSL_CTX_set_verify(get(), verifies_ ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    if (!options.ca_file.empty()) {
        trust(options.ca_file);
    } else if (verifies_) {
        trust_as_the_system_does();
    }
    if (!options.certificate_file.empty() || !options.key_file.empty())
        show(options.certificate_file, options.key_file);
    auto const protocols = as_sent(options.alpn);
    if (!protocols.empty() &&
        SSL_CTX_set_alpn_protos(get(), bytes_of(protocols), static_cast<unsigned>(protocols.size())) != 0)
        throw std::bad_alloc();
}

tls_context::tls_context(std::string const& certificate_file, std::string const& key_file,
                         tls_server_options const& options)
    : context_(new_context(TLS_server_method(), options.least_version)),
      verifies_(!options.client_ca_file.empty()),
      alpn_(as_sent(options.alpn)) {
    // A client that sends and leaves without reading would answer a ticket with a reset, and what it has
    // sent could be lost.
    SSL_CTX_set_num_tickets(get(), 0);
    SSL_CTX_set_options(get(), SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
    show(certificate_file, key_file);
    if (verifies_) {
        trust(options.client_ca_file);
        SSL_CTX_set_verify(get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
        if (auto* const names = SSL_load_client_CA_file(options.client_ca_file.c_str()))
            SSL_CTX_set_client_CA_list(get(), names);
        ERR_clear_error();
    }
    if (!alpn_.empty()) SSL_CTX_set_alpn_select_cb(get(), choose_protocol, &alpn_);
}

std::shared_ptr<tls_context const> tls_context::usual_client() {
    auto& last = last_made();
    std::lock_guard const lock(last.mutex);
    return last.environment == trusted_by_environment() ? last.context : nullptr;
}

std::shared_ptr<tls_context const> tls_context::make_usual_client() {
    if (auto made = usual_client()) return made;
    auto environment = trusted_by_environment();
    auto made = std::make_shared<tls_context const>(tls_client_options());
    auto& last = last_made();
    std::lock_guard const lock(last.mutex);
    last.environment = std::move(environment);
    return last.context = std::move(made);
}

}  // namespace detail

tls_client::tls_client(tls_client_options const& options)
    : made_(std::make_shared<detail::tls_context const>(options)) {}
tls_server::tls_server(std::string const& certificate_file, std::string const& key_file,
                       tls_server_options const& options)
    : made_(std::make_shared<detail::tls_context const>(certificate_file, key_file, options)) {}

}  // namespace quartet::inline v0
