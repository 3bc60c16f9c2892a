// src/io/sockets/tls_context.hpp
//
// OpenSSL's SSL_CTX of a tls_client or a tls_server, made once and shared by its connections.
#pragma once

#include <quartet/tls.hpp>

#include <memory>
#include <openssl/ssl.h>
#include <string>

namespace quartet::inline v0::detail {

struct tls_context_deleter {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};

class tls_context {
public:
    explicit tls_context(tls_client_options const& options);
    tls_context(std::string const& certificate_file, std::string const& key_file,
                tls_server_options const& options);

    SSL_CTX* get() const noexcept { return context_.get(); }
    bool verifies() const noexcept { return verifies_; }

    /// That a client verifies instead of the host that it connects to; usually empty.
    std::string const& server_name() const noexcept { return server_name_; }

    /// Null if it is the usual one.
    static std::shared_ptr<tls_context const> const& of(tls_client const& side) noexcept {
        return side.made_;
    }
    static std::shared_ptr<tls_context const> const& of(tls_server const& side) noexcept {
        return side.made_;
    }

    /// That of the usual options; null if it has to be made yet, or again, as the environment names other
    /// trusted certificates now.
    static std::shared_ptr<tls_context const> usual_client();

    /// The same, made if need be.
    static std::shared_ptr<tls_context const> make_usual_client();

private:
    void show(std::string const& certificate_file, std::string const& key_file);
    void trust(std::string const& file);
    void trust_as_the_system_does();

    std::unique_ptr<SSL_CTX, tls_context_deleter> context_;
    bool verifies_;
    std::string server_name_;
    std::string alpn_;  // of a server, as the protocol has it
};

}  // namespace quartet::inline v0::detail
