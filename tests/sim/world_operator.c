/*
 * The operators: what they order, and what they do when the agents' reasons ask them for it.
 */
#include <string.h>

#include "agentd/agree_int.h"
#include "agentd/operator.h"
#include "agentd/roll.h"
#include "tests/sim/world_int.h"

static bool
may_order(const struct sim *sim, int i)
{
	const struct node *n = &sim->node[i];
	return n->up && n->driver && n->on && n->sign && world_delegated(sim, n);
}

static bool
all_drive(const struct sim *sim)
{
	for (int i = 0; i < sim->nodes; i++)
		if (!sim->node[i].unsigned_ && !sim->node[i].driver)
			return false;
	return true;
}

static uint8_t
algorithm_of(const struct node *n)
{
	for (int i = 0; i < n->keys; i++)
		if (n->store[i].state == S(ACTIVE))
			return n->store[i].algorithm;
	return OLD_ALGORITHM;
}

/* Some think better of it. Chosen aside, so that a schedule in which nobody does is what it was. */
static void
turn_later(struct sim *sim, int i, uint8_t process)
{
	struct rng aside = {sim->rng.s ^ UINT64_C(0x7475726e)};

	if (process == MSIG_PROCESS_ZSK || !rng_chance(&aside, 250))
		return;
	struct event *e = sim_post(sim, EV_OPERATOR, i, rng_range(&aside, SECOND, 60 * SECOND));
	e->a = WORD_TURN;
	e->b = process;
}

static void
forget_orders(struct node *n, uint8_t process)
{
	for (int k = 0; k < VIEW_ORDERS; k++)
		if (n->order[k].process == process)
			memset(&n->order[k], 0, sizeof(n->order[k]));
}

/* Nobody waits for what was ordered any more. */
void
world_turned(struct sim *sim, int node, uint8_t process)
{
	for (int i = 0; i < sim->nodes; i++)
		if (process == MSIG_PROCESS_ALGORITHM || i == node)
			forget_orders(&sim->node[i], process);
}

/* Whoever can does, at whatever step it is by then; until the rollover is over. */
static void
turn_round(struct sim *sim, const struct event *e)
{
	struct rng aside = {sim->rng.s ^ (uint64_t)sim->now};
	uint8_t process = (uint8_t)e->b;
	bool alive = false;

	for (int i = 0; i < sim->nodes; i++) {
		struct node *n = &sim->node[i];
		if (!n->up || !sim_faulty(sim))
			continue;
		const struct view_process *run = &n->view->d.process;
		alive |= run->kind == process || agree_ordered(&n->view->d, process);
		if (run->kind != process || agree_turner(run) != VIEW_SELF ||
		    !rng_chance(&aside, 300) || !sim_mishap(sim, MISHAP_TURN, i, 1000))
			continue;
		sim_trace(sim, "%s: operator: turns it round", n->identity);
		forget_orders(n, process); /* or it has changed nothing yet */
		view_on_command(n->view, VIEW_ABORT);
		sim_post(sim, EV_OPERATOR, i, rng_range(&aside, SECOND, 60 * SECOND))->a =
		    WORD_RESUME;
		sim_drive(sim, i);
		return;
	}
	if (!alive)
		return;
	struct event *again = sim_post(sim, EV_OPERATOR, e->node, 3 * SECOND);
	again->a = WORD_TURN;
	again->b = process;
}

static void
order(struct sim *sim, enum mishap what)
{
	int i = world_pick(sim, may_order);
	struct view_order o = {0};
	struct ordered said = {0};

	if (i < 0 || (what == MISHAP_ORDER_ALG && !all_drive(sim)) ||
	    sim->pool.count > RSET_MAX - 60)
		return;
	struct node *n = &sim->node[i];
	if (!sim_mishap(sim, what, i, 1000))
		return;
	bool csk = true;
	for (int k = 0; k < n->keys; k++)
		csk &= n->store[k].role != R(ZSK);
	o.process = what == MISHAP_ORDER_ALG          ? MSIG_PROCESS_ALGORITHM
		    : what == MISHAP_ORDER_KSK || csk ? MSIG_PROCESS_KSK
						      : MSIG_PROCESS_ZSK;
	if (o.process == MSIG_PROCESS_ALGORITHM)
		o.algorithm = algorithm_of(n) == OLD_ALGORITHM ? NEW_ALGORITHM : OLD_ALGORITHM;
	for (int k = 0; k < n->keys; k++)
		if (n->store[k].state == S(ACTIVE) &&
		    (o.process == MSIG_PROCESS_ALGORITHM
			 ? n->store[k].algorithm != o.algorithm /* it may be half there */
			 : (o.process == MSIG_PROCESS_ZSK) == (n->store[k].role == R(ZSK))))
			rset_add(&said.old, n->store[k].rr);
	if (view_on_order(n->view, &o) != 0)
		return;
	said.process = o.process;
	turn_later(sim, i, o.process);
	sim_trace(sim, "%s: operator: %s %u", n->identity, process_name(o.process), o.algorithm);
	sim_drive(sim, i);
	for (int k = 0; k < VIEW_ORDERS && n->up; k++)
		if (n->order[k].process == 0) {
			n->order[k] = said;
			break;
		}
}

/* A dead provider that the owner does nothing about: all others take it out. */
static bool
is_dead(const struct sim *sim, int i)
{
	const struct node *n = &sim->node[i];
	return n->dead && n->listed && n->on && n->sign && !n->expelled &&
	       world_others_sign(sim, i);
}

static void
expel(struct sim *sim)
{
	int i = world_pick(sim, is_dead);
	if (i < 0 || !sim_mishap(sim, MISHAP_EXPEL, i, 1000))
		return;
	sim->node[i].expelled = true;
	sim_trace(sim, "operators: %s is taken out", sim->node[i].identity);
}

/* Somebody is asked to take it out, though the owner has it OFF. */
static bool
asked_to_expel(const struct sim *sim, const struct node *dead)
{
	for (int i = 0; i < sim->nodes; i++) {
		const struct node *n = &sim->node[i];
		for (int k = 0; n->up && k < n->view->reasons; k++)
			if (strstr(n->view->reason[k].todo, "force-remove") != NULL &&
			    strcmp(n->view->reason[k].place, dead->identity) == 0)
				return true;
	}
	return false;
}

/* Whoever did not hear it yet says it. */
void
world_expel_everywhere(struct sim *sim)
{
	for (int i = 0; i < sim->nodes && !sim_faulty(sim); i++)
		if (sim->node[i].dead && !sim->node[i].on && asked_to_expel(sim, &sim->node[i]))
			sim->node[i].expelled = true;
	for (int i = 0; i < sim->nodes; i++)
		for (int k = 0; k < sim->nodes; k++) {
			struct node *n = &sim->node[k];
			if (k == i || !sim->node[i].expelled || !n->up ||
			    (!n->on && !world_signs_on(sim, n)) || !rng_chance(&sim->rng, 400))
				continue;
			if ((sim->node[i].on || !sim_faulty(sim)) &&
			    view_on_expel(n->view, sim->node[i].identity, true) == 0)
				sim_drive(sim, k);
		}
}

static bool
is_up(const struct sim *sim, int i)
{
	return sim->node[i].up;
}

void
world_operator_acts(struct sim *sim, struct event *e)
{
	struct node *n = &sim->node[e->node];
	int i;

	switch (e->a) {
	case WORD_ORDER:
		order(sim, e->b);
		return;
	case WORD_EXPEL:
		expel(sim);
		return;
	case WORD_PAUSE:
		i = world_pick(sim, is_up);
		if (i < 0 || !sim_mishap(sim, MISHAP_PAUSE, i, 1000))
			return;
		view_on_command(sim->node[i].view, VIEW_PAUSE);
		sim_trace(sim, "%s: operator: pause", sim->node[i].identity);
		sim_post(sim, EV_OPERATOR, i, rng_range(&sim->rng, 1000, 60000))->a = WORD_RESUME;
		sim_drive(sim, i);
		return;
	case WORD_ABORT:
		i = world_pick(sim, is_up);
		if (i < 0 || !sim_mishap(sim, MISHAP_ABORT, i, 1000))
			return;
		view_on_command(sim->node[i].view, VIEW_ABORT);
		sim_trace(sim, "%s: operator: abort", sim->node[i].identity);
		memset(sim->node[i].order, 0, sizeof(sim->node[i].order));
		sim_post(sim, EV_OPERATOR, i, rng_range(&sim->rng, 1000, 60000))->a = WORD_RESUME;
		sim_drive(sim, i);
		return;
	case WORD_TURN:
		turn_round(sim, e);
		return;
	case WORD_STEPS:
		i = world_pick(sim, is_up);
		if (i < 0 || !sim_mishap(sim, MISHAP_STEPS, i, 1000))
			return;
		operator_step(sim->node[i].view, 0, true);
		sim_trace(sim, "%s: operator: step mode", sim->node[i].identity);
		sim_drive(sim, i);
		return;
	case WORD_SHARE:
		n->share = sim->zsk;
		if (n->up) {
			n->view->config.share = n->share;
			n->view->dirty = true;
			sim_trace(sim, "%s: operator: dnskey-share", n->identity);
			sim_drive(sim, e->node);
		}
		return;
	case WORD_RESUME:
		if (n->up) {
			view_on_command(n->view, VIEW_RESUME);
			sim_trace(sim, "%s: operator: resume", n->identity);
			sim_drive(sim, e->node);
		}
		return;
	case WORD_CONFIRM:
		if (n->up && n->view->d.rebuild) {
			for (i = 1; i < n->view->d.providers; i++)
				n->blind |= n->view->d.provider[i].used &&
					    !n->view->d.provider[i].statement.known;
			view_on_command(n->view, VIEW_CONFIRM);
			n->doubt = n->view->d.rebuild; /* it is said again */
			sim_trace(sim, "%s: operator: confirm", n->identity);
			sim_drive(sim, e->node);
		}
		return;
	}
}

/* Its agent does not know whose the keys are that its signer shows and does not use: they go. */
static void
unclaimed_keys(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	bool said = false;

	for (int k = 0; n->up && k < n->view->reasons; k++)
		said |= n->view->reason[k].class == REASON_BLOCKED &&
			n->view->reason[k].object == REASON_OF_DNSKEY &&
			strncmp(n->view->reason[k].todo, "take them out", 13) == 0;
	if (!said)
		return;
	struct rset own = sim_set_from_view(sim, n, n->view->d.own);
	for (int k = 0; k < n->keys; k++)
		if (world_in_zone(&n->store[k]) && n->store[k].role == R(ZSK) &&
		    !world_signs_data(n, &n->store[k]) && !rset_has(&own, n->store[k].rr))
			n->store[k].state = S(REMOVED);
	sim_trace(sim, "%s: operator: keys of nobody are taken out", n->identity);
	if (n->driver) {
		struct event *e = sim_post(sim, EV_KEYS, i, 10);
		e->u.keys.known = true;
		e->u.keys.count = n->keys;
		memcpy(e->u.keys.key, n->store, sizeof(n->store));
	}
	sim_post(sim, EV_SIGNER, i, 20);
}

/* A signer of which nothing is in the zone is set up anew. */
static void
new_keys(struct sim *sim, int i, uint8_t algorithm)
{
	struct node *n = &sim->node[i];

	n->keys = 0;
	world_make_key(sim, n, R(KSK), algorithm, S(ACTIVE), false);
	world_make_key(sim, n, R(ZSK), algorithm, S(ACTIVE), false);
	sim_trace(sim, "%s: keys of algorithm %u", n->identity, algorithm);
	if (n->mode == VIEW_MODE_ALL && !n->driver)
		n->view->config.own = sim_set_to_view(sim, n, world_published(n));
	struct event *r = sim_post(sim, EV_KEYS, i, 10);
	r->u.keys.known = true;
	r->u.keys.count = n->keys;
	memcpy(r->u.keys.key, n->store, sizeof(n->store));
	if (!n->driver)
		r->kind = EV_FOLLOWED;
	sim_post(sim, EV_SIGNER, i, 20);
}

/* Its agent says that a key of its signer has the tag of another one, and goes: it is rolled, or
 * made anew. */
static void
roll_for_tag(struct sim *sim, int i)
{
	static const uint8_t kinds[] = {MSIG_PROCESS_ZSK, MSIG_PROCESS_KSK};
	struct node *n = &sim->node[i];
	const char *todo = NULL;

	for (int k = 0; n->up && k < n->view->reasons; k++)
		if (n->view->reason[k].object == REASON_OF_KEYTAG &&
		    strncmp(n->view->reason[k].todo, "here: ", 6) == 0)
			todo = n->view->reason[k].todo;
	if (todo == NULL || !rng_chance(&sim->rng, 200))
		return;
	bool anew = strstr(todo, " gets another ") != NULL;
	if ((!n->driver && !anew) || sim->pool.count > RSET_MAX - 60) { /* nobody could do it */
		sim->unsolvable = true;
		return;
	}
	if (anew) {
		new_keys(sim, i, algorithm_of(n));
		return;
	}
	struct view_order o = {kinds[strstr(todo, " zsk") == NULL], 0};
	if (view_on_order(n->view, &o) != 0)
		return;
	sim_trace(sim, "%s: operator: %s for its tag", n->identity, process_name(o.process));
	sim_drive(sim, i);
}

/* Its agent says that a rollover was not completed: it is ordered again. */
static void
order_again(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	struct view_order o = {0};
	bool said = false;

	for (int k = 0; n->up && k < n->view->reasons; k++)
		said |= n->view->reason[k].class == REASON_BLOCKED &&
			n->view->reason[k].object == REASON_OF_KEY &&
			(strncmp(n->view->reason[k].todo, "order it again", 14) == 0 ||
			 strncmp(n->view->reason[k].todo, "roll the algorithm", 18) == 0);
	if (!said)
		return;
	if (sim->pool.count > RSET_MAX - 60) { /* no more keys can be made here */
		sim->unsolvable = true;
		return;
	}
	o.process = roll_unfinished(n->view);
	if (o.process == MSIG_PROCESS_ALGORITHM) {
		o.algorithm = roll_interrupted_to(n->view);
		if (o.algorithm == 0)
			o.algorithm = algorithm_of(n);
	}
	if (view_on_order(n->view, &o) != 0)
		return;
	sim_trace(sim, "%s: operator: %s %u again", n->identity, process_name(o.process),
		  o.algorithm);
	sim_drive(sim, i);
}

/* What only the parent knows, a person asks it, which takes some seconds. */
static bool
looked(const struct sim *sim, const struct node *n)
{
	bool stands = false;

	if ((n->view->waits.step & OPERATOR_LOOKS) == 0 || n->signer == NULL)
		return true;
	for (int k = 0; k < n->view->reasons; k++)
		stands |= strstr(n->view->reason[k].todo, "msigctl approve") != NULL &&
			  sim_local(sim, n) - n->view->reason[k].since >= 5 * SECOND;
	if (!stands || view_hidden(n->view))
		return stands && rset_equal(sim->parent.ns, n->signer->type[VIEW_NS].set);
	for (int k = 0; k < sim->parent.servers; k++)
		if (!rset_equal(sim->parent.server[k].now->type[VIEW_NS].set, sim->parent.ns))
			return false; /* others are to come */
	return true;
}

static bool
shown_by_all(const struct sim *sim, int i)
{
	const struct node *n = &sim->node[i];
	struct rset own = world_published(n);

	if (sim_faulty(sim) || !n->up || !rset_meets(world_keys_of_ds(sim), world_intended(n)) ||
	    sim->now < sim->quiet + 100 * SECOND)
		return false;
	for (int k = 0; k < sim->nodes; k++)
		for (int s = 0; s < sim->node[k].servers; s++) {
			const struct zone_version *v = sim->node[k].server[s].now;
			const struct node *by = &sim->node[sim->node[k].feed];
			if (rset_has(&sim->parent.ns, sim->node[k].ns) && v != NULL &&
			    !rset_within(world_shown(sim, own, by), v->type[VIEW_DNSKEY].set))
				return false;
		}
	return true;
}

/* It never ceased to be a member: everybody has its keys and DS, and has had them for a while. */
static bool
member_as_ever(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];

	if (!shown_by_all(sim, i))
		n->all_show = 0;
	else if (n->all_show == 0)
		n->all_show = sim->now;
	return n->all_show != 0 && sim->now - n->all_show > 60 * SECOND;
}

/* Somebody waits for copies of a remaining signer's zone there. */
static bool
asked_to_feed(const struct sim *sim)
{
	for (int i = 0; i < sim->nodes; i++) {
		const struct node *n = &sim->node[i];
		for (int k = 0; n->up && k < n->view->reasons; k++)
			if (strncmp(n->view->reason[k].todo, "feed the name servers", 21) == 0)
				return true;
	}
	return false;
}

/* What people notice after a while, and see to. */
void
world_people(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];

	if (n->up && n->view->d.rebuild && rng_chance(&sim->rng, 300)) {
		struct event *e = sim_post(sim, EV_OPERATOR, i, 1000);
		e->a = WORD_CONFIRM;
	}
	/* What was paused, or half given up, when a copy of the database was made. */
	if (n->up && !sim_faulty(sim) && (n->view->d.paused || n->view->d.process.aborting))
		sim_post(sim, EV_OPERATOR, i, 1000)->a = WORD_RESUME;
	if (n->up && n->view->waits.kind != 0 && looked(sim, n) && rng_chance(&sim->rng, 500) &&
	    operator_approve(n->view, 0) == 0)
		sim_drive(sim, i);
	if (rng_chance(&sim->rng, 200))
		unclaimed_keys(sim, i);
	if (rng_chance(&sim->rng, 200))
		order_again(sim, i);
	roll_for_tag(sim, i);
	/* Copies are taken from a signer that stays, also by who is out and named yet. */
	bool copies = n->feed != i || (n->on && n->listed);
	if (copies && !world_signs_on(sim, n)) {
		const struct node *f = &sim->node[n->feed];
		bool other = !world_says_member(f) && asked_to_feed(sim);
		if ((n->feed == i || f->dead || !world_signs_on(sim, f) || other) &&
		    rng_chance(&sim->rng, 300))
			world_choose_feed(sim, i);
	} else if (n->sign && n->on && n->feed != i && !n->unsigned_ &&
		   sim->now >= sim->node[n->feed].ttl_until) {
		oracle_check(sim); /* who is named may have changed by the clock alone */
		if (n->server[0].named_from == 0 ||
		    n->server[0].named_until < sim->now - 60 * SECOND || member_as_ever(sim, i)) {
			n->feed = i;
			world_serve_later(sim, i);
		}
	}
	/* Servers of who is out, or of who is dead and to be out, are stopped. */
	bool out = !n->listed || !n->on || n->expelled;
	if (out && n->dead && n->stops && !n->server[0].silent && rng_chance(&sim->rng, 60))
		world_silence(sim, i);
	/* A joiner whose algorithm is not the group's gets new keys. */
	struct rset ds = world_keys_of_ds(sim), own = world_published(n);
	int first = rset_next(&ds, 0);
	if (n->unsigned_ || !n->up || first < 0 || rset_meets(ds, own) ||
	    n->view->d.process.executed || (n->view->d.provider[VIEW_SELF].has & HAS_NS) != 0 ||
	    algorithm_of(n) == sim->pool.at[first].alg || sim->now - n->server[0].named_until < 0)
		return;
	for (int k = rset_next(&ds, 0); k >= 0; k = rset_next(&ds, k + 1))
		if (sim->pool.at[k].alg != sim->pool.at[first].alg)
			return;
	new_keys(sim, i, sim->pool.at[first].alg);
}
