/*
 * What a failed schedule prints at its end: servers, caches, agents with all that they know.
 */
#include <stdio.h>
#include <string.h>

#include "libmsig/key.h"
#include "tests/sim/sim_int.h"

static double
seconds(int64_t at)
{
	return at <= 0 || at == VIEW_NEVER ? 0 : (double)(at - 1000000000) / 1000;
}

/* What caches may hold of it, with keys as numbers of the pool. */
static void
show_past(struct sim *sim, const struct server *s)
{
	static const struct {
		enum view_type type;
		const char *name;
	} types[] = {
	    {VIEW_NS, "NS"}, {VIEW_DS, "DS"}, {VIEW_DNSKEY, "DNSKEY"}, {VIEW_SOA, "signed"}};

	sim_trace(sim, "   named %.3f to %.3f", seconds(s->named_from), seconds(s->named_until));
	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++)
		for (int i = 0; i < s->count[types[t].type]; i++) {
			const struct past *p = &s->past[types[t].type][i];
			const struct rset *shown = types[t].type == VIEW_DS ? &p->keys : &p->set;
			char text[300] = "", by[200] = "";
			for (int k = rset_next(shown, 0); k >= 0; k = rset_next(shown, k + 1))
				snprintf(text + strlen(text), sizeof(text) - strlen(text), " %d",
					 k);
			for (int k = rset_next(&p->signers, 0); k >= 0;
			     k = rset_next(&p->signers, k + 1))
				snprintf(by + strlen(by), sizeof(by) - strlen(by), " %d", k);
			if (t != 3 || by[0] != 0)
				sim_trace(sim, "   %s%s signed by%s TTL %u, %.3f to %.3f",
					  types[t].name, t == 3 ? "" : text, by, p->ttl,
					  seconds(p->start), seconds(p->end));
		}
}

static void
show_server(struct sim *sim, const struct server *s, const char *more)
{
	const struct zone_version *v = s->now;
	char names[64] = "";

	for (int i = 0; v != NULL && i < sim->nodes; i++)
		if (rset_has(&v->type[VIEW_NS].set, sim->node[i].ns))
			snprintf(names + strlen(names), sizeof(names) - strlen(names), " p%d",
				 i + 1);
	if (v != NULL)
		sim_trace(sim, "%s: %d DNSKEY, %d CDS, %d CSYNC, %d DS, NS%s%s", s->name,
			  rset_count(v->type[VIEW_DNSKEY].set), rset_count(v->type[VIEW_CDS].set),
			  rset_count(v->type[VIEW_CSYNC].set), rset_count(v->type[VIEW_DS].set),
			  names, more);
	show_past(sim, s);
}

static void
show_servers(struct sim *sim)
{
	for (int i = 0; i < sim->parent.servers; i++)
		show_server(sim, &sim->parent.server[i], "");
	if (sim->parent.copy.now != NULL)
		show_server(sim, &sim->parent.copy, ", the copy at the parent's server");
	for (int i = 0; i < sim->nodes; i++)
		for (int k = 0; k < sim->node[i].servers; k++)
			show_server(sim, &sim->node[i].server[k],
				    sim->node[i].server[k].silent ? ", silent"
				    : sim->node[i].feed != i      ? ", a copy"
								  : "");
}

/* The parent's DS, each version that an agent remembers of them. */
static void
show_parent(struct sim *sim, const struct view_place *p, int64_t now)
{
	const struct view_history *h = &p->history[VIEW_DS];
	int64_t since = sim->now - 1000000000 - now;

	for (int i = 0; i < h->count; i++) {
		const struct view_version *v = &h->at[i];
		sim_trace(sim, "   watches %s: DS of %d keys, TTL %u, seen %.3f to %.3f", p->server,
			  rset_count(v->set), v->ttl, (double)(since + v->first) / 1000,
			  (double)(since + v->last) / 1000);
	}
}

/* What an agent knows of the servers that it watches, by its own clock. */
static void
show_places(struct sim *sim, const struct node *n)
{
	const struct zone_view *v = n->view;

	for (int i = 0; i < v->d.places; i++) {
		const struct view_place *p = v->d.place[i];
		if (p != NULL && p->kind == PLACE_PARENT)
			show_parent(sim, p, sim_local(sim, n));
		if (p == NULL || p->kind != PLACE_SERVER)
			continue;
		const struct view_history *h = &p->history[VIEW_NS];
		double since = (double)(sim->now - 1000000000);
		int64_t now = sim_local(sim, n);
		sim_trace(sim, "   watches %s of %d: %s, unnamed %.3f, NS %s of %.3f, asked %.3f",
			  p->server, view_place_provider(v, p), p->named != 0 ? "named" : "not",
			  p->unnamed == 0 ? 0 : (since + (double)(p->unnamed - now)) / 1000,
			  h->status == MSIG_SEEN_SET ? "seen" : "not seen",
			  h->time == 0 ? 0 : (since + (double)(h->time - now)) / 1000,
			  p->asked == 0 ? 0 : (since + (double)(p->asked - now)) / 1000);
	}
}

/* What it holds of the others' statements. */
static void
show_statements(struct sim *sim, const struct node *n)
{
	const struct zone_view *v = n->view;

	for (int i = 0; i < v->d.providers; i++) {
		const struct view_provider *p = &v->d.provider[i];
		const struct view_statement *st = &p->statement;
		if (!p->used || !st->known)
			continue;
		sim_trace(
		    sim, "   %s of %d states %llu.%llu: %s %d of %llu, standing %x, HSYNC %02x%s%s",
		    p->identity, i, (unsigned long long)st->epoch, (unsigned long long)st->counter,
		    process_name(st->process), st->step, (unsigned long long)st->process_epoch,
		    st->standing, st->hsync[0], p->ready || i == VIEW_SELF ? "" : ", not ready",
		    p->stale ? ", stale" : "");
	}
}

/* The keys of its signer, as its key store has them and as its agent last heard. */
static void
show_keys(struct sim *sim, const struct node *n)
{
	const struct zone_view *v = n->view;

	for (int i = 0; i < n->keys; i++) {
		const struct key *k = &n->store[i];
		const char *heard = "not heard of";
		char id[16];

		snprintf(id, sizeof(id), "k%u", k->id);
		for (int h = 0; h < v->keys; h++)
			if (strcmp(v->key[h].id, id) == 0)
				heard = msig_key_state_name(v->key[h].state);
		sim_trace(sim, "   key %s (%d): %s, for the agent: %s", id, k->rr,
			  msig_key_state_name(k->state), heard);
	}
}

void
show_world(struct sim *sim)
{
	show_servers(sim);
	for (int i = 0; i < sim->nodes; i++) {
		struct zone_view *v = sim->node[i].view;
		char text[800];
		if (v == NULL) {
			sim_trace(sim, "%s: %s", sim->node[i].identity,
				  sim->node[i].dead ? "dead" : "down");
			continue;
		}
		text[0] = 0;
		for (int p = 0; p < sim->nodes; p++) {
			int k = view_provider_find(v, sim->node[p].identity);
			size_t len = strlen(text);
			if (k >= 0)
				snprintf(text + len, sizeof(text) - len, " p%d:%s%x", p + 1,
					 v->d.provider[k].member ? "member/" : "",
					 v->d.provider[k].has);
		}
		sim_trace(sim, "%s: process %s step %s %s, has%s, applied %llu want %llu",
			  sim->node[i].identity, process_name(v->d.process.kind),
			  process_step_name(v->d.process.kind, v->d.process.step),
			  process_phase_name(v->d.process.phase), text,
			  (unsigned long long)v->d.applied_counter,
			  (unsigned long long)v->d.want.counter);
		for (int r = 0; r < v->reasons; r++)
			sim_trace(sim, "   %s", reason_text(&v->reason[r], text, sizeof(text)));
		show_keys(sim, &sim->node[i]);
		show_statements(sim, &sim->node[i]);
		show_places(sim, &sim->node[i]);
	}
}
