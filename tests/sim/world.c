/*
 * The world around the agents: signers and their key stores, name servers, combiners, the parent
 * and its scanner, the owner and the operators, and what goes wrong with each. See sim.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/operator.h"
#include "agentd/roll.h"
#include "libmsig/key.h"
#include "libmsig/msg.h"
#include "tests/sim/sim.h"

/* A TTL that changed stays so long: what is raised and lowered again between two looks of every
 * agent cannot be seen, only be allowed for by margins, which are 0 here. */
#define SEEN_FOR (60 * SECOND)
#define OLD_ALGORITHM 15
#define NEW_ALGORITHM 13

#define S(id) MSIG_KEY_STATE_##id
#define R(id) MSIG_KEY_ROLE_##id

static int64_t
upto(struct sim *sim, int64_t least, int64_t faulty, int64_t calm)
{
	return rng_range(&sim->rng, least, sim_faulty(sim) ? faulty : calm);
}

/* ---- key stores ---- */

static bool
in_zone(const struct key *k)
{
	return k->state >= S(PUBLISHED) && k->state <= S(RETIRED);
}

static bool
active_beside(const struct node *n, const struct key *k)
{
	for (int i = 0; i < n->keys; i++)
		if (&n->store[i] != k && n->store[i].state == S(ACTIVE) &&
		    n->store[i].algorithm == k->algorithm && n->store[i].role != R(KSK))
			return true;
	return false;
}

static bool
signs_data(const struct node *n, const struct key *k)
{
	switch (k->state) {
	case S(SIGNING):
	case S(ACTIVE):
	case S(POST):
		return k->role != R(KSK);
	case S(PUBLISHED):
	case S(READY):
		return k->role != R(KSK) && k->signing;
	case S(RETIRED):
		return k->role == R(CSK) && !active_beside(n, k);
	default:
		return false;
	}
}

struct rset
world_published(const struct node *n)
{
	struct rset out = RSET_NONE;
	for (int i = 0; i < n->keys; i++)
		if (in_zone(&n->store[i]))
			rset_add(&out, n->store[i].rr);
	return out;
}

struct rset
world_made(const struct node *n)
{
	return n->ever;
}

/* A READY key stands alone in CDS. */
struct rset
world_intended(const struct node *n)
{
	struct rset out = RSET_NONE;
	bool ready = false;
	for (int i = 0; i < n->keys; i++)
		ready |= n->store[i].state == S(READY);
	for (int i = 0; i < n->keys; i++)
		if (n->store[i].role != R(ZSK) &&
		    n->store[i].state == (ready ? S(READY) : S(ACTIVE)))
			rset_add(&out, n->store[i].rr);
	return out;
}

int
world_key(struct sim *sim, uint16_t flags, uint8_t algorithm, bool collide)
{
	uint8_t rdata[4 + 32] = {(uint8_t)(flags >> 8), (uint8_t)flags, 3, algorithm};
	for (;;) {
		for (size_t i = 4; i < sizeof(rdata); i++)
			rdata[i] = (uint8_t)rng_next(&sim->rng);
		int id = rpool_get(&sim->pool, 48, rdata, sizeof(rdata));
		if (id < 0) {
			sim_fail(sim, "the pool of the world is full");
			return 0;
		}
		const struct rr *rr = &sim->pool.at[id];
		bool clash = false;
		for (int i = 0; i < sim->pool.count; i++)
			if (i != id && sim->pool.at[i].type == 48 &&
			    (sim->pool.at[i].tag == rr->tag ||
			     sim->pool.at[i].tag == msig_key_tag_revoked(rr->rdata) ||
			     rr->tag == msig_key_tag_revoked(sim->pool.at[i].rdata)))
				clash = true;
		if (!clash)
			break;
	}
	/* The same octets with two words swapped have the same tag. */
	if (collide) {
		uint8_t word[2];
		for (int i = 0; i < sim->pool.count; i++) {
			const struct rr *rr = &sim->pool.at[i];
			if (rr->type != 48 || rr->alg != algorithm || rr->flags != flags ||
			    rr->rdata->len != sizeof(rdata))
				continue;
			memcpy(rdata, rr->rdata->data, sizeof(rdata));
			memcpy(word, rdata + 4, 2);
			memcpy(rdata + 4, rdata + 6, 2);
			memcpy(rdata + 6, word, 2);
		}
	}
	int id = rpool_get(&sim->pool, 48, rdata, sizeof(rdata));
	return id < 0 ? 0 : id;
}

static struct key *
make_key(struct sim *sim, struct node *n, uint8_t role, uint8_t algorithm, uint8_t state,
	 bool collide)
{
	int keep = 0;
	for (int i = 0; i < n->keys; i++)
		if (n->store[i].state != S(REMOVED))
			n->store[keep++] = n->store[i];
	n->keys = keep;
	if (n->keys == STORE || sim->pool.count > RSET_MAX - 24)
		return NULL;
	int rr = world_key(sim, role == R(ZSK) ? 256 : 257, algorithm, collide);
	struct key *k = &n->store[n->keys++];
	rset_add(&n->ever, rr);
	*k = (struct key){++n->made, role, state, algorithm, false, rr};
	if (role != R(ZSK)) {
		rpool_of_key(&sim->pool, rr, 59);
		rpool_of_key(&sim->pool, rr, 60);
		rpool_of_key(&sim->pool, rr, 43);
	}
	if (algorithm != OLD_ALGORITHM)
		sim->algorithms = true;
	return k;
}

static struct key *
find_key(struct node *n, uint32_t id)
{
	for (int i = 0; i < n->keys; i++)
		if (n->store[i].id == id)
			return &n->store[i];
	return NULL;
}

static void
assign(struct key *k, uint8_t state)
{
	if (state == S(PUBLISHED) || state == S(READY))
		k->signing |= k->state == S(SIGNING);
	else
		k->signing = false;
	k->state = state;
}

/* An algorithm comes into DNSKEY, and leaves it, with all of its keys at once. */
static bool
set_with_algorithm(struct node *n, struct key *k, uint8_t state)
{
	bool others = false, mine = false, signs = k->state == S(SIGNING) && k->role != R(KSK);
	for (int i = 0; i < n->keys; i++) {
		const struct key *o = &n->store[i];
		if (o == k || !in_zone(o))
			continue;
		others |= o->algorithm != k->algorithm;
		mine |= o->algorithm == k->algorithm;
	}
	if (!others || (state == S(PUBLISHED) && (mine || in_zone(k))))
		return assign(k, state), true;
	for (int i = 0; i < n->keys && state == S(PUBLISHED); i++)
		signs |= n->store[i].algorithm == k->algorithm && n->store[i].state == S(SIGNING);
	if (state == S(PUBLISHED) && !signs)
		return false;
	for (int i = 0; i < n->keys; i++) {
		struct key *o = &n->store[i];
		if (o->algorithm != k->algorithm)
			continue;
		if (state == S(PUBLISHED) ? o->state <= S(SIGNING)
					  : in_zone(o) || o == k || o->state == S(POST))
			assign(o, state);
	}
	assign(k, state);
	return true;
}

static bool
set_key(struct node *n, struct key *k, uint8_t state)
{
	struct key before[STORE];
	bool data = false, sep = false, good = true;

	memcpy(before, n->store, sizeof(before));
	if (state == S(PUBLISHED) || state == S(POST) || state == S(REMOVED))
		good = set_with_algorithm(n, k, state);
	else
		assign(k, state);
	if (state == S(ACTIVE) && k->role != R(ZSK))
		for (int i = 0; i < n->keys; i++)
			if (&n->store[i] != k && n->store[i].role != R(ZSK) &&
			    (n->store[i].state == S(ACTIVE) || n->store[i].state == S(READY)))
				assign(&n->store[i], S(RETIRED));
	for (int i = 0; i < n->keys; i++) {
		data |= signs_data(n, &n->store[i]) && in_zone(&n->store[i]);
		sep |= n->store[i].role != R(ZSK) && in_zone(&n->store[i]);
	}
	if (good && data && sep)
		return true;
	memcpy(n->store, before, sizeof(before)); /* what cannot be loaded is taken back */
	return false;
}

/* What agentd asks of the driver. */
static void
on_key(struct sim *sim, struct event *e)
{
	struct node *n = &sim->node[e->node];
	struct key *k = find_key(n, e->u.key.id);
	bool good = !n->dead || !n->frozen;

	if (!n->driver)
		return;
	if (e->u.key.verb != MSIG_KEY_VERB_LIST && sim_mishap(sim, MISHAP_KEY_REFUSED, e->node, 80))
		good = false;
	else if (e->u.key.verb == MSIG_KEY_VERB_MAKE)
		good = make_key(sim, n, e->u.key.role, e->u.key.algorithm, S(MADE),
				sim_mishap(sim, MISHAP_KEY_TAG, e->node, 40)) != NULL;
	else if (e->u.key.verb == MSIG_KEY_VERB_SET)
		good = k != NULL && set_key(n, k, e->u.key.state);
	else if (e->u.key.verb == MSIG_KEY_VERB_DISCARD && k != NULL) {
		if (k->state == S(MADE) || k->state == S(REMOVED))
			*k = n->store[--n->keys];
		else
			good = false;
	}
	sim_post(sim, EV_SIGNER, e->node, upto(sim, 10, 3000, 200));
	if (e->u.key.verb != MSIG_KEY_VERB_LIST && sim_mishap(sim, MISHAP_KEY_CRASH, e->node, 60))
		return;
	struct event *r = sim_post(sim, EV_KEYS, e->node, upto(sim, 1, 1500, 50));
	r->u.keys.known = good;
	r->u.keys.count = n->keys;
	memcpy(r->u.keys.key, n->store, sizeof(n->store));
}

/* ---- what is served ---- */

static struct rset
cds_of(struct sim *sim, struct rset keys, uint16_t type)
{
	struct rset out = RSET_NONE;
	for (int i = rset_next(&keys, 0); i >= 0; i = rset_next(&keys, i + 1))
		rset_add(&out, rpool_of_key(&sim->pool, i, type));
	return out;
}

static void
serve_later(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	for (int k = 0; k < n->servers; k++)
		sim_post(sim, EV_SERVER, i, upto(sim, 10, 6000, 800))->a = k;
}

/* Foreign keys that the signer is slow to drop, or does not show for a while. */
static void
misbehave(struct sim *sim, struct node *n, struct zone_version *v)
{
	struct rset *keys = &v->type[VIEW_DNSKEY].set;

	if (n->mode == VIEW_MODE_ALL)
		return;
	if (n->signer != NULL && sim->now < n->slow_until) {
		struct rset gone = rset_minus(n->signer->type[VIEW_DNSKEY].set, *keys);
		n->linger = rset_or(n->linger, rset_minus(gone, world_published(n)));
		for (int i = 0; i < n->keys; i++)
			rset_del(&n->linger, n->store[i].rr);
		n->linger_until = n->slow_until;
	}
	if (sim->now < n->linger_until)
		*keys = rset_or(*keys, n->linger);
	else
		n->linger = RSET_NONE;
	if (sim->now < n->dropped_until && rset_meets(*keys, n->dropped)) {
		*keys = rset_minus(*keys, n->dropped);
		v->wrong = true;
	}
	if (sim->now < n->old_cds_until) {
		v->type[VIEW_CDS].set = rset_or(v->type[VIEW_CDS].set, cds_of(sim, n->old_cds, 59));
		v->type[VIEW_CDNSKEY].set =
		    rset_or(v->type[VIEW_CDNSKEY].set, cds_of(sim, n->old_cds, 60));
	}
}

struct rset
world_shown(const struct sim *sim, struct rset keys, const struct node *n)
{
	if (!sim->zsk)
		return keys;
	for (int i = rset_next(&keys, 0); i >= 0; i = rset_next(&keys, i + 1))
		if ((sim->pool.at[i].flags & 1) != 0 && !rset_has(&n->ever, i))
			rset_del(&keys, i);
	return keys;
}

/* The overlay and the own keys. */
static void
compose(struct sim *sim, struct node *n, struct zone_version *v)
{
	struct rset keys = RSET_NONE, cds = RSET_NONE, cdnskey = RSET_NONE, ns = RSET_NONE,
		    csync = RSET_NONE, sep = RSET_NONE, data = RSET_NONE;

	for (int p = 0; p < sim->nodes; p++) {
		const struct view_contribution *c = &n->combiner.from[p];
		keys = rset_or(keys, c->dnskey);
		cds = rset_or(cds, c->cds);
		cdnskey = rset_or(cdnskey, c->cdnskey);
		ns = rset_or(ns, c->ns);
		csync = rset_or(csync, c->csync);
	}
	keys = world_shown(sim, keys, n); /* whatever it is given */
	if (n->mode == VIEW_MODE_FOREIGN) {
		keys = rset_or(keys, world_published(n));
		cds = rset_or(cds, cds_of(sim, world_intended(n), 59));
		cdnskey = rset_or(cdnskey, cds_of(sim, world_intended(n), 60));
	}
	for (int i = 0; i < n->keys; i++) {
		if (n->store[i].role != R(ZSK) && in_zone(&n->store[i]))
			rset_add(&sep, n->store[i].rr);
		if (signs_data(n, &n->store[i]))
			rset_add(&data, n->store[i].rr);
	}
	v->hsync = n->owner.hsync;
	v->ttl_data = n->owner.ttl_data;
	v->type[VIEW_DNSKEY].set = keys;
	v->type[VIEW_CDS].set = cds;
	v->type[VIEW_CDNSKEY].set = cdnskey;
	/* Owner and agents: who manages NS is said by the HSYNC of this very version. */
	v->type[VIEW_NS].set = rset_empty(ns) ? n->owner.ns : ns;
	v->type[VIEW_CSYNC].set = csync;
	misbehave(sim, n, v);
	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		v->type[t].ttl = n->ttl[t];
		v->type[t].signers = data;
	}
	v->type[VIEW_NS].ttl = n->owner.ttl_ns;
	v->type[VIEW_DNSKEY].signers = rset_and(sep, v->type[VIEW_DNSKEY].set);
	struct rset alien = rset_minus(data, v->type[VIEW_DNSKEY].set);
	v->alien = rset_next(&alien, 0);
	v->loaded = true;
}

static bool
same_zone(const struct zone_version *a, const struct zone_version *b)
{
	return memcmp(a->type, b->type, sizeof(a->type)) == 0 && a->hsync == b->hsync &&
	       a->ttl_data == b->ttl_data && a->alien == b->alien && a->wrong == b->wrong;
}

/* The version that a signer makes of its combiner's zone; who has none serves a copy. */
static void
sign(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];

	if (n->owner.hsync < 0 || (n->dead && n->frozen))
		return;
	if (n->unsigned_) {
		const struct zone_version *v = n->feed != i ? sim->node[n->feed].signer : NULL;
		if (v != NULL)
			n->signer = v;
		return;
	}
	struct zone_version *v = world_version(sim);
	compose(sim, n, v);
	if (n->signer != NULL && same_zone(v, n->signer)) {
		sim->versions--;
		return;
	}
	n->signer = v;
	if (sim->parent.both && sim->parent.feed == i)
		sim_post(sim, EV_PARENT_COPY, 0, upto(sim, 10, 6000, 800));
	for (int k = 0; k < sim->nodes; k++)
		if (sim->node[k].feed == i) {
			if (k != i)
				sim_post(sim, EV_SIGNER, k, upto(sim, 10, 2000, 100));
			serve_later(sim, k);
		}
}

static void
serve(struct sim *sim, struct event *e)
{
	struct node *n = &sim->node[e->node];
	struct server *s = &n->server[e->a];
	const struct zone_version *v = sim->node[n->feed].signer, *old = s->now;

	if (s->silent || v == NULL || (n->dead && n->frozen))
		return;
	if (e->b != 0) { /* back to what it had served before */
		v = e->version;
	} else if (sim->now < s->stuck) {
		sim_post(sim, EV_SERVER, e->node, s->stuck - sim->now)->a = e->a;
		return;
	} else if (old != NULL && old != v && sim->times.d > 20 &&
		   sim_mishap(sim, MISHAP_FLAP, e->node, 30)) {
		struct event *back =
		    sim_post(sim, EV_SERVER, e->node, rng_range(&sim->rng, 1, sim->times.d / 2));
		back->a = e->a;
		back->b = 1;
		back->version = old;
		sim_post(sim, EV_SERVER, e->node, sim->times.d - 1)->a = e->a;
	}
	if (v == old)
		return;
	oracle_serve(sim, s, v);
	oracle_check(sim);
}

static void
silence(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	sim_trace(sim, "%s: its servers stop", n->identity);
	for (int k = 0; k < n->servers; k++)
		if (!n->server[k].silent) {
			n->server[k].silent = true;
			oracle_serve(sim, &n->server[k], NULL);
		}
	oracle_check(sim);
}

/* ---- the parent ---- */

static void
parent_publish(struct sim *sim)
{
	for (int k = 0; k < sim->parent.servers; k++) {
		int64_t delay = upto(sim, 0, 8000, 500);
		if (sim_mishap(sim, MISHAP_PARENT_STUCK, -1, 50))
			delay = rng_range(&sim->rng, 10000, 60000);
		sim_post(sim, EV_PARENT_SERVER, 0, delay)->a = k;
	}
}

static void
parent_serve(struct sim *sim, struct event *e)
{
	struct server *s = &sim->parent.server[e->a];
	const struct zone_version *old = s->now;
	struct zone_version *v;

	if (e->b != 0) {
		oracle_serve(sim, s, e->version);
		oracle_check(sim);
		return;
	}
	v = world_version(sim);
	v->loaded = true;
	v->type[VIEW_DS] = (struct rrset){.set = sim->parent.ds, .ttl = sim->parent.ttl_ds};
	v->type[VIEW_NS] = (struct rrset){.set = sim->parent.ns, .ttl = sim->parent.ttl_ns};
	if (old != NULL && memcmp(old->type, v->type, sizeof(v->type)) == 0) {
		sim->versions--;
		return;
	}
	if (old != NULL && sim->times.d_parent > 20 &&
	    sim_mishap(sim, MISHAP_PARENT_FLAP, -1, 100)) {
		struct event *back = sim_post(sim, EV_PARENT_SERVER, 0,
					      rng_range(&sim->rng, 1, sim->times.d_parent / 2));
		back->a = e->a;
		back->b = 1;
		back->version = old;
		sim_post(sim, EV_PARENT_SERVER, 0, sim->times.d_parent - 1)->a = e->a;
	}
	oracle_serve(sim, s, v);
	oracle_check(sim);
}

/* What every address of every delegated server shows; those that are silent are passed over. */
struct scanned {
	const struct zone_version *first;
	bool cds_same, csync_same, safe;
};

static struct scanned
look_at_all(struct sim *sim)
{
	struct scanned r = {.cds_same = true, .csync_same = true, .safe = true};
	const struct parent *parent = &sim->parent;

	for (int i = 0; i < sim->nodes; i++) {
		const struct node *n = &sim->node[i];
		for (int k = 0; k < n->servers && rset_has(&parent->ns, n->ns); k++) {
			const struct zone_version *v = n->server[k].now, *f = r.first;
			if (n->server[k].silent || v == NULL)
				continue;
			if (f == NULL) {
				r.first = v;
				continue;
			}
			r.cds_same &=
			    rset_equal(f->type[VIEW_CDS].set, v->type[VIEW_CDS].set) &&
			    rset_equal(f->type[VIEW_CDNSKEY].set, v->type[VIEW_CDNSKEY].set);
			r.csync_same &=
			    rset_equal(f->type[VIEW_CSYNC].set, v->type[VIEW_CSYNC].set) &&
			    rset_equal(f->type[VIEW_NS].set, v->type[VIEW_NS].set);
		}
	}
	if (r.first == NULL)
		return r;
	struct rset keys = rpool_keys(&sim->pool, r.first->type[VIEW_CDS].set);
	for (int i = 0; i < sim->nodes; i++) {
		const struct node *n = &sim->node[i];
		for (int k = 0; k < n->servers && rset_has(&parent->ns, n->ns); k++) {
			if (n->server[k].silent || n->server[k].now == NULL)
				continue;
			const struct rrset *dnskey = &n->server[k].now->type[VIEW_DNSKEY];
			r.safe &= rset_meets(rset_and(keys, dnskey->set), dnskey->signers);
		}
	}
	return r;
}

static void
scan(struct sim *sim)
{
	struct parent *parent = &sim->parent;
	struct scanned r = look_at_all(sim);
	bool changed = false;

	if (r.first == NULL)
		return;
	struct rset cds = r.first->type[VIEW_CDS].set;
	if (r.cds_same && r.safe && !rset_empty(cds)) {
		struct rset ds = cds_of(sim, rpool_keys(&sim->pool, cds), 43);
		if (!rset_equal(ds, parent->ds)) {
			parent->ds = ds;
			changed = true;
			sim_trace(sim, "parent: DS of %d keys", rset_count(ds));
		}
	}
	if (r.csync_same && !rset_empty(r.first->type[VIEW_CSYNC].set) &&
	    !rset_equal(r.first->type[VIEW_NS].set, parent->ns)) {
		parent->ns = r.first->type[VIEW_NS].set;
		changed = true;
		sim_trace(sim, "parent: NS of %d names", rset_count(parent->ns));
	}
	if (changed)
		parent_publish(sim);
}

/* ---- combiners ---- */

static bool
same_contribution(const struct view_contribution *a, const struct view_contribution *b)
{
	return a->used == b->used && rset_equal(a->dnskey, b->dnskey) &&
	       rset_equal(a->cds, b->cds) && rset_equal(a->cdnskey, b->cdnskey) &&
	       rset_equal(a->ns, b->ns) && rset_equal(a->csync, b->csync);
}

/* Fewer providers than before, and nobody says why: combinerd keeps what it has. An agent that
 * knows what it had said before does not even try. */
static bool
shrinks(struct sim *sim, int i, const struct event *e)
{
	struct node *n = &sim->node[i];
	for (int p = 0; p < sim->nodes; p++)
		if (n->combiner.from[p].used && !e->u.apply.from[p].used && p != i &&
		    !e->u.apply.may_shrink) {
			if (!n->forgot)
				sim_fail(sim, "an overlay of %s that shrinks without a process",
					 n->identity);
			return true;
		}
	return false;
}

static bool
same_overlay(const struct sim *sim, const struct node *n, const struct event *e)
{
	for (int p = 0; p < sim->nodes; p++)
		if (!same_contribution(&n->combiner.from[p], &e->u.apply.from[p]))
			return false;
	return true;
}

static void
trace_overlay(struct sim *sim, const struct node *n)
{
	char text[200] = "";
	for (int p = 0; p < sim->nodes && sim->opt.trace; p++) {
		const struct view_contribution *c = &n->combiner.from[p];
		size_t len = strlen(text);
		if (c->used)
			snprintf(text + len, sizeof(text) - len, " p%d:%d,%d,%d", p + 1,
				 rset_count(c->dnskey), rset_count(c->cds), rset_count(c->ns));
	}
	sim_trace(sim, "%s: overlay %llu.%llu (DNSKEY,CDS,NS):%s", n->identity,
		  (unsigned long long)n->combiner.epoch, (unsigned long long)n->combiner.counter,
		  text);
}

static void
combiner_apply(struct sim *sim, int i, const struct event *e)
{
	struct node *n = &sim->node[i];
	struct combiner *c = &n->combiner;
	uint16_t rcode = 0;

	if (e->u.apply.epoch < c->epoch ||
	    (e->u.apply.epoch == c->epoch && e->u.apply.counter < c->counter)) {
		rcode = 5;
	} else if (shrinks(sim, i, e)) {
		rcode = 5;
	} else if (e->u.apply.epoch != c->epoch || e->u.apply.counter != c->counter) {
		c->epoch = e->u.apply.epoch;
		c->counter = e->u.apply.counter;
		memcpy(c->from, e->u.apply.from, sizeof(c->from));
		c->merged = true;
		trace_overlay(sim, n);
		sim_post(sim, EV_SIGNER, i, upto(sim, 20, 5000, 300));
	} else if (!same_overlay(sim, n, e)) {
		sim_fail(sim, "two overlays of %s have one version", n->identity);
	}
	if (sim_mishap(sim, MISHAP_APPLIED, i, 50))
		return;
	struct event *r = sim_post(sim, EV_APPLIED, i, rng_range(&sim->rng, 1, 50));
	r->u.apply.epoch = e->u.apply.epoch;
	r->u.apply.counter = e->u.apply.counter;
	r->u.apply.rcode = rcode;
}

/* ---- the owner ---- */

static struct rset
keys_of_ds(const struct sim *sim)
{
	return rpool_keys(&sim->pool, sim->parent.ds);
}

bool
world_delegated(const struct sim *sim, const struct node *n)
{
	struct rset keys = world_intended(n);
	return rset_has(&sim->parent.ns, n->ns) &&
	       (n->unsigned_ || rset_meets(keys_of_ds(sim), keys));
}

/* Somebody who signs stays, whatever happens to this one. */
static bool
others_sign(const struct sim *sim, int but)
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
static void
instruct(struct sim *sim)
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

static void
owner_publishes(struct sim *sim, int hsync)
{
	char text[200] = "";
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
		sim_post(sim, EV_OWNER_SYNC, i, upto(sim, 10, 15000, 300));
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

static void
choose_feed(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	for (int k = 0; k < sim->nodes; k++) {
		const struct node *o = &sim->node[k];
		if (k == i || !o->listed || !o->on || !o->sign || o->dead || o->expelled ||
		    !world_delegated(sim, o) || o->unsigned_)
			continue;
		n->feed = k;
		sim_post(sim, EV_SIGNER, i, upto(sim, 10, 2000, 100));
		serve_later(sim, i);
		return;
	}
}

/* The server of the parent that serves the zone gets it from a signer that is there and named. */
static void
feed_parent(struct sim *sim)
{
	for (int k = 0; k < sim->nodes && sim->parent.both; k++) {
		int i = (sim->parent.feed + k) % sim->nodes;
		const struct node *o = &sim->node[i];
		if (!o->listed || !o->on || !o->sign || o->dead || o->expelled || o->unsigned_ ||
		    !world_delegated(sim, o))
			continue;
		if (i == sim->parent.feed)
			return;
		sim_trace(sim, "the parent's copy comes from %s now", o->identity);
		sim->parent.feed = i;
		sim_post(sim, EV_PARENT_COPY, 0, upto(sim, 10, 2000, 100));
		return;
	}
}

static void
parent_copy(struct sim *sim)
{
	const struct zone_version *v = sim->node[sim->parent.feed].signer;

	if (v == NULL || v == sim->parent.copy.now)
		return;
	oracle_serve(sim, &sim->parent.copy, v);
	oracle_check(sim);
}

static int
pick(struct sim *sim, bool (*fits)(const struct sim *sim, int i))
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
	return n->listed && n->on && n->sign && others_sign(sim, i);
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
	       (!n->sign || (others_sign(sim, i) && world_delegated(sim, n)));
}

static int
trace_node(struct sim *sim, const char *what, int i)
{
	sim_trace(sim, "owner: %s %s", sim->node[i].identity, what);
	return i;
}

/* One change of what the owner means. false: there is nothing to change so. */
static bool
owner_changes(struct sim *sim, enum mishap what)
{
	int i;

	switch (what) {
	case MISHAP_JOIN:
		if ((i = pick(sim, may_join)) < 0)
			return false;
		sim->node[i].listed = sim->node[i].on = sim->node[i].sign = true;
		trace_node(sim, "joins", i);
		return true;
	case MISHAP_LEAVE:
		if ((i = pick(sim, may_leave)) < 0)
			return false;
		sim->node[i].on = false;
		trace_node(sim, "leaves", i);
		return true;
	case MISHAP_NOSIGN:
		if ((i = pick(sim, may_serve)) < 0)
			return false;
		sim->node[i].listed = sim->node[i].on = true;
		sim->node[i].sign = false;
		trace_node(sim, "serves", i);
		return true;
	case MISHAP_NOSIGN_LEAVE:
		if ((i = pick(sim, may_stop_serving)) < 0)
			return false;
		sim->node[i].on = false;
		trace_node(sim, "serves no longer", i);
		return true;
	case MISHAP_SIGN_NOSIGN:
		if ((i = pick(sim, may_turn)) < 0)
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

static void
owner_acts(struct sim *sim, struct event *e)
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
		if (changed && sim_mishap(sim, MISHAP_PAIR, -1, 250))
			owner_changes(sim, rng_chance(&sim->rng, 500) ? MISHAP_LEAVE : MISHAP_JOIN);
	}
	if (!changed)
		return;
	instruct(sim);
	for (int i = 0; i < sim->nodes; i++) { /* copies are taken from who stays */
		const struct node *f = &sim->node[sim->node[i].feed];
		if (sim->node[i].feed != i && (!f->on || !f->sign))
			choose_feed(sim, i);
	}
	owner_publishes(sim, sim->meant);
}

/* A mistake in HSYNC, taken back after a while. What the owner means stays in sim->meant. */
static void
blip(struct sim *sim)
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
	owner_publishes(sim, index);
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

/* NSMGMT=OWNER: the owner does what the agents ask for. */
static void
owner_helps(struct sim *sim)
{
	struct rset ns = sim->owner.ns;

	for (int i = 0; i < sim->nodes; i++) {
		const struct zone_view *v = sim->node[i].view;
		if (v == NULL || v->d.agent_ns || sim->agent || !asks_for_ns(v))
			continue;
		const struct view_process *run = &v->d.process;
		int first = run->kind == MSIG_PROCESS_ADD ? 4 : 1;
		for (int k = 0; k < sim->nodes; k++) {
			const struct node *n = &sim->node[k];
			int p = view_provider_find(v, n->identity);
			if (p < 0 || (run->kind != 0 && (p != run->subject || run->step < first)))
				continue;
			bool adds = n->listed && n->on && !n->expelled;
			uint8_t has = v->d.provider[p].has;
			if (run->kind == MSIG_PROCESS_ADD || run->kind == MSIG_PROCESS_NS_ADD ||
			    (run->kind == 0 && (has & HAS_NS) != 0)) {
				if (adds)
					rset_add(&ns, n->ns);
			} else if (run->kind == MSIG_PROCESS_REMOVE ||
				   run->kind == MSIG_PROCESS_NS_REMOVE ||
				   (run->kind == 0 && has == 0)) {
				if (!adds)
					rset_del(&ns, n->ns);
			}
		}
	}
	for (int i = 0; i < sim->nodes && rset_empty(ns); i++) /* those who stay */
		if (sim->node[i].listed && sim->node[i].on && !sim->node[i].expelled &&
		    world_delegated(sim, &sim->node[i]))
			rset_add(&ns, sim->node[i].ns);
	if (rset_equal(ns, sim->owner.ns) || rset_empty(ns))
		return;
	sim->owner.ns = ns;
	sim_trace(sim, "owner: NS of %d names", rset_count(ns));
	owner_publishes(sim, -1);
}

/* From the owner to the agents: NS have to be equal to those of all providers first, as the agent
 * sees them. */
static void
owner_makes_ns_equal(struct sim *sim)
{
	for (int i = 0; i < sim->nodes && sim->agent; i++) {
		const struct zone_view *v = sim->node[i].view;
		struct rset ns = RSET_NONE;
		if (v == NULL || v->d.agent_ns || !v->d.provider[VIEW_SELF].member ||
		    !asks_for_ns(v))
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
			owner_publishes(sim, -1);
		}
		return;
	}
}

/* Nobody has anything of it any more. */
static bool
has_left(const struct sim *sim, const struct node *n)
{
	if (rset_has(&sim->parent.ns, n->ns) || rset_meets(keys_of_ds(sim), world_published(n)))
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

static void
owner_tidies(struct sim *sim)
{
	for (int i = 0; i < sim->nodes; i++) {
		struct node *n = &sim->node[i];
		if (!n->listed || n->on || !has_left(sim, n) ||
		    !sim_mishap(sim, MISHAP_TIDY, i, 100))
			continue;
		n->listed = false;
		instruct(sim);
		owner_publishes(sim, sim->meant);
	}
}

/* ---- the operators ---- */

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

static void
order(struct sim *sim, enum mishap what)
{
	int i = pick(sim, may_order);
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
		    (o.process == MSIG_PROCESS_ALGORITHM ||
		     (o.process == MSIG_PROCESS_ZSK) == (n->store[k].role == R(ZSK))))
			rset_add(&said.old, n->store[k].rr);
	if (view_on_order(n->view, &o) != 0)
		return;
	said.process = o.process;
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
	return n->dead && n->listed && n->on && n->sign && !n->expelled && others_sign(sim, i);
}

static void
expel(struct sim *sim)
{
	int i = pick(sim, is_dead);
	if (i < 0 || !sim_mishap(sim, MISHAP_EXPEL, i, 1000))
		return;
	sim->node[i].expelled = true;
	sim_trace(sim, "operators: %s is taken out", sim->node[i].identity);
}

/* Whoever did not hear it yet says it. */
static void
expel_everywhere(struct sim *sim)
{
	for (int i = 0; i < sim->nodes; i++)
		for (int k = 0; k < sim->nodes; k++) {
			struct node *n = &sim->node[k];
			if (k == i || !sim->node[i].expelled || !n->up || !n->on ||
			    !rng_chance(&sim->rng, 400))
				continue;
			if (sim->node[i].on &&
			    view_on_expel(n->view, sim->node[i].identity, true) == 0)
				sim_drive(sim, k);
		}
}

static bool
is_up(const struct sim *sim, int i)
{
	return sim->node[i].up;
}

static void
operator_acts(struct sim *sim, struct event *e)
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
		i = pick(sim, is_up);
		if (i < 0 || !sim_mishap(sim, MISHAP_PAUSE, i, 1000))
			return;
		view_on_command(sim->node[i].view, VIEW_PAUSE);
		sim_trace(sim, "%s: operator: pause", sim->node[i].identity);
		sim_post(sim, EV_OPERATOR, i, rng_range(&sim->rng, 1000, 60000))->a = WORD_RESUME;
		sim_drive(sim, i);
		return;
	case WORD_ABORT:
		i = pick(sim, is_up);
		if (i < 0 || !sim_mishap(sim, MISHAP_ABORT, i, 1000))
			return;
		view_on_command(sim->node[i].view, VIEW_ABORT);
		sim_trace(sim, "%s: operator: abort", sim->node[i].identity);
		memset(sim->node[i].order, 0, sizeof(sim->node[i].order));
		sim_post(sim, EV_OPERATOR, i, rng_range(&sim->rng, 1000, 60000))->a = WORD_RESUME;
		sim_drive(sim, i);
		return;
	case WORD_STEPS:
		i = pick(sim, is_up);
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
			view_on_command(n->view, VIEW_CONFIRM);
			n->doubt = false;
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
		if (in_zone(&n->store[k]) && n->store[k].role == R(ZSK) &&
		    !signs_data(n, &n->store[k]) && !rset_has(&own, n->store[k].rr))
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
		o.algorithm = roll_coming(n->view);
		if (o.algorithm == 0)
			o.algorithm = algorithm_of(n);
	}
	if (view_on_order(n->view, &o) != 0)
		return;
	sim_trace(sim, "%s: operator: %s %u again", n->identity, process_name(o.process),
		  o.algorithm);
	sim_drive(sim, i);
}

/* What only the parent knows, a person asks it. */
static bool
looked(const struct sim *sim, const struct node *n)
{
	return (n->view->waits.step & OPERATOR_LOOKS) == 0 || n->signer == NULL ||
	       rset_equal(sim->parent.ns, n->signer->type[VIEW_NS].set);
}

/* It never ceased to be a member: everybody has its keys, and has had them for a while. */
static bool
shown_by_all(const struct sim *sim, int i)
{
	const struct node *n = &sim->node[i];
	struct rset own = world_published(n);

	if (sim_faulty(sim) || !n->up || !rset_meets(keys_of_ds(sim), world_intended(n)) ||
	    sim->now < sim->quiet + 100 * SECOND)
		return false;
	for (int k = 0; k < sim->nodes; k++)
		for (int s = 0; s < sim->node[k].servers; s++) {
			const struct zone_version *v = sim->node[k].server[s].now;
			if (rset_has(&sim->parent.ns, sim->node[k].ns) && v != NULL &&
			    !rset_within(own, v->type[VIEW_DNSKEY].set))
				return false;
		}
	return true;
}

/* What people notice after a while, and see to. */
static void
people(struct sim *sim, int i)
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
	/* Copies are taken from a signer that stays. */
	if (!n->sign && n->on && n->listed) {
		const struct node *f = &sim->node[n->feed];
		if ((n->feed == i || f->dead || !f->on || !f->sign) && rng_chance(&sim->rng, 300))
			choose_feed(sim, i);
	} else if (n->sign && n->on && n->feed != i && !n->unsigned_) {
		oracle_check(sim); /* who is named may have changed by the clock alone */
		if (n->server[0].named_from == 0 ||
		    n->server[0].named_until < sim->now - 60 * SECOND || shown_by_all(sim, i)) {
			n->feed = i;
			serve_later(sim, i);
		}
	}
	/* Servers of who is out, or of who is dead and to be out, are stopped. */
	bool out = !n->listed || !n->on || n->expelled;
	if (out && n->dead && n->stops && !n->server[0].silent && rng_chance(&sim->rng, 60))
		silence(sim, i);
	/* A joiner whose algorithm is not the group's gets new keys. */
	struct rset ds = keys_of_ds(sim), own = world_published(n);
	int first = rset_next(&ds, 0);
	if (n->unsigned_ || !n->up || first < 0 || rset_meets(ds, own) ||
	    n->view->d.process.executed || (n->view->d.provider[VIEW_SELF].has & HAS_NS) != 0 ||
	    algorithm_of(n) == sim->pool.at[first].alg || sim->now - n->server[0].named_until < 0)
		return;
	for (int k = rset_next(&ds, 0); k >= 0; k = rset_next(&ds, k + 1))
		if (sim->pool.at[k].alg != sim->pool.at[first].alg)
			return;
	n->keys = 0;
	uint8_t alg = sim->pool.at[first].alg;
	make_key(sim, n, R(KSK), alg, S(ACTIVE), false);
	make_key(sim, n, R(ZSK), alg, S(ACTIVE), false);
	sim_trace(sim, "%s: keys of algorithm %u", n->identity, alg);
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

/* The owner deleted the record of a provider that somebody still knows something of: it is OFF. */
static void
owner_lists_again(struct sim *sim)
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
	instruct(sim);
	owner_publishes(sim, sim->meant);
}

/* All members are to leave, and somebody else is to be in: one of them stays. */
static void
owner_keeps_one(struct sim *sim)
{
	bool asked = false;

	for (int i = 0; i < sim->nodes && !sim_faulty(sim); i++) {
		const struct zone_view *v = sim->node[i].view;
		for (int k = 0; v != NULL && k < v->reasons; k++)
			asked |= strncmp(v->reason[k].todo, "the owner designates", 20) == 0;
	}
	for (int i = 0; i < sim->nodes && asked; i++) {
		struct node *n = &sim->node[i];
		if ((n->on && n->sign) || n->dead || n->expelled || n->unsigned_ ||
		    n->view == NULL || !n->view->d.provider[VIEW_SELF].member ||
		    !world_delegated(sim, n))
			continue;
		n->listed = n->on = n->sign = true;
		trace_node(sim, "stays", i);
		instruct(sim);
		owner_publishes(sim, sim->meant);
		return;
	}
}

static void
tidy(struct sim *sim)
{
	owner_keeps_one(sim);
	feed_parent(sim);
	owner_lists_again(sim);
	owner_helps(sim);
	owner_makes_ns_equal(sim);
	owner_tidies(sim);
	expel_everywhere(sim);
	for (int i = 0; i < sim->nodes && !sim->failed; i++)
		people(sim, i);
	sim_post(sim, EV_TIDY, 0, rng_range(&sim->rng, 1500, 5000));
}

/* ---- faults ---- */

static void
own_keys_change(struct sim *sim, int i, bool early)
{
	struct node *n = &sim->node[i];
	struct key *old = NULL;

	/* Where nobody knows any more what was foreign, only a key store can tell its own. */
	if (n->unsigned_ || n->dead || (n->forgot && !n->driver) || n->keys > 8 ||
	    sim->pool.count > RSET_MAX - 60)
		return;
	for (int k = 0; k < n->keys; k++)
		if (n->store[k].role == R(ZSK) && n->store[k].state == S(ACTIVE))
			old = &n->store[k];
	if (old == NULL || (n->driver && (early || n->mode == VIEW_MODE_ALL)) ||
	    !sim_mishap(sim, early ? MISHAP_KEY_EARLY : MISHAP_KEY_NEW, i, 1000))
		return;
	uint32_t was = old->id;
	struct key *k =
	    make_key(sim, n, R(ZSK), old->algorithm, early ? S(ACTIVE) : S(PUBLISHED), false);
	if (k == NULL)
		return;
	if (early) {
		find_key(n, was)->state = S(RETIRED);
		rset_add(&sim->tainted, k->rr);
	}
	sim_post(sim, EV_SIGNER, i, 20);
	sim_trace(sim, "%s: a new key%s", n->identity, early ? ", used at once" : "");
	if (n->mode == VIEW_MODE_ALL && !n->driver && n->up) {
		n->view->config.own = sim_set_to_view(sim, n, world_published(n));
		sim_drive(sim, i);
	}
}

static void
die(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];

	if (!n->up || !n->listed || !n->on || (n->sign && !others_sign(sim, i)) ||
	    !sim_mishap(sim, MISHAP_DIES, i, 120))
		return;
	n->dead = true;
	n->frozen = rng_chance(&sim->rng, 500);
	n->stops = !rng_chance(&sim->rng, 60);
	sim_kill(sim, i, n->frozen ? "dies, with its signer" : "dies", false);
	if (sim_mishap(sim, MISHAP_SILENCE, i, 400))
		sim_post(sim, EV_SILENCE, i, rng_range(&sim->rng, 0, 30000));
	for (int p = 0; p < sim->nodes; p++)
		if (p != i)
			sim_post(sim, EV_PEER, p, rng_range(&sim->rng, 5000, 20000))->from = i;
	for (int k = 0; k < sim->nodes; k++)
		if (k != i && sim->node[k].feed == i)
			choose_feed(sim, k);
	/* The owner, or the operators, see to it. */
	struct event *e = sim_post(sim, EV_OPERATOR, i, rng_range(&sim->rng, 5000, 60000));
	e->a = WORD_EXPEL;
	if (rng_chance(&sim->rng, 600)) {
		e->kind = EV_OWNER;
		e->a = -1;
		e->b = MISHAP_LEAVE;
	}
}

/* The agent's database is put back from a copy that is made now, or lost. */
static void
backup(struct sim *sim, int i, bool lost)
{
	struct node *n = &sim->node[i];

	if (!n->up || n->backup != NULL ||
	    !sim_mishap(sim, lost ? MISHAP_DB_LOST : MISHAP_RESTORED, i, lost ? 100 : 300))
		return;
	if (!lost && view_encode(n->view, &n->backup, &n->backup_len) != 0)
		sim_fail(sim, "the view cannot be written");
	struct event *e =
	    sim_post(sim, EV_RESTORE, i, lost ? 0 : rng_range(&sim->rng, 1000, 60000));
	e->a = lost;
}

static void
restore(struct sim *sim, struct event *e)
{
	struct node *n = &sim->node[e->node];

	if (n->dead) {
		free(n->backup);
		n->backup = NULL;
		return;
	}
	free(n->blob);
	n->blob = n->backup;
	n->blob_len = n->backup_len;
	n->backup = NULL;
	n->backup_len = 0;
	if (n->up)
		sim_kill(sim, e->node,
			 e->a ? "its database is lost" : "its database is put back from a copy",
			 true);
	memset(n->order, 0, sizeof(n->order));
	n->lost = n->forgot = true;
	/* It is noticed by what combinerd holds: newer than what it knows. */
	uint64_t epoch = 0, counter = 0;
	if (n->blob != NULL) {
		static const uint8_t zero[16];
		struct zone_view *v =
		    view_new("shop.example.", n->identity, &sim->times, zero, zero);
		if (view_decode(v, n->blob, n->blob_len, sim_local(sim, n)) != 0)
			sim_fail(sim, "a copy cannot be read");
		epoch = v->d.want.epoch;
		counter = v->d.want.counter;
		view_free(v);
	}
	n->doubt = n->combiner.epoch > epoch ||
		   (n->combiner.epoch == epoch && n->combiner.counter > counter);
	n->issued_epoch = n->combiner.epoch;
	n->issued_counter = n->combiner.counter;
}

static void
ttl(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	int t = (int)rng_range(&sim->rng, 0, VIEW_TYPE_COUNT - 1);

	if (sim->now < n->ttl_until || !sim_mishap(sim, MISHAP_TTL, i, 1000))
		return;
	n->ttl_until = sim->now + SEEN_FOR;
	n->ttl[t] = (uint32_t)rng_range(&sim->rng, 1, 40);
	sim_post(sim, EV_SIGNER, i, rng_range(&sim->rng, 20, 5000));
	sim_trace(sim, "%s: TTL of %s is %u", n->identity, view_type_name(t), n->ttl[t]);
}

static void
parent_ttl(struct sim *sim)
{
	if (sim->now < sim->parent.ttl_until || !sim_mishap(sim, MISHAP_PARENT_TTL, -1, 1000))
		return;
	sim->parent.ttl_until = sim->now + SEEN_FOR;
	sim->parent.ttl_ds = (uint32_t)rng_range(&sim->rng, 1, 60);
	parent_publish(sim);
	sim_trace(sim, "parent: TTL of DS is %u", sim->parent.ttl_ds);
}

static void
network(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	int k = (int)rng_range(&sim->rng, 0, sim->nodes - 1);

	switch (rng_range(&sim->rng, 0, 3)) {
	case 0:
		if (sim_mishap(sim, MISHAP_CUT, i, 1000))
			sim->cut[i][k] = !sim->cut[i][k];
		break;
	case 1:
		if (sim_mishap(sim, MISHAP_PARTITION, i, 1000))
			for (k = 0; k < sim->nodes; k++)
				sim->cut[i][k] = sim->cut[k][i] = rng_chance(&sim->rng, 500);
		break;
	case 2: /* the peer table is lost for a while */
		if (n->up && k != i && sim_mishap(sim, MISHAP_PEER, i, 1000)) {
			if (sim_number_at(sim, n, k) > 0)
				view_on_peer(n->view, sim_number_at(sim, n, k), false, "no beats");
			sim_post(sim, EV_PEER, i, rng_range(&sim->rng, 1000, 20000))->from = k;
		}
		break;
	case 3: /* combinerd restarts with what it has; agentd asks again */
		if (n->up && sim_mishap(sim, MISHAP_COMBINER, i, 1000))
			sim_post(sim, EV_SHOW, i, 10);
		break;
	}
}

static void
servers(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	struct server *s = &n->server[rng_range(&sim->rng, 0, n->servers - 1)];

	if (rng_chance(&sim->rng, 500)) {
		if (!sim_mishap(sim, MISHAP_STUCK, i, 1000))
			return;
		s->stuck = sim->now + rng_range(&sim->rng, 1000, 60000);
		if (rng_chance(&sim->rng, 300))
			s->deaf = s->stuck;
	} else if (sim_mishap(sim, MISHAP_DEAF, i, 1000)) {
		s->deaf = sim->now + rng_range(&sim->rng, 1000, 40000);
	}
}

static void
signers(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	int64_t until = sim->now + rng_range(&sim->rng, 5000, 60000);
	struct rset foreign = RSET_NONE;

	if (n->signer == NULL || n->unsigned_ || n->mode == VIEW_MODE_ALL)
		return;
	foreign = rset_minus(n->signer->type[VIEW_DNSKEY].set, world_published(n));
	switch (rng_range(&sim->rng, 0, 2)) {
	case 0:
		if (!sim_mishap(sim, MISHAP_KEY_SLOW, i, 1000))
			return;
		n->slow_until = until;
		break;
	case 1:
		if (rset_empty(foreign) || !sim_mishap(sim, MISHAP_KEY_DROP, i, 300))
			return;
		n->dropped = RSET_NONE;
		rset_add(&n->dropped, rset_next(&foreign, 0));
		n->dropped_until = until;
		sim_trace(sim, "%s: its signer drops a foreign key", n->identity);
		break;
	case 2: {
		struct rset seps = RSET_NONE;
		for (int k = 0; k < n->keys; k++)
			if (n->store[k].role != R(ZSK) && in_zone(&n->store[k]))
				rset_add(&seps, n->store[k].rr);
		/* An algorithm that comes or goes early in DS is harm that nobody else can undo. */
		if (sim->algorithms || !sim_mishap(sim, MISHAP_CDS_OLD, i, 300))
			return;
		n->old_cds = seps;
		n->old_cds_until = until;
		sim_trace(sim, "%s: its signer shows all its CDS", n->identity);
		break;
	}
	}
	sim_post(sim, EV_SIGNER, i, 20);
	sim_post(sim, EV_SIGNER, i, until - sim->now + 1);
}

static void
clock_jumps(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	if (!sim_mishap(sim, MISHAP_CLOCK, i, 300))
		return;
	int64_t to = rng_range(&sim->rng, -300, 3000) * SECOND / 10;
	if (llabs(to - n->clock) < 2 * SECOND)
		return; /* not worth an alarm, and holds have room for it in the real world */
	n->clock = to;
	sim_trace(sim, "%s: clock is %+lld ms", n->identity, (long long)n->clock);
	if (n->up)
		sim_drive(sim, i);
}

/* The others find that it is silent. */
static void
miss(struct sim *sim, int i)
{
	for (int k = 0; k < sim->nodes && !sim->failed; k++) {
		struct node *n = &sim->node[k];
		int number = n->up ? sim_number_at(sim, n, i) : -1;
		if (number > 0 && view_on_peer(n->view, number, false, "no beats"))
			sim_drive(sim, k);
	}
}

/* Who conducts a process of which a step was executed. */
static void
kill_leader(struct sim *sim)
{
	for (int i = 0; i < sim->nodes; i++) {
		const struct node *n = &sim->node[i];
		const struct view_process *run = n->up ? &n->view->d.process : NULL;
		if (run != NULL && run->led && run->executed && run->requestor == VIEW_SELF &&
		    sim_mishap(sim, MISHAP_LEADER, i, 700)) {
			sim_crash(sim, i, "the leader is killed in the middle");
			if (rng_chance(&sim->rng, 600))
				miss(sim, i);
			return;
		}
	}
}

static void
fault(struct sim *sim)
{
	if (!sim_faulty(sim))
		return;
	int i = (int)rng_range(&sim->rng, 0, sim->nodes - 1);
	if (sim->led && rng_chance(&sim->rng, 150))
		kill_leader(sim);
	switch (rng_range(&sim->rng, 0, sim->opt.joins_only ? 10 : 15)) {
	case 0:
	case 1:
	case 2:
	case 3:
		network(sim, i);
		break;
	case 4:
		ttl(sim, i);
		break;
	case 5:
		parent_ttl(sim);
		break;
	case 6:
		clock_jumps(sim, i);
		break;
	case 7:
	case 8:
		servers(sim, i);
		break;
	case 9:
		if (sim_mishap(sim, MISHAP_BLIP, -1, 1000))
			blip(sim);
		break;
	case 10:
		own_keys_change(sim, i, false);
		break;
	case 11:
		if (rng_chance(&sim->rng, 300))
			own_keys_change(sim, i, true);
		break;
	case 12:
	case 13:
		signers(sim, i);
		break;
	case 14:
		die(sim, i);
		break;
	case 15:
		backup(sim, i, rng_chance(&sim->rng, 300));
		break;
	}
	sim_post(sim, EV_FAULT, 0, rng_range(&sim->rng, 200, 12000));
}

/* The faults are over, and people see to what is left. */
static void
quiet(struct sim *sim)
{
	sim_trace(sim, "no more faults");
	memset(sim->cut, 0, sizeof(sim->cut));
	for (int i = 0; i < sim->nodes; i++) {
		struct node *n = &sim->node[i];
		for (int k = 0; k < n->servers; k++)
			n->server[k].deaf = 0;
		n->dropped_until = n->old_cds_until = 0;
		sim_post(sim, EV_SIGNER, i, 20);
		for (int p = 0; p < sim->nodes; p++)
			if (p != i)
				sim_post(sim, EV_PEER, i, rng_range(&sim->rng, 10, 500))->from = p;
		if (n->up) {
			operator_step(n->view, 0, false);
			sim_post(sim, EV_OPERATOR, i, 100)->a = WORD_RESUME;
		}
		/* Somebody is dead: owner or operators take it out. */
		bool out = !n->listed || !n->on || n->expelled;
		if (!n->dead)
			continue;
		if (!out && n->sign && !others_sign(sim, i))
			sim->unsolvable = true;
		else if (!out && rng_chance(&sim->rng, 500))
			n->on = false;
		else if (!out && n->sign)
			n->expelled = true;
		else if (!out)
			n->on = false;
		if (!n->stops && !n->server[0].silent)
			sim->unsolvable = true;
		for (int k = 0; k < sim->nodes; k++) { /* nobody can say what is its */
			const struct node *o = &sim->node[k];
			int p = o->view == NULL ? -1 : view_provider_find(o->view, n->identity);
			if (!o->dead && o->forgot &&
			    (p < 0 || !o->view->d.provider[p].statement.known))
				sim->unsolvable = true;
		}
	}
	if (sim->broken)
		return;
	instruct(sim);
	owner_publishes(sim, sim->meant);
}

bool
world_event(struct sim *sim, struct event *e)
{
	struct node *n = &sim->node[e->node];

	switch (e->kind) {
	case EV_OWNER:
		owner_acts(sim, e);
		return true;
	case EV_OWNER_BACK:
		if (sim->owner.hsync != sim->meant)
			owner_publishes(sim, sim->meant);
		return true;
	case EV_OWNER_SYNC:
		n->owner = sim->owner;
		sim_post(sim, EV_SIGNER, e->node, rng_range(&sim->rng, 10, 300));
		return true;
	case EV_OPERATOR:
		operator_acts(sim, e);
		return true;
	case EV_SIGNER:
		sign(sim, e->node);
		return false;
	case EV_SERVER:
		serve(sim, e);
		return true;
	case EV_PARENT_COPY:
		parent_copy(sim);
		return true;
	case EV_SILENCE:
		silence(sim, e->node);
		return true;
	case EV_SCAN:
		scan(sim);
		sim_post(sim, EV_SCAN, 0,
			 rng_range(&sim->rng, sim->parent.scan / 2, sim->parent.scan));
		return true;
	case EV_PARENT_SERVER:
		parent_serve(sim, e);
		return true;
	case EV_FAULT:
		fault(sim);
		return true;
	case EV_TIDY:
		tidy(sim);
		return true;
	case EV_QUIET:
		quiet(sim);
		return true;
	case EV_APPLY:
		combiner_apply(sim, e->node, e);
		return true;
	case EV_RESTORE:
		restore(sim, e);
		return true;
	case EV_KEY:
		on_key(sim, e);
		return true;
	case EV_SHOW: {
		struct event *r = sim_post(sim, EV_SHOWN, e->node, 5);
		r->u.apply.epoch = n->combiner.epoch;
		r->u.apply.counter = n->combiner.counter;
		memcpy(r->u.apply.from, n->combiner.from, sizeof(r->u.apply.from));
		return true;
	}
	default:
		return false;
	}
}

/* ---- making a world ---- */

static void
make_node(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	uint8_t name[] = {3,   'n', 's', (uint8_t)('1' + i), 1, 'p', 7, 'e', 'x', 'a', 'm', 'p',
			  'l', 'e', 0};

	snprintf(n->identity, sizeof(n->identity), "msa.p%d.example.", i + 1);
	n->models = MSIG_SYNC_PEER | MSIG_SYNC_LEADER;
	if (sim->led && (i == 0 || rng_chance(&sim->rng, 600)))
		n->models = MSIG_SYNC_LEADER;
	n->mode = rng_chance(&sim->rng, 400) ? VIEW_MODE_ALL : VIEW_MODE_FOREIGN;
	n->driver = rng_chance(&sim->rng, 700);
	n->unsigned_ = i > 0 && !sim->opt.joins_only && rng_chance(&sim->rng, 150);
	n->feed = i;
	n->ns = rpool_get(&sim->pool, 2, name, sizeof(name));
	if (n->unsigned_) {
		n->feed = 0;
		n->driver = false;
		n->mode = VIEW_MODE_FOREIGN;
	} else if (rng_chance(&sim->rng, 250) && !sim->zsk) {
		make_key(sim, n, R(CSK), OLD_ALGORITHM, S(ACTIVE), false);
	} else {
		make_key(sim, n, R(KSK), OLD_ALGORITHM, S(ACTIVE), false);
		make_key(sim, n, R(ZSK), OLD_ALGORITHM, S(ACTIVE), false);
	}
	n->owner.hsync = -1;
	n->servers = (int)rng_range(&sim->rng, 1, SERVERS);
	for (int k = 0; k < n->servers; k++)
		snprintf(n->server[k].name, sizeof(n->server[k].name), "192.0.2.%d%d@53", i + 1,
			 k + 1);
	for (int t = 0; t < VIEW_TYPE_COUNT; t++)
		n->ttl[t] = (uint32_t)rng_range(&sim->rng, 1, 20);
}

/* The zone is signed by the first `members` providers already, and their databases are new. */
static void
make_steady(struct sim *sim, int members)
{
	struct rset keys = RSET_NONE;

	for (int i = 0; i < members; i++) {
		struct node *n = &sim->node[i];
		n->listed = n->on = n->sign = true;
		rset_add(&sim->parent.ns, n->ns);
		keys = rset_or(keys, world_intended(n));
	}
	sim->parent.ds = cds_of(sim, keys, 43);
	sim->owner.ns = sim->parent.ns;
	for (int i = 0; i < members; i++) {
		struct combiner *c = &sim->node[i].combiner;
		for (int p = 0; p < members; p++) {
			const struct node *n = &sim->node[p];
			if (p == i && (n->mode == VIEW_MODE_FOREIGN))
				continue;
			c->from[p].used = true;
			c->from[p].dnskey = world_shown(sim, world_published(n), &sim->node[i]);
			if (members < 2)
				continue;
			c->from[p].cds = cds_of(sim, world_intended(n), 59);
			c->from[p].cdnskey = cds_of(sim, world_intended(n), 60);
			if (sim->agent)
				rset_add(&c->from[p].ns, n->ns);
		}
		if (members > 1 && sim->agent && sim->node[i].mode == VIEW_MODE_FOREIGN) {
			c->from[i].used = true;
			rset_add(&c->from[i].ns, sim->node[i].ns);
		}
		if (members > 1) {
			c->epoch = 1;
			c->counter = (uint64_t)rng_range(&sim->rng, 1, 9);
			sim->node[i].doubt = sim->node[i].forgot = true;
		}
	}
}

/* What the owner and the operators do besides, all at random times. */
static int64_t
plan(struct sim *sim, int64_t at)
{
	static const enum mishap owner[] = {MISHAP_JOIN,       MISHAP_LEAVE,  MISHAP_LEAVE,
					    MISHAP_NSMGMT,     MISHAP_NOSIGN, MISHAP_NOSIGN_LEAVE,
					    MISHAP_SIGN_NOSIGN};
	static const enum mishap orders[] = {MISHAP_ORDER_ZSK, MISHAP_ORDER_KSK, MISHAP_ORDER_ALG};
	static const enum operator_word words[] = {WORD_PAUSE, WORD_ABORT, WORD_STEPS};

	if (sim->opt.joins_only || !sim->opt.faults)
		return at;
	for (int n = (int)rng_range(&sim->rng, 0, 4); n > 0; n--) {
		struct event *e = sim_post(sim, EV_OWNER, 0, rng_range(&sim->rng, 5000, 400000));
		e->a = -1;
		e->b = (int)owner[rng_range(&sim->rng, 0, 6)];
		at = e->at - sim->now > at ? e->at - sim->now : at;
	}
	for (int n = (int)rng_range(&sim->rng, 0, 3); n > 0; n--) {
		struct event *e = sim_post(sim, EV_OPERATOR, 0, rng_range(&sim->rng, 5000, 400000));
		e->a = WORD_ORDER;
		e->b = (int)orders[rng_range(&sim->rng, 0, 2)];
		at = e->at - sim->now > at ? e->at - sim->now : at;
	}
	for (int n = (int)rng_range(&sim->rng, 0, 2); n > 0; n--)
		sim_post(sim, EV_OPERATOR, 0, rng_range(&sim->rng, 5000, 400000))->a =
		    (int)words[rng_range(&sim->rng, 0, 2)];
	return at;
}

static void
make_times(struct sim *sim)
{
	sim->times = view_times_lab;
	sim->times.ask_fast = 2 * SECOND;
	sim->times.ask_slow = 10 * SECOND;
	sim->times.fresh = 8 * SECOND;
	sim->times.resend = 3 * SECOND;
	sim->times.lease = 60 * SECOND;
	sim->times.backoff_max = 20 * SECOND;
	sim->times.ballot = 10 * SECOND;
	sim->times.lead = 150 * SECOND;
	sim->times.d = rng_range(&sim->rng, 0, 2000);
	sim->times.d_parent = rng_range(&sim->rng, 0, 2000);
}

/* Who joins, and when. Returns when the last one is told to. */
static int64_t
plan_joins(struct sim *sim, int members)
{
	int order[NODES];
	int64_t at = rng_range(&sim->rng, 2000, 20000), last = 0;

	for (int i = 0; i < sim->nodes; i++)
		order[i] = i;
	for (int i = sim->nodes - 1; i > members; i--) {
		int k = (int)rng_range(&sim->rng, members, i), t = order[i];
		order[i] = order[k];
		order[k] = t;
	}
	for (int i = members; i < sim->nodes; i++) {
		if (!sim->opt.joins_only && rng_chance(&sim->rng, 250))
			continue; /* later, or never */
		sim_post(sim, EV_OWNER, 0, at)->a = order[i];
		last = at;
		at += rng_chance(&sim->rng, 400) ? rng_range(&sim->rng, 0, 4000)
						 : rng_range(&sim->rng, 10000, 150000);
	}
	return last;
}

static int
choose_nodes(struct sim *sim)
{
	int dice = (int)rng_range(&sim->rng, 0, 99);
	if (sim->opt.nodes != 0)
		return sim->opt.nodes;
	return dice < 40 ? 2 : dice < 80 ? 3 : dice < 93 ? 4 : 5;
}

void
world_make(struct sim *sim)
{
	static const uint8_t apex[] = {4,   's', 'h', 'o', 'p', 7,   'e',
				       'x', 'a', 'm', 'p', 'l', 'e', 0};
	int members = 1;

	rpool_init(&sim->pool, apex);
	sim->nodes = choose_nodes(sim);
	sim->agent = rng_chance(&sim->rng, 700);
	make_times(sim);
	sim->zsk = sim->opt.seed % 8 == 4;
	sim->led = sim->opt.model == 0 ? (sim->opt.seed % 6 == 0 || sim->opt.seed % 30 == 27)
				       : sim->opt.model == MODEL_LEADER;
	for (int i = 0; i < sim->nodes; i++)
		make_node(sim, i);
	/* One operator may learn of it later. */
	for (int i = 0; i < sim->nodes; i++)
		sim->node[i].share = sim->zsk && (i != 1 || sim->opt.seed % 32 != 4);
	if (!sim->opt.joins_only && rng_chance(&sim->rng, 300))
		while (members < sim->nodes && members < 3 && !sim->node[members].unsigned_)
			members++;
	sim->parent.ttl_ds = (uint32_t)rng_range(&sim->rng, 1, 30);
	sim->parent.ttl_ns = (uint32_t)rng_range(&sim->rng, 1, 30);
	sim->parent.scan = rng_range(&sim->rng, 2, 12) * SECOND;
	sim->parent.servers = (int)rng_range(&sim->rng, 1, SERVERS);
	sim->parent.both = sim->opt.seed % 8 == 2;
	sim->owner.ttl_ns = (uint32_t)rng_range(&sim->rng, 1, 20);
	sim->owner.ttl_data = (uint32_t)rng_range(&sim->rng, 1, 40);
	make_steady(sim, members);
	for (int k = 0; k < sim->parent.servers; k++) {
		snprintf(sim->parent.server[k].name, 32, "198.51.100.%d@53", k + 1);
		sim_post(sim, EV_PARENT_SERVER, 0, 0)->a = k;
	}
	instruct(sim);
	sim->owner.hsync = sim->meant;
	snprintf(sim->parent.copy.name, 32, "%s", sim->parent.server[0].name);
	for (int i = 0; i < sim->nodes; i++) {
		struct node *n = &sim->node[i];
		n->owner = sim->owner;
		sign(sim, i);
		for (int k = 0; k < n->servers; k++)
			oracle_serve(sim, &n->server[k], sim->node[n->feed].signer);
		sim_post(sim, EV_START, i, rng_range(&sim->rng, 0, 3000));
		sim_post(sim, EV_BEAT_SEND, i, rng_range(&sim->rng, 0, 3000));
	}
	if (sim->parent.both) { /* everybody asks it, and always did */
		sim->parent.copy.named_from = 1;
		sim->parent.copy.named_until = VIEW_NEVER;
		oracle_serve(sim, &sim->parent.copy, sim->node[0].signer);
	}
	int64_t last = plan(sim, plan_joins(sim, members));
	for (int i = 0; i < sim->nodes; i++)
		if (sim->node[i].share != sim->zsk)
			sim_post(sim, EV_OPERATOR, i, 60 * SECOND)->a = WORD_SHARE;
	sim_post(sim, EV_SCAN, 0, rng_range(&sim->rng, 0, sim->parent.scan));
	sim_post(sim, EV_TIDY, 0, 1500);
	int64_t calm = sim->opt.faults ? rng_range(&sim->rng, 20, 240) * SECOND : 0;
	if (calm < last + 1000)
		calm = last + 1000;
	if (sim->opt.faults) {
		sim_post(sim, EV_FAULT, 0, 3000);
		sim_post(sim, EV_QUIET, 0, calm);
	}
	sim->quiet = sim->now + calm;
	sim->deadline = sim->quiet + (sim->opt.safety_only ? 400 : 2500) * SECOND;
}
