// A server that gives each line back, and three clients: bodies of one executor, under every model whose
// bodies run at the same time in one process (docs/waiting.md).
#include <quartet/quartet.hpp>

#include <iostream>
#include <string>
#include <vector>

// [serve]
quartet::task<int> serve(quartet::context& ctx, quartet::listener& door) {
    int lines = 0;
    while (auto client = co_await door.accept(ctx)) {  // nobody any more once it is closed
        for (; auto const line = co_await client->read_until(ctx, "\n"); ++lines)
            co_await client->write(ctx, *line);
    }
    co_return lines;
}
// [/serve]

// [ask]
quartet::task<std::string> ask(quartet::context& ctx, std::uint16_t port, int who) {
    auto server = co_await ctx.connect("localhost", port);
    co_await server.write(ctx, "hello from client " + std::to_string(who) + "\n");
    server.finish();
    co_return co_await server.read_to_end(ctx);
}
// [/ask]

int main(int, char** arguments) {
    quartet::listener door("127.0.0.1", 0);  // at a port that is free
    auto executor = quartet::make_executor(arguments[1]);
    auto serving = executor.submit([&door](quartet::context& ctx) { return serve(ctx, door); });
    auto const asking = [port = door.port()](quartet::context& ctx, int who) { return ask(ctx, port, who); };
    for (auto const& echo : executor.map(asking, std::vector{1, 2, 3}))
        std::cout << echo;
    door.close();
    std::cout << serving.get() << " lines went through the server\n";
}
