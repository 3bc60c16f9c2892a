// Types of your own as inputs and results. Under `processes` values cross to another process: by a
// serialize() function, or by a codec where the type is not yours to change.
#include <quartet/quartet.hpp>

#include <iostream>
#include <string>
#include <utility>
#include <vector>

// [serialize]
struct shape {
    std::string name;
    std::vector<double> sides;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(name, sides);
    }
};
// [/serialize]

/// A type from elsewhere: it has no serialize() and its parts are private.
class money {
public:
    static money from_cents(long cents) { return money(cents); }
    long cents() const { return cents_; }

    money(money const& other) : cents_(other.cents_) {}  // not trivially copyable, so its bytes won't do
    money& operator=(money const& other) = default;

private:
    explicit money(long cents) : cents_(cents) {}
    long cents_;
};

// [codec]
template <>
struct quartet::codec<money> {
    static void encode(money const& value, byte_writer& out) { codec<long>::encode(value.cents(), out); }
    static money decode(byte_reader& in) { return money::from_cents(codec<long>::decode(in)); }
};
// [/codec]

money price_of_fence(shape const& garden) {
    double length = 0;
    for (double side : garden.sides)
        length += side;
    return money::from_cents(static_cast<long>(length * 1250));
}

int main() {
    std::vector<shape> const gardens{{"square", {10, 10, 10, 10}}, {"triangle", {3, 4, 5}}};
    auto executor = quartet::make_executor("processes:2");
    auto const prices = executor.map(price_of_fence, gardens);
    for (std::size_t i = 0; i < gardens.size(); ++i)
        std::cout << gardens[i].name << ": " << prices[i].cents() << '\n';
}
