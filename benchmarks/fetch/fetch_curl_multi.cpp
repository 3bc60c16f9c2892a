// benchmarks/fetch/fetch_curl_multi.cpp
//
//     fetch_curl_multi URL COUNT
//
// What libcurl reaches by itself, in the best loop we know for it: curl_multi_socket_action over one epoll
// set, in which the sockets of kept connections stay. 100 handles, each begins the next request when it has
// ended one; no headers, time-outs or decompression are asked for. Prints the seconds it took.
#include <curl/curl.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/epoll.h>
#include <vector>

namespace {

constexpr std::size_t connections = 100;
constexpr int events_a_turn = 16;

[[noreturn]] void fail(char const* why) {
    std::fprintf(stderr, "fetch_curl_multi: %s\n", why);
    std::exit(1);
}

std::size_t store(char* data, std::size_t, std::size_t size, void* body) {
    static_cast<std::string*>(body)->append(data, size);
    return size;
}

class client {
public:
    client(char const* url, std::size_t count) : url_(url), count_(count) {
        curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &on_socket);
        curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &on_timer);
        curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(connections));
    }
    ~client() { curl_multi_cleanup(multi_); }

    void run() {
        for (std::string& body : bodies_)
            if (begun_ < count_) begin(new_handle(body));
        std::array<epoll_event, events_a_turn> events{};
        while (ended_ < count_) {
            if (due_) tell(CURL_SOCKET_TIMEOUT, 0);
            complete_ended();
            if (due_ || ended_ == count_) continue;
            int const ready = epoll_wait(set_, events.data(), events_a_turn, 1000);
            for (int i = 0; i < ready; ++i) {
                auto const& event = events[static_cast<std::size_t>(i)];
                tell(event.data.fd, (event.events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                                        (event.events & ~EPOLLOUT ? CURL_CSELECT_IN : 0));
            }
            complete_ended();
        }
    }

private:
    CURL* new_handle(std::string& body) {
        CURL* const handle = curl_easy_init();
        curl_easy_setopt(handle, CURLOPT_URL, url_);
        curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &store);
        curl_easy_setopt(handle, CURLOPT_WRITEDATA, &body);
        curl_easy_setopt(handle, CURLOPT_PRIVATE, &body);
        return handle;
    }

    void begin(CURL* handle) {
        curl_multi_add_handle(multi_, handle);
        ++begun_;
    }

    void tell(curl_socket_t socket, int what) {
        if (socket == CURL_SOCKET_TIMEOUT) due_ = false;
        int running = 0;
        curl_multi_socket_action(multi_, socket, what, &running);
    }

    void complete_ended() {
        int left = 0;
        while (CURLMsg const* message = curl_multi_info_read(multi_, &left)) {
            CURL* const handle = message->easy_handle;
            if (message->data.result != CURLE_OK) fail(curl_easy_strerror(message->data.result));
            std::string* body = nullptr;
            curl_easy_getinfo(handle, CURLINFO_PRIVATE, &body);
            body->clear();
            ++ended_;
            curl_multi_remove_handle(multi_, handle);
            if (begun_ < count_) {
                begin(handle);
            } else {
                curl_easy_cleanup(handle);
            }
        }
    }

    // Nothing closes a connection here, so what is watched is never forgotten.
    static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
        auto& here = *static_cast<client*>(self);
        auto const index = static_cast<std::size_t>(socket);
        if (what == CURL_POLL_REMOVE) return 0;
        if (index >= here.watched_.size()) here.watched_.resize(index + 1);
        std::uint32_t const wanted =
            (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
        if (here.watched_[index] == wanted) return 0;
        epoll_event event{};
        event.events = wanted;
        event.data.fd = socket;
        int const how = here.watched_[index] ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
        here.watched_[index] = wanted;
        return epoll_ctl(here.set_, how, socket, &event);
    }

    // Only "at once" matters: on loopback nothing here takes as long as a time-out.
    static int on_timer(CURLM*, long milliseconds, void* self) {
        static_cast<client*>(self)->due_ = milliseconds == 0;
        return 0;
    }

    char const* url_;
    std::size_t count_;
    std::size_t begun_ = 0;
    std::size_t ended_ = 0;
    bool due_ = false;
    CURLM* multi_ = curl_multi_init();
    int set_ = epoll_create1(0);
    std::vector<std::uint32_t> watched_;  // by the socket's number
    std::array<std::string, connections> bodies_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: fetch_curl_multi URL COUNT\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    auto const start = std::chrono::steady_clock::now();
    client(argv[1], static_cast<std::size_t>(std::atol(argv[2]))).run();
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - start;
    std::printf("%.6f\n", took.count());
}
