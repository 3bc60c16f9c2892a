// include/quartet/sync.hpp
//
// What bodies and threads wait for each other by, apart from channels: each has a header of its own.
#pragma once

#include <quartet/barrier.hpp>
#include <quartet/event.hpp>
#include <quartet/mutex.hpp>
#include <quartet/semaphore.hpp>
