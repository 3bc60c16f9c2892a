// A process that greets, and one that is killed.
#include <quartet/quartet.hpp>

#include <chrono>
#include <csignal>
#include <iostream>
#include <string>
#include <thread>
#include <unistd.h>

using namespace std::chrono_literals;

// [greet]
void greet(std::string const& name) {
    std::cout << "hello " << name << ", from a process of its own\n";
}
// [/greet]

void dig_for_ever() {
    for (;;)
        std::this_thread::sleep_for(1s);
}

int main() {
    // [start]
    quartet::process greeter(greet, std::string("Bob"));
    greeter.start();
    greeter.join();
    std::cout << "it ended with " << greeter.exit_code().value() << '\n';
    // [/start]

    // [kill]
    quartet::process digger("digger", dig_for_ever);
    digger.start();
    std::cout << digger.name() << " lives: " << std::boolalpha << digger.alive() << '\n';
    digger.terminate();  // kill() where this is not heard
    if (!digger.join_for(10s)) digger.kill();
    digger.join();
    std::cout << "it was ended by SIGTERM: " << (digger.exit_code() == -SIGTERM) << '\n';
    // [/kill]
}
