/* How a body that waits for a call helps the thread that runs it (sleep_until_news() and tell_helpers() in
 * src/models/shared_calls.cpp): one step here is one atomic operation there.
 *
 * The call makes two further ones and waits for them, and only the helpers run these. Then its thread goes on
 * with another, of somebody else, which makes one too: no helper may take that. Whatever the order of the
 * steps: when nobody can go on any more, all have been run, and nobody waits for what has ended.
 *
 * -DNO_NEWS: helpers are not told. -DLATE_KEY: a helper reads the count of the news after its last look.
 * -DNO_LOCK: the call ends while a helper takes what it finds. None of them may be. */
byte helpers, made_there, news;
bool of_another, call_ended, lock;

active proctype taker() {
    byte made;
    do
    :: made < 2 ->
        made_there++;
        made++;
        if
        :: helpers > 0 ->
#ifndef NO_NEWS
            news++
#endif
        :: else
        fi
    :: else -> break
    od;
    made_there == 0; /* it waits for them: somebody else has to run them here */
#ifndef NO_LOCK
    atomic { !lock -> lock = true };
#endif
    call_ended = true;
#ifndef NO_LOCK
    lock = false;
#endif
    if
    :: helpers > 0 ->
#ifndef NO_NEWS
        news++
#endif
    :: else
    fi;
    of_another = true
}

active [2] proctype helper() {
    byte seen;
    bool got;
    do
    :: call_ended -> break
    :: else ->
        atomic { !lock -> lock = true };
        got = !call_ended;
        if
        :: got ->
            atomic {
                got = made_there > 0 || of_another;
                if
                :: made_there > 0 -> made_there--
                :: of_another -> assert(false)
                :: else
                fi
            }
        :: else
        fi;
        lock = false;
        if
        :: got
        :: else ->
            helpers++;
#ifndef LATE_KEY
            seen = news;
#endif
            if
            :: call_ended || made_there > 0
            :: else ->
#ifdef LATE_KEY
                seen = news;
#endif
                news != seen /* the futex, which compares first */
            fi;
            helpers--
        fi
    od
}

active proctype watch() {
    timeout -> assert(made_there == 0 && call_ended && helpers == 0)
}
