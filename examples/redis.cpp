// A key-value store: Redis by its line protocol over ctx.connect, with pipelining, under any model. The first
// argument is the model, the second the port at which Redis listens.
#include <quartet/quartet.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// [redis]
class redis {
public:
    static quartet::task<redis> connect(quartet::context& ctx, std::uint16_t port) {
        co_return redis(co_await ctx.connect("127.0.0.1", port));
    }

    // Adds a command to those that the next run() sends.
    void add(std::initializer_list<std::string_view> words) {
        commands_ += "*" + std::to_string(words.size()) + "\r\n";
        for (auto const word : words)
            commands_.append("$")
                .append(std::to_string(word.size()))
                .append("\r\n")
                .append(word)
                .append("\r\n");
        ++count_;
    }

    // Sends them all at once, and gives the reply to each.
    quartet::task<std::vector<std::string>> run(quartet::context& ctx) {
        std::string const all = std::exchange(commands_, {});
        co_await server_.write(ctx, all);
        std::vector<std::string> replies;
        for (std::size_t left = std::exchange(count_, 0); left > 0; --left)
            replies.push_back(co_await next_reply(ctx));
        co_return replies;
    }

private:
    explicit redis(quartet::connection server) : server_(std::move(server)) {}

    quartet::task<std::string> next_reply(quartet::context& ctx) {
        auto const line = co_await server_.read_until(ctx, "\r\n");
        if (!line) throw std::runtime_error("Redis has closed the connection");
        std::string text = line->substr(1, line->size() - 3);
        if (line->front() == '-') throw std::runtime_error(text);
        if (line->front() != '$') co_return text;
        int const size = std::stoi(text);
        if (size < 0) co_return "(nil)";
        text = co_await server_.read_exactly(ctx, static_cast<std::size_t>(size) + 2);
        co_return text.substr(0, text.size() - 2);
    }

    quartet::connection server_;
    std::string commands_;
    std::size_t count_ = 0;
};
// [/redis]

// [pipeline]
quartet::task<int> count(quartet::context& ctx, std::uint16_t port, int who) {
    auto store = co_await redis::connect(ctx, port);
    for (int n = 0; n < 100; ++n)
        store.add({"INCR", "counter"});
    store.add({"SET", "user:" + std::to_string(who), std::string(who, 'x')});
    store.add({"GET", "user:" + std::to_string(who)});
    auto const replies = co_await store.run(ctx);
    co_return static_cast<int>(replies.back().size());
}
// [/pipeline]

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: redis MODEL PORT\n";
        return 2;
    }
    auto const port = static_cast<std::uint16_t>(std::stoi(argv[2]));
    auto executor = quartet::make_executor(argv[1]);

    std::vector<std::pair<std::uint16_t, int>> users;
    for (int who = 1; who <= 20; ++who)
        users.emplace_back(port, who);
    int letters = 0;
    for (int const size : executor.starmap(count, users))
        letters += size;
    std::cout << "letters: " << letters << '\n';

    auto const look = [](quartet::context& ctx, std::uint16_t at) -> quartet::task<std::string> {
        auto store = co_await redis::connect(ctx, at);
        store.add({"GET", "counter"});
        store.add({"GET", "nobody"});
        auto const replies = co_await store.run(ctx);
        store.add({"INCR", "user:1"});  // which holds text
        try {
            co_await store.run(ctx);
        } catch (std::runtime_error const& refused) {
            co_return replies.at(0) + ", " + replies.at(1) + ", " + refused.what();
        }
        co_return "?";
    };
    std::cout << executor.submit(look, port).get() << '\n';
}
