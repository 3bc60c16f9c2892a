// Runs a function in a child process of its own: makes it, starts it and waits for its end. kill.cpp shows
// how to kill one.
#include <quartet/quartet.hpp>

#include <iostream>
#include <string>

// [greet]
void greet(std::string const& name) {
    std::cout << "hello " << name << ", from a process of its own\n";
}
// [/greet]

int main() {
    // [start]
    quartet::process greeter(greet, std::string("Bob"));
    greeter.start();
    greeter.join();
    std::cout << "it ended with " << greeter.exit_code().value() << '\n';
    // [/start]
}
