// Two who talk to each other through a server, in which one body for each direction hands lines on.
#include <quartet/quartet.hpp>

#include <iostream>
#include <optional>
#include <string>

// [relay]
quartet::task<std::uint64_t> relay(quartet::context& ctx, quartet::connection& from,
                                   quartet::connection& to) {
    while (auto const line = co_await from.read_until(ctx, "\n"))
        co_await to.write(ctx, *line);
    to.finish();
    co_return from.bytes_read();
}
// [/relay]
quartet::task<std::string> talk(quartet::context& ctx, std::uint16_t port, std::string name) {
    auto room = co_await ctx.connect("127.0.0.1", port);
    co_await room.write(ctx, "I am " + name + "\n");
    room.finish();
    co_return name + " hears: " + co_await room.read_to_end(ctx);
}

quartet::task<bool> let_in(quartet::context& ctx, quartet::listener& door, auto& seat) {
    co_return (seat = co_await door.accept(ctx)).has_value();
}

int main(int, char** arguments) {
    quartet::listener door("127.0.0.1", 0);
    auto executor = quartet::make_executor(arguments[1]);
    auto const talker = [port = door.port()](auto& ctx, std::string name) { return talk(ctx, port, name); };
    auto ada = executor.submit(talker, std::string("Ada")), bob = executor.submit(talker, std::string("Bob"));
    std::optional<quartet::connection> one, two;
    for (auto* seat : {&one, &two})
        executor.submit([&door, seat](quartet::context& ctx) { return let_in(ctx, door, *seat); }).get();
    auto there = executor.submit([&](quartet::context& ctx) { return relay(ctx, *one, *two); });
    auto back = executor.submit([&](quartet::context& ctx) { return relay(ctx, *two, *one); });
    std::cout << ada.get() << bob.get() << there.get() + back.get() << " bytes went through the server\n";
}
