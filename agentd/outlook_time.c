/*
 * How long a step takes at best, and what would make it shorter. See outlook.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
place_ttl(enum view_hold hold, const struct view_place *p)
{
	uint32_t ttl = 0;

	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		const struct view_history *h = &p->history[t];
		if (hold != HOLD_RR && hold != HOLD_LEAVE && (enum view_type)t != hold_type[hold])
			continue;
		for (int v = 0; v < h->count; v++)
			if (h->at[v].ttl > ttl)
				ttl = h->at[v].ttl;
	}
	return ttl;
}

static int64_t
margin(const struct view_times *t, int64_t ttl)
{
	int64_t share = ttl * t->margin_percent / 100;
	return (share > t->margin ? share : t->margin) + t->skew;
}

static void
hold_length(const struct outlook_maker *m, struct outlook_hold *h)
{
	const struct zone_view *view = m->view;
	const struct view_times *times = &view->config.times;

	h->provider = VIEW_STRANGER;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || !hold_looks_at(h->hold, p))
			continue;
		uint32_t ttl = place_ttl(h->hold, p);
		if (m->ttl_limit != 0 && p->kind != PLACE_PARENT && ttl > m->ttl_limit)
			ttl = m->ttl_limit;
		if (ttl < h->ttl || (ttl == h->ttl && h->place[0] != 0))
			continue;
		h->ttl = ttl;
		snprintf(h->place, sizeof(h->place), "%s", p->server);
		h->provider = p->kind == PLACE_PARENT   ? VIEW_STRANGER
			      : p->kind == PLACE_SIGNER ? VIEW_SELF
							: view_place_provider(view, p);
	}
	uint32_t own = view->own_max_ttl;
	if (m->ttl_limit != 0 && own > m->ttl_limit)
		own = m->ttl_limit;
	if ((h->hold == HOLD_RR || h->hold == HOLD_LEAVE) && own > h->ttl) {
		h->ttl = own;
		snprintf(h->place, sizeof(h->place), "the own signer's zone");
		h->provider = VIEW_SELF;
	}
	h->length = h->ttl * SECOND + (h->hold == HOLD_DS ? times->d_parent : times->d) +
		    margin(times, h->ttl * SECOND);
}

/* What begins with this step: caches then have something to forget. */
static void
note_changes(struct outlook_maker *m, const struct outlook_step *s)
{
	const struct process_keys *keys[] = {&s->fresh, &s->old};

	if (outlook_changes_type(s, TYPE_DNSKEY))
		m->change[HOLD_KEY] = s->begin;
	if (s->parent_ds)
		m->change[HOLD_DS] = s->begin;
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

static void __attribute__((format(printf, 2, 3)))
advise(struct outlook *out, const char *format, ...)
{
	va_list ap;

	if (out->advices == OUTLOOK_ADVICES)
		return;
	va_start(ap, format);
	vsnprintf(out->advice[out->advices++], OUTLOOK_TEXT, format, ap);
	va_end(ap);
}

static void
span(int64_t ms, char *buf, size_t len)
{
	int64_t s = ms / SECOND;
	if (s >= 2 * 86400)
		snprintf(buf, len, "%lld days", (long long)((s + 86399) / 86400));
	else if (s >= 2 * 3600)
		snprintf(buf, len, "%lld h", (long long)(s / 3600));
	else
		snprintf(buf, len, "%lld min", (long long)(s / 60));
}

static const char *const hold_ttl_of[HOLD_COUNT] = {[HOLD_KEY] = "DNSKEY TTL",
						    [HOLD_DS] = "DS TTL",
						    [HOLD_NS] = "NS TTL",
						    [HOLD_RR] = "largest TTL of any record",
						    [HOLD_LEAVE] = "largest TTL of any record"};

/* The providers whose TTL makes this hold long, as one advice. */
static void
advise_ttl(struct outlook_maker *m, const struct outlook_hold *h, int64_t saves)
{
	const struct zone_view *view = m->view;
	char who[160] = "", lead[40], saved[40];
	uint32_t most = 0;
	size_t n = 0;

	for (int i = 0; i < view->d.providers; i++) {
		uint32_t ttl = i == VIEW_SELF && (h->hold == HOLD_RR || h->hold == HOLD_LEAVE)
				   ? view->own_max_ttl
				   : 0;
		for (int k = 0; k < view->d.places; k++) {
			const struct view_place *p = view->d.place[k];
			if (p == NULL || p->kind == PLACE_PARENT ||
			    (p->kind == PLACE_SIGNER ? VIEW_SELF : view_place_provider(view, p)) !=
				i)
				continue;
			uint32_t here = place_ttl(h->hold, p);
			ttl = here > ttl ? here : ttl;
		}
		if (ttl <= OUTLOOK_TTL || n >= sizeof(who))
			continue;
		most = ttl > most ? ttl : most;
		n += (size_t)snprintf(who + n, sizeof(who) - n, "%s%s", n > 0 ? " and " : "",
				      view->d.provider[i].identity);
	}
	if (most == 0)
		return;
	span(most * SECOND + view->config.times.d + margin(&view->config.times, most * SECOND),
	     lead, sizeof(lead));
	span(saves, saved, sizeof(saved));
	advise(m->out, "lower the %s at %s from %u to %d, at least %s before: saves %s",
	       hold_ttl_of[h->hold], who, most, OUTLOOK_TTL, lead, saved);
}

/* What would make it shorter: the same walk with smaller TTLs. */
void
outlook_advices(struct outlook_maker *m)
{
	struct outlook *real = m->out, *less = malloc(sizeof(*less));
	bool said[HOLD_COUNT] = {false};

	if (less == NULL)
		return;
	*less = *real;
	m->out = less;
	m->ttl_limit = OUTLOOK_TTL;
	memset(m->change, 0, sizeof(m->change));
	m->ds_pending = false;
	outlook_walk(m);
	m->out = real;
	m->ttl_limit = 0;
	int64_t saves = real->end - less->end;
	free(less);
	for (int i = 0; i < real->steps; i++)
		for (int k = 0; k < real->step[i].holds; k++) {
			const struct outlook_hold *h = &real->step[i].hold[k];
			if (said[h->hold] || h->ttl <= OUTLOOK_TTL)
				continue;
			said[h->hold] = true;
			if (h->hold == HOLD_DS)
				advise(
				    real,
				    "the parent's DS TTL is %u: that is for the parent to change",
				    h->ttl);
			else if (saves >= 60 * SECOND)
				advise_ttl(m, h, saves);
		}
}
