// One thread, with nothing but standard C++: one that runs a function, and one that is an object with a
// run(), a name, a start() and a join(). Pools of threads stand in threads.cpp.
#include <array>
#include <iostream>
#include <pthread.h>
#include <string>
#include <thread>
#include <utility>

// [name]
void set_name(std::string const& name) {
    pthread_setname_np(pthread_self(), name.c_str());  // 15 bytes at the most; shows in ps and in debuggers
}

std::string current_name() {
    std::array<char, 16> name{};
    pthread_getname_np(pthread_self(), name.data(), name.size());
    return name.data();
}
// [/name]

// [function]
void doubler(int number) {
    set_name("doubler-" + std::to_string(number));
    std::cout << current_name() << ": " << number * 2 << '\n';
}
// [/function]

// [run]
class greeter {
public:
    greeter(std::string name, std::string whom) : name_(std::move(name)), whom_(std::move(whom)) {}
    greeter(greeter&&) = delete;  // its thread refers to it

    void start() {
        thread_ = std::jthread([this] {
            set_name(name_);
            run();
        });
    }
    void join() { thread_.join(); }
    std::string const& name() const noexcept { return name_; }

private:
    void run() { std::cout << current_name() << ": hello " << whom_ << '\n'; }

    std::string name_;
    std::string whom_;
    std::jthread thread_;  // last: it uses the others until it is joined
};
// [/run]

int main() {
    // [start]
    for (int i = 0; i < 5; ++i) {
        std::jthread my_thread(doubler, i);  // runs from here on
        my_thread.join();
    }
    // [/start]

    // [object]
    greeter bob("greeter", "Bob");
    bob.start();
    bob.join();
    std::cout << bob.name() << " has ended\n";
    // [/object]
}
