// src/io/context/cancelled_wait.hpp
//
// The exception `cancelled` that names what was waited for.
#pragma once

#include <quartet/outcome.hpp>

#include <memory>
#include <string>
#include <utility>

namespace quartet::inline v0::detail {

class cancelled_wait final : public cancelled {
public:
    /// "cancelled while it waited for " and `what`.
    explicit cancelled_wait(std::string const& what)
        : text_(std::make_shared<std::string>("cancelled while it waited for " + what)) {}

    char const* what() const noexcept override { return text_->c_str(); }

private:
    std::shared_ptr<std::string const> text_;  // shared: copying an exception must not throw
};

}  // namespace quartet::inline v0::detail
