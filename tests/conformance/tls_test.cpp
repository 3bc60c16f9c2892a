// Certificates are verified unless told otherwise. The server is openssl's; its certificate is made here, for
// "localhost" and for nobody else.
#include "tests/conformance/models.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <signal.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace quartet::conformance::tls_test {
namespace {

class tls_server {
public:
    tls_server() {
        run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
            "/CN=localhost"
            " -addext subjectAltName=DNS:localhost -keyout '" +
            (folder_ / "key") + "' -out '" + certificate() + "' 2> /dev/null");
        start();
    }
    ~tls_server() {
        kill(process_, SIGKILL);
        waitpid(process_, nullptr, 0);
    }
    std::string certificate() const { return folder_ / "certificate"; }
    std::string url(std::string const& host) const { return "https://" + host + ":" + port_ + "/"; }

private:
    static void run(std::string const& command) {
        if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
    }

    void start() {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
        process_ = fork();
        if (process_ == 0) {
            dup2(ends[1], STDOUT_FILENO);
            dup2(open("/dev/null", O_RDWR), STDERR_FILENO);
            auto const key = folder_ / "key", chain = certificate();
            execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-key", key.c_str(),
                   "-cert", chain.c_str(), nullptr);
            _exit(127);
        }
        close(ends[1]);
        read_port(ends[0]);
        close(ends[0]);
    }

    /// It says "ACCEPT 127.0.0.1:PORT" when it listens.
    void read_port(int from) {
        std::string said;
        std::array<char, 256> bytes;
        while (said.find("ACCEPT ") == said.npos || said.back() != '\n') {
            auto const got = read(from, bytes.data(), bytes.size());
            if (got <= 0) throw std::runtime_error("openssl s_server did not start: " + said);
            said.append(bytes.data(), static_cast<std::size_t>(got));
        }
        port_ = said.substr(said.rfind(':') + 1);
        port_.pop_back();
    }

    temporary_folder folder_;
    pid_t process_ = -1;
    std::string port_;
};

class tls : public any_model {
protected:
    static void SetUpTestSuite() { server_ = new tls_server; }
    static void TearDownTestSuite() {
        delete server_;
        server_ = nullptr;
    }

    struct choice {
        std::string url;
        std::string ca_file{};
        bool verify = true;
        template <class Archive>
        void serialize(Archive& archive) {
            archive(url, ca_file, verify);
        }
    };

    /// A status, or minus the error's kind.
    int fetch(choice const& what) {
        auto const body = [](context& ctx, choice const& each) -> task<int> {
            try {
                http_request request(each.url);
                request.verify_tls = each.verify;
                request.ca_file = each.ca_file;
                co_return (co_await ctx.fetch(std::move(request))).status;
            } catch (fetch_error const& error) {
                co_return -static_cast<int>(error.what_kind());
            }
        };
        return make().map(body, std::vector{what}).at(0);
    }

    static constexpr int refused = -static_cast<int>(fetch_error::kind::tls);
    static tls_server* server_;
};
tls_server* tls::server_ = nullptr;
QUARTET_SUITE(tls, rows_with_real_io());

TEST_P(tls, refuses_a_certificate_that_nobody_vouches_for) {
    EXPECT_EQ(fetch({.url = server_->url("localhost")}), refused);
}

TEST_P(tls, accepts_one_that_it_is_told_to_trust) {
    EXPECT_EQ(fetch({.url = server_->url("localhost"), .ca_file = server_->certificate()}), 200);
}

TEST_P(tls, refuses_one_that_is_for_another_host) {
    EXPECT_EQ(fetch({.url = server_->url("127.0.0.1"), .ca_file = server_->certificate()}), refused);
}

TEST_P(tls, verifies_nothing_if_told_so) {
    EXPECT_EQ(fetch({.url = server_->url("127.0.0.1"), .verify = false}), 200);
}

}  // namespace
}  // namespace quartet::conformance::tls_test
