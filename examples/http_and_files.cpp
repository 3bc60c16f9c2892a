// HTTP and files in one body: each page is fetched, appended to one file, and its size is the result. The
// same body runs under every model; the file is the same but for the order of its lines.
//
// http_and_files MODEL FILE URL…
#include <quartet/quartet.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

struct page {
    std::string url;
    std::string file;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(url, file);
    }
};

// [save_page]
quartet::task<std::size_t> save_page(quartet::context& ctx, page wanted) {
    quartet::http_request request(wanted.url);
    request.timeout = 1min;
    auto const reply = co_await ctx.fetch(std::move(request));
    if (!reply.ok()) throw std::runtime_error("status " + std::to_string(reply.status));
    co_await ctx.append_file(wanted.file, reply.body + "\n");
    co_return reply.body.size();
}
// [/save_page]

// [first_bytes]
quartet::task<std::string> first_bytes(quartet::context& ctx, std::string path) {
    auto file = co_await ctx.open_file(path, quartet::open_mode::read);
    auto text = co_await file.read_at(0, 10);
    co_await file.close();
    co_return text;
}
// [/first_bytes]

int main(int argc, char** argv) {
    if (argc < 4) {
        std::cerr << "usage: http_and_files MODEL FILE URL...\n";
        return 2;
    }
    try {
        auto executor = quartet::make_executor(argv[1]);
        std::string const file = argv[2];
        std::vector<page> pages;
        for (int i = 3; i < argc; ++i)
            pages.push_back({argv[i], file});
        for (auto const& size : executor.try_map(save_page, pages)) {
            if (size) {
                std::cout << *size << " bytes\n";
            } else {
                std::cout << "failed: " << size.error().message << '\n';
            }
        }
        std::cout << "the file has " << executor.map(first_bytes, std::vector{file})[0].size()
                  << " bytes or more\n";
    } catch (std::exception const& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
