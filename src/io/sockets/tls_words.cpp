#include "src/io/sockets/tls_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <memory>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sslerr.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <system_error>
#include <vector>

namespace quartet::inline v0::detail {
namespace {

/// The words for one error, without what lies around them in ERR_error_string: numbers and functions.
std::string reason_of(unsigned long error) {
    if (ERR_SYSTEM_ERROR(error)) return std::generic_category().message(ERR_GET_REASON(error));
    char const* const words = ERR_reason_error_string(error);
    return words ? words : fmt::format("OpenSSL's error {:#x}", error);
}

bool is_error(unsigned long error, int library, int reason) noexcept {
    return ERR_GET_LIB(error) == library && ERR_GET_REASON(error) == reason;
}

/// What the beginning of something that is no TLS looks like to OpenSSL.
bool is_no_tls(unsigned long error) noexcept {
    constexpr std::array reasons{SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST,
                                 SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_BAD_RECORD_TYPE};
    return ERR_GET_LIB(error) == ERR_LIB_SSL &&
           std::ranges::find(reasons, ERR_GET_REASON(error)) != reasons.end();
}

struct name_list_deleter {
    void operator()(GENERAL_NAMES* names) const noexcept { GENERAL_NAMES_free(names); }
};

/// Text of a certificate, which anybody may have written: what is not printable becomes '?'.
std::string printable(std::string text) {
    std::ranges::replace_if(
        text, [](unsigned char each) { return each < ' ' || each > '~'; }, '?');
    return text;
}

std::string text_of(GENERAL_NAME const* name) {
    int kind = 0;
    auto const* const value = static_cast<ASN1_STRING const*>(GENERAL_NAME_get0_value(name, &kind));
    auto const* const data = ASN1_STRING_get0_data(value);
    auto const length = static_cast<std::size_t>(ASN1_STRING_length(value));
    if (kind == GEN_DNS) return printable({reinterpret_cast<char const*>(data), length});
    std::array<char, INET6_ADDRSTRLEN> room{};
    if (length != 4 && length != 16) return "?";
    return inet_ntop(length == 4 ? AF_INET : AF_INET6, data, room.data(), room.size());
}

/// "a.example, b.example": as many as a sentence bears.
std::string names_of(X509* certificate) {
    constexpr std::size_t most = 4;
    std::unique_ptr<GENERAL_NAMES, name_list_deleter> const names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    std::vector<std::string> found;
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
        auto const* const each = sk_GENERAL_NAME_value(names.get(), i);
        if (each->type == GEN_DNS || each->type == GEN_IPADD) found.push_back(text_of(each));
    }
    if (found.empty()) return subject_of(certificate);
    std::string text = found.front();
    for (std::size_t i = 1; i < std::min(found.size(), most); ++i)
        text += ", " + found[i];
    return found.size() > most ? fmt::format("{} and {} more", text, found.size() - most) : text;
}

bool is_for_others(long why) noexcept {
    return why == X509_V_ERR_HOSTNAME_MISMATCH || why == X509_V_ERR_IP_ADDRESS_MISMATCH;
}

}  // namespace

std::string words_for_file() {
    auto const error = ERR_peek_error();
    auto const last = ERR_peek_last_error();
    ERR_clear_error();
    if (error == 0) return "nothing in it can be read";
    // What is no PEM is then tried in other ways, whose errors come later.
    if (is_error(error, ERR_LIB_PEM, PEM_R_NO_START_LINE) ||
        is_error(last, ERR_LIB_PEM, PEM_R_NO_START_LINE) ||
        is_error(error, ERR_LIB_X509, X509_R_NO_CERTIFICATE_OR_CRL_FOUND) ||
        is_error(error, ERR_LIB_OSSL_DECODER, ERR_R_UNSUPPORTED))
        return "there is none in it (PEM, \"-----BEGIN …\")";
    if (is_error(error, ERR_LIB_PEM, PEM_R_BAD_PASSWORD_READ) ||
        is_error(error, ERR_LIB_CRYPTO, ERR_R_INTERRUPTED_OR_CANCELLED))
        return "it is encrypted, and must not be";
    return reason_of(error);
}

std::string words_for_setup() {
    auto const error = ERR_peek_error();
    ERR_clear_error();
    return error == 0 ? "it does not say why" : reason_of(error);
}

bool is_another_key() {
    auto const error = ERR_peek_last_error();
    bool const differs = is_error(error, ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH) ||
                         is_error(error, ERR_LIB_X509, X509_R_KEY_TYPE_MISMATCH) ||
                         is_error(error, ERR_LIB_SSL, SSL_R_NO_PRIVATE_KEY_ASSIGNED);
    if (differs) ERR_clear_error();
    return differs;
}

int note_names(int is_accepted, X509_STORE_CTX* verified) noexcept {
    if (is_accepted || !is_for_others(X509_STORE_CTX_get_error(verified))) return is_accepted;
    auto const* const session =
        static_cast<SSL const*>(X509_STORE_CTX_get_ex_data(verified, SSL_get_ex_data_X509_STORE_CTX_idx()));
    try {
        *static_cast<std::string*>(SSL_get_app_data(session)) =
            names_of(X509_STORE_CTX_get_current_cert(verified));
    } catch (...) {  // then it is told without them
    }
    return is_accepted;
}

tls_words words_for_failure(SSL const* session, std::string_view name, std::string_view shown,
                            bool in_handshake) {
    using kind = tls_error::kind;
    auto const error = ERR_peek_error();
    ERR_clear_error();
    long const refusal = SSL_get_verify_result(session);
    if (is_error(error, ERR_LIB_SSL, SSL_R_CERTIFICATE_VERIFY_FAILED) && is_for_others(refusal) &&
        !shown.empty())
        return {kind::certificate, fmt::format("the certificate is for {}, not for {}", shown, name)};
    if (is_error(error, ERR_LIB_SSL, SSL_R_CERTIFICATE_VERIFY_FAILED))
        return {kind::certificate, X509_verify_cert_error_string(refusal)};
    if (is_error(error, ERR_LIB_SSL, SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE))
        return {kind::certificate, "it has shown no certificate"};
    int const alert = ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET;
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && alert >= 0 && alert <= 255)
        return {kind::refused, fmt::format("the other side refuses: {}", SSL_alert_desc_string_long(alert))};
    auto const words = error == 0 ? "OpenSSL does not say why" : reason_of(error);
    if (in_handshake && is_no_tls(error))
        return {kind::protocol, fmt::format("the other side does not speak TLS ({})", words)};
    return {kind::protocol, words};
}

std::string subject_of(X509 const* certificate) {
    std::unique_ptr<BIO, decltype([](BIO* each) { BIO_free(each); })> const to(BIO_new(BIO_s_mem()));
    if (!to) return {};
    X509_NAME_print_ex(to.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
    char* text = nullptr;
    long const length = BIO_get_mem_data(to.get(), &text);
    return length > 0 ? printable({text, static_cast<std::size_t>(length)}) : std::string();
}

}  // namespace quartet::inline v0::detail
