// says: quartet: the channel's values can't cross to a process: pointers and views leave behind what they
#include <quartet/quartet.hpp>

struct message {
    int kind;
    char const* text;
};

void wrong() {
    quartet::channel<message> texts(10, quartet::between_processes{});
}
