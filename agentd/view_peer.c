/*
 * Events into the view: what peers are and say.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/elect.h"
#include "agentd/mutant.h"
#include "agentd/view.h"
#include "agentd/view_int.h"
#include "libmsig/err.h"

static struct view_provider *
peer(struct zone_view *view, int provider)
{
	if (provider <= VIEW_SELF || provider >= VIEW_PROVIDERS || !view->d.provider[provider].used)
		return NULL;
	return &view->d.provider[provider];
}

bool
view_on_peer(struct zone_view *view, int provider, bool ready, const char *why)
{
	struct view_provider *p = peer(view, provider);
	if (p == NULL)
		return false;
	reason_copy(p->why, sizeof(p->why), why);
	if (p->ready == ready)
		return false;
	p->ready = ready;
	if (ready) { /* say again what it may have missed */
		p->told = 0;
		p->tell = true;
	}
	return view_news(view, false);
}

bool
view_on_apart(struct zone_view *view, int provider, int64_t seconds)
{
	struct view_provider *p = peer(view, provider);
	if (p == NULL || p->apart == seconds)
		return false;
	p->apart = seconds;
	return view_news(view, false);
}

bool
view_on_models(struct zone_view *view, int provider, uint8_t models)
{
	struct view_provider *p = peer(view, provider);
	if (p == NULL || models == 0 || p->models == models)
		return false;
	p->models = models;
	return view_news(view, true);
}

static int
version_cmp(uint64_t epoch, uint64_t counter, const struct view_statement *s)
{
	if (epoch != s->epoch)
		return epoch < s->epoch ? -1 : 1;
	return counter == s->counter ? 0 : counter < s->counter ? -1 : 1;
}

bool
view_on_beat(struct zone_view *view, int provider, const uint8_t generation[16], uint64_t epoch,
	     uint64_t counter, const uint8_t hsync[32])
{
	struct view_provider *p = peer(view, provider);
	/* One that is older, or the same with another HSYNC, tells of a database that was put back:
	 * it is told when it is pulled. One that begins anew counts from the beginning, and comes
	 * to the same numbers again. */
	if (p == NULL || p->stale ||
	    (p->statement.known && version_cmp(epoch, counter, &p->statement) == 0 &&
	     (generation == NULL || memcmp(generation, p->statement.generation, 16) == 0) &&
	     (hsync == NULL || memcmp(hsync, p->statement.hsync, 32) == 0)))
		return false;
	p->stale = true;
	return view_news(view, false);
}

bool
view_same_statement(const struct view_statement *a, const struct view_statement *b)
{
	return a->process == b->process && a->step == b->step && a->share == b->share &&
	       a->standing == b->standing && a->wish == b->wish &&
	       a->wish_algorithm == b->wish_algorithm && a->process_epoch == b->process_epoch &&
	       memcmp(a->hsync, b->hsync, 32) == 0 && rset_equal(a->dnskey, b->dnskey) &&
	       rset_equal(a->cds, b->cds) && rset_equal(a->cdnskey, b->cdnskey) &&
	       rset_equal(a->ns, b->ns);
}

static int
refuse_statement(struct zone_view *view, struct view_provider *p, int error, const char *why)
{
	reason_copy(p->refused, sizeof(p->refused), why);
	view_news(view, false);
	return error;
}

bool
view_refuse(struct zone_view *view, int provider, const char *why)
{
	struct view_provider *p = peer(view, provider);

	if (p == NULL || strncmp(p->refused, why, sizeof(p->refused) - 1) == 0)
		return false;
	(void)refuse_statement(view, p, 0, why);
	return true;
}

/* It states an older one, or another one of the same version, again and again: its database was put
 * back from a copy. A signer of the group puts it in doubt with that; who is none is not believed
 * in this, and takes it as it is now. */
static bool
back_for_long(const struct zone_view *view, struct view_provider *p, int64_t now)
{
	if (view->d.provider[VIEW_SELF].member || (view->designated & 1) != 0)
		return false;
	if (p->older == 0 || p->older > now)
		p->older = now;
	return now - p->older >= view->config.times.late;
}

int
view_on_statement(struct zone_view *view, int provider, const struct view_statement *said,
		  int64_t now)
{
	struct view_provider *p = peer(view, provider);
	if (p == NULL)
		return MSIG_ESENDER;
	if (rset_count(said->dnskey) > VIEW_KEYS || rset_count(said->cds) > VIEW_KEYS ||
	    rset_count(said->cdnskey) > VIEW_KEYS || rset_count(said->ns) > VIEW_NSES)
		return refuse_statement(view, p, MSIG_ESIZE, "it states too many records");
	/* A key has one owner: what is ours or a member's cannot be stated by somebody else. */
	struct rset taken = view->d.own;
	for (int i = 1; i < view->d.providers; i++)
		if (i != provider && view->d.provider[i].used && view->d.provider[i].member)
			taken = rset_or(taken, view->d.provider[i].statement.dnskey);
	if (rset_meets(said->dnskey, taken))
		return refuse_statement(view, p, MSIG_EREFUSED, "it states a key of somebody else");
	if (said->epoch > view->d.epoch + VIEW_EPOCH_JUMP ||
	    said->process_epoch > view->d.epoch + VIEW_EPOCH_JUMP)
		return refuse_statement(view, p, MSIG_EVALUE, "its epoch cannot be");
	bool successor =
	    p->statement.known && memcmp(p->statement.generation, said->generation, 16) == 0;
	if (successor) {
		int cmp = version_cmp(said->epoch, said->counter, &p->statement);
		bool same = cmp == 0 && view_same_statement(said, &p->statement);
		p->stale = cmp <= 0 && !same;
		p->differs = cmp == 0 && !same;
		if (same)
			p->older = 0;
		if (same || (cmp <= 0 && !back_for_long(view, p, now)))
			return same ? 0 : MSIG_EDOUBT;
	}
	/* What it said before its database was another one may come late. */
	if (p->statement.known && !successor) {
		if (now < p->past_until &&
		    memcmp(p->past, said->generation, sizeof(p->past)) == 0) {
			p->stale = true;
			return MSIG_EDOUBT;
		}
		memcpy(p->past, p->statement.generation, sizeof(p->past));
		p->past_until = now + view->config.times.late;
	}
	p->statement = *said;
	p->statement.known = true;
	p->statement.received = now;
	p->stale = p->differs = false;
	p->older = 0;
	p->refused[0] = 0;
	view_news(view, true);
	return 0;
}

bool
view_on_echo(struct zone_view *view, int provider, uint64_t epoch, uint64_t counter, bool differs)
{
	struct durable *d = &view->d;
	const struct view_statement *own = &d->provider[VIEW_SELF].statement;
	struct view_provider *p = peer(view, provider);

	/* Nobody but a signer of the group can stop us, and none that an operator took out. */
	if (p == NULL || epoch > d->epoch + VIEW_EPOCH_JUMP ||
	    ((view->designated >> provider & 1) == 0 && (!p->member || p->expelled)))
		return false;
	struct view_statement said = {.epoch = d->epoch, .counter = d->counter};
	if (!differs && version_cmp(epoch, counter, own->known ? own : &said) <= 0)
		return false;
	/* What we say next is later than what anybody has heard. */
	if (epoch > d->epoch)
		d->epoch = epoch;
	if (counter > d->counter)
		d->counter = counter;
	if (!d->rebuild) {
		d->rebuild = true;
		view->overlay_known = false; /* what combinerd holds is what a person confirms */
		view->showed = 0;
		snprintf(d->doubt, sizeof(d->doubt), "%.80s holds statement %llu.%llu of ours",
			 p->identity, (unsigned long long)epoch, (unsigned long long)counter);
	}
	return view_news(view, true);
}

/* Messages are kept as the latest state of the peer; the agreement draws the conclusions. */
bool
view_on_message(struct zone_view *view, int provider, const struct view_message *m, int64_t now)
{
	struct view_provider *p = peer(view, provider);
	if (p == NULL)
		return false;
	struct view_process *run = &view->d.process;
	bool mine =
	    run->kind != 0 && (MUTANT(TRANSITION) || memcmp(run->tid, m->tid, sizeof(m->tid)) == 0);
	bool same = m->algorithm == run->algorithm || MUTANT(TURN_WORDS);
	uint32_t bit = BIT(provider);

	switch (m->op) {
	case MSIG_OP_REQUEST:
		p->request = *m;
		p->requested = true;
		p->requested_at = now;
		p->answer = 0;
		return view_news(view, false);
	case MSIG_OP_EXECUTE:
	case MSIG_OP_RELEASE:
	case MSIG_OP_ABORT:
		p->ask = *m;
		p->asking = true;
		return view_news(view, false);
	case MSIG_OP_DONE:
		if (!mine) {
			p->ask = *m;
			p->asking = true;
			return view_news(view, false);
		}
		if (m->step != run->step || !same || (run->done & bit) != 0 ||
		    (run->phase != PHASE_EXECUTING && run->phase != PHASE_DONE))
			return false;
		run->done |= bit;
		return view_news(view, true);
	case MSIG_OP_APPROVE:
		if (!mine) {
			p->ask = *m;
			p->asking = true;
			return view_news(view, false);
		}
		if (run->requestor != VIEW_SELF || run->phase != PHASE_REQUESTED ||
		    m->step != run->step || !same || (run->approved & bit) != 0)
			return false;
		run->approved |= bit;
		p->said[0] = 0;
		p->said_result = 0;
		return view_news(view, true);
	case MSIG_OP_DENY:
	case MSIG_OP_NOT_YET:
		if (mine && run->requestor == provider && m->op == MSIG_OP_DENY &&
		    m->result == MSIG_RESULT_ENDED) {
			p->ask = *m;
			p->asking = true;
			return view_news(view, false);
		}
		if (!mine || run->requestor != VIEW_SELF || m->step != run->step ||
		    (run->phase != PHASE_REQUESTED && m->op != MSIG_OP_DENY))
			return false;
		reason_copy(p->said, sizeof(p->said), m->text);
		p->said_result = m->result;
		if (m->op == MSIG_OP_DENY) {
			p->ask = *m;
			p->asking = true;
		}
		return view_news(view, false);
	case MSIG_OP_ELECT_CALL:
	case MSIG_OP_ELECT_VOTE:
	case MSIG_OP_ELECT_CONFIRM:
		return elect_on_message(view, provider, m) ? view_news(view, false) : false;
	default:
		return false;
	}
}
