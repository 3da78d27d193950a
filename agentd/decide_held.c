/*
 * What combinerd holds now, and a database that knows less of it.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/decide_int.h"

static int
version_cmp(uint64_t epoch, uint64_t counter, uint64_t epoch2, uint64_t counter2)
{
	if (epoch != epoch2)
		return epoch < epoch2 ? -1 : 1;
	return counter == counter2 ? 0 : counter < counter2 ? -1 : 1;
}

static void
in_doubt(struct step *s)
{
	const struct durable *d = &s->view->d;
	char todo[REASON_TEXT];

	if (!d->rebuild)
		return;
	snprintf(todo, sizeof(todo),
		 "make sure that no other agent runs, then msigctl resume %.90s", s->view->zone);
	step_blocked(s, REASON_OF_DATABASE, "", "a database as new as the world", d->doubt, todo);
}

/* Which kinds of records does a provider lose all of? */
uint8_t
decide_lost(const struct view_contribution *old, const struct view_contribution *new)
{
	uint8_t kinds = 0;

	if (!rset_empty(old->dnskey) && rset_empty(new->dnskey))
		kinds |= HAS_KEYS;
	if ((!rset_empty(old->cds) && rset_empty(new->cds)) ||
	    (!rset_empty(old->cdnskey) && rset_empty(new->cdnskey)))
		kinds |= HAS_CDS;
	if (!rset_empty(old->ns) && rset_empty(new->ns))
		kinds |= HAS_NS;
	return kinds;
}

void
decide_refused(struct step *s)
{
	if (s->view->apply_rcode != 0)
		step_blocked(s, REASON_OF_OVERLAY, "combinerd", "the overlay accepted",
			     s->view->apply_text, "see what combinerd says; said again by itself");
}

/* combinerd refuses, and holds what is not known here to be there: something that was on its way
 * when a database was confirmed. Whether that goes is decided as of all the rest. */
static void
refused_for_held(struct zone_view *view)
{
	struct durable *d = &view->d;
	bool more = false;

	for (int i = 0; i < d->providers && view->apply_rcode != 0 && !d->shrink; i++) {
		const struct view_contribution *held = &view->held[i];
		struct view_contribution *c = &d->want.from[i];
		uint8_t kinds = decide_lost(held, c);

		if (i != VIEW_SELF && !d->provider[i].contributed)
			continue; /* nobody knows how that came there: a person looks */
		if (kinds & HAS_KEYS)
			c->dnskey = held->dnskey;
		if (kinds & HAS_CDS) {
			c->cds = held->cds;
			c->cdnskey = held->cdnskey;
		}
		if (kinds & HAS_NS)
			c->ns = held->ns;
		c->used |= kinds != 0;
		more |= kinds != 0;
	}
	if (more) {
		d->want.epoch = d->epoch;
		d->want.counter = ++d->counter;
		view->persist = true;
	}
}

/* A database that knows less than combinerd was lost or put back from an old copy. */
void
decide_database(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;

	if (!view->overlay_known) {
		if (step_due(s, view->showed, view->config.times.resend)) {
			step_action(s, ACT_SHOW);
			memset(view->held, 0, sizeof(view->held));
			view->showed = s->now;
		}
		step_wake(s, view->showed + view->config.times.resend);
		step_wait(s, REASON_HOME, REASON_OF_OVERLAY, "combinerd", "what overlay it holds",
			  "no answer yet", 0);
		decide_refused(s);
		in_doubt(s);
		return;
	}
	int cmp = version_cmp(view->combiner_epoch, view->combiner_counter, d->want.epoch,
			      d->want.counter);
	if (cmp > 0 && !d->rebuild) {
		d->rebuild = true;
		snprintf(d->doubt, sizeof(d->doubt), "combinerd holds version %llu.%llu",
			 (unsigned long long)view->combiner_epoch,
			 (unsigned long long)view->combiner_counter);
		view->persist = true;
		step_alarm(s, "the database is older than the world: %s", d->doubt);
	} else if (cmp < 0 && version_cmp(view->combiner_epoch, view->combiner_counter,
					  d->applied_epoch, d->applied_counter) < 0) {
		/* combinerd forgot: it is told again. */
		d->applied_epoch = view->combiner_epoch;
		d->applied_counter = view->combiner_counter;
		view->persist = true;
	}
	if (!d->rebuild) {
		refused_for_held(view);
		memset(view->held, 0, sizeof(view->held));
	}
	in_doubt(s);
}
