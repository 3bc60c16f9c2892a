// benchmarks/fetch/fetch_quartet.cpp
//
//     fetch_quartet URL COUNT [SPEC]
//
// Fetches URL COUNT times under the model, async:100 if none is named; prints the seconds it took.
#include <quartet/quartet.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

quartet::task<std::size_t> body_size(quartet::context& ctx, std::string const& url) {
    auto const response = co_await ctx.fetch(url);
    if (!response.ok()) throw std::runtime_error("HTTP status " + std::to_string(response.status));
    co_return response.body.size();
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc < 3) {
        std::fprintf(stderr, "usage: fetch_quartet URL COUNT [SPEC]\n");
        return 2;
    }
    std::vector<std::string> const urls(std::stoul(argv[2]), argv[1]);
    auto executor = quartet::make_executor(argc > 3 ? argv[3] : "async:100");
    auto const began = std::chrono::steady_clock::now();
    auto const sizes = executor.map(body_size, urls);
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - began;
    for (std::size_t const size : sizes) {
        if (size != sizes.front()) throw std::runtime_error("a reply is cut short");
    }
    std::printf("%.6f\n", took.count());
} catch (std::exception const& why) {
    std::fprintf(stderr, "fetch_quartet: %s\n", why.what());
    return 1;
}
