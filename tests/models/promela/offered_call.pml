/* A place for calls that one worker process has on offer, and the deaths of both sides (src/models/processes/
 * offered_calls.hpp, worker_calls.cpp, lost_calls.cpp): one step here is one atomic operation there. A process
 * may be killed before any of its steps; the supervisor learns of it some time later.
 *
 * Who asks offers two calls, one after the other, and takes each back or waits for its end. Who helps takes
 * what it finds and ends it, unless the supervisor ends who helps before. Whatever the order of the steps:
 * nobody touches memory that was freed, nothing is freed twice, and when nobody can go on any more, the place
 * is vacant, all is freed but what a process that was killed was about to free, and who asks, if it lives, has
 * both outcomes.
 *
 * -DNO_TELL: nobody wakes who asks after a death. -DLATE_KEY: who asks reads the count of the news after its
 * last look. -DFREE_FIRST: who asks frees memory before the place is vacant. -DEND_BY_STORE: who helps ends a
 * call by a store. -DNO_NUMBER: offers have no number. None of them may be. */
#define calls 2

mtype = { vacant, offered, taken, terminating, done, lost };

/* The word: the four change together. */
mtype state = vacant;
bool orphan;
byte number;

byte of_task;    /* what the task of the offer with this number is */
byte waiting, news;
byte freed[calls + 1];
byte held;    /* whose memory who asks is about to free */
byte left_to; /* whose memory who helps is about to free */
bool asker_dead, helper_dead, over;

inline free(which) {
    atomic {
        assert(!freed[which]);
        freed[which] = 1
    }
}

active proctype killer() {
    if
    :: asker_dead = true
    :: skip
    fi;
    if
    :: helper_dead = true
    :: skip
    fi
}

active proctype asker() provided (!asker_dead) {
    byte seen;
    bool mine;
    do
    :: number == calls -> break
    :: else ->
        of_task = number + 1;
        atomic { state = offered; number++ };
        atomic { /* take_back(), at any time */
            mine = (state == offered);
            if
            :: mine -> state = vacant; held = number
            :: else
            fi
        };
        do
        :: mine -> break
        :: else -> /* wait_for() */
            if
            :: state == taken || state == terminating ->
                waiting = 1;
#ifndef LATE_KEY
                seen = news;
#endif
                if
                :: state == taken || state == terminating ->
#ifdef LATE_KEY
                    seen = news;
#endif
                    news != seen /* the futex, which compares first */
                :: else
                fi;
                waiting = 0
            :: else -> break
            fi
        od;
        if
        :: mine
        :: else ->
            assert((state == done || state == lost) && !freed[number]);
#ifdef FREE_FIRST
            free(number);
            state = vacant
#else
            atomic { state = vacant; held = number }
#endif
        fi;
#ifndef FREE_FIRST
        free(number);
        held = 0
#else
        if
        :: mine -> free(number); held = 0
        :: else
        fi
#endif
    od;
    over = true
}

inline tell() {
    if
    :: waiting -> news++
    :: else
    fi
}

active proctype helper() provided (!helper_dead) {
    byte found, named, part;
    bool got;
    do
    :: over || number == calls && state != offered -> break
    :: atomic { state == offered && !orphan -> found = number };
        named = of_task; /* before it is taken, so that its task is kept */
        atomic {
#ifdef NO_NUMBER
            got = (state == offered && !orphan);
#else
            got = (state == offered && !orphan && number == found);
#endif
            if
            :: got -> state = taken
            :: else
            fi
        };
        if
        :: got ->
            assert(named == number);
            part = number;
            assert(!freed[part]); /* it runs */
            atomic {
#ifdef END_BY_STORE
                got = true;
#else
                got = (state == taken && !orphan);
#endif
                if
                :: got -> state = done
                :: else
                fi
            };
            if
            :: got -> tell()
            :: else ->
                atomic { /* orphan, or who helps is being ended and pauses */
                    state == taken && orphan -> state = vacant; orphan = false; left_to = part
                };
                free(part);
                left_to = 0
            fi
        :: else
        fi
    od
}

active proctype supervisor() {
    mtype was;
    byte part;
    bool asker_known, helper_known, ends;
    do
    :: atomic { state == taken && !ends -> state = terminating; ends = true }; helper_dead = true
    :: asker_dead && !asker_known -> /* orphan() */
        if
        :: state != vacant ->
            part = number;
            atomic { orphan = true; was = state };
            if
            :: was == taken || was == terminating
            :: else ->
                atomic { state = vacant; orphan = false };
                free(part)
            fi
        :: else
        fi;
        asker_known = true
    :: helper_dead && !helper_known ->
        part = number;
        if
        :: (state == taken || state == terminating) && orphan ->
            atomic { state = vacant; orphan = false };
            free(part)
        :: (state == taken || state == terminating) && !orphan -> state = lost
        :: else
        fi;
#ifndef NO_TELL
        tell();
#endif
        helper_known = true
    od
}

active proctype last_look() {
    byte each = 1;
    timeout;
    assert(state == vacant && !orphan);
    assert(asker_dead || over);
    do
    :: each > number -> break
    :: else ->
        assert(freed[each] || asker_dead && held == each ||
               helper_dead && left_to == each);
        each++
    od
}
