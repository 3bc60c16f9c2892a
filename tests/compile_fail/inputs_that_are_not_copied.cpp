// says: quartet: inputs that do not lie in a row are copied to where tasks find them, and these can't be copied
#include <quartet/quartet.hpp>

#include <list>

struct ticket {
    ticket() = default;
    ticket(ticket const&) = delete;
    ticket(ticket&&) = default;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(number);
    }
    int number = 0;
};

void wrong(quartet::executor& executor, std::list<ticket> const& tickets) {
    executor.map([](ticket const& each) { return each.number; }, tickets);
}
