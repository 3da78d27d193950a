/*
 * TTLs, and how long signatures last. See doctor.h.
 */
#include <inttypes.h>
#include "agentd/doctor_int.h"
#include "agentd/roll.h"

#define DAY_MS (24 * 3600 * SECOND)

static int64_t
with_margin(const struct view_times *t, int64_t ms)
{
	int64_t share = ms * t->margin_percent / 100;

	return ms + (share > t->margin ? share : t->margin) + t->skew;
}

/* What the others need to publish a new ZSK of ours and to let caches forget the DNSKEY RRset
 * without it: we see it (poll), say so, they approve, combinerd and their signer and secondaries
 * follow, and then the hold. The signer itself waits dnskey-ttl beside propagation-delay. */
void
exam_roll_delay(struct exam *e)
{
	const struct view_times *t = &e->view->config.times;
	const struct view_version *own = exam_shown(e, VIEW_DNSKEY);
	int64_t ttl = 0, wait;

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = e->view->d.place[i];
		for (int v = 0;
		     p != NULL && p->kind != PLACE_PARENT && v < p->history[VIEW_DNSKEY].count; v++)
			if (p->history[VIEW_DNSKEY].at[v].ttl > ttl)
				ttl = p->history[VIEW_DNSKEY].at[v].ttl;
	}
	if (own == NULL)
		return;
	e->report->dnskey_ttl = own->ttl;
	wait = t->ask_slow + 2 * t->resend + 2 * t->d + with_margin(t, ttl * SECOND) -
	       own->ttl * SECOND;
	e->report->roll_delay = (uint32_t)((wait + SECOND - 1) / SECOND);
}

void
exam_dnskey_ttl(struct exam *e)
{
	const struct view_version *own = exam_shown(e, VIEW_DNSKEY);
	uint32_t ttl = e->view->d.applied.ttl_key;

	if (own == NULL)
		return;
	if (!rset_empty(e->given[VIEW_DNSKEY]) && ttl != own->ttl) {
		exam_found(
		    e, DOCTOR_DNSKEY_TTL, DOCTOR_WARN,
		    "TTL %u at the signer, %u in what combinerd gives: it flips between them, and "
		    "holds count the larger one",
		    own->ttl, ttl);
		return;
	}
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = e->view->d.place[i];
		const struct view_version *v;
		int who = p != NULL ? view_place_provider(e->view, p) : VIEW_STRANGER;
		if (who <= VIEW_SELF || (v = view_current(p, VIEW_DNSKEY)) == NULL ||
		    v->ttl == own->ttl)
			continue;
		exam_found(e, DOCTOR_DNSKEY_TTL, DOCTOR_WARN,
			   "TTL %u at the signer, %u at %s: holds count the larger one", own->ttl,
			   v->ttl, e->view->d.provider[who].identity);
		return;
	}
	exam_found(e, DOCTOR_DNSKEY_TTL, DOCTOR_PASS, "TTL %u everywhere", own->ttl);
}

void
exam_signatures(struct exam *e)
{
	const struct doctor_facts *f = e->facts;
	int64_t left = f->expires - f->now;
	int64_t need = f->max_ttl * SECOND + DAY_MS;

	if (!f->followed || f->expires == 0)
		exam_found(e, DOCTOR_SIGNATURES, DOCTOR_UNKNOWN,
			   "until when signatures last is known when the signer's zone is");
	else if (left < need)
		exam_found(e, DOCTOR_SIGNATURES, DOCTOR_FAIL,
			   "the first signature ends in %" PRId64
			   " h, less than the largest TTL (%u s) and a "
			   "day: what caches hold becomes bogus",
			   left / (3600 * SECOND), f->max_ttl);
	else
		exam_found(e, DOCTOR_SIGNATURES, DOCTOR_PASS,
			   "all signatures last for %" PRId64 " h or longer",
			   left / (3600 * SECOND));
}
