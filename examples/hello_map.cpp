// Fetches pages at the same time and prints how large each is: hello_map URL…
// "async:100" can be any model's word: "single", "threads:8", "processes:4".
// [program]
#include <quartet/quartet.hpp>

#include <iostream>
#include <string>
#include <vector>

quartet::task<std::size_t> page_size(quartet::context& ctx, std::string url) {
    auto const page = co_await ctx.fetch(url);
    co_return page.body.size();
}

int main(int argc, char** argv) {
    std::vector<std::string> const urls(argv + 1, argv + argc);
    auto executor = quartet::make_executor("async:100");  // or "single", "threads:8", "processes:4", "auto"
    for (std::size_t bytes : executor.map(page_size, urls))
        std::cout << bytes << " bytes\n";
}
// [/program]
