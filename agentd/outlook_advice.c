/*
 * What would make a process shorter: the same walk with smaller TTLs. See outlook.h. Holds of one
 * step run side by side, so lowering a single TTL may save nothing: each is tried alone, and then
 * all that it takes together.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/outlook_int.h"

static const struct {
	const char *ttl;
	bool parent;
	enum view_type type; /* VIEW_TYPE_COUNT: any */
} lever[LEVER_COUNT] = {
    [LEVER_DNSKEY] = {"DNSKEY TTL", false, VIEW_DNSKEY},
    [LEVER_NS] = {"NS TTL", false, VIEW_NS},
    [LEVER_ALL] = {"largest TTL of any record", false, VIEW_TYPE_COUNT},
    [LEVER_DS] = {"DS TTL", true, VIEW_DS},
    [LEVER_DELEGATION] = {"NS TTL of the delegation", true, VIEW_NS},
};

/* What saves less, ms, is not worth a word: a minute, or a hundredth of all. */
static int64_t
least(const struct outlook_maker *m)
{
	int64_t share = (m->out->end - m->now) / 100;

	return share > 60 * SECOND ? share : 60 * SECOND;
}

bool
outlook_lowered(const struct outlook_maker *m, bool parent, enum view_type type)
{
	for (int l = 0; l < LEVER_COUNT; l++)
		if ((m->lowered >> l & 1) != 0 && lever[l].parent == parent &&
		    (lever[l].type == type || lever[l].type == VIEW_TYPE_COUNT))
			return true;
	return false;
}

/* Whose TTL it is; VIEW_STRANGER: the parent's, or that of servers that no provider states. */
static int
whose(const struct zone_view *view, const struct view_place *p)
{
	return p->kind == PLACE_PARENT   ? VIEW_STRANGER
	       : p->kind == PLACE_SIGNER ? VIEW_SELF
					 : view_place_provider(view, p);
}

static uint32_t
ttl_of(const struct zone_view *view, enum outlook_lever l, int provider)
{
	bool any = lever[l].type == VIEW_TYPE_COUNT;
	uint32_t most = any && provider == VIEW_SELF ? view->own_max_ttl : 0;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || (p->kind == PLACE_PARENT) != lever[l].parent ||
		    whose(view, p) != provider)
			continue;
		for (enum view_type t = 0; t < VIEW_TYPE_COUNT; t++) {
			uint32_t ttl = any || t == lever[l].type ? view_ttl(p, t) : 0;
			most = ttl > most ? ttl : most;
		}
	}
	return most;
}

static uint32_t
largest(const struct zone_view *view, enum outlook_lever l)
{
	uint32_t most = 0;

	for (int i = VIEW_STRANGER; i < view->d.providers; i++) {
		uint32_t ttl = ttl_of(view, l, i);
		most = ttl > most ? ttl : most;
	}
	return most;
}

static uint32_t
long_ones(const struct zone_view *view)
{
	uint32_t mask = 0;

	for (int l = 0; l < LEVER_COUNT; l++)
		mask |= largest(view, l) > OUTLOOK_TTL ? BIT(l) : 0;
	return mask;
}

/* The same walk with these TTLs lowered: by how much it ends earlier, ms. */
static int64_t
saves(struct outlook_maker *m, uint32_t levers)
{
	struct outlook *real = m->out, *less = malloc(sizeof(*less));
	int64_t saved;

	if (less == NULL)
		return 0;
	*less = *real;
	m->out = less;
	m->lowered = levers;
	memset(m->change, 0, sizeof(m->change));
	m->ds_pending = false;
	outlook_walk(m);
	m->out = real;
	m->lowered = 0;
	saved = real->end - less->end;
	free(less);
	return saved;
}

/* Of these, as few as save as much; what is hard to lower goes first. */
static uint32_t
needed(struct outlook_maker *m, uint32_t levers)
{
	int64_t all = saves(m, levers);

	for (int l = LEVER_COUNT - 1; l >= 0; l--)
		if ((levers >> l & 1) != 0 && saves(m, levers & ~BIT(l)) > all - least(m))
			levers &= ~BIT(l);
	return levers;
}

/* Time to wait is rounded up, time saved is rounded down: neither promises too much. */
static void
add_span(char *buf, size_t len, int64_t ms, bool up)
{
	int64_t s = ms / SECOND;
	int64_t unit = s >= 2 * 86400 ? 86400 : s >= 2 * 3600 ? 3600 : 60;

	reason_add(buf, len, "%lld %s", (long long)((s + (up ? unit - 1 : 0)) / unit),
		   unit == 86400  ? "days"
		   : unit == 3600 ? "h"
				  : "min");
}

/* Which TTL at whom, from what to what. */
static void
add_lever(const struct zone_view *view, enum outlook_lever l, char *buf, size_t len)
{
	const char *sep = "";

	reason_add(buf, len, "the %s ", lever[l].ttl);
	for (int i = VIEW_STRANGER; i < view->d.providers; i++) {
		uint32_t ttl = ttl_of(view, l, i);
		if (ttl <= OUTLOOK_TTL)
			continue;
		reason_add(buf, len, "%sat %s from %u ", sep,
			   i != VIEW_STRANGER ? view->d.provider[i].identity
			   : lever[l].parent  ? "the parent"
					      : "servers of no provider",
			   ttl);
		sep = "and ";
	}
	reason_add(buf, len, "to %d%s", OUTLOOK_TTL,
		   lever[l].parent ? " (for the parent to do)" : "");
}

static void
advise(struct outlook_maker *m, uint32_t levers, int64_t saved, const char *how)
{
	const struct zone_view *view = m->view;
	const char *sep = "lower ";
	int64_t lead = 0;

	if (m->out->advices == OUTLOOK_ADVICES)
		return;
	char *text = m->out->advice[m->out->advices++];
	text[0] = '\0';
	for (int l = 0; l < LEVER_COUNT; l++) {
		if ((levers >> l & 1) == 0)
			continue;
		int64_t until =
		    outlook_forgotten(&view->config.times, largest(view, l), lever[l].parent);
		lead = until > lead ? until : lead;
		reason_add(text, OUTLOOK_TEXT, "%s", sep);
		add_lever(view, l, text, OUTLOOK_TEXT);
		sep = ", and ";
	}
	reason_add(text, OUTLOOK_TEXT, ", at least ");
	add_span(text, OUTLOOK_TEXT, lead, true);
	reason_add(text, OUTLOOK_TEXT, " before: saves ");
	add_span(text, OUTLOOK_TEXT, saved, false);
	reason_add(text, OUTLOOK_TEXT, "%s", how);
}

void
outlook_advices(struct outlook_maker *m)
{
	uint32_t levers = long_ones(m->view);
	int64_t alone[LEVER_COUNT] = {0}, best = 0;

	for (int l = 0; l < LEVER_COUNT; l++) {
		alone[l] = (levers >> l & 1) != 0 ? saves(m, BIT(l)) : 0;
		/* That of all records, only for what it saves beyond those of single types. */
		if (alone[l] >= least(m) && (l != LEVER_ALL || alone[l] >= best + least(m)))
			advise(m, BIT(l), alone[l], "");
		best = alone[l] > best ? alone[l] : best;
	}
	levers = needed(m, levers);
	int64_t all = saves(m, levers);
	if (all >= best + least(m))
		advise(m, levers, all,
		       best < least(m) ? " together, and nothing alone" : " together");
}
