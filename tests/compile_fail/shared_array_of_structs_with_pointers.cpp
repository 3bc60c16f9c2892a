// says: quartet: the elements of a shared_array are bytes that other processes read: they must be trivially
#include <quartet/quartet.hpp>

struct node {
    int value;
    node* next;
};

quartet::shared_array<node> wrong(10);
