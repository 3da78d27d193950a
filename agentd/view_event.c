/*
 * Events into the view: combinerd, the key store, the operator, the clock.
 */
#include <string.h>

#include "agentd/elect.h"
#include "agentd/view.h"
#include "agentd/view_int.h"
#include "libmsig/err.h"

#define MINUTE (60 * SECOND)

bool
view_on_applied(struct zone_view *view, uint64_t epoch, uint64_t counter, uint16_t rcode,
		const char *text)
{
	const struct view_overlay *want = &view->d.want;
	if (view->applying == 0 || epoch != want->epoch || counter != want->counter)
		return false;
	view->apply_rcode = rcode;
	reason_copy(view->apply_text, sizeof(view->apply_text), text);
	if (rcode != 0) { /* applying stays set: said again after a pause */
		if (rcode != 0xffff) {
			view->overlay_known = false; /* it may hold more than is known here */
			view->showed = 0;
		}
		return view_news(view, false);
	}
	view->applying = 0;
	view->d.applied = *want;
	view->d.shrink = false;
	view->d.applied_epoch = epoch;
	view->d.applied_counter = counter;
	view->combiner_epoch = epoch;
	view->combiner_counter = counter;
	if (view->d.rebuild) { /* it was on its way: what was shown may be from before it */
		view->overlay_known = false;
		view->showed = 0;
	}
	return view_news(view, true);
}

bool
view_on_overlay(struct zone_view *view, uint8_t state, uint64_t epoch, uint64_t counter)
{
	bool same = view->overlay_known && view->combiner_state == state &&
		    view->combiner_epoch == epoch && view->combiner_counter == counter;
	view->overlay_known = true;
	view->combiner_state = state;
	view->combiner_epoch = epoch;
	view->combiner_counter = counter;
	return same ? false : view_news(view, false);
}

bool
view_on_held(struct zone_view *view, const char *identity, const struct view_contribution *c)
{
	struct durable *d = &view->d;
	int p = view_provider(view, identity);

	if (p >= 0) {
		view->held[p] = *c;
		view->held[p].used = true;
	}
	if (p == VIEW_SELF)
		return view_news(view, false);
	struct rset new = rset_minus(rset_minus(c->dnskey, d->own), d->foreign);
	d->foreign = rset_or(d->foreign, new);
	return view_news(view, !rset_empty(new));
}

bool
view_on_keys(struct zone_view *view, bool known, const char *text, const struct view_key *keys,
	     int count)
{
	bool changed = view->store_known != known || strcmp(view->store_why, text) != 0;

	view->store_known = known;
	reason_copy(view->store_why, sizeof(view->store_why), text);
	if (known) {
		if (count > VIEW_STORE)
			count = VIEW_STORE;
		size_t size = sizeof(keys[0]) * (size_t)count; /* of none: keys may be NULL */
		changed |= view->keys != count || (size != 0 && memcmp(view->key, keys, size) != 0);
		if (size != 0)
			memcpy(view->key, keys, size);
		view->keys = count;
	}
	return changed ? view_news(view, false) : false;
}

bool
view_algorithm(uint8_t algorithm)
{
	return algorithm == 8 || (algorithm >= 13 && algorithm <= 16);
}

int
view_on_order(struct zone_view *view, const struct view_order *order)
{
	struct durable *d = &view->d;

	if (view->config.nobody_signs)
		return MSIG_ENOSIG;
	if (!view->config.driver ||
	    (order->process != MSIG_PROCESS_ZSK && order->process != MSIG_PROCESS_KSK &&
	     order->process != MSIG_PROCESS_ALGORITHM) ||
	    (order->process == MSIG_PROCESS_ALGORITHM ? !view_algorithm(order->algorithm)
						      : order->algorithm != 0))
		return MSIG_EVALUE;
	if (order->process == MSIG_PROCESS_ALGORITHM && view->config.one_algorithm)
		return MSIG_ECONF;
	for (int i = 0; i < VIEW_ORDERS; i++)
		if (d->order[i].process == order->process)
			return MSIG_EREFUSED;
	/* What runs may run at another one's word: it is done once, and the order with it. */
	if (d->process.kind == order->process &&
	    (order->process == MSIG_PROCESS_ALGORITHM ? d->process.algorithm == order->algorithm
						      : d->process.subject == VIEW_SELF))
		return MSIG_EREFUSED;
	for (int i = 0; i < VIEW_ORDERS; i++)
		if (d->order[i].process == 0) {
			d->order[i] = *order;
			view_news(view, true);
			return 0;
		}
	return MSIG_ESIZE;
}

int
view_on_expel(struct zone_view *view, const char *identity, bool out)
{
	int i = view_provider_find(view, identity);
	struct view_provider *p = i > VIEW_SELF ? &view->d.provider[i] : NULL;
	const struct view_hsync_entry *e = view_hsync_of(&view->d.hsync, identity);
	bool listed = p != NULL && (p->member || p->has != 0 || (e != NULL && e->on));

	if (p == NULL || (out && !listed) || p->expelled == out)
		return MSIG_EVALUE;
	p->expelled = out;
	view_news(view, true);
	return 0;
}

/* A time that lies ahead after the clock went back would never come. */
static void
not_later(int64_t *time, int64_t now)
{
	if (*time > now && *time != VIEW_NEVER)
		*time = now;
}

static void
doubt_history(struct view_history *h, int64_t now)
{
	/* As long as it had to go when something was heard last. */
	if (h->overflow != 0) {
		int64_t last = h->count > 0 ? h->at[h->count - 1].last : 0;
		int64_t left = h->overflow - (h->tried > last ? h->tried : last);
		h->overflow = left > 0 ? now + left : 0;
	}
	for (int v = 0; v < h->count; v++) {
		not_later(&h->at[v].first, now);
		not_later(&h->at[v].last, now);
		if (h->at[v].until != VIEW_NEVER)
			h->at[v].until = now; /* who knows how long ago it really was */
	}
	h->tried = h->time = 0;
	h->status = MSIG_SEEN_UNKNOWN;
}

static void
doubt_place(struct view_place *p, int64_t now, int64_t d)
{
	uint32_t ttl = view_ttl_of_all(p);
	int64_t heard = 0;
	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		const struct view_history *h = &p->history[t];
		int64_t last = h->count > 0 ? h->at[h->count - 1].last : 0;
		last = h->tried > last ? h->tried : last;
		heard = last > heard ? last : heard;
		doubt_history(&p->history[t], now);
	}
	not_later(&p->named, now);
	/* What was over by the old clock is over, also where that was ahead. */
	if (p->unnamed != 0 && p->unnamed + ttl * SECOND + d > heard)
		p->unnamed = now + ttl * SECOND + d;
	else
		not_later(&p->unnamed, now - ttl * SECOND - d);
	p->asked = 0;
}

/* How far the clock may be set before holds count anew: what the skew of each hold has room for,
 * and less. */
static int64_t
clock_room(const struct zone_view *view)
{
	int64_t half = view->config.times.skew / 2;
	return half < SECOND ? SECOND : half > MINUTE ? MINUTE : half;
}

int64_t
view_check_clock(struct zone_view *view, const struct view_clock *clock)
{
	static const uint8_t none[sizeof(clock->boot)] = {0};
	struct durable *d = &view->d;
	int64_t offset = clock->now - clock->up, by = offset - d->clock_offset;
	bool same = memcmp(d->boot, none, sizeof(none)) != 0 &&
		    memcmp(d->boot, clock->boot, sizeof(d->boot)) == 0;
	bool again = !same && memcmp(d->boot, none, sizeof(none)) != 0 &&
		     memcmp(clock->boot, none, sizeof(none)) != 0;

	if (same && by >= -clock_room(view) && by <= clock_room(view))
		return 0;
	d->clock_offset = offset;
	memcpy(d->boot, clock->boot, sizeof(d->boot));
	(void)view_news(view, true);
	if (!same && !(again && clock->unsure))
		return 0;
	(void)view_on_clock(view, clock->now);
	return same ? by : VIEW_CLOCK_UNSURE;
}

bool
view_on_clock(struct zone_view *view, int64_t now)
{
	struct durable *d = &view->d;
	struct view_process *run = &d->process;

	d->clock_floor = now;
	for (int i = 0; i < d->places; i++)
		if (d->place[i] != NULL)
			doubt_place(d->place[i], now, view->config.times.d);
	for (int k = 0; k < HOLD_COUNT; k++)
		run->hold[k] = 0; /* begun anew from clock_floor */
	not_later(&run->started, now);
	not_later(&run->since, now);
	not_later(&run->executed_at, now);
	not_later(&run->asked, now);
	if (run->lease != 0)
		run->lease = now + view->config.times.lease;
	not_later(&d->backoff, now);
	not_later(&d->keys_since, now);
	for (int i = 1; i < d->providers; i++) {
		not_later(&d->provider[i].past_until, now + view->config.times.late);
		d->provider[i].older = 0;
	}
	elect_on_clock(view, now);
	if (d->pending.count != 0)
		d->pending.time = now;
	for (int i = 0; i < d->providers; i++) {
		struct view_provider *p = &d->provider[i];
		p->sent = p->pulled = 0;
		not_later(&p->requested_at, now);
		not_later(&p->statement.received, now);
	}
	memset(view->looked_at, 0, sizeof(view->looked_at));
	view->parent_looked_at = view->showed = view->notified = view->applying = 0;
	view->hsync_tried = view->hsync_asked = view->hsync.time = 0;
	view->hsync.status = MSIG_SEEN_UNKNOWN;
	return view_news(view, true);
}

uint64_t
view_random(struct zone_view *view)
{
	/* splitmix64 over the seed that the shell gave. */
	uint64_t x;
	memcpy(&x, view->seed, sizeof(x));
	x += UINT64_C(0x9e3779b97f4a7c15);
	memcpy(view->seed, &x, sizeof(x));
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	uint64_t y;
	memcpy(&y, view->seed + 8, sizeof(y));
	return x ^ (x >> 31) ^ y;
}

/* What the own signer shows and does not sign with may have come from an overlay that nobody
 * remembers: it is not taken for own by being there. */
static void
doubt_keys(struct zone_view *view)
{
	struct rset shown = RSET_NONE, signs = RSET_NONE;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_SIGNER)
			continue;
		for (int v = 0; v < p->history[VIEW_DNSKEY].count; v++) {
			shown = rset_or(shown, p->history[VIEW_DNSKEY].at[v].set);
			signs = rset_or(signs, p->history[VIEW_DNSKEY].at[v].signers);
		}
		for (int v = 0; v < p->history[VIEW_SOA].count; v++)
			signs = rset_or(signs, p->history[VIEW_SOA].at[v].signers);
	}
	for (int i = 0; i < view->keys; i++)
		rset_add(&signs, view->key[i].rr);
	view->d.foreign =
	    rset_or(view->d.foreign, rset_minus(rset_minus(shown, signs), view->d.own));
}

/* What is stated from now on is not compared with what was stated before. */
static void
new_generation(struct zone_view *view)
{
	const uint64_t id[2] = {view_random(view), view_random(view)};

	memcpy(view->d.generation, id, sizeof(id));
}

bool
view_on_command(struct zone_view *view, enum view_command command)
{
	struct durable *d = &view->d;
	switch (command) {
	case VIEW_PAUSE:
		d->paused = true;
		break;
	case VIEW_RESUME:
		d->paused = false;
		d->process.aborting = false;
		break;
	case VIEW_ABORT:
		d->process.aborting = d->process.kind != 0;
		break;
	case VIEW_CONFIRM:
		if (!view->overlay_known) /* what to go on from is what combinerd holds */
			return false;
		d->rebuild = false;
		d->doubt[0] = 0;
		/* What combinerd holds is older than what we shall say next. */
		if (view->combiner_counter > d->counter)
			d->counter = view->combiner_counter;
		if (view->combiner_epoch > d->epoch)
			d->epoch = view->combiner_epoch;
		/* What the peers have seen of us in a process that we know nothing of is over, and
		 * what we state from now on is not older than what they had. */
		for (int i = 1; i < d->providers; i++) {
			struct view_provider *p = &d->provider[i];
			if (p->used && p->statement.process_epoch > d->epoch)
				d->epoch = p->statement.process_epoch;
			p->stale = p->used; /* it may have stated more since */
			/* The parent may have taken up CDS that are there. */
			if (p->statement.known && (view->designated >> i & 1) != 0 &&
			    !rset_empty(view->held[i].cds))
				p->has |= HAS_KEYS | HAS_CDS;
		}
		for (int i = 0; i < d->providers; i++) /* NS there are the agents' */
			d->agent_ns |= !rset_empty(view->held[i].ns);
		/* What combinerd has from here is ours until the key store says otherwise. */
		d->own = rset_or(d->own, view->held[VIEW_SELF].dnskey);
		doubt_keys(view);
		d->provider[VIEW_SELF].statement.known = false; /* stated anew */
		view->put_back = d->process.kind != 0;
		view->confirmed = true;
		new_generation(view);
		d->want.epoch = d->applied_epoch = view->combiner_epoch;
		d->want.counter = d->applied_counter = view->combiner_counter;
		memcpy(d->want.from, view->held, sizeof(d->want.from));
		memset(view->held, 0, sizeof(view->held));
		d->begun = false; /* what we are is what the delegation says */
		break;
	}
	return view_news(view, true);
}
