// src/base/descriptor.hpp
//
// Owns a file descriptor.
#pragma once

#include <unistd.h>
#include <utility>

namespace quartet::inline v0::detail {

class descriptor {
public:
    descriptor() = default;
    explicit descriptor(int number) noexcept : number_(number) {}
    descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    /// -1 if there is none.
    int get() const noexcept { return number_; }

private:
    int number_ = -1;
};

}  // namespace quartet::inline v0::detail
