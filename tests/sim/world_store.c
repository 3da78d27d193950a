/*
 * The signers' key stores: which states their keys are in, and what an agent may ask of a driver.
 */
#include <string.h>

#include "libmsig/key.h"
#include "libmsig/msg.h"
#include "tests/sim/world_int.h"

bool
world_in_zone(const struct key *k)
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

bool
world_signs_data(const struct node *n, const struct key *k)
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
		if (world_in_zone(&n->store[i]))
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

struct key *
world_make_key(struct sim *sim, struct node *n, uint8_t role, uint8_t algorithm, uint8_t state,
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

struct key *
world_find_key(struct node *n, uint32_t id)
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
		if (o == k || !world_in_zone(o))
			continue;
		others |= o->algorithm != k->algorithm;
		mine |= o->algorithm == k->algorithm;
	}
	if (!others || (state == S(PUBLISHED) && (mine || world_in_zone(k))))
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
					  : world_in_zone(o) || o == k || o->state == S(POST))
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
		data |= world_signs_data(n, &n->store[i]) && world_in_zone(&n->store[i]);
		sep |= n->store[i].role != R(ZSK) && world_in_zone(&n->store[i]);
	}
	if (good && data && sep)
		return true;
	memcpy(n->store, before, sizeof(before)); /* what cannot be loaded is taken back */
	return false;
}

/* What agentd asks of the driver. */
void
world_on_key(struct sim *sim, struct event *e)
{
	struct node *n = &sim->node[e->node];
	struct key *k = world_find_key(n, e->u.key.id);
	bool good = !n->dead || !n->frozen;

	if (!n->driver)
		return;
	if (e->u.key.verb != MSIG_KEY_VERB_LIST && sim_mishap(sim, MISHAP_KEY_REFUSED, e->node, 80))
		good = false;
	else if (e->u.key.verb == MSIG_KEY_VERB_MAKE)
		good = world_make_key(sim, n, e->u.key.role, e->u.key.algorithm, S(MADE),
				      sim_mishap(sim, MISHAP_KEY_TAG, e->node, 40)) != NULL;
	else if (e->u.key.verb == MSIG_KEY_VERB_SET)
		good = k != NULL && set_key(n, k, e->u.key.state);
	else if (e->u.key.verb == MSIG_KEY_VERB_DISCARD && k != NULL) {
		if (k->state == S(MADE) || k->state == S(REMOVED))
			*k = n->store[--n->keys];
		else
			good = false;
	}
	sim_post(sim, EV_SIGNER, e->node, world_upto(sim, 10, 3000, 200));
	if (e->u.key.verb != MSIG_KEY_VERB_LIST && sim_mishap(sim, MISHAP_KEY_CRASH, e->node, 60))
		return;
	int64_t at = sim->now + world_upto(sim, 1, 1500, 50); /* its answers come in order */
	n->key_said = at > n->key_said ? at : n->key_said;
	struct event *r = sim_post(sim, EV_KEYS, e->node, n->key_said - sim->now);
	r->u.keys.known = good;
	r->u.keys.count = n->keys;
	memcpy(r->u.keys.key, n->store, sizeof(n->store));
}
