/*
 * Making a world, all of it from the seed.
 */
#include <stdio.h>

#include "combinerd/serial.h"
#include "tests/sim/world_int.h"

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
	if (sim->opt.only != 0)
		world_only_node(sim, i);
	n->feed = i;
	n->ns = rpool_get(&sim->pool, 2, name, sizeof(name));
	if (n->unsigned_) {
		n->feed = sim->opt.only != 0 ? world_only_feed(sim, i) : 0;
		n->driver = false;
		n->mode = VIEW_MODE_FOREIGN;
	} else if (rng_chance(&sim->rng, 250) && !sim->zsk) {
		world_make_key(sim, n, R(CSK), OLD_ALGORITHM, S(ACTIVE), false);
	} else {
		world_make_key(sim, n, R(KSK), OLD_ALGORITHM, S(ACTIVE), false);
		world_make_key(sim, n, R(ZSK), OLD_ALGORITHM, S(ACTIVE), false);
	}
	n->owner.hsync = -1;
	n->combiner.mode = (uint8_t)((sim->opt.seed / 3 + (uint64_t)i) % SERIAL_MODE_COUNT);
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
	sim->parent.ds = world_cds_of(sim, keys, 43);
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
			c->from[p].cds = world_cds_of(sim, world_intended(n), 59);
			c->from[p].cdnskey = world_cds_of(sim, world_intended(n), 60);
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
	if (sim->opt.only != 0)
		return world_only_plan(sim, at);
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
		if (sim->opt.order != 0)
			e->b = sim->opt.order;
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
	sim->times.ask_fast = sim->times.ask_parent = 2 * SECOND;
	sim->times.ask_slow = 10 * SECOND;
	sim->times.fresh = 8 * SECOND;
	sim->times.resend = 3 * SECOND;
	sim->times.lease = 60 * SECOND;
	sim->times.backoff_max = 20 * SECOND;
	sim->times.ballot = 10 * SECOND;
	sim->times.lead = 150 * SECOND;
	sim->times.late = 25 * SECOND;
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
		if (!sim->opt.joins_only && rng_chance(&sim->rng, world_only_later(sim)))
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
	if (!sim->opt.joins_only && rng_chance(&sim->rng, world_only_steady(sim)))
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
	for (int i = 0; i < sim->nodes; i++)
		oracle_begin(sim, i);
	for (int k = 0; k < sim->parent.servers; k++) {
		snprintf(sim->parent.server[k].name, 32, "198.51.100.%d@53", k + 1);
		sim_post(sim, EV_PARENT_SERVER, 0, 0)->a = k;
	}
	world_instruct(sim);
	sim->owner.hsync = sim->meant;
	sim->owner.serial = (uint32_t)sim->opt.seed % 2 == 0 ? 1 : UINT32_MAX - 2;
	snprintf(sim->parent.copy.name, 32, "%s", sim->parent.server[0].name);
	for (int i = 0; i < sim->nodes; i++) {
		struct node *n = &sim->node[i];
		n->owner = sim->owner;
		world_combiner_emit(sim, i);
		world_sign(sim, i);
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
