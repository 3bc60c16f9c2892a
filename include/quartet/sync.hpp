// include/quartet/sync.hpp
//
// What bodies and threads wait for each other by, apart from channels: each has a header of its own.
#pragma once

#include <quartet/mutex.hpp>
#include <quartet/semaphore.hpp>
