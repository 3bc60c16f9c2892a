// A channel: some make values, others use them, and neither has to know how many there are of the other.
// First between bodies and a thread, then between processes.
#include <quartet/quartet.hpp>

#include <iostream>
#include <string>
#include <thread>
#include <vector>

// [stages]
struct belt {
    quartet::channel<int> holes{2};
    quartet::channel<std::string> trees{2};
};

quartet::task<int> dig(quartet::context& ctx, belt& garden) {
    for (int hole = 1; hole <= 3; ++hole)
        co_await garden.holes.send(ctx, hole);  // waits while two holes are open
    garden.holes.close();
    co_return 3;
}

quartet::task<int> plant(quartet::context& ctx, belt& garden) {
    int planted = 0;
    while (auto const hole = co_await garden.holes.receive(ctx)) {  // empty once it is closed and drained
        co_await garden.trees.send(ctx, "a tree in hole " + std::to_string(*hole));
        ++planted;
    }
    garden.trees.close();
    co_return planted;
}
// [/stages]

// [processes]
void sum_up(quartet::channel<std::string>& words, quartet::channel<std::size_t>& sums) {
    std::size_t letters = 0;
    while (auto const word = words.receive())
        letters += word->size();
    sums.send(letters);
}
// [/processes]

int main() {
    // [map]
    belt garden;
    auto executor = quartet::make_executor("async");
    std::thread owner([&] {
        while (auto const tree = garden.trees.receive())  // outside of bodies: the thread waits
            std::cout << *tree << '\n';
    });
    executor.map([&garden](quartet::context& ctx,
                           int who) { return who == 0 ? dig(ctx, garden) : plant(ctx, garden); },
                 std::vector{0, 1});
    owner.join();
    // [/map]

    // [start]
    quartet::channel<std::string> words(10, quartet::between_processes{});
    quartet::channel<std::size_t> sums(2, quartet::between_processes{});
    quartet::process first(sum_up, std::ref(words), std::ref(sums));
    quartet::process second(sum_up, std::ref(words), std::ref(sums));
    first.start();
    second.start();
    for (auto const* word : {"shovel", "pickaxe", "wheelbarrow"})
        words.send(word);
    words.close();
    std::cout << *sums.receive() + *sums.receive() << " letters, counted by two processes\n";
    // [/start]
}
