/* How threads that have nothing to do sleep and are woken (src/models/shared_calls.cpp, threads.cpp): one
 * step here is one atomic operation, or one that the pool's lock keeps together, there.
 *
 * A body makes calls and runs none of them itself; idle threads take what they find. Whatever the order of
 * the steps: when nobody can go on any more, no call is left.
 *
 * -DNO_SECOND_LOOK: who falls asleep does not look again. -DNO_LOCK: who wakes does not take the lock (with
 * one idle thread: of two the other sees to it). -DNO_RESET: who falls asleep leaves it noted that one is
 * being woken, when that has reached nobody; so it was at first, until this model showed it. None of them may
 * be. */
#define CALLS 3
#ifndef IDLE
#define IDLE 2
#endif

byte offered;       /* calls in the deque of the body that makes them */
byte asleep;        /* threads */
bool waking;
bool lock;
byte sleepers;      /* in the wait for the condition */
byte signals;       /* that have reached one of them */

inline take_lock() { atomic { !lock -> lock = true } }
inline give_lock() { lock = false }

inline notify_one() {
    atomic {
        if
        :: sleepers > signals -> signals++
        :: else
        fi
    }
}

inline wake_another() {
    if
    :: asleep == 0 || waking
    :: else ->
        atomic { was = waking; waking = true };
        if
        :: was
        :: else ->
#ifndef NO_LOCK
            take_lock();
            give_lock();
#endif
            notify_one()
        fi
    fi
}

active proctype body() {
    byte made;
    bool was;
    do
    :: made < CALLS ->
        offered++;
        made++;
        if
        :: asleep > 0 -> wake_another()
        :: else
        fi
    :: else -> break
    od
}

active [IDLE] proctype idle() {
    bool got, was;
end_idle:
    do
    :: atomic {
            got = offered > 0;
            if
            :: got -> offered--
            :: else
            fi
        };
        if
        :: got ->
            if
            :: asleep > 0 && offered > 0 -> wake_another()
            :: else
            fi
        :: else ->
            take_lock();
            asleep++;
#ifndef NO_RESET
            waking = false;
#endif
#ifndef NO_SECOND_LOOK
            if
            :: offered > 0
            :: else ->
#endif
                atomic { sleepers++; give_lock() };
end_asleep:
                atomic { signals > 0 -> signals--; sleepers-- };
                take_lock();
#ifndef NO_SECOND_LOOK
            fi;
#endif
            atomic { asleep--; waking = false };
            give_lock()
        fi
    od
}

active proctype watch() {
    timeout -> assert(offered == 0)
}
