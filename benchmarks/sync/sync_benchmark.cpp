// benchmarks/sync/sync_benchmark.cpp
//
// What does it cost to lock and unlock, or to acquire and release a permit? A fixed number of times: by one
// body or thread, so that nobody ever waits; by two threads, two bodies of one event loop, or two processes,
// who want the same lock all the time. Divide a time by the number of locks for the cost of one.
//
//     sync_benchmark --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true
//
// Peers in the same run: std::mutex and std::counting_semaphore, which know nothing of bodies, and do not
// keep an order; between processes a robust mutex of POSIX, which belongs to a thread, and an unnamed POSIX
// semaphore, which a process that dies takes along. Python's locks are in locks.py.
#include <quartet/quartet.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <pthread.h>
#include <semaphore.h>
#include <semaphore>
#include <stdexcept>
#include <sys/mman.h>
#include <thread>
#include <vector>

namespace {

constexpr std::int64_t lock_count = 200'000;

void require(bool held) {
    if (!held) throw std::logic_error("a lock was not held");
}

// Each has lock(), which gives what unlocks at its end.

struct of_quartet : quartet::mutex {};
struct of_quartet_between : quartet::mutex {
    of_quartet_between() : mutex(quartet::between_processes{}) {}
};
struct permits_of_quartet {
    auto lock() { return limit.acquire(); }
    quartet::semaphore limit{1};
};
struct of_std {
    auto lock() { return std::unique_lock(mutex); }
    std::mutex mutex;
};
struct permits_of_std {
    struct release {
        std::counting_semaphore<>* limit;
        void operator()(void*) const { limit->release(); }
    };
    auto lock() {
        limit.acquire();
        return std::unique_ptr<void, release>(this, {&limit});
    }
    std::counting_semaphore<> limit{1};
};

/// In memory that processes share.
template <class T>
class shared_place {
public:
    shared_place()
        : at(::new (mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
                 T()) {}
    shared_place(shared_place const&) = delete;
    shared_place& operator=(shared_place const&) = delete;
    ~shared_place() { munmap(at, sizeof(T)); }
    T* at;
};

struct of_posix_between {
    of_posix_between() {
        pthread_mutexattr_t attributes;
        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
        pthread_mutex_init(place.at, &attributes);
        pthread_mutexattr_destroy(&attributes);
    }
    struct unlock {
        void operator()(pthread_mutex_t* mutex) const { pthread_mutex_unlock(mutex); }
    };
    auto lock() {
        pthread_mutex_lock(place.at);
        return std::unique_ptr<pthread_mutex_t, unlock>(place.at);
    }
    shared_place<pthread_mutex_t> place;
};
struct permits_of_posix_between {
    permits_of_posix_between() { sem_init(place.at, 1, 1); }
    struct post {
        void operator()(sem_t* semaphore) const { sem_post(semaphore); }
    };
    auto lock() {
        sem_wait(place.at);
        return std::unique_ptr<sem_t, post>(place.at);
    }
    shared_place<sem_t> place;
};

template <class Lock>
void lock_often(Lock& lock, std::int64_t times) {
    for (std::int64_t n = 0; n < times; ++n) {
        auto const held = lock.lock();
        require(static_cast<bool>(held));
    }
}

// Nobody ever waits. A second thread, since the C++ library spares a single one its atomic steps.
template <class Lock>
void one_thread(benchmark::State& state) {
    std::jthread const other([](std::stop_token stop) {
        while (!stop.stop_requested())
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    });
    Lock lock;
    for (auto _ : state)
        lock_often(lock, lock_count);
}

template <class Lock>
void two_threads(benchmark::State& state) {
    Lock lock;
    for (auto _ : state) {
        std::jthread const other([&] { lock_often(lock, lock_count / 2); });
        lock_often(lock, lock_count / 2);
    }
}

template <class Lock>
void two_processes(benchmark::State& state) {
    Lock lock;
    for (auto _ : state) {
        state.PauseTiming();
        quartet::channel<int> ready(1, quartet::between_processes{});
        quartet::process other([&] {
            ready.send(1);
            lock_often(lock, lock_count / 2);
        });
        other.start();
        ready.receive();
        state.ResumeTiming();
        lock_often(lock, lock_count / 2);
        other.join();
    }
}

template <class What>
quartet::task<void> take_often(quartet::context& ctx, What& what, std::int64_t times, bool yields) {
    for (std::int64_t n = 0; n < times; ++n) {
        if constexpr (requires { what.acquire(ctx); }) {
            auto const permit = co_await what.acquire(ctx);
            if (yields) co_await ctx.yield();
        } else {
            auto const held = co_await what.lock(ctx);
            if (yields) co_await ctx.yield();
        }
    }
}

/// One body, in a blocking context and on an event loop.
template <class What>
void one_body(benchmark::State& state, char const* spec, auto... arguments) {
    What what(arguments...);
    auto executor = quartet::make_executor(spec);
    auto const body = [&what](quartet::context& ctx, int) {
        return take_often(ctx, what, lock_count, false);
    };
    for (auto _ : state)
        executor.map(body, std::vector{0});
}

// Each hands it to the other, as it lets the other run while it holds it.
void two_bodies(benchmark::State& state) {
    quartet::mutex lock;
    auto executor = quartet::make_executor("async");
    auto const body = [&lock](quartet::context& ctx, int) {
        return take_often(ctx, lock, lock_count / 2, true);
    };
    for (auto _ : state)
        executor.map(body, std::vector{0, 1});
}

// So many a second that nobody waits.
void rate(benchmark::State& state) {
    quartet::rate_limiter limiter(1e9, 1'000'000'000);
    auto executor = quartet::make_executor("async");
    auto const body = [&limiter](quartet::context& ctx, int) -> quartet::task<void> {
        for (std::int64_t n = 0; n < lock_count; ++n)
            co_await limiter.acquire(ctx);
    };
    for (auto _ : state)
        executor.map(body, std::vector{0});
}

void in_wall_time(benchmark::internal::Benchmark* each) {
    each->UseRealTime()->Iterations(1)->Unit(benchmark::kMillisecond);
}

void body_locks(benchmark::State& state, char const* spec) {
    one_body<quartet::mutex>(state, spec);
}
void body_acquires(benchmark::State& state, char const* spec) {
    one_body<quartet::semaphore>(state, spec, std::size_t{1});
}
void body_locks_between(benchmark::State& state, char const* spec) {
    one_body<quartet::mutex>(state, spec, quartet::between_processes{});
}

BENCHMARK_CAPTURE(body_locks, single, "single")->Apply(in_wall_time);
BENCHMARK_CAPTURE(body_locks, async, "async")->Apply(in_wall_time);
BENCHMARK_CAPTURE(body_locks_between, async, "async")->Apply(in_wall_time);
BENCHMARK_CAPTURE(body_acquires, single, "single")->Apply(in_wall_time);
BENCHMARK_CAPTURE(body_acquires, async, "async")->Apply(in_wall_time);
BENCHMARK_TEMPLATE(one_thread, of_quartet)->Apply(in_wall_time);
BENCHMARK_TEMPLATE(one_thread, permits_of_quartet)->Apply(in_wall_time);
BENCHMARK_TEMPLATE(one_thread, of_std)->Apply(in_wall_time);
BENCHMARK_TEMPLATE(one_thread, permits_of_std)->Apply(in_wall_time);
BENCHMARK_TEMPLATE(one_thread, of_quartet_between)->Apply(in_wall_time);
BENCHMARK_TEMPLATE(one_thread, of_posix_between)->Apply(in_wall_time);
BENCHMARK_TEMPLATE(one_thread, permits_of_posix_between)->Apply(in_wall_time);
BENCHMARK_TEMPLATE(two_threads, of_quartet)->Apply(in_wall_time);
BENCHMARK_TEMPLATE(two_threads, of_std)->Apply(in_wall_time);
BENCHMARK(two_bodies)->Apply(in_wall_time);
BENCHMARK(rate)->Apply(in_wall_time);
BENCHMARK_TEMPLATE(two_processes, of_quartet_between)->Apply(in_wall_time);
BENCHMARK_TEMPLATE(two_processes, of_posix_between)->Apply(in_wall_time);
BENCHMARK_TEMPLATE(two_processes, permits_of_posix_between)->Apply(in_wall_time);

}  // namespace

BENCHMARK_MAIN();
