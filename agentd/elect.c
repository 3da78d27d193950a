/*
 * The election, as a table of states and events. See elect.h.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/agree.h"
#include "agentd/agree_int.h"
#include "agentd/elect.h"
#include "agentd/mutant.h"

#define TERM_JUMP (UINT64_C(1) << 20) /* more terms than anyone can have had unseen */
#define STAYS UINT32_MAX              /* vote of a leader that renews its lease */

/* ---- states and events ---- */

#define ELECT_EVENTS(X)                                                \
	X(LOST, "voters, HSYNC or the leader are other ones, or gone") \
	X(LATER, "a later term was heard of")                          \
	X(TURN, "nobody leads, all are there, and it is our turn")     \
	X(ALL, "all have voted")                                       \
	X(OTHER, "somebody has confirmed another winner")              \
	X(SAME, "all have confirmed the same winner")                  \
	X(LATE, "a vote or a confirmation is missing for too long")    \
	X(ENDING, "the lease is about to end")

enum elect_event {
#define X(id, text) ON_##id,
	ELECT_EVENTS(X)
#undef X
};

#define IN(state) (1u << ELECT_##state)
#define BUSY (IN(VOTING) | IN(CONFIRMING))

/* In the order in which they are looked at. */
static const struct rule {
	enum elect_event on;
	unsigned from; /* bit per state */
	enum elect_state to;
} rules[] = {
    {ON_LATER, IN(NONE) | BUSY | IN(SETTLED), ELECT_VOTING},
    {ON_LOST, BUSY | IN(SETTLED), ELECT_NONE},
    {ON_TURN, IN(NONE), ELECT_VOTING},
    {ON_ALL, IN(VOTING), ELECT_CONFIRMING},
    {ON_OTHER, IN(CONFIRMING), ELECT_NONE},
    {ON_SAME, IN(CONFIRMING), ELECT_SETTLED},
    {ON_LATE, BUSY, ELECT_NONE},
    {ON_ENDING, IN(SETTLED), ELECT_VOTING},
};

const char *
elect_state_name(enum elect_state state)
{
	static const char *const names[] = {"none", "voting", "confirming", "settled"};
	return (unsigned)state <= ELECT_SETTLED ? names[state] : "?";
}

/* ---- what all can ---- */

const char *
elect_model_name(enum view_model model)
{
	static const char *const names[] = {"unknown", "peer", "leader", "none"};
	return (unsigned)model <= MODEL_NONE ? names[model] : "?";
}

static uint8_t
can(const struct zone_view *view, int provider)
{
	uint8_t own = view->config.models;
	if (provider == VIEW_SELF)
		return own != 0 ? own : MSIG_SYNC_PEER | MSIG_SYNC_LEADER;
	return view->d.provider[provider].models;
}

static bool
is_member(const struct zone_view *view, int provider)
{
	const struct view_provider *p = &view->d.provider[provider];
	return p->member || p->has == HAS_ALL;
}

/* A joiner of whom nobody heard yet keeps no member waiting; but who is no member himself has to
 * hear of all the others. */
static bool
counts(const struct zone_view *view, int provider)
{
	return is_member(view, provider) || can(view, provider) != 0 || !is_member(view, VIEW_SELF);
}

/* Of whom did a joiner hear nothing that HSYNC releases, though none of those whom it designates is
 * in? It may be in, and vote, until somebody else is. -1: of nobody. */
static int
may_stay(const struct zone_view *view)
{
	bool asks = !is_member(view, VIEW_SELF) && agree_nobody_in(view, view->designated);

	for (int i = 1; asks && i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (p->used && view->entry[i] >= 0 && !p->statement.known && !p->expelled)
			return i;
	}
	return -1;
}

enum view_model
elect_model(const struct zone_view *view, int *who)
{
	uint8_t all = MSIG_SYNC_PEER | MSIG_SYNC_LEADER;
	int unknown = -1, last = VIEW_SELF;

	for (uint32_t left = view->designated; left != 0; left &= left - 1) {
		int i = __builtin_ctz(left);
		uint8_t models = can(view, i);
		if (models == 0) {
			if (counts(view, i) && unknown < 0)
				unknown = i;
			continue;
		}
		if ((all & ~models) != 0)
			last = i;
		all &= models;
	}
	if (unknown < 0)
		unknown = may_stay(view);
	if (who != NULL)
		*who = all == 0 || unknown < 0 ? last : unknown;
	return all == 0               ? MODEL_NONE
	       : unknown >= 0         ? MODEL_UNKNOWN
	       : all & MSIG_SYNC_PEER ? MODEL_PEER
				      : MODEL_LEADER;
}

uint32_t
elect_voters(const struct zone_view *view)
{
	uint32_t mask = 0;
	for (int i = 0; i < VIEW_PROVIDERS; i++)
		if ((view->designated & BIT(i)) != 0 && counts(view, i))
			mask |= BIT(i);
	return mask;
}

int
elect_leader(const struct zone_view *view)
{
	const struct view_election *e = &view->d.election;
	return e->state == ELECT_SETTLED ? e->leader : -1;
}

/* ---- ballots ---- */

bool
elect_on_message(struct zone_view *view, int provider, const struct view_message *m)
{
	struct view_message *b = &view->ballot[provider];
	bool pending = (view->balloted & BIT(provider)) != 0;

	if (pending && (m->term < b->term || (m->term == b->term && m->leader < 0)))
		return false; /* what waits says more */
	*b = *m;
	view->balloted |= BIT(provider);
	return true;
}

void
elect_on_clock(struct zone_view *view, int64_t now)
{
	struct view_election *e = &view->d.election;

	if (e->since > now)
		e->since = now;
	if (e->lease > now + view->config.times.lead)
		e->lease = now + view->config.times.lead;
	e->backoff = 0;
	memset(view->polled, 0, sizeof(view->polled));
}

static void
say(struct step *s, int to, enum msig_op op)
{
	const struct view_election *e = &s->view->d.election;

	if (!s->view->d.provider[to].ready)
		return;
	struct action *a = step_action(s, ACT_SEND);
	if (a == NULL)
		return;
	memset(&a->message, 0, sizeof(a->message));
	a->provider = to;
	a->message.op = op;
	a->message.term = e->term;
	a->message.vote = e->vote[VIEW_SELF];
	a->message.leader = e->confirmed[VIEW_SELF];
	memcpy(a->message.hsync, e->hsync, sizeof(a->message.hsync));
}

static void
say_all(struct step *s, enum msig_op op)
{
	for (int i = 1; i < VIEW_PROVIDERS; i++)
		if (s->view->d.election.voters & BIT(i)) {
			say(s, i, op);
			s->view->polled[i] = s->now;
		}
}

/* What this provider has said in its term, to one who asks or is behind. */
static void
say_own(struct step *s, int to)
{
	say(s, to,
	    s->view->d.election.confirmed[VIEW_SELF] < 0 ? MSIG_OP_ELECT_VOTE
							 : MSIG_OP_ELECT_CONFIRM);
}

/* ---- moving ---- */

/* Who renews its own lease goes on leading; one that others had to call for is elected like any
 * other. A joiner, who may not know yet who is in, leads only where nobody is. */
static uint32_t
own_vote(struct step *s, bool renews)
{
	if (!s->view->d.provider[VIEW_SELF].member)
		return 0;
	return renews ? STAYS : 1 + (uint32_t)(view_random(s->view) % (STAYS - 1));
}

static void
begin_term(struct step *s, bool called, bool renews)
{
	struct view_election *e = &s->view->d.election;

	memcpy(e->hsync, s->view->d.hsync.digest, sizeof(e->hsync));
	e->voters = elect_voters(s->view);
	e->vote[VIEW_SELF] = own_vote(s, renews);
	e->voted = BIT(VIEW_SELF);
	memset(e->confirmed, -1, sizeof(e->confirmed));
	s->view->poll = false;
	if (called)
		e->term++;
	say_all(s, called ? MSIG_OP_ELECT_CALL : MSIG_OP_ELECT_VOTE);
}

static int
winner(const struct zone_view *view)
{
	const struct view_election *e = &view->d.election;
	int best = VIEW_SELF;

	for (int i = 1; i < VIEW_PROVIDERS; i++) {
		if ((e->voters & BIT(i)) == 0 || (e->voted & BIT(i)) == 0)
			continue;
		if (e->vote[i] > e->vote[best] ||
		    (e->vote[i] == e->vote[best] &&
		     strcmp(view->d.provider[i].identity, view->d.provider[best].identity) > 0))
			best = i;
	}
	return best;
}

/* Attempts that fail are further and further apart. */
static void
back_off(struct step *s)
{
	struct view_election *e = &s->view->d.election;
	int64_t tenth = s->view->config.times.ballot / 10;

	e->attempts++;
	e->backoff =
	    s->now + (tenth + (int64_t)(view_random(s->view) % (uint64_t)(2 * tenth + 1))) *
			 (e->attempts < 10 ? e->attempts : 10);
}

/* Assigns the state, and does what belongs to it. */
static void
enter(struct step *s, enum elect_state to, enum elect_event on)
{
	struct zone_view *view = s->view;
	struct view_election *e = &view->d.election;
	int64_t began = e->since;

	switch (to) {
	case ELECT_NONE:
		if (e->state == ELECT_SETTLED)
			step_journal(s, "%s leads no longer in term %llu",
				     view->d.provider[e->leader].identity,
				     (unsigned long long)e->term);
		if (on == ON_LATE || on == ON_OTHER)
			back_off(s);
		break;
	case ELECT_VOTING:
		begin_term(s, on != ON_LATER, on == ON_ENDING && e->leader == VIEW_SELF);
		break;
	case ELECT_CONFIRMING:
		e->confirmed[VIEW_SELF] = (int8_t)winner(view);
		say_all(s, MSIG_OP_ELECT_CONFIRM);
		break;
	case ELECT_SETTLED:
		break;
	}
	e->leader = -1;
	e->state = to;
	e->since = s->now;
	if (to == ELECT_SETTLED) {
		e->leader = e->confirmed[VIEW_SELF];
		/* The leader's own lease ends first: it began to wait before the others had its
		 * word. */
		e->lease = (e->leader == VIEW_SELF ? began : s->now) + view->config.times.lead;
		e->attempts = 0;
		e->backoff = 0;
		step_journal(s, "%s leads in term %llu", view->d.provider[e->leader].identity,
			     (unsigned long long)e->term);
	}
	view->persist = true;
}

static void
on(struct step *s, enum elect_event event)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].on == event && (rules[i].from >> s->view->d.election.state & 1) != 0) {
			enter(s, rules[i].to, event);
			return;
		}
}

/* ---- has it happened? ---- */

/* The first voter that is not operational, or -1. */
static int
absent(const struct zone_view *view)
{
	uint32_t voters = elect_voters(view);
	for (int i = 1; i < VIEW_PROVIDERS; i++)
		if ((voters & BIT(i)) != 0 && !view->d.provider[i].ready)
			return i;
	return -1;
}

/* The first voter whose vote, or confirmation, is missing, or -1. */
static int
missing(const struct zone_view *view)
{
	const struct view_election *e = &view->d.election;

	if (MUTANT(VOTES)) {
		uint32_t has = e->state == ELECT_VOTING ? e->voted : 0;
		for (int i = 0; i < VIEW_PROVIDERS && e->state != ELECT_VOTING; i++)
			has |= e->confirmed[i] >= 0 ? BIT(i) : 0;
		if (2 * __builtin_popcount(has & e->voters) > __builtin_popcount(e->voters))
			return -1;
	}
	for (int i = 0; i < VIEW_PROVIDERS; i++)
		if ((e->voters & BIT(i)) != 0 &&
		    (e->state == ELECT_VOTING ? (e->voted & BIT(i)) == 0 : e->confirmed[i] < 0))
			return i;
	return -1;
}

static bool
differ(const struct view_election *e)
{
	for (int i = 1; i < VIEW_PROVIDERS; i++)
		if ((e->voters & BIT(i)) != 0 && e->confirmed[i] >= 0 &&
		    e->confirmed[i] != e->confirmed[VIEW_SELF])
			return true;
	return false;
}

static bool
lost(struct step *s)
{
	const struct zone_view *view = s->view;
	const struct view_election *e = &view->d.election;

	if (e->voters != elect_voters(view) || memcmp(e->hsync, view->d.hsync.digest, 32) != 0)
		return true;
	if (e->state != ELECT_SETTLED)
		return false;
	step_wake(s, e->lease);
	return s->now >= e->lease || (e->leader != VIEW_SELF && !view->d.provider[e->leader].ready);
}

/* The lowest identity calls; the others if it does not for long. */
static bool
turn(struct step *s)
{
	const struct zone_view *view = s->view;
	const struct view_election *e = &view->d.election;
	int64_t patience = e->since + 3 * view->config.times.ballot;
	bool lowest = true;

	if (absent(view) >= 0)
		return false;
	for (int i = 1; i < VIEW_PROVIDERS; i++)
		if ((elect_voters(view) & BIT(i)) != 0 &&
		    strcmp(view->d.provider[i].identity, view->d.provider[VIEW_SELF].identity) < 0)
			lowest = false;
	if (s->now < e->backoff) {
		step_wake(s, e->backoff);
		return false;
	}
	if (lowest || view->poll || s->now >= patience)
		return true;
	step_wake(s, patience);
	return false;
}

static bool
late(struct step *s)
{
	int64_t until = s->view->d.election.since + s->view->config.times.ballot;
	step_wake(s, until);
	return s->now >= until;
}

/* The leader itself calls first. */
static bool
ending(struct step *s)
{
	const struct view_election *e = &s->view->d.election;
	int64_t from = e->lease - s->view->config.times.lead / (e->leader == VIEW_SELF ? 10 : 20);

	if (s->now < from) {
		step_wake(s, from);
		return false;
	}
	return absent(s->view) < 0;
}

static bool
happened(struct step *s, enum elect_event event)
{
	switch (event) {
	case ON_LOST:
		return lost(s);
	case ON_TURN:
		return turn(s);
	case ON_ALL:
		return missing(s->view) < 0;
	case ON_OTHER:
		return differ(&s->view->d.election);
	case ON_SAME:
		return missing(s->view) < 0 && !differ(&s->view->d.election);
	case ON_LATE:
		return late(s);
	case ON_ENDING:
		return ending(s);
	case ON_LATER: /* from a ballot, see hear() */
		break;
	}
	return false;
}

/* ---- hearing ---- */

static void
hear(struct step *s, int i)
{
	struct zone_view *view = s->view;
	struct view_election *e = &view->d.election;
	const struct view_message *m = &view->ballot[i];

	if ((elect_voters(view) & BIT(i)) == 0 || m->term > e->term + TERM_JUMP ||
	    memcmp(m->hsync, view->d.hsync.digest, sizeof(m->hsync)) != 0)
		return; /* it is said again */
	if (m->term > e->term) {
		e->term = m->term;
		on(s, ON_LATER);
	}
	if (m->term < e->term || e->state == ELECT_NONE) {
		if (e->state == ELECT_NONE) /* no part in that term: another one */
			view->poll = true;
		else
			say_own(s, i);
		return;
	}
	if ((e->voted & BIT(i)) == 0) {
		e->voted |= BIT(i);
		e->vote[i] = m->vote;
		view->persist = true;
	}
	if (m->leader >= 0 && m->leader < VIEW_PROVIDERS && e->confirmed[i] < 0) {
		e->confirmed[i] = (int8_t)m->leader;
		view->persist = true;
	}
	if (m->op == MSIG_OP_ELECT_CALL)
		say_own(s, i);
}

/* Those whose word is missing are asked again. */
static void
ask_again(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_election *e = &view->d.election;

	if ((BUSY >> e->state & 1) == 0)
		return;
	for (int i = 1; i < VIEW_PROVIDERS; i++) {
		bool has =
		    e->state == ELECT_VOTING ? (e->voted & BIT(i)) != 0 : e->confirmed[i] >= 0;
		if ((e->voters & BIT(i)) == 0 || has ||
		    !step_due(s, view->polled[i], view->config.times.resend))
			continue;
		say(s, i, MSIG_OP_ELECT_CALL);
		view->polled[i] = s->now;
		step_wake(s, s->now + view->config.times.resend);
	}
}

void
elect_run(struct step *s)
{
	struct zone_view *view = s->view;
	struct view_election *e = &view->d.election;
	bool part = (view->designated & BIT(VIEW_SELF)) != 0 && !view->d.rebuild &&
		    view->d.hsync.count != 0 && elect_model(view, NULL) == MODEL_LEADER;

	if (!part) {
		if (e->state != ELECT_NONE)
			enter(s, ELECT_NONE, ON_LOST);
		view->balloted = 0;
		return;
	}
	if (e->since == 0)
		e->since = s->now;
	for (int i = 1; i < VIEW_PROVIDERS; i++)
		if (view->balloted & BIT(i))
			hear(s, i);
	view->balloted = 0;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if ((rules[i].from >> e->state & 1) != 0 && happened(s, rules[i].on))
			enter(s, rules[i].to, rules[i].on);
	ask_again(s);
}

void
elect_show(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_election *e = &view->d.election;
	char expected[80];
	int who;
	enum view_model model = elect_model(view, &who);

	if (model == MODEL_NONE)
		step_blocked(s, REASON_OF_LEADER, view->d.provider[who].identity,
			     "a model that all signers can have", "none in common",
			     "set sync-model alike at all providers");
	if (model == MODEL_UNKNOWN)
		step_wait(s, REASON_PEER, REASON_OF_PEER, view->d.provider[who].identity,
			  "its HELLO, which says whether it works as peer or led",
			  view->d.provider[who].why[0] != 0 ? view->d.provider[who].why
							    : "not heard yet",
			  0);
	if (model != MODEL_LEADER || e->state == ELECT_SETTLED ||
	    (view->designated & BIT(VIEW_SELF)) == 0)
		return;
	int i = absent(view);
	if (i >= 0) {
		agree_await(s, i, REASON_OF_LEADER, "operational, so that a leader can be elected");
		return;
	}
	i = e->state == ELECT_NONE ? -1 : missing(view);
	snprintf(expected, sizeof(expected), "%s in term %llu",
		 e->state == ELECT_VOTING       ? "a vote"
		 : e->state == ELECT_CONFIRMING ? "a confirmation"
						: "a call for votes",
		 (unsigned long long)(e->term + (e->state == ELECT_NONE)));
	step_wait(s, REASON_PEER, REASON_OF_LEADER,
		  i > VIEW_SELF ? view->d.provider[i].identity : "", expected, "none yet",
		  e->state == ELECT_NONE ? e->backoff : 0);
}
