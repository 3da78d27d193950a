/*
 * How long a step takes at best. See outlook.h.
 */
#include <stdio.h>

#include "agentd/hold.h"
#include "agentd/outlook_int.h"

static const enum view_type hold_type[HOLD_COUNT] = {[HOLD_KEY] = VIEW_DNSKEY,
						     [HOLD_DS] = VIEW_DS,
						     [HOLD_NS] = VIEW_NS,
						     [HOLD_RR] = VIEW_SOA,
						     [HOLD_LEAVE] = VIEW_SOA};

static bool
hold_looks_at(enum view_hold hold, const struct view_place *p)
{
	if (p->kind == PLACE_PARENT)
		return hold == HOLD_DS || hold == HOLD_NS;
	return hold != HOLD_DS;
}

/* The largest TTL at a place that matters to a hold. */
static uint32_t
place_ttl(const struct outlook_maker *m, enum view_hold hold, const struct view_place *p)
{
	uint32_t most = 0;

	for (enum view_type t = 0; t < VIEW_TYPE_COUNT; t++) {
		uint32_t ttl = view_ttl(p, t);
		if (hold != HOLD_RR && hold != HOLD_LEAVE && t != hold_type[hold])
			continue;
		if (ttl > OUTLOOK_TTL && outlook_lowered(m, p->kind == PLACE_PARENT, t))
			ttl = OUTLOOK_TTL;
		most = ttl > most ? ttl : most;
	}
	return most;
}

int64_t
outlook_forgotten(const struct view_times *t, uint32_t ttl, bool parent)
{
	return ttl * SECOND + (parent ? t->d_parent : t->d) + hold_margin(t, ttl * SECOND);
}

static void
hold_length(const struct outlook_maker *m, struct outlook_hold *h)
{
	const struct zone_view *view = m->view;

	h->provider = VIEW_STRANGER;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || !hold_looks_at(h->hold, p))
			continue;
		uint32_t ttl = place_ttl(m, h->hold, p);
		if (ttl < h->ttl || (ttl == h->ttl && h->place[0] != 0))
			continue;
		h->ttl = ttl;
		snprintf(h->place, sizeof(h->place), "%s", p->server);
		h->provider = p->kind == PLACE_PARENT   ? VIEW_STRANGER
			      : p->kind == PLACE_SIGNER ? VIEW_SELF
							: view_place_provider(view, p);
	}
	uint32_t own = view->own_max_ttl;
	if (own > OUTLOOK_TTL && (m->lowered & BIT(LEVER_ALL)) != 0)
		own = OUTLOOK_TTL;
	if ((h->hold == HOLD_RR || h->hold == HOLD_LEAVE) && own > h->ttl) {
		h->ttl = own;
		snprintf(h->place, sizeof(h->place), "the own signer's zone");
		h->provider = VIEW_SELF;
	}
	h->length = outlook_forgotten(&view->config.times, h->ttl, h->hold == HOLD_DS);
}

/* What begins with this step: caches then have something to forget. */
static void
note_changes(struct outlook_maker *m, const struct outlook_step *s)
{
	const struct process_keys *keys[] = {&s->fresh, &s->old};

	if (outlook_changes_type(s, TYPE_DNSKEY))
		m->change[HOLD_KEY] = s->begin;
	if (s->parent_ds) {
		m->change[HOLD_DS] = s->begin;
		m->ds_held = false;
	}
	if (s->parent_ns)
		m->change[HOLD_NS] = s->begin;
	if ((s->rule->holds & (1u << HOLD_LEAVE)) != 0)
		m->change[HOLD_LEAVE] = s->begin;
	for (int i = 0; i < 2; i++)
		for (uint8_t role = MSIG_KEY_ROLE_ZSK; role <= MSIG_KEY_ROLE_CSK; role++) {
			uint8_t state = outlook_key_state(keys[i], role);
			if (role != MSIG_KEY_ROLE_KSK &&
			    (state == MSIG_KEY_STATE_RETIRED || state == MSIG_KEY_STATE_SIGNING))
				m->change[HOLD_RR] = s->begin;
		}
}

/* What has happened already is no guess: the deadline as observations have it. */
static bool
begun(const struct outlook_maker *m, int step, enum view_hold hold, int64_t *until)
{
	const struct view_process *run = &m->view->d.process;
	struct hold_want want[HOLD_COUNT];

	if (!m->out->running || m->change[hold] != 0)
		return false;
	*until = 0;
	if (step == run->step && run->phase >= PHASE_EXECUTING)
		*until = run->hold[hold];
	if (*until == 0) {
		process_wanted(m->at, want);
		*until = hold_deadline(m->at, hold, &want[hold], m->now);
	}
	return *until != 0 && *until != VIEW_NEVER;
}

/* No step is over at once: all are asked and say yes, and what changes goes through combinerd,
 * signer and secondaries, and is seen there. Not observed: from the configured times. */
static int64_t
work(const struct outlook_maker *m, const struct outlook_step *s, int step)
{
	const struct view_times *t = &m->view->config.times;

	if (step == m->out->rule->steps - 1)
		return 0;
	return t->resend + (s->changes > 0 ? t->d + t->ask_fast : 0);
}

void
outlook_times(struct outlook_maker *m, struct outlook_step *s, int step)
{
	int64_t until;

	s->work = work(m, s, step);

	note_changes(m, s);
	outlook_stand(m, step);
	s->end = s->begin;
	for (int k = 0; k < HOLD_COUNT; k++) {
		if ((s->rule->holds >> k & 1) == 0)
			continue;
		if (k == HOLD_RR && m->change[k] == 0 && !m->out->running)
			continue; /* a KSK that signs no data leaves no signature behind */
		if (k == HOLD_DS && m->ds_held && !m->view->d.process.turned)
			continue; /* over already; one that is turned round begins anew */
		m->ds_held |= k == HOLD_DS;
		struct outlook_hold *h = &s->hold[s->holds++];
		h->hold = k;
		hold_length(m, h);
		h->from = m->change[k] != 0 ? m->change[k] : s->begin;
		h->until = h->from + h->length;
		if (begun(m, step, k, &until)) {
			h->until = until;
			h->from = until - h->length;
		}
		if (h->until > s->end)
			s->end = h->until;
	}
}
