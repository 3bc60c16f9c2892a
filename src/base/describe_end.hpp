// src/base/describe_end.hpp
//
// The end of a process in words. Any thread.
#pragma once

#include <string>

namespace quartet::inline v0::detail {

/// "was killed by SIGSEGV (Segmentation fault)" or "exited with code 3"; `status` as from waitpid.
std::string describe_end(int status);

}  // namespace quartet::inline v0::detail
