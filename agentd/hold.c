/*
 * Holds by formula from observed TTLs.
 *
 *	H_DS  = max DS TTL + D_parent
 *	H_KEY = max DNSKEY TTL over all signers + D
 *	H_NS  = max(parent's NS TTL, all child NS TTLs) + D
 *	H_RR  = the largest TTL of any RRset, negative answers included + D
 */
#include "agentd/hold.h"
#include "agentd/mutant.h"
#include "agentd/safety.h"

#define SECOND INT64_C(1000)

static const struct {
	const char *name;
	enum view_type type;
} holds[HOLD_COUNT] = {
    [HOLD_KEY] = {"H_KEY", VIEW_DNSKEY},
    [HOLD_DS] = {"H_DS", VIEW_DS},
    [HOLD_NS] = {"H_NS", VIEW_NS},
    [HOLD_RR] = {"H_RR", VIEW_SOA},
};

const char *
hold_name(enum view_hold hold)
{
	return holds[hold].name;
}

static bool
satisfies(const struct zone_view *view, enum view_hold hold, const struct view_version *v,
	  struct rset wanted)
{
	if (v->absent)
		return false;
	if (hold == HOLD_DS)
		return rset_within(wanted, rpool_keys(&view->d.pool, v->set));
	if (hold == HOLD_RR)
		return rset_within(v->signers, wanted);
	return rset_within(wanted, v->set);
}

static bool
counts(const struct zone_view *view, enum view_hold hold, const struct view_place *p,
       uint32_t providers, int64_t now)
{
	if (p->kind == PLACE_PARENT)
		return hold == HOLD_DS || hold == HOLD_NS;
	if (hold == HOLD_DS)
		return false;
	if (p->kind == PLACE_SIGNER)
		return true;
	int provider = view_place_provider(view, p);
	return (provider >= 0 && (providers >> provider & 1) != 0) || safety_visible(p, now);
}

static int64_t
margin(const struct view_times *t, int64_t ttl)
{
	int64_t share = ttl * t->margin_percent / 100;
	return (share > t->margin ? share : t->margin) + t->skew;
}

int64_t
hold_deadline(const struct zone_view *view, enum view_hold hold, struct rset wanted,
	      uint32_t providers, int64_t now)
{
	const struct view_times *times = &view->config.times;
	enum view_type type = holds[hold].type;
	int64_t begin = view->d.clock_floor;
	uint32_t ttl = 0;
	int places = 0;

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || !counts(view, hold, p, providers, now))
			continue;
		const struct view_history *h = &p->history[type];
		if (h->count == 0 || !satisfies(view, hold, &h->at[h->count - 1], wanted))
			return VIEW_NEVER;
		places++;
		int first = h->count - 1;
		while (first > 0 && satisfies(view, hold, &h->at[first - 1], wanted))
			first--;
		if (h->at[first].first > begin)
			begin = h->at[first].first;
		for (int v = 0; v < h->count; v++)
			if (h->at[v].ttl > ttl)
				ttl = h->at[v].ttl;
		if (hold == HOLD_RR) /* any RRset of that server */
			for (int t = 0; t < VIEW_TYPE_COUNT; t++)
				for (int v = 0; v < p->history[t].count; v++)
					if (p->history[t].at[v].ttl > ttl)
						ttl = p->history[t].at[v].ttl;
	}
	if (places == 0)
		return VIEW_NEVER;
	if (hold == HOLD_RR && view->own_max_ttl > ttl)
		ttl = view->own_max_ttl;
	return begin + ttl * SECOND + (hold == HOLD_DS ? times->d_parent : times->d) +
	       margin(times, ttl * SECOND);
}

void
hold_raise(struct zone_view *view, uint32_t mask, const struct rset wanted[HOLD_COUNT],
	   uint32_t providers, int64_t now)
{
	for (int k = 0; k < HOLD_COUNT; k++) {
		if ((mask >> k & 1) == 0)
			continue;
		int64_t *stored = &view->d.process.hold[k];
		int64_t deadline = hold_deadline(view, k, wanted[k], providers, now);
		if (deadline != VIEW_NEVER && deadline > *stored) {
			*stored = deadline;
			view->persist = true;
		}
	}
}

bool
hold_elapsed(const struct zone_view *view, uint32_t mask, int64_t now, int64_t *until)
{
	*until = 0;
	mask &= ~MUTANT_HOLDS;
	for (int k = 0; k < HOLD_COUNT; k++) {
		if ((mask >> k & 1) == 0)
			continue;
		int64_t stored = view->d.process.hold[k];
		if (stored == 0)
			*until = VIEW_NEVER;
		else if (stored > *until)
			*until = stored;
	}
	return *until <= now;
}
