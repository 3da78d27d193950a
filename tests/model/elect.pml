/*
 * The election of the leader, for the leader/follower mode: who leads is what all voters confirm.
 *
 * Terms only go up, and a term is on disk before anything is said in it. Every voter votes a random
 * number once per term; when all votes are in, everybody confirms the highest (vote, identity); who
 * has everybody's confirmation of the same winner follows it, or leads. A missing vote or
 * confirmation ends the attempt, and so does a restart. A leader that is gone for good is replaced
 * once the owner has taken it out: then the others are the voters.
 *
 * What was said can be heard at any later time, any number of times, in any order, or never. With
 * CALM, faults end at some moment: what is under way is lost, and timers run out from then on only
 * when nothing else can happen. Then those who are left must agree on a leader who is there.
 */
#define N 3
#ifndef TERMS
#define TERMS 2 /* terms that may begin while there are faults */
#endif
#define MAX (TERMS + 3)
#ifndef CRASHES
#define CRASHES 1
#endif

#define ALL ((1 << N) - 1)
#define BIT(i) (1 << (i))
#define HAS(mask, i) (((mask) >> (i)) & 1)
#define me _pid

#define NOBODY 0 /* no leader */
#define VOTING 1
#define CONFIRMING 2
#define SETTLED 3

/* ---- durable ---- */
byte term[N];

/* ---- volatile ---- */
byte state[N], leader[N];
byte vote[N * N];    /* heard by i from j in the term of i; 0: none */
byte confirm[N * N]; /* winner + 1 */

/* ---- said ---- */
#define AT(t, i) (((t) - 1) * N + (i))
byte votes[MAX * N];    /* bit per value */
byte confirms[MAX * N]; /* bit per winner */

byte dead;  /* gone for good */
byte out;   /* taken out by the owner */
byte sees;  /* who has seen that */
byte crashes;
bit calm;
byte n, best; /* 0 between actions */

#define VOTERS (HAS(sees, me) -> ALL & ~out : ALL)
#define OF(i, j) ((i) * N + (j))
#define LEADS(i) (state[i] == SETTLED && leader[i] == i && !HAS(out, i) && !HAS(dead, i))
#define ALIVE (!HAS(dead, me) && !HAS(out, me))

inline forget()
{
	state[me] = NOBODY;
	leader[me] = 0;
	for (n : 0 .. N - 1) {
		vote[OF(me, n)] = 0;
		confirm[OF(me, n)] = 0
	}
	n = 0
}

/* Takes part in a term, with a random vote. */
inline join(t)
{
	forget();
	term[me] = t;
	state[me] = VOTING;
	if
	:: vote[OF(me, me)] = 1
	:: vote[OF(me, me)] = 2
	fi;
	votes[AT(term[me], me)] = votes[AT(term[me], me)] | BIT(vote[OF(me, me)]);
	printf("%d votes %d in term %d\n", me, vote[OF(me, me)], term[me])
}

#ifdef MAJORITY
#define ENOUGH(a) ((OF_EACH(a, 0) + OF_EACH(a, 1) + OF_EACH(a, 2)) >= 2)
#define OF_EACH(a, i) (a[OF(me, i)] != 0 -> 1 : 0)
#else
#define ENOUGH(a) (GOT(a, 0) && GOT(a, 1) && GOT(a, 2))
#define GOT(a, i) (!HAS(VOTERS, i) || a[OF(me, i)] != 0)
#endif
#define SAME(i) (!HAS(VOTERS, i) || confirm[OF(me, i)] == 0 || confirm[OF(me, i)] == confirm[OF(me, me)])

/* The first words of a term call to it. */
#ifdef VOTE_AGAIN /* a voter that restarted takes part in its term once more */
#define NEW_TERM(t) (t > term[me] || (t == term[me] && state[me] == NOBODY))
#else
#define NEW_TERM(t) (t > term[me])
#endif

#define HEAR(t, p)                                                                               \
	HEAR_VOTE(t, p, 1)                                                                       \
	HEAR_VOTE(t, p, 2)                                                                       \
	HEAR_CONFIRM(t, p, 0)                                                                    \
	HEAR_CONFIRM(t, p, 1)                                                                    \
	HEAR_CONFIRM(t, p, 2)
#define HEAR_VOTE(t, p, v)                                                                       \
	:: atomic { ALIVE && p != me && HAS(votes[AT(t, p)], v) && HAS(VOTERS, p) && NEW_TERM(t) -> \
		join(t);                                                                         \
		vote[OF(me, p)] = v }                                                            \
	:: d_step { ALIVE && p != me && HAS(votes[AT(t, p)], v) && HAS(VOTERS, p) && t == term[me] && \
		state[me] == VOTING && vote[OF(me, p)] == 0 -> vote[OF(me, p)] = v }
#define HEAR_CONFIRM(t, p, w)                                                                    \
	:: d_step { ALIVE && p != me && HAS(confirms[AT(t, p)], w) && t == term[me] &&           \
		(state[me] == VOTING || state[me] == CONFIRMING) && confirm[OF(me, p)] == 0 ->   \
		confirm[OF(me, p)] = w + 1 }
#define HEAR_ALL(t) HEAR(t, 0) HEAR(t, 1) HEAR(t, 2)

inline winner()
{
	best = me;
	for (n : 0 .. N - 1) {
		if
		:: HAS(VOTERS, n) && vote[OF(me, n)] >= vote[OF(me, best)] -> best = n
		:: else
		fi
	}
	n = 0
}

/* Who calls: anybody whose patience is over; in the calm the lowest that has no leader. */
#define LOWEST                                                                                   \
	(state[me] == NOBODY && (me < 1 || state[0] != NOBODY || HAS(dead | out, 0)) &&          \
	 (me < 2 || state[1] != NOBODY || HAS(dead | out, 1)))

active [N] proctype agent()
{
end:	do
	:: atomic { ALIVE && state[me] == NOBODY && term[me] < (calm -> MAX : TERMS) &&
		(!calm || (LOWEST && timeout)) ->
		printf("%d calls to term %d\n", me, term[me] + 1);
		join(term[me] + 1) }
	:: d_step { ALIVE && state[me] == VOTING && ENOUGH(vote) ->
		winner();
		state[me] = CONFIRMING;
		confirm[OF(me, me)] = best + 1;
		confirms[AT(term[me], me)] = confirms[AT(term[me], me)] | BIT(best);
		printf("%d confirms %d in term %d\n", me, best, term[me]);
		best = 0 }
	:: d_step { ALIVE && state[me] == CONFIRMING && ENOUGH(confirm) && SAME(0) && SAME(1) &&
		SAME(2) ->
		state[me] = SETTLED;
		leader[me] = confirm[OF(me, me)] - 1;
		printf("%d: %d leads in term %d\n", me, leader[me], term[me]);
		for (n : 0 .. N - 1) {
			/* one leader per term, the same for all; one at a time */
			assert(state[n] != SETTLED || term[n] != term[me] || leader[n] == leader[me]);
			assert(n == me || !LEADS(n) || !LEADS(me));
			vote[OF(me, n)] = 0;
			confirm[OF(me, n)] = 0
		}
		n = 0 }
	/* not all voted or confirmed in time, or not the same */
	:: d_step { ALIVE && (state[me] == VOTING || state[me] == CONFIRMING) &&
		(!calm || timeout ||
		 (state[me] == CONFIRMING && !(SAME(0) && SAME(1) && SAME(2)))) -> forget() }
	/* the lease ends, or a member is no longer operational */
	:: d_step { ALIVE && state[me] == SETTLED && !calm -> forget() }
	/* the owner's word */
	:: d_step { ALIVE && out != 0 && !HAS(sees, me) ->
		printf("%d sees that %d is out\n", me, out);
		sees = sees | BIT(me);
		forget() }
	:: d_step { ALIVE && !calm && crashes < CRASHES ->
		printf("%d restarts\n", me);
		crashes++;
#ifdef TERM_LOST
		term[me] = 0;
#endif
		forget() }
	:: d_step { ALIVE && !calm && dead == 0 ->
		printf("%d is gone for good\n", me);
		dead = BIT(me);
		forget() }
	HEAR_ALL(1)
	HEAR_ALL(2)
	HEAR_ALL(3)
#if TERMS > 0
	HEAR_ALL(4)
#endif
#if TERMS > 1
	HEAR_ALL(5)
#endif
#if TERMS > 2
	HEAR_ALL(6)
#endif
	od
}

active proctype owner()
{
	d_step { dead != 0 -> printf("the owner takes out what is dead\n"); out = dead }
}

#ifdef CALM
active proctype faults()
{
	d_step {
		printf("faults end; what is under way is lost\n");
		calm = 1;
		byte i;
		for (i : 0 .. MAX * N - 1) {
			votes[i] = 0;
			confirms[i] = 0
		}
		i = 0
	}
}

#define FOLLOWS(i, w) (HAS(dead, i) || (state[i] == SETTLED && leader[i] == w))
#define LED(w) (!HAS(dead, w) && FOLLOWS(0, w) && FOLLOWS(1, w) && FOLLOWS(2, w))
ltl led { [](calm -> <>[](LED(0) || LED(1) || LED(2))) }
#endif
