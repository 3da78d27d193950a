/*
 * A dry run of a process. See outlook.h. The target of each step is what process_target() says of a
 * copy of the view in which the process runs and stands there; a guard is what process_check() says
 * of it. So there is no second opinion here on what a process does.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/agree.h"
#include "agentd/hold.h"
#include "agentd/outlook.h"
#include "agentd/roll.h"
#include "libmsig/err.h"
#include "libmsig/key.h"

#define SECOND INT64_C(1000)
#define BIT(i) (UINT32_C(1) << (i))

enum { TYPE_NS = 2, TYPE_DNSKEY = 48, TYPE_CDS = 59, TYPE_CDNSKEY = 60, TYPE_CSYNC = 62 };

struct maker {
	const struct zone_view *view;
	struct zone_view *at; /* copy: the process stands at some step */
	struct outlook *out;
	int64_t now;
	uint32_t ttl_limit;         /* s: larger TTLs of the providers count as this; 0: none */
	int64_t change[HOLD_COUNT]; /* when what a hold is about last changed; 0: not yet */
	bool ds_pending;            /* CDS changed, and the parent did not look since */
};

const char *
outlook_verdict_name(enum outlook_verdict verdict)
{
	static const char *const names[] = {
#define X(id, text) text,
	    OUTLOOK_VERDICTS(X)
#undef X
	};
	return (unsigned)verdict < sizeof(names) / sizeof(names[0]) ? names[verdict] : "?";
}

/* ---- a view in which the process stands at a step
 * ---------------------------------------------- */

static void
stand(struct maker *m, int step)
{
	const struct outlook *out = m->out;
	struct view_process *run = &m->at->d.process;

	if (out->running) {
		*run = m->view->d.process;
	} else {
		memset(run, 0, sizeof(*run));
		run->voters = agree_designated(m->view);
	}
	run->kind = out->rule->kind;
	run->subject = (int8_t)out->subject;
	run->requestor = (int8_t)(out->requestor >= 0 ? out->requestor : VIEW_SELF);
	run->algorithm = out->algorithm;
	run->step = (uint8_t)(step < 0 ? 0 : step);
	run->executed = step >= 0;
	run->phase = step >= 0 ? PHASE_EXECUTING : PHASE_REQUESTED;
}

/* ---- what must be true
 * ------------------------------------------------------------------------- */

static struct outlook_check *
check_new(struct outlook_check *list, int *count, const char *what)
{
	/* The tables have fewer, and what does not fit is not worse than what does. */
	struct outlook_check *c = &list[*count < OUTLOOK_CHECKS ? (*count)++ : OUTLOOK_CHECKS - 1];

	memset(c, 0, sizeof(*c));
	c->what = what;
	c->step = -1;
	return c;
}

static void
worse(struct outlook *out, enum outlook_verdict verdict)
{
	if (verdict > out->worst)
		out->worst = verdict;
}

/* The step from `first` on, before `step`, whose end makes the condition true, or -1. What depends
 * on caches is made true by the holds before. */
static int
made_true_by(const struct process_rule *rule, int bit, int first, int step)
{
	for (int i = first; i < step; i++) {
		if ((rule->step[i].done >> bit & 1) != 0 ||
		    (bit == COND_BIT_NAMING_SAFE && rule->step[i].holds != 0))
			return i;
	}
	return -1;
}

static void
guard(struct maker *m, struct outlook_step *s, int step, int first)
{
	const struct process_rule *rule = m->out->rule;

	stand(m, step - 1);
	for (int bit = 0; bit < COND_COUNT; bit++) {
		struct outlook_check *c;
		if ((s->rule->guard >> bit & 1) == 0)
			continue;
		c = check_new(s->check, &s->checks, process_condition_text(bit));
		if (process_check(m->at, UINT32_C(1) << bit, true, m->now, &c->why)) {
			c->verdict = OUTLOOK_PASS;
			continue;
		}
		c->step = made_true_by(rule, bit, first, step);
		c->verdict = c->step >= 0                     ? OUTLOOK_LATER
			     : c->why.class == REASON_BLOCKED ? OUTLOOK_FAIL
							      : OUTLOOK_WARN;
		worse(m->out, c->verdict == OUTLOOK_LATER ? OUTLOOK_PASS : c->verdict);
	}
}

static void __attribute__((format(printf, 7, 8)))
start(struct maker *m, bool good, enum outlook_verdict bad, enum reason_object object,
      const char *what, const char *place, const char *seen, ...)
{
	struct outlook *out = m->out;
	struct outlook_check *c = check_new(out->start, &out->starts, what);
	va_list ap;

	if (good)
		return;
	c->verdict = bad;
	c->why.class = bad == OUTLOOK_FAIL ? REASON_BLOCKED : REASON_PEER;
	c->why.object = object;
	snprintf(c->why.place, sizeof(c->why.place), "%s", place);
	va_start(ap, seen);
	vsnprintf(c->why.seen, sizeof(c->why.seen), seen, ap);
	va_end(ap);
	worse(out, bad);
}

static const struct view_hsync_entry *
instruction(const struct zone_view *view, int provider)
{
	for (int i = 0; i < view->d.hsync.count; i++)
		if (strcmp(view->d.hsync.entry[i].identity, view->d.provider[provider].identity) ==
		    0)
			return &view->d.hsync.entry[i];
	return NULL;
}

/* Does the owner, or our operator, want what this process does? */
static bool
wanted(const struct zone_view *view, uint8_t kind, int provider)
{
	const struct view_hsync_entry *e = instruction(view, provider);

	switch (kind) {
	case MSIG_PROCESS_ADD:
		return e != NULL && e->on && e->sign;
	case MSIG_PROCESS_NS_ADD:
		return e != NULL && e->on && !e->sign;
	case MSIG_PROCESS_REMOVE:
	case MSIG_PROCESS_NS_REMOVE:
		return view->d.provider[provider].expelled || (e != NULL && !e->on);
	default:
		return true;
	}
}

static void
start_group(struct maker *m)
{
	const struct zone_view *view = m->view;
	const struct view_provider *p = &view->d.provider[m->out->subject];
	uint8_t kind = m->out->rule->kind;
	uint32_t voters = agree_designated(view);

	start(m, wanted(view, kind, m->out->subject), OUTLOOK_WARN, REASON_OF_HSYNC,
	      "the owner's HSYNC says so", p->identity, "HSYNC says otherwise as yet");
	if (kind == MSIG_PROCESS_ADD || kind == MSIG_PROCESS_NS_ADD)
		start(m, p->statement.known, OUTLOOK_WARN, REASON_OF_STATEMENT,
		      "its keys and name servers are known", p->identity,
		      "its agent has not stated them%s%s", p->why[0] != 0 ? ": " : "", p->why);
	for (int i = 1; i < VIEW_PROVIDERS; i++)
		if ((voters >> i & 1) != 0 && i != m->out->subject)
			start(
			    m, view->d.provider[i].ready, OUTLOOK_WARN, REASON_OF_PEER,
			    "every signer's agent can be asked", view->d.provider[i].identity, "%s",
			    view->d.provider[i].why[0] != 0 ? view->d.provider[i].why : "not yet");
	if (m->out->subject != VIEW_SELF && kind != MSIG_PROCESS_REMOVE &&
	    kind != MSIG_PROCESS_NS_REMOVE && kind != MSIG_PROCESS_NS_ADD)
		start(m, p->ready, OUTLOOK_WARN, REASON_OF_PEER, "its agent can be asked",
		      p->identity, "%s", p->why[0] != 0 ? p->why : "not yet");
}

/* What stands in the way before any guard is looked at. */
static void
starts(struct maker *m)
{
	const struct zone_view *view = m->view;
	const struct view_process *run = &view->d.process;
	int other = 0, key = agree_keytag_collision(view, &other);
	char text[REASON_TEXT];

	start(m, view->freeze[0] == 0, OUTLOOK_FAIL, REASON_OF_HSYNC, "HSYNC can be followed", "",
	      "%.120s", view->freeze);
	start(m, !view->d.paused, OUTLOOK_FAIL, REASON_OF_OPERATOR, "the zone is not paused", "",
	      "paused: msigctl resume");
	start(m, !view->d.rebuild, OUTLOOK_FAIL, REASON_OF_DATABASE,
	      "the database is as new as the world", "", "%.120s", view->d.doubt);
	start(m, run->kind == 0 || m->out->running, OUTLOOK_WARN, REASON_OF_GRANT,
	      "no other process runs", "", "%s runs, it goes first", process_name(run->kind));
	start(m, m->out->requestor >= 0, OUTLOOK_WARN, REASON_OF_PEER, "somebody can ask for it",
	      "", "no provider that may is operational");
	start_group(m);
	text[0] = 0;
	if (key >= 0)
		snprintf(text, sizeof(text), "tag %u of algorithm %u, twice",
			 view->d.pool.at[key].tag, view->d.pool.at[key].alg);
	start(m, key < 0, OUTLOOK_FAIL, REASON_OF_KEYTAG, "no key tags collide", "", "%s", text);
}

/* ---- what changes
 * ------------------------------------------------------------------------------ */

static void
change(struct outlook_step *s, struct outlook_change c)
{
	if (s->changes == OUTLOOK_CHANGES)
		s->unlisted++;
	else
		s->change[s->changes++] = c;
}

/* What of a provider is in, by a target: the sets that its overlays hold. */
static struct rset
part(const struct zone_view *view, const struct process_target *t, int provider)
{
	const struct view_statement *s = &view->d.provider[provider].statement;
	struct rset all = RSET_NONE;

	if ((t->keys >> provider & 1) != 0)
		all = rset_or(all, s->dnskey);
	if ((t->cds >> provider & 1) != 0 && !rset_empty(t->cds_set))
		all = rset_or(all, rset_or(s->cds, s->cdnskey));
	if ((t->ns >> provider & 1) != 0 && !rset_empty(t->ns_set))
		all = rset_or(all, s->ns);
	return all;
}

static void
differences(const struct rpool *pool, struct outlook_step *s, int provider, struct rset before,
	    struct rset after)
{
	struct rset both[2] = {rset_minus(before, after), rset_minus(after, before)};

	for (int add = 1; add >= 0; add--)
		for (int i = rset_next(&both[add], 0); i >= 0; i = rset_next(&both[add], i + 1))
			change(s, (struct outlook_change){.add = add == 1,
							  .type = pool->at[i].type,
							  .rr = i,
							  .of = provider,
							  .at = s->actors & ~BIT(provider)});
}

/* NS of all is in the overlay of everybody, the own ones too. */
static void
at_home_too(struct outlook_step *s)
{
	for (int i = 0; i < s->changes; i++)
		if (s->change[i].type == TYPE_NS)
			s->change[i].at = s->actors;
}

/* ---- of a rollover ---- */

static uint8_t
state_of(const struct process_keys *keys, uint8_t role)
{
	return role == MSIG_KEY_ROLE_ZSK   ? keys->zsk
	       : role == MSIG_KEY_ROLE_KSK ? keys->ksk
					   : keys->csk;
}

static void
set_state(struct process_keys *keys, uint8_t role, uint8_t state)
{
	*(role == MSIG_KEY_ROLE_ZSK   ? &keys->zsk
	  : role == MSIG_KEY_ROLE_KSK ? &keys->ksk
				      : &keys->csk) = state;
}

/* Bit per role of keys that a provider has and this process rolls. */
static uint32_t
roles(const struct maker *m, int provider)
{
	const struct rpool *pool = &m->view->d.pool;
	const struct rset *keys = &m->view->d.provider[provider].statement.dnskey;
	uint32_t mask = 0;
	bool zsk = false;

	for (int i = rset_next(keys, 0); i >= 0; i = rset_next(keys, i + 1))
		zsk = zsk || (pool->at[i].flags & MSIG_DNSKEY_SEP) == 0;
	mask = zsk ? BIT(MSIG_KEY_ROLE_ZSK) | BIT(MSIG_KEY_ROLE_KSK) : BIT(MSIG_KEY_ROLE_CSK);
	if (m->out->rule->kind == MSIG_PROCESS_ZSK)
		mask &= BIT(MSIG_KEY_ROLE_ZSK);
	if (m->out->rule->kind == MSIG_PROCESS_KSK)
		mask &= ~BIT(MSIG_KEY_ROLE_ZSK);
	return mask;
}

/* The keys that come or go, as far as they are known. */
static struct rset
rolling(const struct maker *m, int provider, bool fresh, uint8_t role)
{
	const struct zone_view *view = m->view;
	const struct view_process *run = &view->d.process;
	const struct rset *keys = &view->d.provider[provider].statement.dnskey;
	bool self = provider == VIEW_SELF;
	struct rset found = RSET_NONE;

	if (m->out->running && self)
		keys = fresh ? &run->fresh : &run->old;
	else if (fresh || m->out->running) /* of another it is known when it has happened */
		return RSET_NONE;
	for (int i = rset_next(keys, 0); i >= 0; i = rset_next(keys, i + 1)) {
		const struct rr *rr = &view->d.pool.at[i];
		bool sep = (rr->flags & MSIG_DNSKEY_SEP) != 0;
		bool other = m->out->rule->kind != MSIG_PROCESS_ALGORITHM || fresh ||
			     rr->alg != m->out->algorithm;
		if (sep == (role != MSIG_KEY_ROLE_ZSK) && other)
			rset_add(&found, i);
	}
	return found;
}

static void
roll_record(const struct maker *m, struct outlook_step *s, int provider, bool add, bool fresh,
	    uint8_t role, uint16_t type)
{
	struct rset keys = rolling(m, provider, fresh, role);
	struct outlook_change c = {
	    .add = add, .type = type, .rr = -1, .of = provider, .at = s->actors, .role = role};

	if (rset_empty(keys))
		change(s, c);
	for (int i = rset_next(&keys, 0); i >= 0; i = rset_next(&keys, i + 1)) {
		const struct rr *rr = &m->view->d.pool.at[i];
		c.rr = i;
		for (int k = rset_next(&rr->match, 0); type != TYPE_DNSKEY && k >= 0;
		     k = rset_next(&rr->match, k + 1))
			if (m->view->d.pool.at[k].type == type)
				c.rr = k;
		if (m->view->d.pool.at[c.rr].type != type)
			c.rr = -1;
		change(s, c);
	}
}

static bool
named(const struct maker *m, const struct process_step *p, bool fresh, uint8_t role)
{
	uint8_t state = state_of(&p->fresh, role);

	if (role == MSIG_KEY_ROLE_ZSK)
		return false;
	if (m->view->config.mode == VIEW_MODE_ALL)
		return fresh ? p->cds != CDS_OLD : p->cds != CDS_NEW;
	bool new = state == MSIG_KEY_STATE_READY || state == MSIG_KEY_STATE_ACTIVE;
	return fresh ? new : !new;
}

static void
roll_key(struct maker *m, struct outlook_step *s, int step, int provider, uint8_t role, bool fresh)
{
	static const struct process_step none;
	const struct process_step *now = s->rule, *before = step > 0 ? now - 1 : &none;
	uint8_t from = state_of(fresh ? &before->fresh : &before->old, role);
	uint8_t to = state_of(fresh ? &now->fresh : &now->old, role);
	bool was = fresh ? roll_in_zone(from) : from == 0 || roll_in_zone(from);
	bool is = fresh ? roll_in_zone(to) : to == 0 || roll_in_zone(to);
	bool cds_was = named(m, before, fresh, role), cds_is = named(m, now, fresh, role);

	if (from != to && to != 0) {
		set_state(fresh ? &s->fresh : &s->old, role, to);
	}
	if (was != is)
		roll_record(m, s, provider, is, fresh, role, TYPE_DNSKEY);
	if (cds_was != cds_is) {
		roll_record(m, s, provider, cds_is, fresh, role, TYPE_CDS);
		roll_record(m, s, provider, cds_is, fresh, role, TYPE_CDNSKEY);
	}
}

static void
roll(struct maker *m, struct outlook_step *s, int step)
{
	uint8_t kind = m->out->rule->kind;
	uint32_t who = kind == MSIG_PROCESS_ALGORITHM ? agree_members(m->view)
		       : kind == MSIG_PROCESS_ZSK || kind == MSIG_PROCESS_KSK ? BIT(m->out->subject)
									      : 0;

	if (step == m->out->rule->steps - 1)
		return; /* stop: as it was */
	for (int i = 0; i < VIEW_PROVIDERS; i++)
		for (uint8_t role = MSIG_KEY_ROLE_ZSK; role <= MSIG_KEY_ROLE_CSK; role++) {
			if ((who >> i & 1) == 0 || (roles(m, i) >> role & 1) == 0)
				continue;
			roll_key(m, s, step, i, role, true);
			roll_key(m, s, step, i, role, false);
		}
}

static bool
changes_type(const struct outlook_step *s, uint16_t type)
{
	for (int i = 0; i < s->changes; i++)
		if (s->change[i].type == type)
			return true;
	return false;
}

static void
changes(struct maker *m, struct outlook_step *s, int step)
{
	struct process_target before, after;
	uint8_t kind = m->out->rule->kind;

	stand(m, step - 1);
	process_target(m->at, &before);
	stand(m, step);
	process_target(m->at, &after);
	s->actors = agree_actors(m->at);
	if (kind == MSIG_PROCESS_NS_ADD || kind == MSIG_PROCESS_NS_REMOVE)
		s->actors &= ~BIT(m->out->subject); /* it has no signer to act on */
	for (int i = 0; i < VIEW_PROVIDERS; i++)
		if (m->view->d.provider[i].used)
			differences(&m->view->d.pool, s, i, part(m->view, &before, i),
				    part(m->view, &after, i));
	if (before.csync != after.csync)
		change(s, (struct outlook_change){.add = after.csync,
						  .type = TYPE_CSYNC,
						  .rr = -1,
						  .of = VIEW_STRANGER,
						  .at = s->actors});
	roll(m, s, step);
	at_home_too(s);
	m->ds_pending = m->ds_pending || changes_type(s, TYPE_CDS);
	s->parent_ds = m->ds_pending && (s->rule->done & COND_DS) != 0;
	m->ds_pending = m->ds_pending && !s->parent_ds;
	s->parent_ns = (s->rule->done & COND_PARENT_NS) != 0 && (s->rule->effect & EFFECT_CSYNC);
	s->owner_ns = !after.agent && (s->rule->effect & (EFFECT_NS_ADD | EFFECT_NS_DEL)) != 0;
}

/* ---- how long
 * ---------------------------------------------------------------------------------- */

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
hold_length(const struct maker *m, struct outlook_hold *h)
{
	const struct zone_view *view = m->view;
	const struct view_times *times = &view->config.times;

	h->provider = VIEW_STRANGER;
	for (int i = 0; i < VIEW_PLACES; i++) {
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
note_changes(struct maker *m, const struct outlook_step *s)
{
	const struct process_keys *keys[] = {&s->fresh, &s->old};

	if (changes_type(s, TYPE_DNSKEY))
		m->change[HOLD_KEY] = s->begin;
	if (s->parent_ds)
		m->change[HOLD_DS] = s->begin;
	if (s->parent_ns)
		m->change[HOLD_NS] = s->begin;
	if ((s->rule->holds & (1u << HOLD_LEAVE)) != 0)
		m->change[HOLD_LEAVE] = s->begin;
	for (int i = 0; i < 2; i++)
		for (uint8_t role = MSIG_KEY_ROLE_ZSK; role <= MSIG_KEY_ROLE_CSK; role++) {
			uint8_t state = state_of(keys[i], role);
			if (role != MSIG_KEY_ROLE_KSK &&
			    (state == MSIG_KEY_STATE_RETIRED || state == MSIG_KEY_STATE_SIGNING))
				m->change[HOLD_RR] = s->begin;
		}
}

/* What has happened already is no guess: the deadline as observations have it. */
static bool
begun(const struct maker *m, int step, enum view_hold hold, int64_t *until)
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

static void
times(struct maker *m, struct outlook_step *s, int step)
{
	int64_t until;

	note_changes(m, s);
	stand(m, step);
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

/* ---- all of it
 * --------------------------------------------------------------------------------- */

static void
walk(struct maker *m)
{
	struct outlook *out = m->out;
	const struct view_process *run = &m->view->d.process;
	int first = out->running ? run->step + (run->phase >= PHASE_EXECUTING ? 1 : 0) : 0;
	int64_t at = m->now;

	out->begin = out->running ? run->started : m->now;
	out->scans = out->steps = 0;
	for (int i = 0; i < out->rule->steps && i < OUTLOOK_STEPS; i++) {
		struct outlook_step *s = &out->step[out->steps++];
		memset(s, 0, sizeof(*s));
		s->rule = &out->rule->step[i];
		s->state = !out->running    ? OUTLOOK_OPEN
			   : i < run->step  ? OUTLOOK_DONE
			   : i == run->step ? OUTLOOK_NOW
					    : OUTLOOK_OPEN;
		changes(m, s, i);
		s->begin = s->end = at;
		if (s->state == OUTLOOK_DONE)
			continue;
		if (i >= first)
			guard(m, s, i, out->running ? run->step : 0);
		times(m, s, i);
		out->scans += s->parent_ds + s->parent_ns;
		at = s->end;
	}
	out->end = at;
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
advise_ttl(struct maker *m, const struct outlook_hold *h, int64_t saves)
{
	const struct zone_view *view = m->view;
	char who[160] = "", lead[40], saved[40];
	uint32_t most = 0;
	size_t n = 0;

	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		uint32_t ttl = i == VIEW_SELF && (h->hold == HOLD_RR || h->hold == HOLD_LEAVE)
				   ? view->own_max_ttl
				   : 0;
		for (int k = 0; k < VIEW_PLACES; k++) {
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
static void
advices(struct maker *m)
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
	walk(m);
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

/* ---- who ---------------------------------------------------------------------------------------
 */

static int
suggested(const struct zone_view *view, uint8_t kind)
{
	int found = -1;

	if (kind == MSIG_PROCESS_ZSK || kind == MSIG_PROCESS_KSK)
		return VIEW_SELF;
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &view->d.provider[i];
		bool in = kind == MSIG_PROCESS_ADD ? p->member : p->contributed || p->member;
		bool add = kind == MSIG_PROCESS_ADD || kind == MSIG_PROCESS_NS_ADD;
		if (!p->used || in == add || !wanted(view, kind, i))
			continue;
		if (found >= 0)
			return -1; /* more than one: which? */
		found = i;
	}
	return found;
}

/* The lowest identity among the members but the subject that can be heard. */
static int
lowest(const struct zone_view *view, int subject)
{
	int best = -1;

	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (!p->used || !p->member || i == subject || (i != VIEW_SELF && !p->ready))
			continue;
		if (best < 0 || strcmp(p->identity, view->d.provider[best].identity) < 0)
			best = i;
	}
	return best;
}

static int
who(const struct zone_view *view, const struct outlook_ask *ask, struct outlook *out, char *err,
    size_t errlen)
{
	const struct view_process *run = &view->d.process;

	out->running = run->kind == ask->kind &&
		       (ask->provider < 0 || run->subject == ask->provider) &&
		       (ask->algorithm == 0 || run->algorithm == ask->algorithm);
	if (out->running) {
		out->subject = run->subject;
		out->requestor = run->requestor;
		out->algorithm = run->algorithm;
		return 0;
	}
	out->algorithm = ask->algorithm;
	out->subject = ask->provider;
	if (ask->kind == MSIG_PROCESS_ALGORITHM && ask->algorithm == 0) {
		snprintf(err, errlen, "to which algorithm?");
		return MSIG_EVALUE;
	}
	if (ask->kind == MSIG_PROCESS_ALGORITHM) {
		out->subject = lowest(view, -1);
	} else if (out->subject < 0) {
		out->subject = suggested(view, ask->kind);
	}
	if (out->subject < 0) {
		snprintf(err, errlen, "%s of which provider? none suggests itself, or several do",
			 process_name(ask->kind));
		return MSIG_EVALUE;
	}
	const struct view_provider *p = &view->d.provider[out->subject];
	bool add = ask->kind == MSIG_PROCESS_ADD;
	if (add == p->member && ask->kind != MSIG_PROCESS_NS_ADD &&
	    ask->kind != MSIG_PROCESS_NS_REMOVE) {
		snprintf(err, errlen, "%s is %s of the signers", p->identity,
			 add ? "already one" : "not one");
		return MSIG_EVALUE;
	}
	if (ask->kind == MSIG_PROCESS_ALGORITHM)
		out->requestor = lowest(view, -1);
	else if (add || ask->kind == MSIG_PROCESS_ZSK || ask->kind == MSIG_PROCESS_KSK)
		out->requestor = out->subject;
	else
		out->requestor = lowest(view, out->subject);
	return 0;
}

int
outlook_make(const struct zone_view *view, const struct outlook_ask *ask, int64_t now,
	     struct outlook *out, char *err, size_t errlen)
{
	struct maker m = {.view = view, .out = out, .now = now};
	int ret;

	memset(out, 0, sizeof(*out));
	out->rule = process_rule(ask->kind);
	if (out->rule == NULL) {
		snprintf(err, errlen, "%s is not known here", process_name(ask->kind));
		return MSIG_EVALUE;
	}
	ret = who(view, ask, out, err, errlen);
	if (ret != 0)
		return ret;
	m.at = malloc(sizeof(*m.at));
	if (m.at == NULL) {
		snprintf(err, errlen, "out of memory");
		return MSIG_EVALUE;
	}
	memcpy(m.at, view, sizeof(*m.at)); /* borrows what the view points to */
	starts(&m);
	walk(&m);
	enum outlook_verdict worst = out->worst;
	advices(&m);
	out->worst = worst;
	free(m.at);
	return 0;
}

const char *
outlook_why(const struct outlook_step *s)
{
	static const struct {
		uint32_t effect, holds;
		const char *text;
	} whys[] = {
	    {EFFECT_KEYS_ADD, 0,
	     "a resolver that has any signer's DNSKEY RRset must find every signer's keys in it"},
	    {EFFECT_CDS_ADD, 0, "a parent takes over only what all signers say alike"},
	    {EFFECT_NS_ADD, 0,
	     "from here on resolvers ask these servers: nothing that they say may surprise a "
	     "cache"},
	    {EFFECT_NS_DEL, 0, "nobody is to be sent to these servers any more"},
	    {EFFECT_CDS_DEL, 0, "the parent is to forget the DS, now that no answer needs it"},
	    {EFFECT_KEYS_DEL, 0, "no DS and no signature in any cache needs these keys any more"},
	    {EFFECT_CSYNC, 0, "the parent learns of the changed NS; it goes again after use"},
	    {0, 1 << HOLD_DS, "caches may have the old DS, or a DNSKEY RRset of before"},
	    {0, 1 << HOLD_KEY, "caches may have a DNSKEY RRset of before"},
	    {0, 1 << HOLD_NS, "caches may still send resolvers to the old servers"},
	    {0, 1 << HOLD_RR, "caches may have signatures of before"},
	    {0, 1 << HOLD_LEAVE, "caches may have answers of the leaver's servers"},
	};

	if ((s->rule->holds & (1u << HOLD_RR)) != 0 && s->holds == 0 && s->state != OUTLOOK_DONE)
		return "nothing to wait for: a KSK signs no data";
	if (s->old.zsk == MSIG_KEY_STATE_RETIRED || s->old.csk == MSIG_KEY_STATE_RETIRED)
		return "a key signs data only when every cached DNSKEY RRset has it";
	if (s->fresh.zsk == MSIG_KEY_STATE_SIGNING || s->fresh.csk == MSIG_KEY_STATE_SIGNING)
		return "an algorithm in a DNSKEY RRset has to sign everything: signatures come "
		       "first";
	for (size_t i = 0; i < sizeof(whys) / sizeof(whys[0]); i++)
		if ((s->rule->effect & whys[i].effect) != 0 ||
		    (s->rule->holds & whys[i].holds) != 0)
			return whys[i].text;
	if (changes_type(s, TYPE_CDS))
		return "the new key signs the DNSKEY RRset in every cache by now: the DS may "
		       "change";
	if (s->changes > 0 && changes_type(s, TYPE_DNSKEY))
		return "a key is in every DNSKEY RRset before it is needed, and goes after";
	return s->rule->done != 0 ? "seen at every server, before anything is built on it" : "";
}
