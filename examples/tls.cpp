// A question and its answer over TLS. The server shows a certificate that is made here, by openssl, and which
// the client trusts (docs/waiting.md).
#include <quartet/quartet.hpp>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

// [serve]
quartet::task<std::string> answer(quartet::context& ctx, quartet::listener& door) {
    auto client = co_await door.accept(ctx);
    auto const question = co_await client->read_until(ctx, "\n");  // shakes hands before
    co_await client->write(ctx, "42\n");
    co_return *question;
}
// [/serve]

// [ask]
quartet::task<std::string> ask(quartet::context& ctx, std::uint16_t port, quartet::tls_client const& trust) {
    auto server = co_await ctx.connect("localhost", port, trust);
    co_await server.write(ctx, "what is the answer?\n");
    co_return server.tls()->version + ": " + co_await server.read_to_end(ctx);
}
// [/ask]

quartet::task<std::string> ask_who_is_not_trusted(quartet::context& ctx, std::uint16_t port,
                                                  quartet::tls_client const& usual) {
    try {
        co_await ctx.connect("localhost", port, usual);
    } catch (quartet::tls_error const& why) {
        std::string const said = why.what();
        co_return said.substr(said.find("over TLS"));
    }
    co_return "connected";
}

int main(int, char** arguments) {
    std::string folder = std::filesystem::temp_directory_path() / "quartet-example-XXXXXX";
    if (!mkdtemp(folder.data())) return 1;
    std::string const certificate = folder + "/certificate.pem";
    std::string const key = folder + "/key.pem";
    auto executor = quartet::make_executor(arguments[1]);
    auto const make_certificate = [&](quartet::context& ctx) -> quartet::task<int> {
        auto openssl = quartet::command::program("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                                                 "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                                                 "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                                                 "-keyout", key, "-out", certificate);
        auto const result = co_await ctx.run(std::move(openssl));
        co_return result.exit_code;
    };
    if (executor.submit(make_certificate).get() != 0) return 1;
    {
        // [make]
        quartet::listener door("127.0.0.1", 0, quartet::tls_server(certificate, key));
        quartet::tls_client_options options;
        options.ca_file = certificate;  // without it: those that the system trusts
        quartet::tls_client const trust(options);
        // [/make]
        quartet::tls_client const usual;
        auto served = executor.submit([&](quartet::context& ctx) { return answer(ctx, door); });
        std::cout
            << executor.submit([&](quartet::context& ctx) { return ask(ctx, door.port(), trust); }).get();
        std::cout << "the question was " << served.get();
        auto refused = executor.submit([&](quartet::context& ctx) -> quartet::task<int> {
            auto client = co_await door.accept(ctx);
            try {
                co_await client->handshake(ctx);
            } catch (quartet::tls_error const&) {
                co_return 1;
            }
            co_return 0;
        });
        std::cout << executor
                         .submit([&](quartet::context& ctx) {
                             return ask_who_is_not_trusted(ctx, door.port(), usual);
                         })
                         .get()
                  << '\n'
                  << "refused: " << refused.get() << '\n';
    }
    std::filesystem::remove_all(folder);
}
