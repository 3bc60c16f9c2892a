// A process can be killed. A thread can't: it shares its memory with the others, and nobody would release the
// locks that it holds. An executor with processes kills a worker whose task goes on after its stop, and
// replaces it.
#include <quartet/quartet.hpp>

#include <chrono>
#include <csignal>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;

// [dig]
void dig_for_ever() {
    for (;;)
        std::this_thread::sleep_for(1s);
}
// [/dig]

int answer(int question) {
    while (question == 42)
        std::this_thread::sleep_for(1s);
    return question * 2;
}

int main() {
    // [terminate]
    quartet::process digger("digger", dig_for_ever);
    digger.start();
    std::cout << digger.name() << " lives: " << std::boolalpha << digger.alive() << '\n';
    digger.terminate();  // asks, by SIGTERM
    digger.join();
    std::cout << "it was ended by SIGTERM: " << (digger.exit_code() == -SIGTERM) << '\n';
    // [/terminate]

    // [kill]
    quartet::process deaf([] {
        std::signal(SIGTERM, SIG_IGN);
        dig_for_ever();
    });
    deaf.start();
    deaf.kill();  // does not ask
    deaf.join();
    std::cout << "it was ended by SIGKILL: " << (deaf.exit_code() == -SIGKILL) << '\n';
    // [/kill]

    // [pool]
    auto pool = quartet::make_executor("processes:1");
    auto never = pool.submit(answer, 42);
    if (!never.wait_for(100ms)) never.cancel();  // its worker is killed 250 ms later
    std::cout << "the call was " << to_string(never.take().error().why) << '\n';
    std::cout << "and the next gives " << pool.submit(answer, 21).get() << '\n';
    // [/pool]
}
