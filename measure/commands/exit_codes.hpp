// measure/commands/exit_codes.hpp
//
// Exit codes that are no failure. Plain values; any thread.
#pragma once

#include <bitset>
#include <string_view>

namespace quartet::measure {

class exit_code_set {
public:
    /// None but 0.
    exit_code_set() { codes_.set(0); }

    /// "all", or "1,3-5" besides 0. Throws std::invalid_argument with a sentence.
    static exit_code_set parse(std::string_view text);

    /// Whether a command that ended so, as waitpid says, has not failed. "all" has signals, too.
    bool accepts(int status) const noexcept;

private:
    std::bitset<256> codes_;
    bool signals_ = false;
};

}  // namespace quartet::measure
