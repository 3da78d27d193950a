/*
 * The order of the steps of a process, and the holds: agentd/process.c against what caches may hold.
 *
 * Three providers (0 and 1; 2 joins or leaves), a parent, and all caches of the world at once. A
 * version of an RRset is in the caches from when somebody serves it whom a delegation names, cached
 * delegations included, until a hold has ended that began after the last server stopped serving it.
 * Nothing else makes caches forget: so every relation of TTLs is covered, and what a hold does not
 * wait for may be cached for ever. After each change:
 *
 *   S1  every cached DS set names a key that signed every cached DNSKEY RRset
 *   S2  every cached DNSKEY RRset has the key of every cached signature
 *   S4  the DS set is never empty
 *
 * The table of the process is all there is between the agents and a bogus zone: agentd's own
 * evaluation of S1 and S2 before each action is not in the model. Agents act at a step in any order
 * and at any time; agree.pml is about how they agree.
 *
 * PROCESS: ADD, REMOVE, ZSK, CSK (the latter is KSK and ZSK at once; a KSK alone does less).
 */
#define ADD 1
#define REMOVE 2
#define ZSK 3
#define CSK 4
#ifndef PROCESS
#define PROCESS ADD
#endif

#define N 3
#define BIT(i) (1 << (i))
#define HAS(mask, i) (((mask) >> (i)) & 1)
#define NEW 3 /* the new key of provider 0; 0, 1, 2: the keys of the providers */

/* holds */
#define KEY 1
#define DS 2
#define NS 4
#define RR 8
#define LEAVE 16

#if PROCESS == ADD || PROCESS == REMOVE
#define GROUP 7
#else
#define GROUP 3
#endif
#if PROCESS == REMOVE
#define VOTERS 3 /* who leaves acts along, or does not */
#else
#define VOTERS GROUP
#endif

/* ---- what is served: sets of keys as bits, sets of providers as bits ---- */
byte dnskey[N], cds[N], ns[N], csync[N];
byte signs[N]; /* the key that signs the data there */
bit up[N];
byte ds, parent_ns;

/* ---- what may be cached; a bit per version; old: since before the hold began ---- */
short c_key[N], c_key_old[N]; /* DNSKEY RRsets of each provider */
byte c_sig, c_sig_old;        /* signatures over data, by key */
short c_ds, c_ds_old;
byte c_ns, c_ns_old;

/* ---- the process ---- */
byte step;
byte applied;  /* agents whose overlay has the effect of this step */
byte finished; /* agents that said DONE */
byte begun, passed; /* holds that began, and that are over */
byte forgot;   /* agents that lost their timers in a restart */
bit complete;

/* The SEP keys that signed a DNSKEY RRset with these keys at provider i. */
#if PROCESS == CSK
#define SEPS(i, set) (i == 0 -> (set) & (BIT(0) | BIT(NEW)) : BIT(i))
#else
#define SEPS(i, set) BIT(i)
#endif

/* The versions of an NS set that name provider i, and whether anybody can get there. */
#define NAMES(i) (i == 0 -> 170 : (i == 1 -> 204 : 240))
#define REACHED(i) (up[i] && ((c_ns | c_ns_old) & NAMES(i)) != 0)

byte i, k, d, again; /* 0 between actions */

/* All that can be fetched is fetched; then everything that may be cached must fit together. */
inline look()
{
	c_ns = c_ns | BIT(parent_ns);
	for (again : 1 .. N) {
		for (i : 0 .. N - 1) {
			if
			:: REACHED(i) -> c_ns = c_ns | BIT(ns[i])
			:: else
			fi
		}
	}
	c_ds = c_ds | BIT(ds);
	for (i : 0 .. N - 1) {
		if
		:: REACHED(i) ->
			c_key[i] = c_key[i] | BIT(dnskey[i]);
			c_sig = c_sig | BIT(signs[i])
		:: else
		fi
	}
	assert(ds != 0);
	for (i : 0 .. N - 1) {
		for (k : 0 .. 15) {
			if
			:: HAS(c_key[i] | c_key_old[i], k) ->
				/* S2: each bit of c_sig is a key, each key a bit of k */
				assert(((c_sig | c_sig_old) & ~k) == 0);
				for (d : 0 .. 15) {
					assert(!HAS(c_ds | c_ds_old, d) || (d & SEPS(i, k)) != 0) /* S1 */
				}
			:: else
			fi
		}
	}
	i = 0; k = 0; d = 0; again = 0
}

/* ---- the tables ---- */

#if PROCESS == ADD
#define LAST 6
#ifdef NAMED_FIRST /* the joiner's name servers before its keys */
#define NS_STEP 1
#define KEYS_STEP 2
#define CDS_STEP 3
#define DS_STEP 4
#else
#define KEYS_STEP 1
#define CDS_STEP 2
#define DS_STEP 3
#define NS_STEP 4
#endif
#ifdef NO_H_KEY
#define HOLDS (step == DS_STEP -> DS : 0)
#elif defined(NO_H_DS)
#define HOLDS (step == DS_STEP -> KEY : 0)
#else
#define HOLDS (step == DS_STEP -> DS | KEY : 0)
#endif
#ifdef CDS_SWAP /* CDS names the newcomer alone */
#define NEW_CDS BIT(2)
#else
#define NEW_CDS 7
#endif
inline effect(me)
{
	if
	:: step == KEYS_STEP -> dnskey[me] = 7
	:: step == CDS_STEP -> cds[me] = NEW_CDS
	:: step == NS_STEP -> ns[me] = 7
	:: step == 5 -> csync[me] = 1
	:: step == 6 -> csync[me] = 0
	:: else
	fi
}
/* visible at the own servers, and at the parent */
#define SHOWN(me) (step != DS_STEP || ds == NEW_CDS) && (step < 5 || parent_ns == 7)
#define SETTLED(hold)                                                                            \
	(hold == KEY -> dnskey[0] == 7 && dnskey[1] == 7 && dnskey[2] == 7 : ds == 7)

#elif PROCESS == REMOVE
#define LAST 7
#if defined(NO_LEAVE_HOLD)
#define HOLDS (step == 3 -> NS : (step == 6 -> DS : 0))
#elif defined(NO_H_NS)
#define HOLDS (step == 4 -> LEAVE : (step == 6 -> DS : 0))
#elif defined(NO_H_DS)
#define HOLDS (step == 3 -> NS : (step == 4 -> LEAVE : 0))
#else
#define HOLDS (step == 3 -> NS : (step == 4 -> LEAVE : (step == 6 -> DS : 0)))
#endif
inline effect(me)
{
	if
	:: step == 1 -> ns[me] = 3
	:: step == 2 -> csync[me] = 1
	:: step == 3 -> csync[me] = 0
	:: step == 5 && me != 2 -> cds[me] = 3
	:: step == 7 && me != 2 -> dnskey[me] = 3
	:: else
	fi
}
#ifdef GHOST /* nobody looks whether the leaver still answers and names itself */
#define GONE true
#else
#define GONE (!up[2] || !HAS(ns[2], 2))
#endif
#define SHOWN(me)                                                                                \
	((step < 2 || parent_ns == 3) && (step != 4 || GONE) && (step < 6 || ds == 3))
/* H_NS counts every server that a delegation may name. */
#if defined(GHOST) || defined(NS_OF_MEMBERS) /* not of the leaver's servers */
#define NS_SETTLED (parent_ns == 3 && ns[0] == 3 && ns[1] == 3)
#else
#define NS_SETTLED (parent_ns == 3 && ns[0] == 3 && ns[1] == 3 && GONE)
#endif
#define SETTLED(hold) (hold == NS -> NS_SETTLED : (hold == LEAVE -> step >= 4 && GONE : ds == 3))

#elif PROCESS == ZSK
#define LAST 4
#ifdef NO_H_RR
#define HOLDS (step == 1 -> KEY : 0)
#elif defined(NO_H_KEY)
#define HOLDS (step == 3 -> RR : 0)
#else
#define HOLDS (step == 1 -> KEY : (step == 3 -> RR : 0))
#endif
inline effect(me)
{
	if
	:: step == 0 && me == 0 -> dnskey[0] = 3 | BIT(NEW)
	:: step == 1 && me == 1 -> dnskey[1] = 3 | BIT(NEW)
	:: step == 2 && me == 0 -> signs[0] = NEW
	:: step == 4 -> dnskey[me] = BIT(1) | BIT(NEW)
	:: else
	fi
}
#define SHOWN(me) true
#define SETTLED(hold)                                                                            \
	(hold == KEY -> dnskey[0] == (3 | BIT(NEW)) && dnskey[1] == (3 | BIT(NEW))               \
		      : signs[0] == NEW)

#else
#define LAST 8
#ifdef NO_H_RR
#define HOLDS (step == 1 -> KEY : (step == 3 -> DS | KEY : 0))
#elif defined(NO_H_KEY)
#define HOLDS (step == 3 -> DS : (step == 5 -> RR : 0))
#elif defined(NO_H_DS)
#define HOLDS (step == 1 -> KEY : (step == 3 -> KEY : (step == 5 -> RR : 0)))
#else
#define HOLDS (step == 1 -> KEY : (step == 3 -> DS | KEY : (step == 5 -> RR : 0)))
#endif
#ifdef CDS_SWAP /* the new key in place of all others */
#define BOTH BIT(NEW)
#else
#define BOTH (3 | BIT(NEW))
#endif
inline effect(me)
{
	if
	:: step == 0 && me == 0 -> dnskey[0] = 3 | BIT(NEW)
	:: step == 1 && me == 1 -> dnskey[1] = 3 | BIT(NEW)
	:: step == 2 -> cds[me] = BOTH
	:: step == 4 && me == 0 -> signs[0] = NEW
	:: step == 6 -> dnskey[me] = BIT(1) | BIT(NEW)
	:: step == 7 -> cds[me] = BIT(1) | BIT(NEW)
	:: else
	fi
}
#define SHOWN(me) ((step != 3 || ds == BOTH) && (step != 8 || ds == (BIT(1) | BIT(NEW))))
#define SETTLED(hold)                                                                            \
	(hold == KEY -> dnskey[0] == (3 | BIT(NEW)) && dnskey[1] == (3 | BIT(NEW))               \
		      : (hold == DS -> ds == BOTH : signs[0] == NEW))
#endif

#ifdef LEADER_HOLDS
#define HOLDER(me) (me == 0)
#else
#define HOLDER(me) true
#endif
#define HELD(me) (!HOLDER(me) || HAS(forgot, me) || (HOLDS & ~passed) == 0)
#ifdef ON_ACK
#define VISIBLE(me) true
#else
#define VISIBLE(me) (HAS(applied, me) && SHOWN(me))
#endif

/* ---- holds: what was cached when the hold began is gone when it ends ---- */

inline begin(hold)
{
	begun = begun | hold;
	if
	:: hold == DS -> c_ds_old = c_ds; c_ds = 0
	:: hold == NS -> c_ns_old = c_ns; c_ns = 0
	:: hold == RR -> c_sig_old = c_sig; c_sig = 0
	:: hold == KEY ->
		for (i : 0 .. N - 1) {
			c_key_old[i] = c_key[i];
			c_key[i] = 0
		}
	:: hold == LEAVE -> /* what the leaver gave out, the largest TTL of all */
		c_sig_old = c_sig; c_sig = 0;
		c_ns_old = c_ns; c_ns = 0;
		for (i : 0 .. N - 1) {
			c_key_old[i] = c_key[i];
			c_key[i] = 0
		}
	fi
}

inline over(hold)
{
	passed = passed | hold;
	if
	:: hold == DS -> c_ds_old = 0
	:: hold == NS -> c_ns_old = 0
	:: hold == RR -> c_sig_old = 0
	:: hold == KEY ->
		for (i : 0 .. N - 1) { c_key_old[i] = 0 }
	:: hold == LEAVE ->
		c_sig_old = 0;
		c_ns_old = 0;
		for (i : 0 .. N - 1) { c_key_old[i] = 0 }
	fi
}

#ifdef ON_ACK /* combinerd has answered: so it will be everywhere */
#undef SETTLED
#define SETTLED(hold) true
#endif
#define BEGIN(hold)                                                                              \
	:: d_step { (HOLDS & hold) != 0 && (begun & hold) == 0 && SETTLED(hold) ->               \
		printf("hold %d begins\n", hold); begin(hold); look() }
#define END(hold)                                                                                \
	:: d_step { (begun & hold) != 0 && (passed & hold) == 0 ->                               \
		printf("hold %d is over\n", hold); over(hold); look() }

/* ---- the agents ---- */

#define AGENT(me)                                                                                \
	:: d_step { !complete && HAS(GROUP, me) && !HAS(applied, me) && ACTS(me) ->              \
		printf("step %d: %d shows it\n", step, me);                                      \
		applied = applied | BIT(me); effect(me); look() }                                \
	:: d_step { HAS(VOTERS, me) && !HAS(finished, me) && VISIBLE(me) && HELD(me) ->          \
		printf("step %d: %d is done\n", step, me);                                       \
		finished = finished | BIT(me) }                                                  \
	:: d_step { HAS(VOTERS, me) && forgot == 0 && HOLDS != 0 ->                              \
		printf("%d restarts and forgets its timer\n", me);                               \
		forgot = BIT(me) }

/* A leaver acts along at the steps about NS, if it is alive. */
#if PROCESS == REMOVE
#define ACTS(me) (me != 2 || step <= 3)
#else
#define ACTS(me) true
#endif

/* The parent takes over what every delegated server shows; one that does not answer is left out. */
#define SAYS(i, what) (!HAS(parent_ns, i) || !up[i] || (what))
#define SAME_CDS(set) (SAYS(0, cds[0] == set) && SAYS(1, cds[1] == set) && SAYS(2, cds[2] == set))
#define SAME_NS(set)                                                                             \
	(SAYS(0, ns[0] == set && csync[0]) && SAYS(1, ns[1] == set && csync[1]) &&               \
	 SAYS(2, ns[2] == set && csync[2]))

init {
	d_step {
		up[0] = 1; up[1] = 1; up[2] = 1;
		signs[1] = 1; signs[2] = 2;
#if PROCESS == REMOVE
		dnskey[0] = 7; dnskey[1] = 7; dnskey[2] = 7;
		cds[0] = 7; cds[1] = 7; cds[2] = 7;
		ns[0] = 7; ns[1] = 7; ns[2] = 7;
		ds = 7; parent_ns = 7;
#else
		dnskey[0] = 3; dnskey[1] = 3; dnskey[2] = 4;
		cds[0] = 3; cds[1] = 3; cds[2] = 4;
		ns[0] = 3; ns[1] = 3; ns[2] = 4;
		ds = 3; parent_ns = 3;
#endif
#ifdef OWNER_NAMES /* the owner has the joiner's servers in the zone already */
		ns[0] = 7;
#endif
		look()
	}
end:	do
	AGENT(0)
	AGENT(1)
	AGENT(2)
	BEGIN(KEY)
	END(KEY)
	BEGIN(DS)
	END(DS)
	BEGIN(NS)
	END(NS)
	BEGIN(RR)
	END(RR)
	BEGIN(LEAVE)
	END(LEAVE)
	:: d_step { !complete && finished == VOTERS && step < LAST ->
		step++;
		applied = 0; finished = 0; begun = 0; passed = 0 }
	:: d_step { !complete && finished == VOTERS && step == LAST ->
		complete = 1;
		printf("complete\n");
#ifdef CANARY
		assert(false)
#endif
		}
	:: d_step { SAME_CDS(cds[0]) && ds != cds[0] ->
		printf("the parent's DS: %d\n", cds[0]);
		ds = cds[0]; look() }
	:: d_step { SAME_NS(ns[0]) && csync[0] && parent_ns != ns[0] ->
		printf("the parent's NS: %d\n", ns[0]);
		parent_ns = ns[0]; look() }
#if PROCESS == REMOVE
	/* with a leaver that does not act along, a person changes the parent's NS */
	:: d_step { step == 2 && parent_ns == 7 && ns[0] == 3 && ns[1] == 3 ->
		printf("the parent's NS, by hand: 3\n");
		parent_ns = 3; look() }
	/* the leaver's servers stop, or stop naming themselves, at any time */
	:: d_step { up[2] -> printf("2 stops answering\n"); up[2] = 0; look() }
	:: d_step { step >= 1 && ns[2] != 3 -> printf("2 no longer names itself\n"); ns[2] = 3; look() }
#endif
	od
}
