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
#include "agentd/process.h"
#include "agentd/roll.h"
#include "agentd/safety.h"

static const struct {
	const char *name;
	enum view_type type;
} holds[HOLD_COUNT] = {
    [HOLD_KEY] = {"H_KEY", VIEW_DNSKEY},
    [HOLD_DS] = {"H_DS", VIEW_DS},
    [HOLD_NS] = {"H_NS", VIEW_NS},
    [HOLD_RR] = {"H_RR", VIEW_SOA},
    [HOLD_LEAVE] = {"max(H_KEY, H_RR)", VIEW_NS},
};

const char *
hold_name(enum view_hold hold)
{
	return holds[hold].name;
}

/* A copy of what somebody else signed, who waits for it himself: nothing there is by any of these.
 */
static bool
copy_of_others(const struct zone_view *view, const struct view_place *p,
	       const struct view_version *v, uint32_t at)
{
	int provider = view_place_provider(view, p);
	struct rset mine = RSET_NONE;

	if (p->kind != PLACE_SERVER || rset_empty(v->signers) ||
	    (provider >= 0 && (at >> provider & 1) != 0))
		return false;
	for (int i = 0; i < view->d.providers; i++)
		if ((at >> i & 1) != 0)
			mine = rset_or(mine, view->d.provider[i].statement.dnskey);
	if ((at & 1) != 0)
		mine = rset_or(mine, rset_or(view->d.own, view->d.process.old));
	return !rset_meets(v->signers, mine);
}

static bool
satisfies(const struct zone_view *view, enum view_hold hold, const struct view_place *p,
	  const struct view_version *v, const struct hold_want *want)
{
	if (v->absent)
		return false;
	if (hold == HOLD_RR && copy_of_others(view, p, v, want->at))
		return true;
	if (hold == HOLD_RR)
		return ((want->alien != 0 && v->alien == want->alien) ||
			rset_meets(v->signers, want->in) || rset_empty(want->in)) &&
		       !rset_meets(v->signers, want->out) && (!want->exact || v->alien == 0);
	struct rset set = hold == HOLD_DS ? rpool_keys(&view->d.pool, v->set) : v->set;
	struct rset in = hold == HOLD_KEY ? process_keys_in(view, want->in, v) : want->in;
	if (!rset_within(in, set) || rset_meets(set, want->out) ||
	    (want->exact && !rset_within(set, want->in)))
		return false;
	int provider = view_place_provider(view, p);
	return hold != HOLD_KEY || provider < 0 || (want->signs_at >> provider & 1) == 0 ||
	       rset_within(want->signs, v->signers);
}

static bool
counts(const struct zone_view *view, enum view_hold hold, const struct view_place *p, uint32_t at,
       int64_t now)
{
	if (p->kind == PLACE_PARENT)
		return hold == HOLD_DS || hold == HOLD_NS;
	if (hold == HOLD_DS)
		return false;
	int provider = view_place_provider(view, p);
	bool asked = provider >= 0 && (at >> provider & 1) != 0;
	if (hold == HOLD_RR) /* of who only serves: it may be a copy of what is signed there */
		return asked || (safety_cached(view, p, now) && p->kind == PLACE_SERVER &&
				 (provider < 0 || !view->d.provider[provider].member));
	return p->kind == PLACE_SIGNER || asked || safety_cached(view, p, now);
}

int64_t
hold_margin(const struct view_times *t, int64_t ttl)
{
	int64_t share = ttl * t->margin_percent / 100;
	return (share > t->margin ? share : t->margin) + t->skew;
}

static uint32_t
larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static int64_t
ends(const struct zone_view *view, int64_t begin, uint32_t ttl, int64_t reserve)
{
	return begin + ttl * SECOND + reserve + hold_margin(&view->config.times, ttl * SECOND);
}

/* How long caches may hold an NS set by which this server named itself before, and so ask it again:
 * it may have done so once more after the hold of NS. In ms. */
static int64_t
named_itself(const struct view_history *h, struct rset own)
{
	uint32_t ttl = 0;
	for (int i = 0; i + 1 < h->count; i++)
		if (rset_meets(h->at[i].set, own) && h->at[i].ttl > ttl)
			ttl = h->at[i].ttl;
	return ttl * SECOND;
}

/* What the leaver's servers gave out may be cached: the same content as ours, so our largest TTL
 * counts as well as what was seen of theirs. */
static int64_t
leave_deadline(const struct zone_view *view, const struct hold_want *want)
{
	int64_t begin = view->d.process.executed_at;
	uint32_t ttl = view->own_max_ttl;

	if (view->d.clock_floor > begin)
		begin = view->d.clock_floor;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind == PLACE_PARENT)
			continue;
		ttl = larger(ttl, view_ttl_of_all(p));
		int provider = view_place_provider(view, p);
		if (p->kind != PLACE_SERVER || provider < 0 || (want->at >> provider & 1) == 0)
			continue;
		const struct view_history *h = &p->history[VIEW_NS];
		const struct view_version *v = view_current(p, VIEW_NS);
		if (h->status == MSIG_SEEN_UNKNOWN) { /* silent since its last answer */
			if (h->time > begin)
				begin = h->time;
		} else if (v != NULL && rset_meets(v->set, want->in)) {
			return VIEW_NEVER;
		} else if (v != NULL) {
			int64_t last = v->first + named_itself(h, want->in);
			begin = last > begin ? last : begin;
		}
	}
	return ends(view, begin, ttl, view->config.times.d);
}

/* Until when may it have been there? Who was never heard, until the step that waits for it. */
static int64_t
heard(const struct zone_view *view, const struct view_history *h)
{
	int64_t last = view_heard(view, h), step = view->d.process.executed_at;

	return h->count == 0 && step > last ? step : last;
}

/* The place of somebody whom the owner took out, and that answers nobody any more: since its last
 * answer. Or it was never heard, as the database was lost, and nobody is there who could be. */
static bool
fell_silent(const struct zone_view *view, const struct view_place *p, const struct view_history *h,
	    int64_t now)
{
	uint8_t kind = view->d.process.kind;
	uint32_t stay = kind == MSIG_PROCESS_REMOVE ? view->designated : view->listed;

	if ((kind != MSIG_PROCESS_REMOVE && kind != MSIG_PROCESS_NS_REMOVE) ||
	    h->status != MSIG_SEEN_UNKNOWN || h->tried == 0 ||
	    now - heard(view, h) <= 2 * view->config.times.fresh)
		return false;
	int provider = view_place_provider(view, p), subject = view->d.process.subject;
	if (provider == VIEW_STRANGER && rset_empty(*view_names(view, subject)))
		provider = subject; /* whose NS went with a database: nobody else is to go */
	if (h->count == 0 && (provider <= VIEW_SELF || view->d.provider[provider].ready))
		return false;
	return provider > VIEW_SELF && (stay >> provider & 1) == 0;
}

/* Not seen, or not as it is to be. */
static bool
shows_old(const struct zone_view *view, enum view_hold hold, const struct hold_want *want,
	  const struct view_place *p, int64_t now)
{
	const struct view_history *h = &p->history[holds[hold].type];

	if (fell_silent(view, p, h, now))
		return false;
	return h->count == 0 || !satisfies(view, hold, p, &h->at[h->count - 1], want);
}

const struct view_place *
hold_old(const struct zone_view *view, enum view_hold hold, const struct hold_want *want,
	 int64_t now)
{
	for (int i = 0; i < view->d.places && hold != HOLD_LEAVE; i++) {
		const struct view_place *p = view->d.place[i];
		if (p != NULL && counts(view, hold, p, want->at, now) &&
		    shows_old(view, hold, want, p, now))
			return p;
	}
	return NULL;
}

/* Since when do the own servers show these CDS? Until then the parent may have taken up others, and
 * come with them later. */
static int64_t
cds_since(const struct zone_view *view, int64_t begin)
{
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v = p == NULL || p->kind != PLACE_SERVER ||
						       view_place_provider(view, p) != VIEW_SELF
						   ? NULL
						   : view_current(p, VIEW_CDS);
		if (v != NULL && v->first > begin)
			begin = v->first;
	}
	return begin;
}

/* Since which version has this place shown what is wanted? An agent that was down may have missed a
 * change there and back between two of them. */
static const struct view_version *
shown_since(const struct zone_view *view, enum view_hold hold, const struct hold_want *want,
	    const struct view_place *p)
{
	const struct view_history *h = &p->history[holds[hold].type];
	int i = h->count - 1;

	while (i > 0 && satisfies(view, hold, p, &h->at[i - 1], want) && !h->at[i].gap)
		i--;
	return &h->at[i];
}

int64_t
hold_deadline(const struct zone_view *view, enum view_hold hold, const struct hold_want *want,
	      int64_t now)
{
	const struct view_times *times = &view->config.times;
	enum view_type type = holds[hold].type;
	int64_t begin = view->d.clock_floor;
	uint32_t ttl = 0;
	int places = 0;

	if (hold == HOLD_LEAVE)
		return leave_deadline(view, want);
	if (hold == HOLD_DS)
		begin = cds_since(view, begin);
	if (hold == HOLD_DS && view->d.process.turned && !MUTANT(TURN_HOLD)) {
		/* CDS that are there again as they were do not tell when others were last shown. */
		if (roll_named(view))
			return VIEW_NEVER;
		if (view->d.process.hold[HOLD_DS] == 0 && now + times->d > begin)
			begin = now + times->d;
	}
	/* Where the delegation shows nowhere, a person has seen it when the step was executed. */
	if (hold == HOLD_NS && view_hidden(view) && view->d.process.executed_at > begin)
		begin = view->d.process.executed_at;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || !counts(view, hold, p, want->at, now))
			continue;
		const struct view_history *h = &p->history[type];
		places++;
		if (fell_silent(view, p, h, now)) {
			int64_t last = heard(view, h);
			begin = last > begin ? last : begin;
			ttl = larger(ttl, view_ttl_of_all(p));
			if (h->count == 0) /* the content is the same everywhere */
				ttl = larger(ttl, view->own_max_ttl);
			continue;
		}
		if (shows_old(view, hold, want, p, now))
			return VIEW_NEVER;
		const struct view_version *first = shown_since(view, hold, want, p);
		if (first->first > begin)
			begin = first->first;
		/* RR: any RRset of that server */
		ttl = larger(ttl, hold == HOLD_RR ? view_ttl_of_all(p) : view_ttl(p, type));
	}
	if (places == 0)
		return VIEW_NEVER;
	if (hold == HOLD_RR && view->own_max_ttl > ttl)
		ttl = view->own_max_ttl;
	return ends(view, begin, ttl, hold == HOLD_DS ? times->d_parent : times->d);
}

void
hold_raise(struct zone_view *view, uint32_t mask, const struct hold_want want[HOLD_COUNT],
	   int64_t now)
{
	for (int k = 0; k < HOLD_COUNT; k++) {
		if ((mask >> k & 1) == 0)
			continue;
		int64_t *stored = &view->d.process.hold[k];
		int64_t deadline = hold_deadline(view, k, &want[k], now);
		/* What is to be waited for changed, or the old data came back: it begins anew. */
		if (deadline == VIEW_NEVER && *stored != 0 && !MUTANT(HOLD_KEPT)) {
			*stored = 0;
			view->persist = true;
		} else if (deadline != VIEW_NEVER && deadline > *stored) {
			*stored = deadline;
			view->persist = true;
		}
	}
}

bool
hold_elapsed(const struct zone_view *view, uint32_t mask, int64_t now, int64_t *until)
{
	*until = 0;
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
