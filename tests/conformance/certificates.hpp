// tests/conformance/certificates.hpp
//
// Certificates and keys for one run of the tests, made when they are asked for, in a folder that goes with
// them; and the other end of a TLS connection as OpenSSL has it, on a thread.
#pragma once

#include "tests/conformance/models.hpp"

#include <quartet/socket_address.hpp>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace quartet::conformance {

template <auto Free>
struct freed_by {
    void operator()(auto* what) const noexcept { Free(what); }
};
using own_key = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using own_certificate = std::unique_ptr<X509, freed_by<X509_free>>;

/// A certificate and its key, in memory and as files.
struct identity {
    own_key key;
    own_certificate certificate;
    std::string certificate_file;
    std::string key_file;
};

struct certificate_options {
    std::string name;                  ///< CN
    std::string for_hosts{};           ///< "DNS:localhost,IP:127.0.0.1"; empty: it is an authority
    identity const* issuer = nullptr;  ///< null: it vouches for itself
    long from = -3600;                 ///< seconds from now
    long until = 86'400;
};

class certificate_maker {
public:
    identity make(certificate_options const& what) {
        identity made{own_key(EVP_EC_gen("P-256")), own_certificate(X509_new()),
                      folder_ / (what.name + ".pem"), folder_ / (what.name + ".key")};
        auto* const certificate = made.certificate.get();
        X509_set_version(certificate, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial_);
        X509_gmtime_adj(X509_getm_notBefore(certificate), what.from);
        X509_gmtime_adj(X509_getm_notAfter(certificate), what.until);
        X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                                   reinterpret_cast<unsigned char const*>(what.name.c_str()), -1, -1, 0);
        auto const& by = what.issuer ? *what.issuer : made;
        X509_set_issuer_name(certificate, X509_get_subject_name(by.certificate.get()));
        X509_set_pubkey(certificate, made.key.get());
        if (what.for_hosts.empty()) {
            extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
        } else {
            extend(certificate, NID_subject_alt_name, what.for_hosts.c_str());
        }
        if (X509_sign(certificate, by.key.get(), EVP_sha256()) == 0) throw std::runtime_error("X509_sign");
        write(made);
        return made;
    }

    std::string operator/(std::string_view name) const { return folder_ / name; }

private:
    static void extend(X509* certificate, int what, char const* value) {
        auto* const made = X509V3_EXT_conf_nid(nullptr, nullptr, what, value);
        if (!made) throw std::runtime_error(std::string("no extension: ") + value);
        X509_add_ext(certificate, made, -1);
        X509_EXTENSION_free(made);
    }

    static void write(identity const& what) {
        std::unique_ptr<FILE, freed_by<std::fclose>> const certificate(
            std::fopen(what.certificate_file.c_str(), "w"));
        std::unique_ptr<FILE, freed_by<std::fclose>> const key(std::fopen(what.key_file.c_str(), "w"));
        if (PEM_write_X509(certificate.get(), what.certificate.get()) != 1 ||
            PEM_write_PrivateKey(key.get(), what.key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
            throw std::runtime_error("certificates can't be written");
    }

    temporary_folder folder_;
    long serial_ = 0;
};

/// The other end, by OpenSSL's blocking calls on a thread of its own. What the thread does is `talk`; the
/// handshake is a part of that.
class openssl_peer {
public:
    using conversation = std::function<void(SSL*)>;

    /// A server that takes one client, at port().
    openssl_peer(identity const& own, conversation talk)
        : context_(SSL_CTX_new(TLS_server_method())),
          socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        SSL_CTX_use_certificate(context_.get(), own.certificate.get());
        SSL_CTX_use_PrivateKey(context_.get(), own.key.get());
        socket_address const any("127.0.0.1", 0);
        sockaddr_storage storage{};
        socklen_t size = sizeof storage;
        if (::bind(socket_, any.native(), any.native_size()) != 0 || ::listen(socket_, 5) != 0 ||
            ::getsockname(socket_, reinterpret_cast<sockaddr*>(&storage), &size) != 0)
            throw std::runtime_error("no server");
        port_ = socket_address(reinterpret_cast<sockaddr*>(&storage), size).port();
        thread_ = std::jthread([this, talk = std::move(talk)] {
            int const client = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
            if (client >= 0) converse(client, talk, true);
        });
    }

    /// A client of what listens at `port`, which verifies nothing.
    openssl_peer(std::uint16_t port, conversation talk)
        : context_(SSL_CTX_new(TLS_client_method())),
          socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        thread_ = std::jthread([this, port, talk = std::move(talk)] {
            socket_address const to("127.0.0.1", port);
            if (::connect(socket_, to.native(), to.native_size()) == 0) converse(::dup(socket_), talk, false);
        });
    }
    openssl_peer(openssl_peer const&) = delete;
    openssl_peer& operator=(openssl_peer const&) = delete;
    ~openssl_peer() {
        if (port_ != 0) ::shutdown(socket_, SHUT_RDWR);  // nobody has come
        join();
        ::close(socket_);
    }

    std::uint16_t port() const { return port_; }
    void join() {
        if (thread_.joinable()) thread_.join();
    }

private:
    void converse(int socket, conversation const& talk, bool is_server) {
        sigset_t pipe;  // OpenSSL's own sockets raise it
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
        int const on = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        std::unique_ptr<SSL, freed_by<SSL_free>> const session(SSL_new(context_.get()));
        SSL_set_fd(session.get(), socket);
        is_server ? SSL_set_accept_state(session.get()) : SSL_set_connect_state(session.get());
        talk(session.get());
        ::close(socket);
    }

    std::unique_ptr<SSL_CTX, freed_by<SSL_CTX_free>> context_;
    int socket_;
    std::uint16_t port_ = 0;
    std::jthread thread_;
};

}  // namespace quartet::conformance
