/* How tasks go from a program to its worker processes, and the deaths of these (src/models/processes/
 * task_ring.hpp, take_tasks() and count_ended() of worker_process.*, worker::sleep(), process_pool.cpp,
 * lost_tasks.cpp, open_calls.cpp, kept_batches.cpp): one step here is one atomic operation there. A worker may
 * be killed before any of its steps; the supervisor learns of it some time later and forks another.
 *
 * The program makes calls of one task or more, and takes the outcomes of each when it has ended; a batch that
 * is freed is the memory of the next. Whatever the order of the steps: no task runs twice, and no part of an
 * offer is taken twice; nobody runs, ends or counts tasks of memory that was freed; when nobody can go on any
 * more, the program has the outcomes of all calls, and a task without a value is one that its worker had begun
 * when it was killed.
 *
 * A ring of two places, which is half empty with one offer in it, stands for one of 4096: an offer is left when
 * it becomes half empty, and who takes that one tells of the room. Left out: stops, time limits, calls of bodies
 * (offered_call.pml), workers with loops, the end of the fork server, after which no worker lives, and workers
 * that are given up since they end before they run anything. The event that ends a call is a flag; a futex that
 * counts calls of one worker is a flag, too, which that clears when it reads the count. A worker takes as many
 * tasks as it likes. A worker that is dead differs in nothing from one that takes no step until that is known, so
 * it is killed where the supervisor learns of it. The head and the tail are read in one step by who looks.
 *
 * Orders of memory are not seen. The code relies on sequential consistency where two sides look at each other
 * (`asleep` and the tail, `overflown` and the head, `needs_rescan` and `left`, names of slots and the place that
 * tasks are taken from), else on release and acquire; and it reads `overflown` in a relaxed way, since the next
 * who takes tasks reads it again.
 *
 * -DREFUSED: the system forks no other worker. -DAWAKE: nobody sleeps (with -DCAPACITY=1, to find what is wrong
 * with places that are filled anew).
 *
 * -DNO_NUMBER: offers have no number. -DNO_CLOSE: a place is filled anew without being closed before.
 * -DLATE_NAME: the slot names tasks after they were taken. -DNO_WORD: a task is begun without a look at its
 * word. -DNO_SECOND_LOOK: who falls asleep does not look again. -DLATE_KEY: who falls asleep reads how often
 * it was called after its last look. -DNO_CALL_AT_DEATH: nobody is woken in place of a worker that was killed.
 * -DNO_RESCAN: the supervisor trusts the count of a call of which a worker was killed. -DHALF=1: the ring is
 * half empty only when it is empty. -DNO_LOOK_FOR_ROOM: what found no room is left without a look whether
 * there is some by now. -DFREE_NAMED: memory is freed though a slot names it. None of them may be. */
#ifndef CALLS
#define CALLS 3
#endif
#ifndef TASKS
#define TASKS 1
#endif
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef CAPACITY
#define CAPACITY 2
#endif
#ifndef HALF
#define HALF 2
#endif
#define MOST_OFFERS (CALLS + DEATHS * TASKS)
#define CLOSED 99

#ifdef NO_NUMBER
#define number_of(at) 1
#else
#define number_of(at) ((at) / CAPACITY + 1)
#endif

#ifdef AWAKE
#define looks_again (len(overflow) > 0)
#else
#define looks_again false
#endif

/* ---- What a task's word says */
#define WAITING 0
#define DONE 1
#define LOST 2
#define RUNNING 3 /* and above: by which worker */

/* ---- The ring. A number and the next task change together. */
byte head, tail;
byte place_number[CAPACITY], place_next[CAPACITY], place_batch[CAPACITY], place_last[CAPACITY];

/* ---- Batches, by the memory in which they are; 0 is none */
#define ROOM (CALLS + 1)
#define word(b, i) words[(b) * TASKS + (i)]
byte words[ROOM * TASKS];
byte count[ROOM], left[ROOM], offered_to[ROOM], of_call[ROOM];
bool live[ROOM], has_ended[ROOM], needs_rescan[ROOM];
bool open_[ROOM];      /* among the open calls; under the lock */
bool to_be_freed[ROOM]; /* collected; under the lock */

/* ---- Slots of workers. The ends of a chunk change together. */
byte slot_batch[WORKERS], chunk_first[WORKERS], chunk_last[WORKERS];
bool asleep[WORKERS];
bool called[WORKERS]; /* the futex differs from what its worker has seen */

/* ---- The parent's, under its lock */
bool lock;
chan overflow = [MOST_OFFERS] of { byte, byte, byte };

bool overflown, wake;                  /* the supervisor */
bool killed[WORKERS]; /* a worker, which ends by that */
byte deaths, deaths_to_come;

/* ---- What is asked */
byte ran[CALLS * TASKS];
byte true_batch[MOST_OFFERS], true_last[MOST_OFFERS], given[MOST_OFFERS];
byte collected;

inline take_lock() { atomic { !lock -> lock = true } }
inline give_lock() { lock = false }

/* The first offer with tasks left: `batch`, `first`, `last` and `at` of who looks. */
inline look() {
    do
    :: atomic {
            at = head;
            found = false;
            if
            :: at == tail -> at = 0; batch = 0; first = 0; last = 0; ok = false; break
            :: else
            fi
        };
        atomic {
            ok = (place_number[at % CAPACITY] == number_of(at));
            first = place_next[at % CAPACITY]
        };
        if
        :: ok ->
            batch = place_batch[at % CAPACITY];
            atomic {
                last = place_last[at % CAPACITY];
                if
                :: first < last -> found = true; ok = false; break
                :: else
                fi
            };
            atomic {
                if
                :: head == at -> head++
                :: else
                fi
            }
        :: else
        fi
    od
}

inline tell_end(b) {
    atomic {
        assert(live[b]);
        has_ended[b] = true
    };
    assert(live[b]) /* is it watched? */
}

inline name_tasks() {
    slot_batch[me] = batch;
    atomic { chunk_first[me] = first; chunk_last[me] = last }
}

/* ---- A worker */
proctype worker(byte me) {
    byte at, batch, first, last, n;
    bool found, ok;
    {
        do
        :: look();
            if
            :: found ->
                found = false;
                if /* how many it takes */
                :: true -> last = first + 1
                :: last > first + 1
                fi;
#ifndef LATE_NAME
                name_tasks();
#endif
                atomic {
                    ok = (place_number[at % CAPACITY] == number_of(at) && place_next[at % CAPACITY] == first);
                    if
                    :: ok ->
                        place_next[at % CAPACITY] = last;
                        assert(batch == true_batch[at] && last <= true_last[at] && first >= given[at]);
                        given[at] = last
                    :: else -> batch = 0; first = 0; last = 0
                    fi;
                    at = 0
                };
                if
                :: ok ->
#ifdef LATE_NAME
                    name_tasks();
#endif
                    if
                    :: overflown ->
                        at = tail;
                        atomic {
                            if
                            :: at - head < HALF -> wake = true
                            :: else
                            fi;
                            at = 0
                        }
                    :: else
                    fi;
                    do
                    :: atomic { first == last -> break }
                    :: atomic {
                            first < last ->
                            assert(live[batch]);
#ifdef NO_WORD
                            ok = true;
#else
                            ok = (word(batch, first) == WAITING);
#endif
                            if
                            :: ok ->
                                word(batch, first) = RUNNING + me;
                                ran[of_call[batch] * TASKS + first]++;
                                assert(ran[of_call[batch] * TASKS + first] == 1)
                            :: else -> first++
                            fi
                        };
                        if
                        :: atomic {
                                ok ->
                                assert(live[batch] && word(batch, first) == RUNNING + me);
                                word(batch, first) = DONE;
                                n++;
                                first++
                            }
                        :: else
                        fi
                    od;
                    atomic {
                        assert(live[batch]);
                        left[batch] = left[batch] - n;
                        ok = (n > 0 && left[batch] == 0);
                        n = 0;
                        first = 0;
                        last = 0
                    };
                    if
                    :: ok -> tell_end(batch)
                    :: else ->
                        atomic {
                            assert(live[batch]);
                            if
                            :: needs_rescan[batch] -> wake = true
                            :: else
                            fi
                        }
                    fi;
                    atomic { batch = 0; ok = false; chunk_first[me] = 0; chunk_last[me] = 0 }
                :: else
                fi
            :: else ->
                atomic { chunk_first[me] = 0; chunk_last[me] = 0; slot_batch[me] = 0 };
#ifndef AWAKE
#ifndef LATE_KEY
                called[me] = false;
#endif
                asleep[me] = true;
#ifdef NO_SECOND_LOOK
                found = false;
#else
                look();
#endif
#ifdef LATE_KEY
                called[me] = false;
#endif
                if
                :: found
                :: else ->
end_asleep:
                    called[me] /* the futex, which compares first */
                fi;
#endif
                atomic { asleep[me] = false; found = false; at = 0; batch = 0; first = 0; last = 0; ok = false }
            fi
        od
    } unless {
        atomic {
            killed[me] ->
            killed[me] = false;
            at = 0; batch = 0; first = 0; last = 0; n = 0; found = false; ok = false; me = 0
        }
    }
}

/* ---- What the parent's threads do under the lock */

inline wake_workers(most) {
    n = 0;
    do
    :: atomic { n == WORKERS || woken == most -> n = 0; woken = 0; break }
    :: atomic {
            n < WORKERS && woken < most ->
            ok = asleep[n];
            asleep[n] = false;
            if
            :: ok
            :: else -> n++
            fi
        };
        if
        :: atomic { ok -> called[n] = true; woken++; n++; ok = false }
        :: else
        fi
    od
}

inline push(b, begin, behind) {
    atomic {
        at = tail;
        assert(at < MOST_OFFERS);
        true_batch[at] = b;
        true_last[at] = behind;
        given[at] = begin;
#ifndef NO_CLOSE
        place_number[at % CAPACITY] = number_of(at);
        place_next[at % CAPACITY] = CLOSED
#endif
    };
    place_batch[at % CAPACITY] = b;
    place_last[at % CAPACITY] = behind;
    atomic { place_number[at % CAPACITY] = number_of(at); place_next[at % CAPACITY] = begin };
    atomic { tail = at + 1; offered_to[b] = at + 1; at = 0 }
}

inline put(b, begin, behind) {
    if
    :: len(overflow) > 0 || tail - head >= CAPACITY ->
        overflow!b, begin, behind;
        overflown = true;
#ifndef NO_LOOK_FOR_ROOM
        if
        :: tail - head < HALF -> wake = true
        :: else
        fi
#endif
    :: else ->
        push(b, begin, behind);
        wake_workers(behind - begin)
    fi
}

/* Of kept_batches. */
inline free_untouched() {
    b = 1;
    do
    :: atomic { b < ROOM && !to_be_freed[b] -> b++ }
    :: atomic { b == ROOM -> b = 0; break }
    :: atomic { b < ROOM && to_be_freed[b] -> skip };
        look();
        atomic {
            ok = (head >= offered_to[b]);
            n = 0
        };
#ifndef FREE_NAMED
        do
        :: atomic { n == WORKERS || !ok -> n = 0; break }
        :: atomic { n < WORKERS && ok -> ok = (slot_batch[n] != b); n++ }
        od;
#endif
        atomic {
            if
            :: ok -> to_be_freed[b] = false; live[b] = false
            :: else
            fi;
            ok = false;
            b++
        }
    od
}

inline look_for_end(b) {
    n = 0;
    do
    :: atomic { n < count[b] && (word(b, n) == DONE || word(b, n) == LOST) -> n++ }
    :: atomic { n < count[b] && !(word(b, n) == DONE || word(b, n) == LOST) -> n = 0; break }
    :: atomic { n == count[b] -> n = 0 }; tell_end(b); break
    od
}

/* ---- The program */
active proctype program() {
    byte memory[CALLS + 1];
    byte made, b, n, woken, at, batch, first, last;
    bool found, ok;
    do
    :: made < CALLS ->
        atomic {
            !lock ->
            lock = true;
            b = 1;
            do
            :: live[b] -> b++
            :: else -> break
            od;
            select(n : 1 .. TASKS);
            memory[made] = b;
            count[b] = n;
            left[b] = n;
            of_call[b] = made;
            has_ended[b] = false;
            needs_rescan[b] = false;
            for (n : 0 .. TASKS - 1) {
                word(b, n) = WAITING
            }
            live[b] = true;
            open_[b] = true;
            made++
        };
        put(b, 0, count[b]);
        atomic { give_lock(); b = 0; n = 0; ok = false }
    :: collected < made && has_ended[memory[collected]] ->
        atomic { /* claim(), under the lock */
            !lock ->
            b = memory[collected];
            open_[b] = false
        };
        atomic {
            assert(live[b]);
            for (n : 0 .. count[b] - 1) {
                assert(word(b, n) == DONE || word(b, n) == LOST);
                assert(ran[of_call[b] * TASKS + n] == 1);
                assert(deaths > 0 || word(b, n) == DONE)
            }
        };
        atomic { !lock -> lock = true; to_be_freed[b] = true };
        free_untouched();
        atomic { give_lock(); collected++; b = 0; n = 0; at = 0; batch = 0; first = 0; last = 0; ok = false; found = false }
    :: collected == CALLS -> break
    od
}

/* ---- The supervisor */

inline account_for(me) {
    atomic { /* it is dead, and writes no more */
        b = slot_batch[me];
        begin = chunk_first[me];
        behind = chunk_last[me];
        if
        :: begin > count[b] -> begin = count[b]
        :: else
        fi;
        if
        :: behind > count[b] -> behind = count[b]
        :: else
        fi;
        each = begin
    };
    if
    :: b != 0 && open_[b] ->
        do
        :: atomic { each == behind -> break }
        :: atomic { each < behind && word(b, each) != RUNNING + me -> each++ }
        :: atomic { each < behind && word(b, each) == RUNNING + me -> word(b, each) = LOST };
            atomic { left[b]--; ok = (left[b] == 0) };
            if
            :: ok -> tell_end(b)
            :: else
            fi;
            each++
        od;
        /* give_back() */
        do
        :: begin >= behind -> break
        :: else ->
            each = begin;
            do
            :: each == behind || word(b, each) != WAITING -> break
            :: else -> each++
            od;
            if
            :: each > begin -> put(b, begin, each)
            :: else
            fi;
            begin = each + 1
        od;
#ifndef NO_RESCAN
        needs_rescan[b] = true;
        look_for_end(b)
#endif
    :: else
    fi
}

active proctype supervisor() {
    byte b, n, woken, at, batch, first, last, each, slot, begin, behind;
    bool found, ok, one_is_dead;
    atomic {
        select(deaths_to_come : 0 .. DEATHS);
        for (slot : 0 .. WORKERS - 1) {
            run worker(slot)
        }
        slot = 0
    };
end_waiting:
    do
    :: atomic {
            wake || deaths < deaths_to_come || looks_again ->
            wake = false; /* before the lock, under which it looks */
            one_is_dead = (deaths < deaths_to_come);
            if
            :: one_is_dead -> select(slot : 0 .. WORKERS - 1)
            :: else
            fi
        };
        take_lock();
        if
        :: one_is_dead ->
            /* One that is dead does as one that takes no step from then on until this is known. */
            atomic { killed[slot] = true; deaths++ };
            !killed[slot];
            account_for(slot);
            atomic { /* nobody else looks */
                slot_batch[slot] = 0;
                chunk_first[slot] = 0;
                chunk_last[slot] = 0;
                asleep[slot] = false;
                called[slot] = false;
                one_is_dead = false;
                b = 0; begin = 0; behind = 0; each = 0
            };
#ifndef NO_CALL_AT_DEATH
            wake_workers(WORKERS);
#endif
            atomic {
#ifndef REFUSED
                run worker(slot);
#endif
                slot = 0
            }
        :: else
        fi;
        /* rescan() */
        b = 1;
        do
        :: atomic { b < ROOM && !(open_[b] && needs_rescan[b]) -> b++ }
        :: atomic { b < ROOM && open_[b] && needs_rescan[b] -> skip }; look_for_end(b); b++
        :: atomic { b == ROOM -> b = 0; break }
        od;
        /* refill() */
        if
        :: len(overflow) > 0 ->
            do
            :: len(overflow) == 0 || tail - head >= CAPACITY -> break
            :: else ->
                overflow?b, begin, behind;
                if
                :: open_[b] -> push(b, begin, behind)
                :: else
                fi;
                atomic { b = 0; begin = 0; behind = 0 }
            od;
            overflown = (len(overflow) > 0);
            wake_workers(WORKERS)
        :: else
        fi;
        free_untouched();
        atomic { give_lock(); b = 0; n = 0; at = 0; batch = 0; first = 0; last = 0; begin = 0; behind = 0; each = 0; slot = 0; ok = false; found = false }
    od
}

active proctype watch() {
    timeout -> assert(collected == CALLS && deaths == deaths_to_come)
}
