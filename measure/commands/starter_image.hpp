// measure/commands/starter_image.hpp
//
// The program that starts commands, as a file in memory.
#pragma once

#include "src/base/descriptor.hpp"

namespace quartet::measure {

/// To be given to fexecve. Without a descriptor if this build has none, for want of static libraries, or the
/// kernel lets nobody execute from memory: then a fork of this process has to do.
detail::descriptor starter_image();

}  // namespace quartet::measure
