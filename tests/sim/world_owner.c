/*
 * The owner of the zone: what is meant, what is published, and what he does when the agents'
 * reasons ask him for it.
 */
#include <stdio.h>
#include <string.h>

#include "tests/sim/world_int.h"

/* Somebody who signs stays, whatever happens to this one. */
bool
world_others_sign(const struct sim *sim, int but)
{
	for (int i = 0; i < sim->nodes; i++) {
		const struct node *n = &sim->node[i];
		if (i != but && n->listed && n->on && n->sign && !n->dead && !n->expelled &&
		    n->view != NULL && n->view->d.provider[VIEW_SELF].member &&
		    world_delegated(sim, n))
			return true;
	}
	return false;
}

/* What the owner means, as a new instruction. */
void
world_instruct(struct sim *sim)
{
	if (sim->instructions == HSYNCS) {
		sim_fail(sim, "too many instructions");
		return;
	}
	int index = sim->instructions++;
	struct view_hsync *h = &sim->hsync[index];
	h->status = MSIG_SEEN_SET;
	h->serial = (uint32_t)index + 1;
	h->count = 0;
	for (int i = 0; i < sim->nodes; i++) {
		const struct node *n = &sim->node[i];
		if (!n->listed)
			continue;
		struct view_hsync_entry *e = &h->entry[h->count++];
		memcpy(e->identity, n->identity, sizeof(n->identity));
		e->on = n->on;
		e->sign = n->sign;
		e->agent = sim->agent;
	}
	memset(h->digest, index + 1, sizeof(h->digest));
	sim->meant = index;
}

/* By one more, most of the time; but an older zone may be put back, or be edited without a new
 * serial. By chance of its own, which changes nothing else. */
static void
count_on(struct sim *sim)
{
	struct rng dice = {sim->opt.seed << 32 ^ sim->owner.serial};

	switch (rng_range(&dice, 0, 9)) {
	case 0:
		sim->owner.serial -= (uint32_t)rng_range(&dice, 0, 1000);
		break;
	case 1: /* the largest step there is */
		sim->owner.serial += INT32_MAX;
		break;
	default:
		sim->owner.serial++;
	}
}

void
world_owner_publishes(struct sim *sim, int hsync)
{
	char text[200] = "";

	count_on(sim);
	if (hsync >= 0) {
		sim->owner.hsync = hsync;
		const struct view_hsync *h = &sim->hsync[hsync];
		for (int i = 0; i < h->count && sim->opt.trace; i++) {
			size_t len = strlen(text);
			snprintf(text + len, sizeof(text) - len, " %.6s=%s%s", h->entry[i].identity,
				 h->entry[i].on ? "ON" : "OFF", h->entry[i].sign ? "" : "/NOSIGN");
		}
		sim_trace(sim, "owner: HSYNC %d:%s %s%s", hsync + 1, text,
			  h->count > 0 && h->entry[0].agent ? "AGENT" : "OWNER", h->error);
	}
	for (int i = 0; i < sim->nodes; i++)
		sim_post(sim, EV_OWNER_SYNC, i, world_upto(sim, 10, 15000, 300));
}

/* The owner's own NS, while the agents manage them, do not matter; before they do again, or do no
 * longer, they have to be those that are there. */
static struct rset
ns_everywhere(const struct sim *sim)
{
	struct rset ns = sim->parent.ns;
	for (int i = 0; i < sim->nodes; i++)
		for (int k = 0; k < sim->node[i].servers; k++) {
			const struct server *s = &sim->node[i].server[k];
			if (rset_has(&sim->parent.ns, sim->node[i].ns) && !s->silent &&
			    s->now != NULL)
				ns = rset_and(ns, s->now->type[VIEW_NS].set);
		}
	return ns;
}

/* Does everybody whom the parent asks have CDS of its keys, or none? Else its DS may be about to
 * go. */
static bool
ds_stays(const struct sim *sim, const struct node *n)
{
	for (int i = 0; i < sim->nodes; i++)
		for (int k = 0; k < sim->node[i].servers; k++) {
			const struct server *s = &sim->node[i].server[k];
			if (!rset_has(&sim->parent.ns, sim->node[i].ns) || s->now == NULL)
				continue;
			struct rset cds = s->now->type[VIEW_CDS].set;
			if (!rset_empty(cds) &&
			    !rset_meets(rpool_keys(&sim->pool, cds), world_intended(n)))
				return false;
		}
	return true;
}

bool
world_says_member(const struct node *n)
{
	return n->up && n->view->d.provider[VIEW_SELF].member && !n->view->d.rebuild;
}

/* As long as nobody who is to sign is in, whoever is in signs on. */
bool
world_signs_on(const struct sim *sim, const struct node *n)
{
	if (!n->listed || (n->on && n->sign))
		return n->listed;
	for (int i = 0; i < sim->nodes; i++) {
		const struct node *o = &sim->node[i];
		if (o->listed && o->on && o->sign && world_says_member(o))
			return false;
	}
	return world_says_member(n);
}

bool
world_feeds(const struct sim *sim, const struct node *n)
{
	return world_signs_on(sim, n) && !n->dead && !n->expelled && !n->unsigned_ &&
	       rset_meets(world_keys_of_ds(sim), world_intended(n)) && ds_stays(sim, n);
}

bool
world_new_ds(const struct sim *sim)
{
	return sim->parent.ds_since != 0 && sim->now - sim->parent.ds_since < SEEN_FOR;
}

/* Not from somebody whose DS has just come: it is not in everybody's cache. Not while a TTL has
 * just changed there, which nobody could have seen. From somebody who says that it is a member, if
 * anybody does. */
void
world_choose_feed(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	int best = -1;

	if (world_new_ds(sim) || sim->now < sim->node[n->feed].ttl_until)
		return;
	for (int k = sim->nodes - 1; k >= 0; k--) {
		const struct node *o = &sim->node[k];
		if (k != i && world_feeds(sim, o) &&
		    (best < 0 || world_says_member(o) || !world_says_member(&sim->node[best])))
			best = k;
	}
	if (best < 0)
		return;
	n->feed = best;
	sim_post(sim, EV_SIGNER, i, world_upto(sim, 10, 2000, 100));
	world_serve_later(sim, i);
}

int
world_pick(struct sim *sim, bool (*fits)(const struct sim *sim, int i))
{
	int start = (int)rng_range(&sim->rng, 0, sim->nodes - 1);
	for (int k = 0; k < sim->nodes; k++) {
		int i = (start + k) % sim->nodes;
		if (fits(sim, i))
			return i;
	}
	return -1;
}

static bool
may_join(const struct sim *sim, int i)
{
	const struct node *n = &sim->node[i];
	return !n->dead && !n->expelled && !n->unsigned_ && (!n->listed || !n->on);
}

static bool
may_leave(const struct sim *sim, int i)
{
	const struct node *n = &sim->node[i];
	return n->listed && n->on && n->sign && world_others_sign(sim, i);
}

/* Who comes is in HSYNC already, and not in the zone yet. */
static bool
may_leave_to(const struct sim *sim, int i)
{
	const struct node *n = &sim->node[i];
	bool comes = false;

	for (int k = 0; k < sim->nodes; k++) {
		const struct node *o = &sim->node[k];
		comes |= k != i && o->listed && o->on && o->sign && !o->dead && !o->expelled &&
			 !o->unsigned_;
	}
	return comes && n->listed && n->on && n->sign;
}

static bool
may_serve(const struct sim *sim, int i)
{
	const struct node *n = &sim->node[i];
	return !n->dead && n->unsigned_ && (!n->listed || !n->on);
}

static bool
may_stop_serving(const struct sim *sim, int i)
{
	const struct node *n = &sim->node[i];
	return n->listed && n->on && !n->sign;
}

static bool
may_turn(const struct sim *sim, int i)
{
	const struct node *n = &sim->node[i];
	return n->listed && n->on && !n->unsigned_ && !n->dead && !n->forgot &&
	       (!n->sign || (world_others_sign(sim, i) && world_delegated(sim, n)));
}

static int
trace_node(struct sim *sim, const char *what, int i)
{
	sim_trace(sim, "owner: %s %s", sim->node[i].identity, what);
	return i;
}

static bool
leaves(struct sim *sim, bool (*fits)(const struct sim *sim, int i), const char *what)
{
	int i = world_pick(sim, fits);

	if (i < 0)
		return false;
	sim->node[i].on = false;
	trace_node(sim, what, i);
	return true;
}

/* One change of what the owner means. false: there is nothing to change so. */
static bool
owner_changes(struct sim *sim, enum mishap what)
{
	int i;

	switch (what) {
	case MISHAP_JOIN:
		if ((i = world_pick(sim, may_join)) < 0)
			return false;
		sim->node[i].listed = sim->node[i].on = sim->node[i].sign = true;
		trace_node(sim, "joins", i);
		return true;
	case MISHAP_LEAVE:
		return leaves(sim, may_leave, "leaves");
	case MISHAP_NOSIGN:
		if ((i = world_pick(sim, may_serve)) < 0)
			return false;
		sim->node[i].listed = sim->node[i].on = true;
		sim->node[i].sign = false;
		trace_node(sim, "serves", i);
		return true;
	case MISHAP_NOSIGN_LEAVE:
		return leaves(sim, may_stop_serving, "serves no longer");
	case MISHAP_SIGN_NOSIGN:
		if ((i = world_pick(sim, may_turn)) < 0)
			return false;
		sim->node[i].sign = !sim->node[i].sign;
		trace_node(sim, sim->node[i].sign ? "signs" : "signs no longer", i);
		return true;
	case MISHAP_NSMGMT: {
		struct rset ns = ns_everywhere(sim);
		if (rset_empty(ns))
			return false;
		sim->owner.ns = ns;
		sim->agent = !sim->agent;
		return true;
	}
	default:
		return false;
	}
}

void
world_owner_acts(struct sim *sim, struct event *e)
{
	bool changed = false;

	if (e->a >= 0) { /* what was planned when the world was made */
		struct node *n = &sim->node[e->a];
		if (!n->dead && !n->expelled) {
			n->listed = n->on = true;
			n->sign = !n->unsigned_;
			changed = true;
		}
	} else if (sim_mishap(sim, e->b, -1, 1000)) {
		changed = owner_changes(sim, e->b);
		if (changed && sim_mishap(sim, MISHAP_PAIR, -1, 250) &&
		    !owner_changes(sim, rng_chance(&sim->rng, 500) ? MISHAP_LEAVE : MISHAP_JOIN) &&
		    e->b == MISHAP_JOIN)
			leaves(sim, may_leave_to, "leaves to who comes");
	}
	if (!changed)
		return;
	world_instruct(sim);
	for (int i = 0; i < sim->nodes; i++) /* copies are taken from who stays */
		if (sim->node[i].feed != i && !world_signs_on(sim, &sim->node[sim->node[i].feed]))
			world_choose_feed(sim, i);
	world_owner_publishes(sim, sim->meant);
}

/* A mistake in HSYNC, taken back after a while. What the owner means stays in sim->meant. */
void
world_blip(struct sim *sim)
{
	if (sim->owner.hsync != sim->meant || sim->instructions >= HSYNCS - 20)
		return;
	int index = sim->instructions++;
	struct view_hsync *h = &sim->hsync[index];
	*h = sim->hsync[sim->meant];
	memset(h->digest, index + 1, sizeof(h->digest));
	h->serial = (uint32_t)index + 1;
	int one = (int)rng_range(&sim->rng, 0, h->count - 1);
	switch (rng_range(&sim->rng, 0, 5)) {
	case 0:
		*h = (struct view_hsync){.status = MSIG_SEEN_ABSENT};
		break;
	case 1:
		snprintf(h->error, sizeof(h->error), "malformed");
		break;
	case 2:
		memmove(&h->entry[one], &h->entry[one + 1],
			sizeof(h->entry[0]) * (size_t)(h->count - one - 1));
		h->count--;
		break;
	case 3:
		h->entry[one].on = false;
		break;
	case 4:
		for (int i = 0; i < h->count; i++)
			h->entry[i].on = false;
		break;
	case 5:
		if (h->count < 2) /* an instruction, and not what the owner's NS are made for */
			snprintf(h->error, sizeof(h->error), "malformed");
		h->entry[0].agent = !h->entry[0].agent;
		break;
	}
	world_owner_publishes(sim, index);
	sim_post(sim, EV_OWNER_BACK, 0, rng_range(&sim->rng, 500, 40000));
}

/* Does an agent say that the owner's NS have to change? */
static bool
asks_for_ns(const struct zone_view *v)
{
	for (int i = 0; i < v->reasons; i++)
		if (v->reason[i].class == REASON_BLOCKED && v->reason[i].object == REASON_OF_NS)
			return true;
	return false;
}

/* Does an agent say that a server of this provider is not there any more? */
bool
world_says_gone(const struct zone_view *v, const struct node *n)
{
	for (int i = 0; i < v->reasons; i++)
		for (int k = 0; k < n->servers; k++)
			if (v->reason[i].class == REASON_BLOCKED &&
			    v->reason[i].object == REASON_OF_SERVER &&
			    strcmp(v->reason[i].place, n->server[k].name) == 0)
				return true;
	return false;
}

/* Does an agent say that this is to be done? */
static bool
asked(const struct sim *sim, const char *todo)
{
	for (int i = 0; i < sim->nodes; i++) {
		const struct zone_view *v = sim->node[i].view;
		for (int k = 0; v != NULL && k < v->reasons; k++)
			if (strncmp(v->reason[k].todo, todo, strlen(todo)) == 0)
				return true;
	}
	return false;
}

/* Does an agent say that a signer that remains has to be named? */
static bool
asked_to_add(const struct sim *sim)
{
	return !sim->agent &&
	       asked(sim,
		     "the owner of the zone (NSMGMT=OWNER) adds the NS of a signer that remains");
}

/* NSMGMT=OWNER: the owner does what the agents ask for. */
void
world_owner_helps(struct sim *sim)
{
	struct rset ns = sim->owner.ns;

	for (int i = 0; i < sim->nodes; i++)
		for (int k = 0; k < sim->nodes && sim->node[i].view != NULL && !sim->agent; k++)
			if (sim->node[k].dead && world_says_gone(sim->node[i].view, &sim->node[k]))
				rset_del(&ns, sim->node[k].ns);
	for (int i = 0; i < sim->nodes; i++) {
		const struct zone_view *v = sim->node[i].view;
		if (v == NULL || v->d.agent_ns || sim->agent || !asks_for_ns(v))
			continue;
		const struct view_process *run = &v->d.process;
		int first = run->kind == MSIG_PROCESS_ADD ? 4 : 1;
		bool rests = run->kind == 0 || run->kind == MSIG_PROCESS_ALGORITHM;
		for (int k = 0; k < sim->nodes; k++) {
			const struct node *n = &sim->node[k];
			int p = view_provider_find(v, n->identity);
			if (p < 0 || (!rests && (p != run->subject || run->step < first)))
				continue;
			/* Who is to sign again, and serves: out first, whatever it is to become. */
			bool adds = n->listed && n->on && !n->expelled &&
				    !(run->kind == MSIG_PROCESS_NS_REMOVE && n->sign);
			uint8_t has = v->d.provider[p].has;
			if (run->kind == MSIG_PROCESS_ADD || run->kind == MSIG_PROCESS_NS_ADD ||
			    (rests && (has & HAS_NS) != 0)) {
				if (adds)
					rset_add(&ns, n->ns);
			} else if (run->kind == MSIG_PROCESS_REMOVE ||
				   run->kind == MSIG_PROCESS_NS_REMOVE || (rests && has == 0)) {
				if (!adds)
					rset_del(&ns, n->ns);
			}
		}
	}
	for (int i = 0; i < sim->nodes && asked_to_add(sim); i++)
		if (world_feeds(sim, &sim->node[i]) && world_says_member(&sim->node[i]))
			rset_add(&ns, sim->node[i].ns);
	for (int i = 0; i < sim->nodes && rset_empty(ns); i++) /* those who stay */
		if (sim->node[i].listed && sim->node[i].on && !sim->node[i].expelled &&
		    (world_delegated(sim, &sim->node[i]) ||
		     rset_meets(world_keys_of_ds(sim), world_intended(&sim->node[i]))))
			rset_add(&ns, sim->node[i].ns);
	if (rset_equal(ns, sim->owner.ns) || rset_empty(ns))
		return;
	sim->owner.ns = ns;
	sim_trace(sim, "owner: NS of %d names", rset_count(ns));
	world_owner_publishes(sim, -1);
}

/* Does it wait for the owner to make NS equal, be it a member, or a joiner that is about to be
 * named? */
static bool
asks_for_equal_ns(const struct zone_view *v)
{
	for (int i = 0; i < v->reasons; i++)
		if (strncmp(v->reason[i].todo, "the owner makes them equal", 26) == 0)
			return true;
	return false;
}

/* From the owner to the agents: NS have to be equal to those of all providers first, as the agent
 * sees them. */
void
world_owner_makes_ns_equal(struct sim *sim)
{
	for (int i = 0; i < sim->nodes && sim->agent; i++) {
		const struct zone_view *v = sim->node[i].view;
		struct rset ns = RSET_NONE;
		if (v == NULL || v->d.agent_ns || !asks_for_equal_ns(v))
			continue;
		uint32_t effects = process_effects(v);
		for (int k = 0; k < sim->nodes; k++) {
			int p = view_provider_find(v, sim->node[k].identity);
			bool in = p >= 0 && (v->d.provider[p].has & HAS_NS) != 0;
			if (p >= 0 && v->d.process.kind != 0 && v->d.process.subject == p)
				in = (in || (effects & EFFECT_NS_ADD) != 0) &&
				     (effects & EFFECT_NS_DEL) == 0;
			if (in)
				rset_add(&ns, sim->node[k].ns);
		}
		if (!rset_empty(ns) && !rset_equal(ns, sim->owner.ns)) {
			sim->owner.ns = ns;
			sim_trace(sim, "owner: NS of %d names, for the agents", rset_count(ns));
			world_owner_publishes(sim, -1);
		}
		return;
	}
}

/* Nobody has anything of it any more. */
static bool
has_left(const struct sim *sim, const struct node *n)
{
	if (rset_has(&sim->parent.ns, n->ns) ||
	    rset_meets(world_keys_of_ds(sim), world_published(n)))
		return false;
	for (int i = 0; i < sim->nodes; i++) {
		const struct zone_view *v = sim->node[i].view;
		if (v == NULL) {
			if (!sim->node[i].dead)
				return false;
			continue;
		}
		int p = view_provider_find(v, n->identity);
		if (p >= 0 && (v->d.provider[p].has != 0 || v->d.provider[p].member ||
			       v->d.provider[p].contributed ||
			       (v->d.process.kind != 0 && v->d.process.subject == p)))
			return false;
	}
	return true;
}

void
world_owner_tidies(struct sim *sim)
{
	for (int i = 0; i < sim->nodes; i++) {
		struct node *n = &sim->node[i];
		if (!n->listed || n->on || !has_left(sim, n) ||
		    !sim_mishap(sim, MISHAP_TIDY, i, 100))
			continue;
		n->listed = false;
		world_instruct(sim);
		world_owner_publishes(sim, sim->meant);
	}
}

/* The owner deleted the record of a provider that somebody still knows something of: it is OFF. */
void
world_owner_lists_again(struct sim *sim)
{
	bool changed = false;

	for (int i = 0; i < sim->nodes && sim->owner.hsync == sim->meant; i++) {
		const struct zone_view *v = sim->node[i].view;
		if (v == NULL || sim_faulty(sim) || strstr(v->freeze, "vanished without") == NULL)
			continue;
		for (int k = 0; k < sim->nodes; k++) {
			int p = view_provider_find(v, sim->node[k].identity);
			if (p < 0 || sim->node[k].listed || v->d.provider[p].has == 0)
				continue;
			sim->node[k].listed = changed = true;
			sim->node[k].on = false;
		}
	}
	if (!changed)
		return;
	world_instruct(sim);
	world_owner_publishes(sim, sim->meant);
}

/* All members are to leave, and somebody else is to be in: one of them stays. */
void
world_owner_keeps_one(struct sim *sim)
{
	bool now = !sim_faulty(sim) && asked(sim, "the owner designates");

	for (int i = 0; i < sim->nodes && now; i++) {
		struct node *n = &sim->node[i];
		if ((n->on && n->sign) || n->dead || n->expelled || n->unsigned_ ||
		    n->view == NULL || !n->view->d.provider[VIEW_SELF].member ||
		    !world_delegated(sim, n))
			continue;
		n->listed = n->on = n->sign = true;
		trace_node(sim, "stays", i);
		world_instruct(sim);
		world_owner_publishes(sim, sim->meant);
		return;
	}
}

/* A signer that the parent does not name is to leave, and to join again. */
void
world_owner_has_rejoin(struct sim *sim)
{
	bool now = !sim_faulty(sim) &&
		   asked(sim, "the owner takes out who is not named, and lets it join again");

	for (int i = 0; i < sim->nodes && now; i++) {
		struct node *n = &sim->node[i];
		if (!n->listed || !n->on || !n->sign || n->dead || n->expelled ||
		    rset_has(&sim->parent.ns, n->ns))
			continue;
		n->on = false;
		trace_node(sim, "leaves, and joins again", i);
		world_instruct(sim);
		world_owner_publishes(sim, sim->meant);
		sim_post(sim, EV_OWNER, 0, 100 * SECOND)->a = i;
		return;
	}
}
