/*
 * What arrives at an agent: answers, messages, statements, what its combiner and its key store say.
 */
#include <stdio.h>
#include <string.h>

#include "libmsig/msg.h"
#include "tests/sim/sim_int.h"

static void
see(struct sim *sim, struct node *n, struct seen *seen, const struct zone_version *v)
{
	if (seen->seq == v->seq)
		return;
	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		struct rset signers = v->type[t].signers;
		if (t == VIEW_SOA) /* nobody can verify what is not published */
			signers = rset_and(signers, v->type[VIEW_DNSKEY].set);
		seen->set[t] = sim_set_to_view(sim, n, v->type[t].set);
		seen->signers[t] = sim_set_to_view(sim, n, signers);
	}
	seen->seq = v->seq;
}

static void
answer(struct sim *sim, struct node *n, const struct event *e)
{
	const struct zone_version *v = e->version;
	struct seen *seen = &n->seen[e->a];

	if (e->a >= VIEW_PLACES || n->view->d.place[e->a] == NULL)
		return;
	if (v != NULL)
		see(sim, n, seen, v);
	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		if ((e->b >> t & 1) == 0)
			continue;
		struct view_answer a;
		a.place = e->a;
		a.type = t;
		a.asked = e->t;
		a.time = sim_local(sim, n);
		a.alien = 0;
		a.child = false;
		a.reason[0] = 0;
		if (v == NULL) {
			a.set = a.signers = RSET_NONE;
			a.ttl = 0;
			a.status = MSIG_SEEN_UNKNOWN;
			memcpy(a.reason, "timeout", 8);
		} else {
			bool soa = t == VIEW_SOA;
			a.set = seen->set[t];
			a.signers = seen->signers[t];
			a.ttl = v->type[t].ttl;
			if (t == VIEW_NS && e->child != NULL) {
				a.set = sim_set_to_view(sim, n, e->child->type[t].set);
				a.child = true;
			}
			a.status =
			    soa || !rset_empty(v->type[t].set) ? MSIG_SEEN_SET : MSIG_SEEN_ABSENT;
			if (soa && v->alien >= 0) {
				const struct rr *rr = &sim->pool.at[v->alien];
				a.alien = VIEW_ALIEN(rr->alg, rr->tag);
			}
		}
		view_on_answer(n->view, &a);
	}
}

static void
looked_up(struct sim *sim, struct node *n, const struct event *e)
{
	const char *names[SERVERS];
	if (e->a < 0) {
		for (int k = 0; k < sim->parent.servers; k++)
			names[k] = sim->parent.server[k].name;
		view_on_addresses(n->view, -1, true, names, sim->parent.servers, sim_local(sim, n));
		return;
	}
	for (int i = 0; i < sim->nodes; i++) {
		if (sim->node[i].ns != e->a)
			continue;
		for (int k = 0; k < sim->node[i].servers; k++)
			names[k] = sim->node[i].server[k].name;
		view_on_addresses(n->view, sets_id_to_view(sim, n, e->a), true, names,
				  sim->node[i].servers, sim_local(sim, n));
	}
}

static void
message(struct sim *sim, int i, const struct event *e)
{
	struct node *n = &sim->node[i];
	struct view_message m;
	int from = sim_number_at(sim, n, e->from);

	if (from < 0 || !n->view->d.provider[from].ready)
		return; /* refused: no session */
	if (mail_read_message(sim, n, from, e, &m))
		view_on_message(n->view, from, &m, sim_local(sim, n));
}

static void
beats(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	const struct view_statement *st = &n->view->d.provider[VIEW_SELF].statement;

	if (st->known)
		claims_version(n, CLAIM_STATEMENT, st->epoch, st->counter);
	for (int p = 0; p < sim->nodes; p++) {
		struct event *e = p != i && st->known ? agent_send(sim, EV_BEAT, i, p) : NULL;
		if (e != NULL)
			e->u.statement = *st;
	}
}

static void
on_keys(struct sim *sim, struct node *n, const struct event *e)
{
	struct view_key keys[STORE];

	for (int i = 0; i < e->u.keys.count; i++) {
		const struct key *k = &e->u.keys.key[i];
		memset(&keys[i], 0, sizeof(keys[i]));
		snprintf(keys[i].id, sizeof(keys[i].id), "k%u", k->id);
		keys[i].role = k->role;
		keys[i].state = k->state;
		keys[i].algorithm = k->algorithm;
		keys[i].rr = sets_id_to_view(sim, n, k->rr);
	}
	view_on_keys(n->view, e->u.keys.known, e->u.keys.known ? "" : "it says no", keys,
		     e->u.keys.count);
}

static void
statement(struct sim *sim, struct node *n, const struct event *e)
{
	struct view_statement said;
	int p = sim_number_at(sim, n, e->from);

	if (p >= 0 && mail_read_state(sim, n, e, &said))
		view_on_statement(n->view, p, &said, sim_local(sim, n));
}

/* Somebody asks for the own statement. */
static void
pulled(struct sim *sim, struct node *n, const struct event *e)
{
	int p = sim_number_at(sim, n, e->from);
	struct msig_option opt;

	if (!mail_read_option(sim, e, &opt))
		return;
	if (p > 0 && (opt.has & MSIG_HAS(VERSION)) != 0 &&
	    view_on_echo(n->view, p, opt.version.epoch, opt.version.counter,
			 (opt.has & MSIG_HAS(RESULT)) != 0))
		sim_post(sim, EV_WAKE, e->node, 0)->t = n->wake = sim->now;
	if (!view_states(n->view))
		return;
	struct event *r = agent_send(sim, EV_STATE, e->node, e->from);
	if (r != NULL)
		agent_state(sim, n, e, r);
}

static void
peer(struct sim *sim, int i, const struct event *e)
{
	struct node *n = &sim->node[i];
	int p = sim_number_at(sim, n, e->from);

	if (sim->node[e->from].dead) {
		if (p > 0)
			view_on_peer(n->view, p, false, "no beats");
	} else if (p <= 0 || !sim->node[e->from].up) {
		sim_post(sim, EV_PEER, i, 2000)->from = e->from;
	} else {
		view_on_models(n->view, p, sim->node[e->from].models);
		view_on_peer(n->view, p, true, "");
	}
}

/* What combinerd holds, by provider of origin. */
static void
held(struct sim *sim, const struct event *e)
{
	struct node *n = &sim->node[e->node];

	for (int i = 0; i < sim->nodes; i++) {
		const struct view_contribution *c = &e->u.apply.from[i];
		struct view_contribution mine = {
		    .dnskey = sim_set_to_view(sim, n, c->dnskey),
		    .cds = sim_set_to_view(sim, n, c->cds),
		    .cdnskey = sim_set_to_view(sim, n, c->cdnskey),
		    .ns = sim_set_to_view(sim, n, c->ns),
		    .csync = sim_set_to_view(sim, n, c->csync),
		};
		if (c->used)
			view_on_held(n->view, sim->node[i].identity, &mine);
	}
}

/* false: it does not reach the core. */
static bool
at_agent(struct sim *sim, struct event *e)
{
	struct node *n = &sim->node[e->node];
	int p;

	switch (e->kind) {
	case EV_WAKE:
		if (e->t != n->wake)
			return false;
		n->wake = VIEW_NEVER;
		return true;
	case EV_SIGNER: /* its NOTIFY, as good as it comes */
		if (sim_mishap(sim, MISHAP_NOTIFY, e->node, 300))
			return false;
		view_on_changed(n->view);
		return true;
	case EV_ANSWER:
		answer(sim, n, e);
		return true;
	case EV_HSYNC: {
		static const struct view_hsync unknown = {.status = MSIG_SEEN_UNKNOWN};
		struct view_hsync h = e->a >= 0 ? sim->hsync[e->a] : unknown;
		h.time = sim_local(sim, n);
		view_on_hsync(n->view, &h);
		return true;
	}
	case EV_LOOKUP:
		looked_up(sim, n, e);
		return true;
	case EV_SHOWN:
		held(sim, e);
		view_on_overlay(n->view, MSIG_ZONE_MERGED, e->u.apply.epoch, e->u.apply.counter);
		return true;
	case EV_APPLIED:
		view_on_applied(n->view, e->u.apply.epoch, e->u.apply.counter, e->u.apply.rcode,
				"");
		return true;
	case EV_FOLLOWED:
		view_on_followed(n->view, n->owner.ttl_data);
		return true;
	case EV_KEYS:
		on_keys(sim, n, e);
		return true;
	case EV_PEER:
		peer(sim, e->node, e);
		return true;
	case EV_MESSAGE:
		message(sim, e->node, e);
		return true;
	case EV_STATE:
		statement(sim, n, e);
		return true;
	case EV_PULL:
		pulled(sim, n, e);
		return false;
	case EV_BEAT:
		p = sim_number_at(sim, n, e->from);
		if (p > 0 && n->view->d.provider[p].models == 0) /* known anew: HELLO */
			sim_post(sim, EV_PEER, e->node, 0)->from = e->from;
		if (p > 0)
			view_on_beat(n->view, p, e->u.statement.generation, e->u.statement.epoch,
				     e->u.statement.counter, e->u.statement.hsync);
		return true;
	case EV_BEAT_SEND:
		beats(sim, e->node);
		return false;
	default:
		return false;
	}
}

void
events_handle(struct sim *sim, struct event *e)
{
	struct node *n = &sim->node[e->node];

	if (e->kind == EV_START) {
		if (!n->up && !n->dead && n->mended > sim->now)
			sim_post(sim, EV_START, e->node, n->mended - sim->now);
		else if (!n->up && !n->dead)
			agent_start(sim, e->node);
		return;
	}
	if (world_event(sim, e) || sim->failed)
		return;
	if (e->kind == EV_BEAT_SEND)
		sim_post(sim, EV_BEAT_SEND, e->node, rng_range(&sim->rng, 3000, 5000));
	bool tampered = e->kind == EV_MESSAGE && e->b != 0 && n->up;
	bool granted = tampered && n->view->d.process.phase == PHASE_GRANTED;
	if (n->up && at_agent(sim, e) && (n->view->dirty || e->kind == EV_WAKE))
		sim_drive(sim, e->node);
	if (tampered)
		agent_judge_change(sim, n, e, granted);
}
