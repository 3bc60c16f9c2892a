// Connections over TLS under every model: both ends are the library's, or one is OpenSSL's own on a thread;
// and other ends whose certificates are not in order, that speak no TLS, that break off, and that never
// answer.
#include "tests/conformance/certificates.hpp"
#include "tests/conformance/models.hpp"
#include "tests/conformance/shared.hpp"

#include <quartet/quartet.hpp>

#include <gmock/gmock.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace quartet::conformance::tls_socket_test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::AnyOf;
using testing::Contains;
using testing::Each;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

/// Everybody who appears here. Workers inherit it.
struct cast {
    certificate_maker maker;
    identity authority = maker.make({.name = "an authority"});
    identity other_authority = maker.make({.name = "another authority"});
    identity server = by_authority("server", "DNS:localhost,IP:127.0.0.1");
    identity elsewhere = by_authority("elsewhere", "DNS:a.example,DNS:*.b.example");
    identity client = by_authority("client", "DNS:client");
    identity expired =
        maker.make({.name = "expired", .for_hosts = "DNS:localhost", .issuer = &authority, .until = -60});
    identity unknown =
        maker.make({.name = "unknown", .for_hosts = "DNS:localhost", .issuer = &other_authority});
    identity alone = maker.make({.name = "alone", .for_hosts = "DNS:localhost"});

    identity by_authority(std::string name, std::string hosts) {
        return maker.make({.name = std::move(name), .for_hosts = std::move(hosts), .issuer = &authority});
    }
};

cast& all() {
    static cast made;
    return made;
}

tls_server a_server(tls_server_options const& options = {}) {
    return {all().server.certificate_file, all().server.key_file, options};
}

tls_client_options trusting() {
    tls_client_options options;
    options.ca_file = all().authority.certificate_file;
    return options;
}

struct ends {
    connection near;
    connection far;
};

/// One end's part of a handshake, or as much of it as can be done without the other's.
task<bool> a_step(context& ctx, connection& end) {
    try {
        co_await ctx.with_timeout(1ms, end.handshake(ctx));
        co_return true;
    } catch (timed_out const&) {
        co_return false;
    }
}

task<int> shake_hands(context& ctx, connection& end) {
    co_await end.handshake(ctx);
    co_return 0;
}

task<int> begin_as_client(context& ctx, connection& end, tls_client as) {
    co_await end.start_tls(ctx, as);
    co_return 0;
}

/// Both ends of a connection over TLS, in one body. On a loop the ends shake hands at the same time, in a
/// blocking context in turn: each is broken off when it has to wait for the other.
task<ends> both_ends(context& ctx, bool on_loop, tls_client as = tls_client(trusting())) {
    auto const offered = a_server();
    listener door("127.0.0.1", 0, offered);
    auto near = co_await ctx.connect("localhost", door.port());
    auto far = (co_await door.accept(ctx)).value();
    if (on_loop) {
        co_await when_all(begin_as_client(ctx, near, as), shake_hands(ctx, far));
        co_return ends{std::move(near), std::move(far)};
    }
    try {
        co_await ctx.with_timeout(1ms, near.start_tls(ctx, as));
    } catch (timed_out const&) {
    }
    bool over = false;
    while (!over) {
        bool const far_is = co_await a_step(ctx, far);
        bool const near_is = co_await a_step(ctx, near);
        over = near_is && far_is;
    }
    co_return ends{std::move(near), std::move(far)};
}

/// Answers every line, until the end.
void echo(SSL* session) {
    std::array<char, 4096> room{};
    if (SSL_do_handshake(session) != 1) return;
    for (int count = 0; (count = SSL_read(session, room.data(), room.size())) > 0;)
        SSL_write(session, room.data(), count);
    SSL_shutdown(session);
}

/// What a body was told, by its first words: the kind of a tls_error.
std::string kind_of(tls_error const& why) {
    constexpr std::array names{"setup: ", "certificate: ", "refused: ", "protocol: ", "cut: "};
    return names.at(static_cast<std::size_t>(why.what_kind())) + std::string(why.what());
}

/// What comes of connecting to a port of this machine.
task<std::string> told_when_connecting(context& ctx, std::string host, std::uint16_t port, tls_client as) {
    try {
        auto there = co_await ctx.connect(host, port, as);
        co_await there.write(ctx, "hello\n");
        there.finish();
        co_return co_await there.read_to_end(ctx);
    } catch (tls_error const& why) {
        co_return kind_of(why);
    } catch (std::system_error const& why) {
        co_return std::string("system: ") + why.what();
    }
}

std::string at(std::string const& host, std::uint16_t port) {
    return host + ":" + std::to_string(port) + " over TLS: ";
}

class over_tls : public any_model {
protected:
    static void SetUpTestSuite() { all(); }

    /// What comes of connecting to OpenSSL's server that has the certificate of `shown`.
    std::vector<std::string> told_by(identity const& shown, std::string host = "localhost",
                                     tls_client_options const& options = trusting()) {
        auto const body = [shown = &shown, host = &host, options = &options](context& ctx,
                                                                             int) -> task<std::string> {
            openssl_peer const there(*shown, echo);
            auto const port = there.port();
            auto told = co_await told_when_connecting(ctx, *host, port, tls_client(*options));
            auto const where = at(*host, port);
            if (auto const found = told.find(where); found != told.npos) told.erase(found, where.size());
            co_return told;
        };
        std::vector<std::string> told;
        for (auto& each : make().try_map(body, std::vector{0, 1}))
            told.push_back(each ? std::move(*each) : each.error().message);
        return told;
    }
};
QUARTET_SUITE(over_tls, all_rows());

TEST_P(over_tls, bytes_go_both_ways) {
    auto const body = [loop = GetParam().on_loops](context& ctx, int) -> task<std::string> {
        auto [near, far] = co_await both_ends(ctx, loop);
        co_await near.write(ctx, "hello ");
        co_await near.write(ctx, std::array<std::string_view, 3>{"wor", "", "ld"});
        auto const there = co_await far.read_exactly(ctx, 11);
        co_await far.write(ctx, there);
        std::array<char, 5> first{};
        auto const count = co_await near.read_some(ctx, first);
        auto const rest = co_await near.read_some(ctx);
        bool const counted = near.bytes_written() == 11 && near.bytes_read() == 11;
        co_return std::string(first.data(), count) + rest + (counted ? "" : "?");
    };
    std::string const expected = "hello world";
    EXPECT_EQ(make().map(body, std::vector{0, 1}), (std::vector{expected, expected}));
}

TEST_P(over_tls, each_side_knows_what_was_agreed) {
    auto const body = [loop = GetParam().on_loops](context& ctx, int) -> task<std::string> {
        listener door("127.0.0.1", 0);
        auto const plain = co_await ctx.connect("127.0.0.1", door.port());
        auto [near, far] = co_await both_ends(ctx, loop);
        auto const one = near.tls().value();
        auto const other = far.tls().value();
        bool const fits = !plain.tls() && one.verified && !other.verified && other.peer_subject.empty() &&
                          one.alpn.empty() && one.cipher == other.cipher && !one.cipher.empty();
        co_return one.version + " " + one.peer_subject + (fits ? "" : "?");
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}), Each("TLSv1.3 CN=server"));
}

TEST_P(over_tls, it_is_ended_one_way_and_goes_on_the_other) {
    auto const body = [loop = GetParam().on_loops](context& ctx, int) -> task<std::string> {
        auto [near, far] = co_await both_ends(ctx, loop);
        co_await near.write(ctx, "question\nand more");
        near.finish();
        near.finish();
        bool refused = false;
        try {
            co_await near.write(ctx, "x");
        } catch (std::system_error const& why) {
            refused = why.code().value() == EPIPE;
        }
        auto question = co_await far.read_until(ctx, "\n");
        try {
            co_await far.read_exactly(ctx, 100);
        } catch (connection_ended const& why) {
            question.value() += std::to_string(why.received());
        }
        co_await far.write(ctx, *question + " and answer");
        far.close();
        co_return co_await near.read_to_end(ctx) + (refused ? "" : " of one that was not ended");
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}), Each("question\n8 and answer"));
}

TEST_P(over_tls, an_end_that_is_not_said_is_an_error_behind_what_came) {
    auto const body = [loop = GetParam().on_loops](context& ctx, int) -> task<std::string> {
        auto [near, far] = co_await both_ends(ctx, loop);
        co_await near.write(ctx, "abc");
        ::shutdown(near.native(), SHUT_WR);
        std::string told;
        try {
            co_await far.read_to_end(ctx);
        } catch (tls_error const& why) {
            told = kind_of(why);
        }
        auto const kept = co_await far.read_some(ctx);
        co_await far.write(ctx, "answer");
        co_return told + "; " + kept + " " + co_await near.read_exactly(ctx, 6);
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}),
                Each(AllOf(StartsWith("cut: 127.0.0.1:"),
                           EndsWith(" ended the connection without the end that TLS has: what came may be "
                                    "cut; abc answer"))));
}

TEST_P(over_tls, nothing_is_lost_behind_a_limit) {
    auto const body = [loop = GetParam().on_loops](context& ctx, int) -> task<std::string> {
        auto [near, far] = co_await both_ends(ctx, loop);
        co_await near.write(ctx, "abc");
        bool late = false;
        try {
            co_await ctx.with_timeout(5ms, far.read_exactly(ctx, 10));
        } catch (timed_out const&) {
            late = true;
        }
        co_await near.write(ctx, "defg");
        if (!late) co_return "it came";
        co_return co_await far.read_exactly(ctx, 7);
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}), Each("abcdefg"));
}

TEST_P(over_tls, what_is_decrypted_already_needs_nobody_to_send_more) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        openssl_peer const there(all().server, [](SSL* session) {
            char byte = 0;
            if (SSL_do_handshake(session) == 1) SSL_write(session, "one record", 10);
            SSL_read(session, &byte, 1);
        });
        auto near = co_await ctx.connect("localhost", there.port(), tls_client(trusting()));
        std::string got;
        std::array<char, 1> one{};
        while (got.size() < 10) {
            auto const count = co_await near.read_some(ctx, one);
            got.append(one.data(), count);
        }
        co_return got;
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}), Each("one record"));
}

TEST_P(over_tls, keys_are_changed_while_it_goes_on) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        openssl_peer const there(all().server, [](SSL* session) {
            std::array<char, 6> room{};
            if (SSL_do_handshake(session) != 1) return;
            for (int round = 0; round < 20; ++round) {
                SSL_key_update(session, SSL_KEY_UPDATE_REQUESTED);
                SSL_write(session, "change", 6);
                SSL_read(session, room.data(), room.size());
            }
            SSL_shutdown(session);
        });
        auto near = co_await ctx.connect("localhost", there.port(), tls_client(trusting()));
        int rounds = 0;
        for (; rounds < 20; ++rounds) {
            auto const word = co_await near.read_exactly(ctx, 6);
            co_await near.write(ctx, word);
        }
        auto const end = co_await near.read_to_end(ctx);
        co_return std::to_string(rounds) + end;
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}), Each("20"));
}

// ---- Who is there

TEST_P(over_tls, a_server_is_verified_by_name_and_by_address) {
    EXPECT_THAT(told_by(all().server), Each("hello\n"));
    EXPECT_THAT(told_by(all().server, "127.0.0.1"), Each("hello\n"));
}

TEST_P(over_tls, one_for_another_host_is_refused_with_both_names) {
    EXPECT_THAT(told_by(all().elsewhere),
                Each("certificate: cannot connect to the certificate is for a.example, *.b.example, not for "
                     "localhost"));
    EXPECT_THAT(told_by(all().elsewhere, "127.0.0.1"), Each(EndsWith("*.b.example, not for 127.0.0.1")));
}

TEST_P(over_tls, the_name_to_verify_can_be_said) {
    auto options = trusting();
    options.server_name = "x.b.example.";
    EXPECT_THAT(told_by(all().elsewhere, "localhost", options), Each("hello\n"));
    options.server_name = "x.y.b.example";
    EXPECT_THAT(told_by(all().elsewhere, "localhost", options), Each(StartsWith("certificate: ")));
}

TEST_P(over_tls, certificates_that_are_not_in_order_are_refused_in_a_sentence) {
    auto const refused = [](std::string const& why) { return Each("certificate: cannot connect to " + why); };
    EXPECT_THAT(told_by(all().expired), refused("certificate has expired"));
    EXPECT_THAT(told_by(all().alone), refused("self-signed certificate"));
    EXPECT_THAT(told_by(all().unknown), refused("unable to get local issuer certificate"));
}

TEST_P(over_tls, nothing_is_verified_if_that_is_said) {
    tls_client_options options;
    options.verify = false;
    EXPECT_THAT(told_by(all().alone, "127.0.0.1", options), Each("hello\n"));
}

TEST_P(over_tls, the_environment_names_who_is_trusted) {
    auto const told = [this] {
        auto const body = [](context& ctx, int) -> task<std::string> {
            openssl_peer const there(all().server, echo);
            co_return co_await told_when_connecting(ctx, "localhost", there.port(), tls_client());
        };
        return make().map(body, std::vector{0, 1});
    };
    EXPECT_THAT(told(), Each(StartsWith("certificate: ")));
    char const* const named = std::getenv("SSL_CERT_FILE");
    std::string const before = named ? named : "";
    setenv("SSL_CERT_FILE", all().authority.certificate_file.c_str(), 1);
    auto const trusted = told();
    named ? setenv("SSL_CERT_FILE", before.c_str(), 1) : unsetenv("SSL_CERT_FILE");
    EXPECT_THAT(trusted, Each("hello\n"));
    EXPECT_THAT(told(), Each(StartsWith("certificate: ")));
}

TEST_P(over_tls, clients_show_who_they_are) {
    // 0: it is trusted, 1: somebody else vouches for it, 2: it shows nothing
    auto const body = [](context& ctx, int kind) -> task<std::string> {
        tls_server_options asking;
        asking.client_ca_file = all().authority.certificate_file;
        auto const offered = a_server(asking);
        listener door("127.0.0.1", 0, offered);
        openssl_peer there(door.port(), [kind](SSL* session) {
            auto const& shown = kind == 0 ? all().client : all().unknown;
            if (kind < 2) SSL_use_certificate(session, shown.certificate.get());
            if (kind < 2) SSL_use_PrivateKey(session, shown.key.get());
            echo(session);
        });
        auto client = (co_await door.accept(ctx)).value();
        try {
            co_await client.handshake(ctx);
        } catch (tls_error const& why) {
            auto const told = kind_of(why);
            co_return told.substr(0, told.find("accept")) + told.substr(told.find("TLS: "));
        }
        auto const who = client.tls().value();
        co_return who.peer_subject + (who.verified ? "" : " perhaps");
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1, 2}),
              (std::vector<std::string>{"CN=client",
                                        "certificate: cannot TLS: unable to get local issuer certificate",
                                        "certificate: cannot TLS: it has shown no certificate"}));
}

TEST_P(over_tls, a_client_learns_that_it_is_refused) {
    auto options = trusting();
    options.certificate_file = all().unknown.certificate_file;
    options.key_file = all().unknown.key_file;
    auto const body = [options = &options](context& ctx, int) -> task<std::string> {
        openssl_peer const there(all().server, [](SSL* session) {
            SSL_set_verify(session, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
            char byte = 0;
            if (SSL_do_handshake(session) == 1) SSL_read(session, &byte, 1);
        });
        auto near = co_await ctx.connect("localhost", there.port(), tls_client(*options));
        try {
            co_await near.read_some(ctx);
        } catch (tls_error const& why) {
            co_return kind_of(why);
        }
        co_return "not refused";
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}),
                Each(AllOf(StartsWith("refused: cannot read from localhost:"),
                           EndsWith(" over TLS: the other side refuses: unknown CA"))));
}

TEST_P(over_tls, both_sides_choose_a_protocol) {
    auto const body = [](context& ctx, int kind) -> task<std::string> {
        tls_server_options speaking;
        speaking.alpn = {"h2", "http/1.1"};
        auto const offered = a_server(speaking);
        listener door("127.0.0.1", 0, offered);
        openssl_peer const there(door.port(), [kind](SSL* session) {
            std::array<std::string_view, 3> const offers{"\x08http/1.1\x02h2", "\x05pop-3", ""};
            auto const offer = offers.at(static_cast<std::size_t>(kind));
            if (!offer.empty())
                SSL_set_alpn_protos(session, reinterpret_cast<unsigned char const*>(offer.data()),
                                    static_cast<unsigned>(offer.size()));
            echo(session);
        });
        auto client = (co_await door.accept(ctx)).value();
        try {
            co_await client.handshake(ctx);
        } catch (tls_error const& why) {
            co_return std::string(why.what()).substr(std::string(why.what()).find("TLS: "));
        }
        co_return "'" + client.tls().value().alpn + "'";
    };
    EXPECT_EQ(make().map(body, std::vector{0, 1, 2}),
              (std::vector<std::string>{"'h2'", "TLS: no application protocol", "''"}));
}

// ---- Who is not there

TEST_P(over_tls, versions_that_only_one_side_speaks_are_refused) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        openssl_peer const there(all().server, [](SSL* session) {
            SSL_set_max_proto_version(session, TLS1_2_VERSION);
            echo(session);
        });
        auto options = trusting();
        options.least_version = tls_version::tls_1_3;
        co_return co_await told_when_connecting(ctx, "localhost", there.port(), tls_client(options));
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}),
                Each(AllOf(StartsWith("refused: cannot connect to localhost:"),
                           EndsWith(" over TLS: the other side refuses: protocol version"))));
}

TEST_P(over_tls, an_older_version_is_spoken_too) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        openssl_peer const there(all().server, [](SSL* session) {
            SSL_set_max_proto_version(session, TLS1_2_VERSION);
            echo(session);
        });
        co_return co_await told_when_connecting(ctx, "localhost", there.port(), tls_client(trusting()));
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}), Each("hello\n"));
}

// A server that does not speak TLS, and clients that do not.
TEST_P(over_tls, plain_text_is_told_as_that) {
    auto const body = [](context& ctx, int kind) -> task<std::string> {
        std::string told;
        if (kind == 0) {
            openssl_peer const there(all().server, [](SSL* session) {
                std::string_view const greeting = "220 mail.example at your service\r\n";
                ::send(SSL_get_fd(session), greeting.data(), greeting.size(), MSG_NOSIGNAL);
                char byte = 0;
                while (::recv(SSL_get_fd(session), &byte, 1, 0) > 0) {
                }
            });
            told = co_await told_when_connecting(ctx, "localhost", there.port(), tls_client(trusting()));
        } else {
            auto const offered = a_server();
            listener door("127.0.0.1", 0, offered);
            auto near = co_await ctx.connect("127.0.0.1", door.port());
            co_await near.write(ctx,
                                kind == 1 ? "GET / HTTP/1.1\r\n\r\n" : "hello, this is not what you want");
            auto far = (co_await door.accept(ctx)).value();
            try {
                co_await far.read_some(ctx);
            } catch (tls_error const& why) {
                told = kind_of(why);
            }
        }
        co_return told.substr(0, 9) + told.substr(told.find("TLS: "));
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1, 2}),
                Each(StartsWith("protocol:TLS: the other side does not speak TLS (")));
}

TEST_P(over_tls, a_server_that_leaves_in_the_handshake_is_told) {
    auto const body = [](context& ctx, int kind) -> task<std::string> {
        openssl_peer const there(all().server, [kind](SSL* session) {
            std::array<char, 4096> room{};
            ::recv(SSL_get_fd(session), room.data(), kind == 0 ? room.size() : 10, 0);
        });
        co_return co_await told_when_connecting(ctx, "localhost", there.port(), tls_client(trusting()));
    };
    auto const told = make().map(body, std::vector{0, 1});
    EXPECT_THAT(told[0],
                AllOf(StartsWith("cut: cannot connect to localhost:"),
                      EndsWith(" over TLS: the other side ended the connection during the handshake")));
    EXPECT_THAT(told[1], AllOf(StartsWith("system: cannot connect to localhost:"),
                               EndsWith(" over TLS: Connection reset by peer")));
}

TEST_P(over_tls, a_server_that_never_answers_is_left_by_a_limit) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        listener silent("127.0.0.1", 0);
        auto const trust = tls_client(trusting());
        try {
            co_await ctx.with_timeout(5ms, ctx.connect("127.0.0.1", silent.port(), trust));
        } catch (timed_out const&) {
            co_return "late";
        }
        co_return "connected";
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}), Each("late"));
}

TEST_P(over_tls, a_silent_client_holds_up_nobody) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        auto const offered = a_server();
        listener door("127.0.0.1", 0, offered);
        auto silent = co_await ctx.connect("127.0.0.1", door.port());
        auto first = (co_await door.accept(ctx)).value();
        openssl_peer const there(door.port(), echo);
        auto second = (co_await door.accept(ctx)).value();
        co_await second.write(ctx, "served");
        second.finish();
        auto const word = co_await second.read_to_end(ctx);
        bool late = false;
        try {
            co_await ctx.with_timeout(5ms, first.read_some(ctx));
        } catch (timed_out const&) {
            late = true;
        }
        co_return late ? word : "it was not silent";
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}), Each("served"));
}

TEST_P(over_tls, a_peer_that_is_gone_is_an_error_and_no_signal) {
    auto const body = [loop = GetParam().on_loops](context& ctx, int) -> task<bool> {
        auto [near, far] = co_await both_ends(ctx, loop);
        linger const at_once{.l_onoff = 1, .l_linger = 0};
        setsockopt(near.native(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        near.close();
        int refused = 0;
        try {
            co_await far.read_to_end(ctx);
        } catch (std::system_error const& why) {
            refused += why.code().value() == ECONNRESET && std::string(why.what()).starts_with("cannot read");
        }
        for (int i = 0; i < 3; ++i) {
            try {
                co_await far.write(ctx, "x");
            } catch (std::system_error const& why) {
                refused += std::string(why.what()).starts_with("cannot write to 127.0.0.1:");
            }
        }
        co_return refused >= 1;
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}), Each(true));
}

// ---- Files

std::string told_of(auto make) {
    try {
        make();
    } catch (tls_error const& why) {
        return kind_of(why);
    }
    return "made";
}

TEST(tls_files, are_named_when_they_can_not_be_used) {
    auto const& own = all();
    auto const& chain = own.server.certificate_file;
    auto const& key = own.server.key_file;
    auto const missing = own.maker / "missing";
    std::string const no_file = "': No such file or directory";
    auto const server = [](std::string const& one, std::string const& other) {
        return told_of([&] { tls_server(one, other); });
    };
    EXPECT_EQ(server(chain, key), "made");
    EXPECT_EQ(server(missing, key), "setup: cannot use the certificate file '" + missing + no_file);
    EXPECT_EQ(server(chain, missing), "setup: cannot use the key file '" + missing + no_file);
    EXPECT_EQ(server(key, key), "setup: cannot use the certificate file '" + key +
                                    "': there is none in it (PEM, \"-----BEGIN …\")");
    EXPECT_EQ(server(chain, chain),
              "setup: cannot use the key file '" + chain + "': there is none in it (PEM, \"-----BEGIN …\")");
    EXPECT_EQ(server(chain, own.client.key_file), "setup: the key in '" + own.client.key_file +
                                                      "' is not that of the certificate in '" + chain + "'");
    EXPECT_EQ(server("", key), "setup: TLS needs a certificate file, and its name is empty");
    EXPECT_EQ(server(std::string("a\0b", 3), key),
              "setup: the name of the certificate file has a zero byte in it");
}

TEST(tls_files, of_a_client_are_named_too) {
    auto const missing = all().maker / "missing";
    auto const client = [](tls_client_options const& options) {
        return told_of([&] { tls_client made(options); });
    };
    tls_client_options options;
    options.ca_file = missing;
    EXPECT_EQ(client(options), "setup: cannot use the file of trusted certificates '" + missing +
                                   "': No such file or directory");
    options.ca_file = all().server.key_file;
    EXPECT_THAT(client(options), EndsWith("there is none in it (PEM, \"-----BEGIN …\")"));
    options = {};
    options.certificate_file = all().client.certificate_file;
    EXPECT_EQ(client(options), "setup: TLS needs a key file, and its name is empty");
    options = {};
    options.alpn = {""};
    EXPECT_THAT(client(options), HasSubstr("1 to 255 bytes"));
}

/// OpenSSL would ask for the password at the terminal.
TEST(tls_files, that_are_encrypted_are_refused) {
    auto const encrypted = all().maker / "encrypted.key";
    {
        std::unique_ptr<FILE, freed_by<std::fclose>> const to(std::fopen(encrypted.c_str(), "w"));
        unsigned char const password[] = "secret";
        PEM_write_PrivateKey(to.get(), all().server.key.get(), EVP_aes_128_cbc(), password, 6, nullptr,
                             nullptr);
    }
    EXPECT_EQ(told_of([&] { tls_server(all().server.certificate_file, encrypted); }),
              "setup: cannot use the key file '" + encrypted + "': it is encrypted, and must not be");
}

// ---- From plain text

class an_open_connection : public over_tls {};
QUARTET_SUITE(an_open_connection, all_rows());

TEST_P(an_open_connection, goes_over_to_tls) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        openssl_peer const there(all().server, [](SSL* session) {
            std::array<char, 9> word{};
            ::recv(SSL_get_fd(session), word.data(), word.size(), MSG_WAITALL);
            if (std::string_view(word.data(), word.size()) != "STARTTLS\n") return;
            ::send(SSL_get_fd(session), "ready\n", 6, MSG_NOSIGNAL);
            echo(session);
        });
        auto near = co_await ctx.connect("localhost", there.port());
        co_await near.write(ctx, "STARTTLS\n");
        auto const ready = co_await near.read_until(ctx, "\n");
        auto const trust = tls_client(trusting());
        co_await near.start_tls(ctx, trust);
        co_await near.write(ctx, "secret");
        near.finish();
        co_return *ready + co_await near.read_to_end(ctx);
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}), Each("ready\nsecret"));
}

TEST_P(an_open_connection, of_a_server_goes_over_to_tls) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        listener door("127.0.0.1", 0);
        openssl_peer const there(door.port(), [](SSL* session) {
            ::send(SSL_get_fd(session), "STARTTLS\n", 9, MSG_NOSIGNAL);
            char byte = 0;
            while (::recv(SSL_get_fd(session), &byte, 1, 0) == 1 && byte != '\n') {
            }
            echo(session);
        });
        auto client = (co_await door.accept(ctx)).value();
        auto const asked = co_await client.read_until(ctx, "\n");
        co_await client.write(ctx, "ready\n");
        auto const offered = a_server();
        co_await client.start_tls(ctx, offered);
        co_await client.write(ctx, "secret");
        client.finish();
        co_return *asked + co_await client.read_to_end(ctx);
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}), Each("STARTTLS\nsecret"));
}

TEST_P(an_open_connection, is_not_upgraded_with_words_that_anybody_may_have_put_there) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        listener door("127.0.0.1", 0);
        auto near = co_await ctx.connect("127.0.0.1", door.port());
        auto far = (co_await door.accept(ctx)).value();
        co_await near.write(ctx, "STARTTLS\nDELETE all\n");
        co_await far.read_until(ctx, "\n");
        auto const offered = a_server();
        std::string told;
        try {
            co_await far.start_tls(ctx, offered);
        } catch (tls_error const& why) {
            told = kind_of(why);
        }
        auto const line = co_await far.read_until(ctx, "\n");
        bool const is_plain = !far.tls() && line == "DELETE all\n";
        co_return told.substr(told.find(": 11 ")) + (is_plain ? "" : "?");
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}),
                Each(": 11 bytes that it has sent in plain text are unread, and must not come before"));
}

TEST_P(an_open_connection, is_upgraded_once_and_by_a_name) {
    auto const body = [loop = GetParam().on_loops](context& ctx, int) -> task<std::string> {
        temporary_folder const folder;
        auto [near, far] = co_await both_ends(ctx, loop);
        listener door(unix_path{folder / "door"});
        auto there = co_await ctx.connect(unix_path{folder / "door"});
        auto const trust = tls_client(trusting());
        std::string told;
        try {
            co_await near.start_tls(ctx, trust);
        } catch (std::logic_error const&) {
            told += "twice ";
        }
        try {
            co_await there.handshake(ctx);
        } catch (std::logic_error const&) {
            told += "plain ";
        }
        try {
            co_await there.start_tls(ctx, trust);
        } catch (tls_error const& why) {
            told += kind_of(why).ends_with("(server_name)") ? "no name" : why.what();
        }
        co_return told;
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}), Each("twice plain no name"));
}

// ---- Much, and several at once

class much_over_tls : public over_tls {};
QUARTET_SUITE(much_over_tls, rows_with_real_io());

std::string pattern(std::size_t length) {
    std::string text(length, ' ');
    for (std::size_t i = 0; i < length; ++i)
        text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
    return text;
}

/// Takes what is there; true at the end.
task<bool> take(context& ctx, connection& from, std::string& to) {
    try {
        for (;;) {
            auto const some = co_await ctx.with_timeout(1ms, from.read_some(ctx));
            if (some.empty()) co_return true;
            to += some;
        }
    } catch (timed_out const&) {
        co_return false;
    }
}

TEST_P(much_over_tls, is_broken_off_and_taken_up_without_a_loss) {
    auto const body = [loop = GetParam().on_loops](context& ctx, int) -> task<std::string> {
        auto [near, far] = co_await both_ends(ctx, loop);
        int const little = 50'000;
        setsockopt(near.native(), SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
        setsockopt(far.native(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
        auto const much = pattern(2'000'000);
        std::string there;
        int broken_off = 0;
        while (near.bytes_written() < much.size()) {
            try {
                auto const rest = std::string_view(much).substr(near.bytes_written());
                co_await ctx.with_timeout(1ms, near.write(ctx, rest));
            } catch (timed_out const&) {
                ++broken_off;
            }
            co_await take(ctx, far, there);
        }
        co_await near.write(ctx, "");
        near.close();
        there += co_await far.read_to_end(ctx);
        if (broken_off == 0) co_return "never";
        co_return there == much ? "the same" : "something else";
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}), Each("the same"));
}

TEST_P(much_over_tls, goes_and_is_ended_while_there_is_no_room) {
    auto const body = [](context& ctx, int) -> task<std::string> {
        auto const much = pattern(4'000'000);
        openssl_peer const there(all().server, [&much](SSL* session) {
            std::string all;
            std::array<char, 20'000> room{};
            if (SSL_do_handshake(session) != 1) return;
            int count = 0;
            while ((count = SSL_read(session, room.data(), room.size())) > 0)
                all.append(room.data(), static_cast<std::size_t>(count));
            bool const whole = all == much && SSL_get_error(session, count) == SSL_ERROR_ZERO_RETURN;
            SSL_write(session, whole ? "whole" : "cut", whole ? 5 : 3);
            SSL_shutdown(session);
        });
        auto near = co_await ctx.connect("localhost", there.port(), tls_client(trusting()));
        co_await near.write(ctx, std::array<std::string_view, 4>{std::string_view(much).substr(0, 10), "",
                                                                 std::string_view(much).substr(10, 70'000),
                                                                 std::string_view(much).substr(70'010)});
        near.finish();
        co_return co_await near.read_to_end(ctx);
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}), Each("whole"));
}

TEST_P(much_over_tls, is_left_at_a_stop) {
    auto const body = [loop = GetParam().on_loops](context& ctx, int kind) -> task<int> {
        if (kind == 0) {
            listener silent("127.0.0.1", 0);
            auto const trust = tls_client(trusting());
            co_await ctx.connect("127.0.0.1", silent.port(), trust);
        }
        auto [near, far] = co_await both_ends(ctx, loop);
        if (kind == 1) co_await far.read_exactly(ctx, 10);
        std::string const much(30'000'000, 'x');
        co_await near.write(ctx, much);
        co_return 0;
    };
    auto executor = make();
    std::mt19937 random(1);
    for (int round = 0; round < 5; ++round) {
        std::stop_source stop;
        std::jthread const stopper([&stop, wait = std::chrono::microseconds(random() % 12'000)] {
            std::this_thread::sleep_for(wait);
            stop.request_stop();
        });
        for (auto const& each : executor.try_map(body, std::vector{0, 1, 2}, {.stop = stop.get_token()})) {
            ASSERT_FALSE(each.has_value());
            EXPECT_TRUE(each.error().why == cause::cancelled || may_be_taken_along(GetParam(), each.error()))
                << each.error().message;
        }
    }
}

class tls_on_one_loop : public over_tls {};
QUARTET_SUITE(tls_on_one_loop, rows_that_interleave());

TEST_P(tls_on_one_loop, is_read_by_one_body_and_written_by_another) {
    auto const body = [](context& ctx, int) -> task<bool> {
        auto [near, far] = co_await both_ends(ctx, true);
        auto const much = pattern(3'000'000);
        auto const write = [](context& to, connection& by, std::string_view all) -> task<int> {
            co_await by.write(to, all);
            by.finish();
            co_return 0;
        };
        auto const done = co_await when_all(write(ctx, near, much), write(ctx, far, much),
                                            near.read_to_end(ctx), far.read_to_end(ctx));
        co_return std::get<2>(done) == much&& std::get<3>(done) == much;
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}), Each(true));
}

// The bytes that end the handshake come once, and whoever takes them, the other goes on as well.
TEST_P(tls_on_one_loop, begins_with_a_reader_and_a_writer) {
    auto const body = [](context& ctx, int kind) -> task<std::string> {
        auto const offered = a_server();
        listener door("127.0.0.1", 0, offered);
        openssl_peer const there(door.port(), [](SSL* session) {
            std::array<char, 8> greeting{};
            if (SSL_do_handshake(session) != 1 || SSL_read(session, greeting.data(), greeting.size()) != 8)
                return;
            SSL_write(session, "thanks", 6);
            SSL_shutdown(session);
        });
        auto client = (co_await door.accept(ctx)).value();
        auto const greet = [](context& by, connection& to) -> task<int> {
            co_await to.write(by, "greeting");
            co_return 0;
        };
        if (kind == 0) {
            auto const done = co_await when_all(client.read_to_end(ctx), greet(ctx, client));
            co_return std::get<0>(done);
        }
        auto const done = co_await when_all(greet(ctx, client), client.read_to_end(ctx));
        co_return std::get<1>(done);
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}), Each("thanks"));
}

TEST_P(tls_on_one_loop, wakes_who_waits_when_another_body_closes_it) {
    auto const body = [](context& ctx, int) -> task<std::size_t> {
        auto [near, far] = co_await both_ends(ctx, true);
        auto const close_later = [](context& by, connection& what) -> task<int> {
            co_await by.yield();
            what.close();
            co_return 0;
        };
        auto const done = co_await when_all(near.read_to_end(ctx), close_later(ctx, near));
        co_return std::get<0>(done).size() + (co_await far.read_some(ctx)).size();
    };
    EXPECT_THAT(make().map(body, std::vector{0, 1}), Each(0u));
}

/// A connection that is closed behind a write of so much, of which nothing has been read meanwhile.
task<std::string> closed_behind(context& ctx, std::size_t length) {
    auto [near, far] = co_await both_ends(ctx, true);
    int const little = 30'000;
    setsockopt(near.native(), SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
    setsockopt(far.native(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    std::string const much(length, 'x');
    try {
        co_await ctx.with_timeout(5ms, near.write(ctx, much));
    } catch (timed_out const&) {
        co_return "no room";
    }
    near.close();
    try {
        auto const there = co_await far.read_to_end(ctx);
        co_return there == much ? "whole" : "something else";
    } catch (tls_error const&) {
        co_return "cut";
    }
}

// The end of TLS needs room as well, and who closes does not wait for it.
TEST(tls, is_ended_whole_whatever_room_a_write_has_left) {
    auto const body = [](context& ctx, std::size_t length) { return closed_behind(ctx, length); };
    std::vector<std::size_t> lengths;
    for (std::size_t length = 10'000; length < 200'000; length += 2'000)
        lengths.push_back(length);
    auto const told = make_executor("async:1").map(body, lengths);
    EXPECT_THAT(told, Each(AnyOf("whole", "no room")));
    EXPECT_THAT(told, AllOf(Contains("whole"), Contains("no room")));
}

/// A client that greets nobody: it waits for a greeting, and then sends back all it gets.
void answer_greeting(SSL* session) {
    std::array<char, 8> greeting{};
    if (SSL_do_handshake(session) == 1 && SSL_read(session, greeting.data(), greeting.size()) == 8)
        echo(session);
}

/// The least that the system gives, so that little lies in its buffers.
void use_little_room(int socket) {
    int const bytes = 4096;
    ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

/// Asks for new keys until nobody has taken a request for a second, and reads no answers. How often it did,
/// up to `most`.
void ask_for_keys(SSL* session, int most, std::atomic<int>& asked) {
    if (SSL_do_handshake(session) != 1) return;
    use_little_room(SSL_get_fd(session));
    timeval const patience{.tv_sec = 1, .tv_usec = 0};
    ::setsockopt(SSL_get_fd(session), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    while (asked < most && SSL_key_update(session, SSL_KEY_UPDATE_REQUESTED) == 1 &&
           SSL_do_handshake(session) == 1)
        ++asked;
}

TEST(tls, reads_no_more_requests_than_it_may_keep_answers_to) {
    // A request and an answer have 27 bytes each: twice 256 KiB of answers may be kept, and what the system
    // buffers comes on top.
    constexpr int most = 80'000;
    auto const body = [](context& ctx, std::string const&) -> task<int> {
        std::atomic<int> asked = 0;
        {
            openssl_peer const there(all().server,
                                     [&asked](SSL* session) { ask_for_keys(session, most, asked); });
            auto near = co_await ctx.connect("localhost", there.port(), tls_client(trusting()));
            use_little_room(near.native());
            EXPECT_THROW(co_await near.read_some(ctx), std::exception);  // the other side has left
        }
        co_return asked;
    };
    for (std::string const spec : {"threads:1", "async:each"}) {
        int const asked = make_executor(spec).submit(body, spec).get();
        EXPECT_GT(asked, 0) << spec;
        EXPECT_LT(asked, most) << spec;
    }
}

// On two threads or two loops, from the handshake on.
TEST(tls, is_read_on_one_thread_and_written_on_another) {
    all();
    for (auto const* spec : {"threads:2", "threads:2+async:1", "async:2"}) {
        auto executor = make_executor(spec);
        auto const much = pattern(3'000'000);
        for (int round = 0; round < 10; ++round) {
            listener door("127.0.0.1", 0, a_server());
            openssl_peer const there(door.port(), answer_greeting);
            std::optional<connection> client;
            executor
                .submit(
                    [door = &door, to = &client](context& ctx, int) -> task<int> {
                        *to = co_await door->accept(ctx);
                        co_return 0;
                    },
                    0)
                .get();
            auto const body = [line = &*client, much = &much](context& ctx, int who) -> task<std::string> {
                if (who == 0) co_return co_await line->read_to_end(ctx);
                co_await line->write(ctx, "greeting");
                co_await line->write(ctx, *much);
                line->finish();
                co_return *much;
            };
            auto const done = executor.map(body, std::vector{round % 2, 1 - round % 2});
            EXPECT_TRUE(done[0] == done[1]) << spec;
        }
    }
}

}  // namespace
}  // namespace quartet::conformance::tls_socket_test
