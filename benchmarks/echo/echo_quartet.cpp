// benchmarks/echo/echo_quartet.cpp
//
// Gives back what it is sent, on one event loop, to any number of connections. Prints its port and ends when
// its input does.
#include <quartet/quartet.hpp>

#include <array>
#include <cstdio>
#include <iostream>
#include <utility>

namespace {

quartet::task<void> give_back(quartet::context& ctx, quartet::connection line) {
    std::array<char, 1024> room;
    while (auto const count = co_await line.read_some(ctx, room))
        co_await line.write(ctx, {room.data(), count});
}

}  // namespace

int main() {
    auto executor = quartet::make_executor("async:each");
    quartet::listener door("127.0.0.1", 0);
    auto serving = executor.submit([&](quartet::context& ctx) -> quartet::task<void> {
        co_await quartet::in_task_group(ctx, [&](quartet::task_group& clients) -> quartet::task<void> {
            while (auto line = co_await door.accept(ctx))
                clients.spawn(give_back(ctx, std::move(*line)));
        });
    });
    std::printf("%d\n", door.port());
    std::fflush(stdout);
    while (std::cin.get() != EOF) {
    }
    door.close();
    serving.get();
}
