#include "src/base/robust_mutex.hpp"

#include <system_error>

namespace quartet::inline v0::detail {

robust_mutex::robust_mutex() : mutex_() {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    int const error = pthread_mutex_init(&mutex_, &attributes);
    pthread_mutexattr_destroy(&attributes);
    if (error != 0)
        throw std::system_error(error, std::generic_category(), "cannot make a lock between processes");
}

}  // namespace quartet::inline v0::detail
