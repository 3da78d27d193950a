/*
 * How the agents agree on the steps of a process: agentd/agree_*.c as seen from outside.
 *
 * Every agent has the durable state of struct view_process; every action is one decide(): a message
 * or an observation in, the new state on disk, messages out. What was said once can be heard at any
 * later time, any number of times, in any order, or never, so a crash needs no action of its own:
 * before the commit it is a message that was lost, after the commit it is an answer that was lost,
 * and the time until the restart is delay. Only variants in which the disk holds less than what was
 * said (NO_PERSIST, RESTORE) have a disk apart.
 *
 * With CALM, faults end at some moment: all that is under way is lost at once, and from then on
 * each message arrives exactly once, still in any order; leases and deadlines run out when nothing
 * else can happen. Then every process must end. Without CALM only the assertions count.
 *
 * Not here, on purpose: what the guards look at (a guard is true at some time or another), holds
 * (order.pml), HSYNC beyond "the owner takes it back at some time".
 */
#define N 3 /* agents, all of them voters; the lower number is the lower identity */
#ifndef S
#define S 3 /* steps of a process; the first has no effect */
#endif
#ifndef T
#define T 2 /* processes that may begin, in all */
#endif
#ifndef TRIES
#define TRIES 2 /* how often one agent may begin one */
#endif
#ifndef WITHDRAWALS
#define WITHDRAWALS 0 /* how often an agent sees the owner's instruction taken back */
#endif
#ifndef WANT
#define WANT(i) (i > 0) /* who has a process to ask for: two joiners */
#endif
#ifdef LAST_FIRST
#define PRIORITY(i) (2 - (i))
#else
#define PRIORITY(i) 0
#endif

#define ALL ((1 << N) - 1)
#define BIT(i) (1 << (i))
#define OTHERS(i) (ALL & ~BIT(i))
#define HAS(mask, i) (((mask) >> (i)) & 1)

#define me _pid
byte n; /* 0 between actions */

#define IDLE 0
#define REQUESTED 1
#define GRANTED 2
#define EXECUTING 3
#define DONE 4

/* DENY: why, and of which step */
#define BUSY_0 1
#define STATE_0 2
#define STATE_1 4
#define ENDED 8 /* whatever step */

/* ---- durable, per agent ---- */
byte tid[N], step[N], phase[N], got[N]; /* got: who approved, then who is done */
bit executed[N], asked[N];
byte epoch[N], ended[N];
bit completed[N]; /* the one in ended */
byte begun[N];
byte complete[N]; /* processes that it knows to be complete */

/* ---- processes ---- */
byte last;                     /* transition ids are given out in order */
byte requestor[T + 1], number[T + 1]; /* number: the epoch */
byte granted[T + 1];           /* who ever approved its first step */

/* ---- what name servers show: steps of process t whose effect is visible at agent i ---- */
#define AT(t, i) (((t) - 1) * N + (i))
byte visible[T * N];

/* ---- said and not forgotten by the network ---- */
byte request[T + 1], execute[T + 1];               /* bit per step, to everybody */
byte approve[T * N], did[T * N];     /* bit per step, by agent i */
byte deny[T * N];
byte release[T + 1], abort[T + 1];                 /* bit per receiver */

bit calm;
byte withdrawn;

#define EFFECTIVE(i) (step[i] > 1 || (step[i] == 1 && phase[i] >= EXECUTING))
#define FIRST(a, b) (PRIORITY(a) < PRIORITY(b) || (PRIORITY(a) == PRIORITY(b) && a < b))

#ifdef NO_EPOCH /* messages say the step, not the process */
#define MINE(t) (tid[me] != 0 && requestor[tid[me]] == me)
#define CONCERNS(t) true /* DONE is said to all voters */
#else
#define MINE(t) (tid[me] == t)
#define CONCERNS(t) (requestor[t] == me)
#endif
#ifdef MAJORITY
#define ENOUGH (got[me] != 0 && got[me] != BIT(me))
#else
#define ENOUGH ((got[me] | BIT(me)) == ALL)
#endif

/*
 * REQUEST and EXECUTE are said again until they have had their effect. In the calm, the receiver
 * sees what its sender still says, unless the answer is under way.
 */
#ifdef NO_RESEND
#define AGAIN false
#else
#define AGAIN calm
#endif
#define SAYS(t) (tid[requestor[t]] == t && !HAS(got[requestor[t]], me) && deny[AT(t, me)] == 0)
#define HEARS_REQUEST(t, k)                                                                      \
	(HAS(request[t], k) ||                                                                   \
	 (AGAIN && SAYS(t) && phase[requestor[t]] == REQUESTED && asked[requestor[t]] &&         \
	  step[requestor[t]] == k && !HAS(approve[AT(t, me)], k)))
#define HEARS_EXECUTE(t, k)                                                                      \
	(HAS(execute[t], k) || (AGAIN && SAYS(t) && phase[requestor[t]] >= EXECUTING &&          \
				step[requestor[t]] == k && !HAS(did[AT(t, me)], k)))

/* The requestor's statement says that t is over. */
#define STATED_OVER(t)                                                                           \
	(epoch[requestor[t]] > number[t] ||                                                      \
	 (epoch[requestor[t]] == number[t] && !executed[requestor[t]]))
#ifdef OVER_IS_COMPLETE
#define OVER_WELL(t) true
#else
#define OVER_WELL(t) HAS(complete[requestor[t]], t)
#endif
#define OVERTAKEN(t)                                                                             \
	(epoch[0] > number[t] || epoch[1] > number[t] || epoch[2] > number[t])
#define RESTS (!executed[0] && !executed[1] && !executed[2])
#define LARGEST(a, b) (a > b -> a : b)

/* ---- a disk that holds less than what was said ---- */
#if defined(NO_PERSIST) || defined(RESTORE)
#define DISK 1
byte kept_tid[N], kept_step[N], kept_phase[N], kept_got[N], kept_epoch[N], kept_ended[N], kept_complete[N];
byte kept_visible[T * N];
bit kept_executed[N], kept_asked[N], kept_completed[N];
byte crashes;
inline to_disk()
{
	kept_tid[me] = tid[me]; kept_step[me] = step[me]; kept_phase[me] = phase[me]; kept_got[me] = got[me];
	kept_epoch[me] = epoch[me]; kept_ended[me] = ended[me]; kept_executed[me] = executed[me];
	kept_asked[me] = asked[me]; kept_complete[me] = complete[me];
	kept_completed[me] = completed[me];
	for (n : 1 .. T) { kept_visible[AT(n, me)] = visible[AT(n, me)] }
	n = 0
}
inline from_disk()
{
	tid[me] = kept_tid[me]; step[me] = kept_step[me]; phase[me] = kept_phase[me]; got[me] = kept_got[me];
	epoch[me] = kept_epoch[me]; ended[me] = kept_ended[me]; executed[me] = kept_executed[me];
	asked[me] = kept_asked[me]; complete[me] = kept_complete[me];
	completed[me] = kept_completed[me];
	/* the overlay that follows from it is applied again */
	for (n : 1 .. T) { visible[AT(n, me)] = kept_visible[AT(n, me)] }
	n = 0
}
#endif
#ifdef NO_PERSIST /* that a process begins and ends is persisted, its steps are not */
#define PERSIST to_disk()
#else
#define PERSIST skip
#endif

inline forget()
{
	tid[me] = 0; step[me] = 0; phase[me] = IDLE; got[me] = 0; asked[me] = 0; executed[me] = 0;
	PERSIST
}

inline give_up()
{
	if
	:: requestor[tid[me]] == me && asked[me] ->
		printf("%d gives up process %d: ABORT\n", me, tid[me]);
		abort[tid[me]] = OTHERS(me)
	:: else
	fi;
	forget()
}

inline finish()
{
	printf("%d: process %d is complete\n", me, tid[me]);
	ended[me] = tid[me];
	completed[me] = 1;
	complete[me] = complete[me] | BIT(tid[me]);
#ifdef CANARY /* it can be done at all */
	assert(complete[me] != (1 << (T + 1)) - 2);
#endif
	forget()
}

/* What was done stays; another process goes on from there. */
inline end_early()
{
	printf("%d ends process %d at step %d\n", me, tid[me], step[me]);
	ended[me] = tid[me];
	completed[me] = 0;
	forget()
}

/* ---- what must hold whenever a step is executed, and whenever its effect is visible ---- */

inline check_execute(t, k)
{
	/* all grants */
	assert(granted[t] == ALL);
	/* none skipped, none twice */
	assert(visible[AT(t, me)] == k);
	if
	:: k > 0 ->
		/* one process per zone */
		for (n : 0 .. N - 1) {
			assert(n == me || tid[n] == t || tid[n] == 0 || !EFFECTIVE(n))
		}
		for (n : 1 .. T) { /* nobody acts in an older one */
			assert(n == t || number[n] < number[t] || visible[AT(n, me)] < 2)
		}
		n = 0
	:: else
	fi
}

inline check_visible(t)
{
	for (n : 0 .. N - 1) {
		assert(visible[AT(t, me)] <= visible[AT(t, n)] + 1)
	}
	n = 0
}

inline grant(t, k)
{
	printf("%d approves step %d of process %d\n", me, k, t);
	tid[me] = t;
	step[me] = k;
	phase[me] = GRANTED;
	if
	:: k == 0 -> granted[t] = granted[t] | BIT(me); PERSIST
	:: else
	fi
}

inline say_deny(t, why)
{
	printf("%d: DENY of process %d (%d)\n", me, t, why);
	deny[AT(t, me)] = deny[AT(t, me)] | why
}

/* judge_new() */
inline judge_new(t, k)
{
	if
	:: k == 0 && number[t] > epoch[me] -> grant(t, 0); approve[AT(t, me)] = approve[AT(t, me)] | 1
	:: k == 0 && number[t] <= epoch[me] -> say_deny(t, STATE_0)
	:: k == 1 -> say_deny(t, STATE_1)
	:: else
	fi
}

/* It began anew and its ABORT was lost, or it goes first. */
#define YIELDS(t)                                                                                \
	(!executed[me] &&                                                                        \
	 (requestor[tid[me]] == requestor[t] ||                                                  \
	  (requestor[tid[me]] == me && (!asked[me] || FIRST(requestor[t], me)))))

#define ENDED_HERE(t) (ended[me] == t && !completed[me])

inline on_request(t, k)
{
	if
	:: tid[me] == t && ((k == step[me] && phase[me] == GRANTED) ||
			    (k == step[me] + 1 && phase[me] == DONE)) ->
		if
		:: phase[me] == DONE -> grant(t, k)
		:: else
		fi;
		approve[AT(t, me)] = approve[AT(t, me)] | BIT(k)
	:: tid[me] == t && !(k == step[me] && phase[me] == GRANTED) &&
		!(k == step[me] + 1 && phase[me] == DONE) /* NOT-YET */
	:: tid[me] != 0 && tid[me] != t && YIELDS(t) -> give_up(); judge_new(t, k)
	:: tid[me] != 0 && tid[me] != t && !YIELDS(t) ->
		if
		:: k == 0 -> say_deny(t, BUSY_0)
		:: else
		fi
	:: tid[me] == 0 && ENDED_HERE(t) -> say_deny(t, ENDED)
	:: tid[me] == 0 && !ENDED_HERE(t) -> judge_new(t, k)
	fi
}

#define NEWS_REQUEST(t, k)                                                                       \
	(tid[me] == t -> ((k == step[me] && phase[me] == GRANTED && !HAS(approve[AT(t, me)], k)) || \
			  (k == step[me] + 1 && phase[me] == DONE))                              \
		       : k == 0 || (tid[me] == 0 && (k == 1 || ENDED_HERE(t))) || \
			 (tid[me] != 0 && YIELDS(t)))

inline take_execute(t, k)
{
	printf("%d executes step %d of process %d\n", me, k, t);
	check_execute(t, k);
	executed[me] = 1;
	epoch[me] = LARGEST(number[t], epoch[me]);
	phase[me] = EXECUTING
}

inline on_execute(t, k)
{
	if
	:: tid[me] == 0 && ended[me] == t && completed[me] ->
		did[AT(t, me)] = did[AT(t, me)] | BIT(k)
	:: tid[me] == 0 && ENDED_HERE(t) -> say_deny(t, ENDED)
	:: tid[me] == 0 && ended[me] != t ->
		if
		:: k == 0 && number[t] > epoch[me] -> /* late_execute() */
			grant(t, 0);
			take_execute(t, 0)
		:: k == 0 -> say_deny(t, STATE_0) /* or its guards no longer hold */
		:: k > 0
		fi
	:: tid[me] != 0 && tid[me] != t && k == 0 && executed[me] -> say_deny(t, STATE_0)
	:: tid[me] != 0 && tid[me] != t && !(k == 0 && executed[me]) /* BUSY: not heard any more */
	:: tid[me] == t && (k < step[me] || (k == step[me] && phase[me] == DONE)) ->
		did[AT(t, me)] = did[AT(t, me)] | BIT(k)
	:: tid[me] == t && k == step[me] && phase[me] == GRANTED -> take_execute(t, k)
	:: tid[me] == t && !(k < step[me]) && !(k == step[me] && phase[me] == DONE) &&
		!(k == step[me] && phase[me] == GRANTED)
	fi
}

#define NEWS_EXECUTE(t, k)                                                                       \
	(tid[me] == t -> ((k == step[me] && phase[me] == GRANTED) ||                             \
			  ((k < step[me] || (phase[me] == DONE && k == step[me])) &&             \
			   !HAS(did[AT(t, me)], k)))                                             \
		       : (ended[me] == t && tid[me] == 0                                         \
				  -> !completed[me] || !HAS(did[AT(t, me)], k)                   \
				   : k == 0 && (tid[me] == 0 || executed[me])))

inline seen()
{
	printf("step %d of process %d is visible at %d\n", step[me], tid[me], me);
	visible[AT(tid[me], me)] = step[me] + 1;
	check_visible(tid[me])
}

inline done()
{
	printf("%d: DONE with step %d of process %d\n", me, step[me], tid[me]);
	phase[me] = DONE;
	if
	:: requestor[tid[me]] == me -> got[me] = got[me] | BIT(me)
	:: else -> did[AT(tid[me], me)] = did[AT(tid[me], me)] | BIT(step[me])
	fi
}

/* ---- one agent ---- */

/* EXECUTE of step k of process t, and REQUEST */
#define HEAR_STEP(t, k)                                                                          \
	:: d_step { requestor[t] != me && t <= last && HEARS_REQUEST(t, k) && NEWS_REQUEST(t, k) -> \
		on_request(t, k) }                                                               \
	:: atomic { requestor[t] != me && t <= last && HEARS_EXECUTE(t, k) && NEWS_EXECUTE(t, k) -> \
		on_execute(t, k) }                                                               \
	HEAR_ANSWER(t, k, 0) HEAR_ANSWER(t, k, 1) HEAR_ANSWER(t, k, 2)

/* APPROVE and DONE by p */
#define HEAR_ANSWER(t, k, p)                                                                     \
	:: d_step { requestor[t] == me && p != me && HAS(approve[AT(t, p)], k) &&                \
		(calm || (MINE(t) -> phase[me] == REQUESTED && step[me] == k && !HAS(got[me], p) \
				   : ended[me] != t && !HAS(abort[t], p))) ->                    \
		if                                                                               \
		:: calm -> approve[AT(t, p)] = approve[AT(t, p)] & ~BIT(k)                       \
		:: else                                                                          \
		fi;                                                                              \
		if                                                                               \
		:: MINE(t) && phase[me] == REQUESTED && step[me] == k -> got[me] = got[me] | BIT(p) \
		:: !MINE(t) && ended[me] != t -> abort[t] = abort[t] | BIT(p)                    \
		:: else                                                                          \
		fi }                                                                             \
	:: d_step { CONCERNS(t) && p != me && HAS(did[AT(t, p)], k) &&                           \
		(calm || (MINE(t) -> phase[me] >= EXECUTING && step[me] == k && !HAS(got[me], p) \
				   : (ended[me] == t -> !HAS(release[t], p)                      \
						      : k == 0 && !HAS(abort[t], p)))) ->        \
		if                                                                               \
		:: calm -> did[AT(t, p)] = did[AT(t, p)] & ~BIT(k)                               \
		:: else                                                                          \
		fi;                                                                              \
		if                                                                               \
		:: MINE(t) && phase[me] >= EXECUTING && step[me] == k -> got[me] = got[me] | BIT(p) \
		:: !MINE(t) && ended[me] == t && ANSWERS && OVER_WELL(t) ->                                    \
			printf("%d: RELEASE of process %d to %d\n", me, t, p);                   \
			release[t] = release[t] | BIT(p)                                         \
		:: !MINE(t) && ended[me] != t && k == 0 -> abort[t] = abort[t] | BIT(p)          \
		:: else                                                                          \
		fi }
#ifdef SILENT /* no word after the end */
#define ANSWERS false
#else
#define ANSWERS true
#endif

#define HEAR_DENY(t, p)                                                                          \
	:: d_step { requestor[t] == me && p != me && deny[AT(t, p)] != 0 &&                      \
		(calm || DENIED(t, p) || ENDS(t, p)) ->                                          \
		if                                                                               \
		:: ENDS(t, p) -> end_early()                                                     \
		:: DENIED(t, p) && !ENDS(t, p) -> give_up()                                      \
		:: else                                                                          \
		fi;                                                                              \
		if                                                                               \
		:: calm -> deny[AT(t, p)] = 0                                                    \
		:: else                                                                          \
		fi }
#define ENDS(t, p) (MINE(t) && executed[me] && HAS(deny[AT(t, p)], 3))
#define DENIED(t, p)                                                                             \
	(MINE(t) && !EFFECTIVE(me) &&                                                            \
	 (HAS(deny[AT(t, p)], 3) ||                                                              \
	  (step[me] == 0 && (HAS(deny[AT(t, p)], 1) || (!executed[me] && HAS(deny[AT(t, p)], 0)))) || \
	  (step[me] == 1 && HAS(deny[AT(t, p)], 2))))

#define HEAR_END(t)                                                                              \
	:: d_step { HAS(release[t], me) && (calm || LAST(t)) ->                                  \
		if                                                                               \
		:: calm -> release[t] = release[t] & ~BIT(me)                                    \
		:: else                                                                          \
		fi;                                                                              \
		if                                                                               \
		:: LAST(t) -> finish()                                                           \
		:: else                                                                          \
		fi }                                                                             \
	:: d_step { HAS(abort[t], me) && (calm || (tid[me] == t && !EFFECTIVE(me))) ->           \
		if                                                                               \
		:: calm -> abort[t] = abort[t] & ~BIT(me)                                        \
		:: else                                                                          \
		fi;                                                                              \
		if                                                                               \
		:: tid[me] == t && !EFFECTIVE(me) -> forget()                                    \
		:: else                                                                          \
		fi }                                                                             \
	/* it missed the end, and says DONE again */                                            \
	:: d_step { AGAIN && tid[me] == t && requestor[t] != me && phase[me] == DONE &&          \
		tid[requestor[t]] != t && !HAS(release[t], me) && !HAS(abort[t], me) &&          \
		!HAS(did[AT(t, me)], step[me]) && ANSWERS &&                                     \
		(ended[requestor[t]] == t -> LAST(t) && OVER_WELL(t) : step[me] == 0) ->         \
		did[AT(t, me)] = did[AT(t, me)] | BIT(step[me]) }
#define LAST(t) (tid[me] == t && phase[me] == DONE && step[me] == S - 1)

#define HEAR_DENIES(t) HEAR_DENY(t, 0) HEAR_DENY(t, 1) HEAR_DENY(t, 2)
#if S == 2
#define HEAR(t) HEAR_STEP(t, 0) HEAR_STEP(t, 1) HEAR_DENIES(t) HEAR_END(t)
#elif S == 3
#define HEAR(t) HEAR_STEP(t, 0) HEAR_STEP(t, 1) HEAR_STEP(t, 2) HEAR_DENIES(t) HEAR_END(t)
#elif S == 4
#define HEAR(t)                                                                                  \
	HEAR_STEP(t, 0) HEAR_STEP(t, 1) HEAR_STEP(t, 2) HEAR_STEP(t, 3) HEAR_DENIES(t) HEAR_END(t)
#endif

active [N] proctype agent()
{
end:	do
	/* ---- requestor ---- */
	:: atomic { tid[me] == 0 && WANT(me) && begun[me] < TRIES && last < T && (!calm || RESTS) ->
		begun[me]++;
		last++;
		requestor[last] = me;
		granted[last] = BIT(me);
		tid[me] = last;
		phase[me] = REQUESTED;
		if /* as far as it knows the others' epochs */
		:: !calm -> number[last] = epoch[me] + 1
		:: number[last] = LARGEST(epoch[0], LARGEST(epoch[1], epoch[2])) + 1
		fi;
		PERSIST;
		printf("%d begins process %d, epoch %d\n", me, last, number[last]) }
	:: d_step { phase[me] == REQUESTED && !asked[me] -> /* its guard holds */
		printf("%d: REQUEST of step %d of process %d\n", me, step[me], tid[me]);
		asked[me] = 1;
		request[tid[me]] = request[tid[me]] | (calm -> 0 : BIT(step[me])) }
	:: d_step { phase[me] == REQUESTED && asked[me] && ENOUGH ->
		take_execute(tid[me], step[me]);
		got[me] = 0;
		execute[tid[me]] = execute[tid[me]] | (calm -> 0 : BIT(step[me])) }
	:: d_step { phase[me] == DONE && requestor[tid[me]] == me && ENOUGH ->
		if
		:: step[me] == S - 1 ->
			release[tid[me]] = OTHERS(me);
			begun[me] = TRIES;
			finish()
		:: else ->
			step[me]++;
			got[me] = 0;
			phase[me] = REQUESTED; /* asked[me] stays: this guard holds, too */
			request[tid[me]] = request[tid[me]] | (calm -> 0 : BIT(step[me]))
		fi }
	/* ---- own part of a step: seen at the own servers, and said ---- */
#ifdef DONE_EARLY
	:: d_step { phase[me] >= EXECUTING && visible[AT(tid[me], me)] == step[me] -> seen() }
	:: d_step { phase[me] == EXECUTING -> done() }
#else
	:: d_step { phase[me] == EXECUTING -> seen(); done() }
#endif
	/* ---- participant ---- */
	:: d_step { tid[me] != 0 && requestor[tid[me]] != me && executed[me] && ANSWERS &&
		STATED_OVER(tid[me]) ->
		if
		:: LAST(tid[me]) && OVER_WELL(tid[me]) -> finish()
		:: else -> end_early()
		fi }
	:: d_step { tid[me] != 0 && executed[me] && OVERTAKEN(tid[me]) -> end_early() }
#ifndef NO_LEASE
	:: d_step { phase[me] == GRANTED && !executed[me] && (!calm || timeout) ->
		printf("%d: the lease of process %d is over\n", me, tid[me]);
		forget() }
#endif
	:: d_step { phase[me] == REQUESTED && !executed[me] && asked[me] && (!calm || timeout) ->
		give_up() }
	/* ---- the owner takes it back ---- */
	:: d_step { withdrawn < WITHDRAWALS && !calm && tid[me] != 0 ->
		withdrawn++;
		printf("%d sees the instruction taken back\n", me);
		if
		:: (requestor[tid[me]] == me -> !EFFECTIVE(me) : step[me] == 0) -> give_up()
		:: else -> end_early()
		fi }
#ifdef DISK
#ifdef RESTORE
	:: d_step { crashes == 0 && me == RESTORE ->
		printf("%d: a copy of the database is made\n", me);
		to_disk(); crashes = 1 }
	:: d_step { crashes == 1 && me == RESTORE ->
		printf("%d: the copy is put back\n", me);
		from_disk(); crashes = 2 }
#else
	:: d_step { crashes < 1 ->
		printf("%d crashes, and starts again\n", me);
		from_disk(); crashes++ }
#endif
#endif
	HEAR(1)
#if T > 1
	HEAR(2)
#endif
#if T > 2
	HEAR(3)
#endif
	od
}

#ifdef CALM
active proctype faults()
{
	d_step {
		printf("faults end; what is under way is lost\n");
		calm = 1;
		byte i;
		for (i : 0 .. T) {
			request[i] = 0;
			execute[i] = 0;
			release[i] = 0;
			abort[i] = 0
		}
		for (i : 0 .. T * N - 1) {
			approve[i] = 0;
			did[i] = 0;
			deny[i] = 0
		}
		i = 0
	}
}

#define rests (tid[0] == 0 && tid[1] == 0 && tid[2] == 0)
/* What is complete for anybody is so for who asked. */
#define TOO(i, t) (!HAS(complete[i], t) || HAS(complete[requestor[t]], t))
#define AGREED(t) (TOO(0, t) && TOO(1, t) && TOO(2, t))
#if T == 1
#define agreed AGREED(1)
#elif T == 2
#define agreed (AGREED(1) && AGREED(2))
#else
#define agreed (AGREED(1) && AGREED(2) && AGREED(3))
#endif
ltl ends { [](calm -> <>[](rests && agreed)) }
#endif
