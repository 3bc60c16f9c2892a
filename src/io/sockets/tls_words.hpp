// src/io/sockets/tls_words.hpp
//
// What OpenSSL has to say, in a few words for people. It keeps its errors in a queue of the thread: each of
// these takes them out.
#pragma once

#include <quartet/tls.hpp>

#include <openssl/ssl.h>
#include <string>
#include <string_view>

namespace quartet::inline v0::detail {

/// Why a file could not be used.
std::string words_for_file();

/// Why anything else failed.
std::string words_for_setup();

/// Whether what failed is that a key does not belong to a certificate. Leaves the queue as it is, otherwise.
bool is_another_key();

struct tls_words {
    tls_error::kind kind;
    std::string text;
};

/// Why a call of OpenSSL has failed with SSL_ERROR_SSL. `name` is whom the certificate should be for, `shown`
/// whom it is for if that is somebody else; while `in_handshake` what is no TLS is called so.
tls_words words_for_failure(SSL const* session, std::string_view name, std::string_view shown,
                            bool in_handshake);

/// For SSL_set_verify: leaves whom a certificate is for that is for others in the std::string that is the
/// session's app data. OpenSSL itself forgets a certificate that is refused.
int note_names(int is_accepted, X509_STORE_CTX* verified) noexcept;

/// As RFC 2253 has it.
std::string subject_of(X509 const* certificate);

}  // namespace quartet::inline v0::detail
