// include/quartet/version.hpp
//
// The library's version, for people and for #if. CMakeLists.txt reads it here.
//
// All that the library declares is in quartet::v0, an inline namespace which nobody has to write: programs
// that were compiled for a version with another number are not linked with this one by mistake. The number
// grows with what is no longer compatible, from 1.0.0 on with the major version.
#pragma once

#define QUARTET_VERSION_MAJOR 0
#define QUARTET_VERSION_MINOR 1
#define QUARTET_VERSION_PATCH 0
#define QUARTET_VERSION "0.1.0"

/// As one number that grows: `#if QUARTET_VERSION_NUMBER >= 10203` is "1.2.3 or later".
#define QUARTET_VERSION_NUMBER \
    (QUARTET_VERSION_MAJOR * 10000 + QUARTET_VERSION_MINOR * 100 + QUARTET_VERSION_PATCH)
