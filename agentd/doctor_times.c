/*
 * TTLs, how long signatures last, and when a new key is used. See doctor.h.
 */
#include <inttypes.h>
#include "agentd/doctor_int.h"
#include "agentd/hold.h"
#include "agentd/process.h"
#include "libmsig/key.h"

#define DAY_MS (24 * 3600 * SECOND)
#define DEFAULT_DELAY 3600 /* s: propagation-delay of Knot DNS, publish-safety of BIND */

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
		int64_t one = p == NULL || p->kind == PLACE_PARENT ? 0 : view_ttl(p, VIEW_DNSKEY);
		ttl = one > ttl ? one : ttl;
	}
	if (own == NULL)
		return;
	e->report->dnskey_ttl = own->ttl;
	wait = t->ask_slow + 2 * t->resend + 2 * t->d + ttl * SECOND +
	       hold_margin(t, ttl * SECOND) - own->ttl * SECOND;
	e->report->roll_delay = (uint32_t)((wait + SECOND - 1) / SECOND);
}

/* The keys are msig's to move. Does somebody else bring one on its way into use? */
static void
beside_msig(struct exam *e)
{
	const struct zone_view *view = e->view;
	struct rset strange = RSET_NONE;
	char text[60];

	for (int i = 0; i < view->keys; i++)
		if (view->key[i].state == MSIG_KEY_STATE_PUBLISHED)
			rset_add(&strange, view->key[i].rr);
	strange = rset_minus(strange, rset_or(view->d.orphans, view->d.process.fresh));
	if (!rset_empty(strange) && (process_rolls(view) || view->d.order[0].process != 0))
		return; /* about to be taken along */
	if (!view->store_known)
		exam_found(e, DOCTOR_ROLLS, DOCTOR_UNKNOWN, "the signer's key store: %.150s",
			   *view->store_why != '\0' ? view->store_why : "not asked yet");
	else if (rset_empty(strange))
		exam_found(e, DOCTOR_ROLLS, DOCTOR_PASS,
			   "msig rolls its keys, and waits for the others");
	else
		exam_found(e, DOCTOR_ROLLS, DOCTOR_WARN,
			   "published, and not ordered here: key %s. Left of a rollover, or the "
			   "signer rolls by itself: in use before the others show it, it makes "
			   "answers bogus",
			   exam_keys_text(e, strange, text, sizeof(text)));
}

/* The last version before those, up to the present one, that all have this key (or are signed by
 * it); NULL: there is none, or it does not have it now. */
static const struct view_version *
before(const struct view_history *h, int key, bool signs)
{
	int i = h->count;

	while (i > 0 && rset_has(signs ? &h->at[i - 1].signers : &h->at[i - 1].set, key))
		i--;
	return i == 0 || i == h->count ? NULL : &h->at[i - 1];
}

/* How long a key of the signer can have been published at most before it was used, ms; -1: its
 * coming was not seen, or is no rollover; VIEW_NEVER: how long is not known. */
static int64_t
published_for(const struct exam *e, int key)
{
	const struct view_version *without = before(&e->signer->history[VIEW_DNSKEY], key, false);
	const struct view_version *unused = before(&e->signer->history[VIEW_SOA], key, true);

	if (without == NULL || !rset_meets(without->set, e->report->own))
		return -1;
	if (unused == NULL || without->last <= e->facts->loaded)
		return VIEW_NEVER; /* it may have come while nobody looked */
	int64_t ms = unused[1].first - without->last;
	return ms > 0 ? ms : 0;
}

/* Nobody but the signer's own clock says when a new key is used: what was seen of that. */
static void
by_itself(struct exam *e)
{
	uint32_t need = e->report->roll_delay + e->report->dnskey_ttl;
	int64_t least = -1;
	int which = -1;

	for (int i = rset_next(&e->report->own, 0); i >= 0; i = rset_next(&e->report->own, i + 1)) {
		int64_t ms = published_for(e, i);
		if (ms < 0 || (which >= 0 && ms >= least))
			continue;
		which = i;
		least = ms;
	}
	if (which < 0)
		return;
	const struct rr *rr = &e->view->d.pool.at[which];
	if (least >= need * SECOND)
		exam_found(e, DOCTOR_ROLLS, DOCTOR_WARN,
			   "key %u/%u came, and msig did not order it: the signer rolls by itself, "
			   "whether the others follow or not",
			   rr->alg, rr->tag);
	else
		exam_found(e, DOCTOR_ROLLS,
			   e->view->d.provider[VIEW_SELF].member ? DOCTOR_FAIL : DOCTOR_WARN,
			   "key %u/%u was used at most %" PRId64
			   " s after it came: the others need %u s to publish it, and caches to "
			   "have it",
			   rr->alg, rr->tag, least / SECOND, need);
}

void
exam_rolls(struct exam *e)
{
	const struct view_version *own = exam_shown(e, VIEW_DNSKEY);

	if (own == NULL || own->absent)
		return;
	if (e->view->config.driver) {
		beside_msig(e);
		return;
	}
	by_itself(e);
	exam_found(e, DOCTOR_ROLL_DELAY,
		   e->report->roll_delay > DEFAULT_DELAY ? DOCTOR_WARN : DOCTOR_PASS,
		   "no driver: if the signer rolls by itself, a new key must be published for %u s "
		   "beside dnskey-ttl before it is used; by default Knot DNS and BIND wait %d s%s",
		   e->report->roll_delay, DEFAULT_DELAY,
		   e->report->roll_delay > DEFAULT_DELAY ? ": too short" : "");
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
