// include/quartet/version.hpp
//
// The library's version; CMakeLists.txt checks that it is the project's.
#pragma once

#define QUARTET_VERSION "0.1.0"
