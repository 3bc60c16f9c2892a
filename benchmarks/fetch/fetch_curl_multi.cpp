// benchmarks/fetch/fetch_curl_multi.cpp
//
//     fetch_curl_multi URL COUNT
//
// What libcurl reaches by itself: 100 handles in a multi handle, each begins the next request when it has
// ended one. Bodies are stored, as a client would; prints the seconds it took.
#include <curl/curl.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

constexpr std::size_t connections = 100;

std::size_t store(char* data, std::size_t, std::size_t size, void* body) {
    static_cast<std::string*>(body)->append(data, size);
    return size;
}

[[noreturn]] void fail(char const* why) {
    std::fprintf(stderr, "fetch_curl_multi: %s\n", why);
    std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: fetch_curl_multi URL COUNT\n");
        return 2;
    }
    auto const count = static_cast<std::size_t>(std::atol(argv[2]));
    std::size_t begun = 0;
    std::size_t ended = 0;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM* const multi = curl_multi_init();
    std::array<std::string, connections> bodies;

    auto const start = std::chrono::steady_clock::now();
    for (std::string& body : bodies) {
        if (begun == count) break;
        CURL* const handle = curl_easy_init();
        curl_easy_setopt(handle, CURLOPT_URL, argv[1]);
        curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, store);
        curl_easy_setopt(handle, CURLOPT_WRITEDATA, &body);
        curl_easy_setopt(handle, CURLOPT_PRIVATE, &body);
        curl_multi_add_handle(multi, handle);
        ++begun;
    }
    while (ended < count) {
        int running = 0;
        if (curl_multi_perform(multi, &running) != CURLM_OK) fail("curl_multi_perform");
        int left = 0;
        while (CURLMsg const* message = curl_multi_info_read(multi, &left)) {
            CURL* const handle = message->easy_handle;
            if (message->data.result != CURLE_OK) fail(curl_easy_strerror(message->data.result));
            std::string* body = nullptr;
            curl_easy_getinfo(handle, CURLINFO_PRIVATE, &body);
            body->clear();
            ++ended;
            curl_multi_remove_handle(multi, handle);
            if (begun < count) {
                curl_multi_add_handle(multi, handle);
                ++begun;
            } else {
                curl_easy_cleanup(handle);
            }
        }
        if (ended < count) curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
    }
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - start;
    std::printf("%.6f\n", took.count());
    curl_multi_cleanup(multi);
}
