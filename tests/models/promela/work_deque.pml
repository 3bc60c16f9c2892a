/* The deque of src/models/work_deque.hpp: one step here is one atomic operation there.
 *
 * Its thread adds calls, takes some of them out of any place, and the newest; two others steal. Whatever the
 * order of the steps, each call is taken once, and none is left. The orders of memory that are weaker than
 * sequential consistency are the thread sanitizer's part (work_deque_test).
 *
 * -DTORN_TAKE: the comparison and the exchange of take() are two steps, as they must not be. */
#define CALLS 3
#define NONE 0
#define GONE 99

byte slot[CALLS + 2];
byte end = 1, begin = 1;
byte place[CALLS + 1];
byte taken[CALLS + 1];
bool settled[CALLS + 1]; /* its thread knows that it is taken */
bool thieves_lock, over;

inline note(which) {
    taken[which]++;
    assert(taken[which] == 1)
}

inline drop_marks() {
    do
    :: slot[end - 1] == GONE ->
        atomic { got = slot[end - 1]; slot[end - 1] = NONE };
        if
        :: got == GONE -> end--
        :: else -> break
        fi
    :: else -> break
    od
}

inline take(which) {
    newest = (place[which] + 1 == end);
#ifdef TORN_TAKE
    ok = (slot[place[which]] == which);
    if
    :: ok -> slot[place[which]] = (newest -> NONE : GONE)
    :: else
    fi;
#else
    atomic {
        ok = (slot[place[which]] == which);
        if
        :: ok -> slot[place[which]] = (newest -> NONE : GONE)
        :: else
        fi
    };
#endif
    settled[which] = true;
    if
    :: ok ->
        note(which);
        if
        :: newest -> end--; drop_marks()
        :: else
        fi
    :: else
    fi
}

inline take_newest(first) {
    do
    :: end > first ->
        atomic { got = slot[end - 1]; slot[end - 1] = NONE };
        if
        :: got == NONE -> break
        :: got == GONE -> end--
        :: else -> end--; settled[got] = true; note(got); drop_marks(); break
        fi
    :: else -> break
    od
}

proctype owner() {
    byte next = 1, which, got;
    bool ok, newest;
    do
    :: next <= CALLS ->
        place[next] = end;
        slot[end] = next;
        end++;
        next++
    :: next > 1 ->
        select (which : 1 .. next - 1);
        if
        :: !settled[which] -> take(which)
        :: !settled[which] -> take_newest(place[which])
        :: else
        fi
    :: next > CALLS -> break
    od;
    for (which : 1 .. CALLS) {
        if
        :: !settled[which] -> take(which)
        :: else
        fi
    }
    over = true
}

proctype thief() {
    byte at, got;
    bool last;
    do
    :: last = over;
        do
        :: atomic { !thieves_lock -> thieves_lock = true };
            at = begin;
            got = NONE;
            if
            :: slot[at] == NONE
            :: else -> atomic { got = slot[at]; slot[at] = NONE }
            fi;
            if
            :: got != NONE -> begin = at + 1
            :: else
            fi;
            thieves_lock = false;
            if
            :: got == NONE -> break
            :: got == GONE
            :: else -> note(got)
            fi
        od;
        if
        :: last -> break
        :: else
        fi
    od
}

init {
    byte which;
    atomic { run owner(); run thief(); run thief() };
    _nr_pr == 1;
    for (which : 1 .. CALLS) {
        assert(taken[which] == 1)
    }
}
