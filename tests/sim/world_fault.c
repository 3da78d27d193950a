/*
 * What goes wrong by itself, until there are no more faults.
 */
#include <stdlib.h>
#include <string.h>

#include "agentd/operator.h"
#include "tests/sim/world_int.h"

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
	    world_make_key(sim, n, R(ZSK), old->algorithm, early ? S(ACTIVE) : S(PUBLISHED), false);
	if (k == NULL)
		return;
	if (early) {
		world_find_key(n, was)->state = S(RETIRED);
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

	if (!n->up || !n->listed || !n->on || (n->sign && !world_others_sign(sim, i)) ||
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
			world_choose_feed(sim, k);
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

/* Until when caches may hold something with a TTL that is another one now. */
static int64_t
ttls_known(const struct sim *sim)
{
	int64_t at = sim->parent.ttl_until;

	for (int i = 0; i < sim->nodes; i++)
		at = sim->node[i].ttl_until > at ? sim->node[i].ttl_until : at;
	return at;
}

/* A TTL that was seen by no agent that is there nobody can wait for. */
static bool
all_look(const struct sim *sim)
{
	for (int i = 0; i < sim->nodes; i++)
		if (!sim->node[i].dead && (sim->node[i].view == NULL || sim->node[i].doubt))
			return false;
	return true;
}

void
world_restore(struct sim *sim, struct event *e)
{
	struct node *n = &sim->node[e->node];
	int64_t known = ttls_known(sim);

	if (sim->now < known && known < sim->quiet) {
		sim_post(sim, EV_RESTORE, e->node, known - sim->now)->a = e->a;
		return;
	}
	if (n->dead || sim->now < known) {
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
	n->claims = 0;                     /* what it has said it need not know any more */
	n->mended = sim->now + 2 * SECOND; /* what was under way to combinerd has arrived */
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

	if (sim->now < n->ttl_until || !all_look(sim) || !sim_mishap(sim, MISHAP_TTL, i, 1000))
		return;
	n->ttl_until = sim->now + SEEN_FOR;
	n->ttl[t] = (uint32_t)rng_range(&sim->rng, 1, 40);
	sim_post(sim, EV_SIGNER, i, rng_range(&sim->rng, 20, 5000));
	sim_trace(sim, "%s: TTL of %s is %u", n->identity, view_type_name(t), n->ttl[t]);
}

static void
parent_ttl(struct sim *sim)
{
	if (sim->now < sim->parent.ttl_until || !all_look(sim) ||
	    !sim_mishap(sim, MISHAP_PARENT_TTL, -1, 1000))
		return;
	sim->parent.ttl_until = sim->now + SEEN_FOR;
	sim->parent.ttl_ds = (uint32_t)rng_range(&sim->rng, 1, 60);
	world_parent_publish(sim);
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
		if (n->up && sim_mishap(sim, MISHAP_COMBINER, i, 1000)) {
			world_combiner_restart(sim, i);
			sim_post(sim, EV_SHOW, i, 10);
		}
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
			if (n->store[k].role != R(ZSK) && world_in_zone(&n->store[k]))
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

void
world_fault(struct sim *sim)
{
	if (!sim_faulty(sim))
		return;
	int i = (int)rng_range(&sim->rng, 0, sim->nodes - 1);
	if (sim->led && rng_chance(&sim->rng, 150))
		kill_leader(sim);
	switch (sim->opt.only != 0 ? world_only_fault(sim)
				   : (int)rng_range(&sim->rng, 0, sim->opt.joins_only ? 10 : 15)) {
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
			world_blip(sim);
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
	sim_post(sim, EV_FAULT, 0, rng_range(&sim->rng, 200, sim->opt.only != 0 ? 5000 : 12000));
}

/* The faults are over, and people see to what is left. */
void
world_quiet(struct sim *sim)
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
		if (!out && n->sign && !world_others_sign(sim, i))
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
	world_instruct(sim);
	world_owner_publishes(sim, sim->meant);
}
