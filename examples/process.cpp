// One process that greets: it is made, started and waited for. How one is killed stands in kill.cpp.
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
