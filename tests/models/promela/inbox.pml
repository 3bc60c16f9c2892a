/* How other threads complete operations of an event loop, and how it falls asleep (src/io/loop/inbox.hpp,
 * complete_from_any_thread() and run_some() of asio_loop): one step here is one atomic operation there.
 *
 * Two threads complete operations, each one of its own as often as that has been heard of; the loop takes
 * them, and sleeps when there are none. A post is an entry of Asio's queue, which has a lock of its own and
 * wakes who waits there. Whatever the order of the steps: none is completed twice, and when nobody can go on
 * any more, the loop sleeps and has heard of all.
 *
 * Orders of memory are not seen: that the loop sees what was written before an operation was added is up to
 * the release in add() and the acquire in take_all(), or to Asio's lock.
 *
 * -DSLEEP_BY_STORE: the loop falls asleep without a look whether there is one by now. -DADD_TO_SLEEPER: who
 * adds does not look whether the loop sleeps. -DTORN_TAKE: to take what is there and to say so are two steps.
 * -DTORN_ADD: the comparison and the exchange of add() are. None of them may be. */
#ifndef TIMES
#define TIMES 3
#endif
#define NOBODY 0
#define ASLEEP 99

byte last = NOBODY;
byte next_done[3];
byte posts[3], posted; /* in Asio's queue: of whom, and how many in all */
byte completed[3], heard[3];

inline hear_of(which) {
    atomic {
        heard[which]++;
        assert(heard[which] == completed[which])
    }
}

proctype other(byte me) {
    byte times, seen;
    bool ok;
    do
    :: times == TIMES -> break
    :: times < TIMES && heard[me] == times ->
        times++;
        completed[me]++;
        seen = last;
        do
#ifndef ADD_TO_SLEEPER
        :: seen == ASLEEP -> atomic { posts[me]++; posted++ }; break
        :: seen != ASLEEP ->
#else
        :: true ->
#endif
            next_done[me] = seen;
#ifdef TORN_ADD
            ok = (last == seen);
            if
            :: ok -> last = me
            :: else -> seen = last
            fi;
#else
            atomic {
                ok = (last == seen);
                if
                :: ok -> last = me
                :: else -> seen = last
                fi
            };
#endif
            if
            :: ok -> break
            :: else
            fi
        od
    od
}

inline hear_post() {
    atomic {
        posted > 0 ->
        posted--;
        if
        :: posts[1] > 0 -> posts[1]--; hear_of(1)
        :: posts[2] > 0 -> posts[2]--; hear_of(2)
        fi
    }
}

active proctype loop() {
    byte each, then;
    bool any, sleeps;
    do
    :: any = false;
        if
        :: last != NOBODY && last != ASLEEP -> /* take_all() */
#ifdef TORN_TAKE
            each = last;
            last = NOBODY;
#else
            atomic { each = last; last = NOBODY };
#endif
            do
            :: each == NOBODY || each == ASLEEP -> break
            :: else ->
                then = next_done[each]; /* before it is heard of: from then on it is used again */
                any = true;
                hear_of(each);
                each = then
            od
        :: else
        fi;
        sleeps = false;
        if
        :: any
        :: else ->
#ifdef SLEEP_BY_STORE
            atomic { sleeps = true; last = ASLEEP }
#else
            atomic {
                sleeps = (last == NOBODY);
                if
                :: sleeps -> last = ASLEEP
                :: else
                fi
            }
#endif
        fi;
        if
        :: sleeps ->
end_asleep:
            hear_post();
            last = NOBODY
        :: else
        fi;
        /* finish_turn() asks Asio for what is there, now and then */
        do
        :: posted > 0 -> hear_post()
        :: break
        od
    od
}

init {
    atomic { run other(1); run other(2) }
}

active proctype watch() {
    timeout -> assert(heard[1] == TIMES && heard[2] == TIMES)
}
