// include/quartet/tls.hpp
//
// TLS for sockets: what each side shows, and whom it trusts.
//
//     auto there = co_await ctx.connect("example.org", 443, quartet::tls_client());
//
//     quartet::listener door("", 443, quartet::tls_server("chain.pem", "key.pem"));
//     while (auto next = co_await door.accept(ctx)) co_await serve(ctx, std::move(*next));
//
//     co_await there.start_tls(ctx, quartet::tls_client());  // STARTTLS: a connection that is open already
//
// A tls_client or a tls_server reads the files of its options when it is made, and never changes: make one,
// and use it for all connections. Copies share it, and cost as much as a shared_ptr; any number of threads
// may use them. Under `processes` those that were made before the executor can be used by the bodies.
//
// Certificates are verified unless that is turned off: that somebody who is trusted vouches for it, that it
// is valid today, and that it is for the host that was asked for. What is not in order is a tls_error, in one
// sentence: "cannot connect to example.org:443 over TLS: certificate has expired".
//
// Sessions are not resumed: each connection has a handshake of its own, of a round trip or two and about a
// millisecond of the processor.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace quartet::inline v0 {

namespace detail {
class tls_context;
struct socket_state;
}  // namespace detail

enum class tls_version { tls_1_2, tls_1_3 };

/// Like http_request it is no aggregate: g++ 12 destroys such a temporary twice when it stands within a
/// co_await expression.
///
///     quartet::tls_client_options options;
///     options.ca_file = "our-ca.pem";
///     quartet::tls_client const ours(options);
struct tls_client_options {
    tls_client_options() = default;

    /// Certificates to trust (PEM) instead of the system's. Those are where OpenSSL has them, or where the
    /// environment says: SSL_CERT_FILE, SSL_CERT_DIR.
    std::string ca_file;

    /// What the client shows to a server that asks who it is: its chain and its key (PEM), or neither.
    std::string certificate_file;
    std::string key_file;

    /// Whom the certificate must be for, a name or an address. Empty: the host that was connected to.
    std::string server_name;

    /// Without it anybody in between can read and change everything.
    bool verify = true;

    /// Protocols that the client speaks, best first (ALPN): "h2", "http/1.1". Which of them the server has
    /// chosen is in tls_info.
    std::vector<std::string> alpn;

    tls_version least_version = tls_version::tls_1_2;
};

class tls_client {
public:
    /// Verifies by the system's certificates. They are read once in a process, when the first connection is
    /// made, beside its event loop (those of Debian in some 100 ms), and again when the environment names
    /// others.
    tls_client() noexcept = default;

    /// Throws tls_error: "cannot use the file of trusted certificates 'ca.pem': No such file or directory".
    explicit tls_client(tls_client_options const& options);

private:
    friend class detail::tls_context;
    std::shared_ptr<detail::tls_context const> made_;  // null: the usual one
};

/// No aggregate either.
struct tls_server_options {
    tls_server_options() = default;

    /// Clients must show a certificate for which one of these vouches (PEM). Empty: they are not asked.
    std::string client_ca_file;

    /// Protocols that the server speaks, best first (ALPN). A client that speaks others only is refused; one
    /// that does not say is not.
    std::vector<std::string> alpn;

    tls_version least_version = tls_version::tls_1_2;
};

class tls_server {
public:
    /// The server's certificate and those that vouch for it, in this order, and its key; both PEM, the key
    /// not encrypted. Throws tls_error, also if the key is that of another certificate.
    tls_server(std::string const& certificate_file, std::string const& key_file,
               tls_server_options const& options = {});

private:
    friend class detail::tls_context;
    std::shared_ptr<detail::tls_context const> made_;
};

/// What two sides have agreed on; see connection::tls.
struct tls_info {
    std::string version;  ///< "TLSv1.3"
    std::string cipher;   ///< "TLS_AES_256_GCM_SHA384"
    std::string alpn;     ///< the protocol; empty if none was agreed on
    std::string
        peer_subject;       ///< "CN=example.org,O=Example" (RFC 2253); empty if it has shown no certificate
    bool verified = false;  ///< the other side's certificate has been
};

/// TLS did not come about, or was broken. What the system says of the connection below it, such as
/// ECONNRESET, is a std::system_error as without TLS.
class tls_error : public std::runtime_error {
public:
    enum class kind {
        setup,        ///< a file or an option can't be used
        certificate,  ///< the other side's certificate is not accepted
        refused,      ///< the other side has said no (an alert), by words of its own
        protocol,     ///< what came is no TLS, or none that both sides speak
        cut,  ///< the connection ended without the end that TLS has (close_notify): data may be missing
    };

    tls_error(kind what, std::string const& text) : std::runtime_error(text), kind_(what) {}
    kind what_kind() const noexcept { return kind_; }

private:
    kind kind_;
};

}  // namespace quartet::inline v0
