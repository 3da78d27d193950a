/*
 * S9: what an agent has told anybody is known to it after a crash; a REQUEST only asks. What it
 * says rests on what it committed last; so what it has said since then is noted, and asked for when
 * it starts again.
 */
#include <string.h>

#include "tests/sim/sim_int.h"

static void
note(struct node *n, const struct claim *c)
{
	for (int i = 0; i < n->claims; i++)
		if (memcmp(&n->claim[i], c, sizeof(*c)) == 0)
			return;
	if (n->claims < CLAIMS)
		n->claim[n->claims++] = *c;
}

/* It has been taken back, or is over. */
static void
withdraw(struct node *n, const uint8_t tid[16])
{
	int keep = 0;

	for (int i = 0; i < n->claims; i++)
		if (memcmp(n->claim[i].tid, tid, sizeof(n->claim[i].tid)) != 0)
			n->claim[keep++] = n->claim[i];
	n->claims = keep;
}

/* It is neither what runs nor what ran last. */
static bool
given_up(const struct durable *d, const uint8_t tid[16])
{
	return (d->process.kind == 0 || memcmp(d->process.tid, tid, sizeof(d->process.tid)) != 0) &&
	       memcmp(d->ended.tid, tid, sizeof(d->ended.tid)) != 0;
}

void
claims_message(struct node *n, const struct view_message *m)
{
	struct claim c;

	memset(&c, 0, sizeof(c)); /* it is compared as a whole */
	c.op = (uint8_t)m->op;
	switch (m->op) {
	case MSIG_OP_APPROVE:
	case MSIG_OP_EXECUTE:
	case MSIG_OP_DONE:
		if (given_up(&n->view->d, m->tid)) { /* just after that */
			withdraw(n, m->tid);
			return;
		}
		c.step = m->step;
		memcpy(c.tid, m->tid, sizeof(c.tid));
		c.turned = n->view->d.process.turned;
		break;
	case MSIG_OP_ABORT:
	case MSIG_OP_RELEASE:
		withdraw(n, m->tid);
		return;
	case MSIG_OP_ELECT_VOTE:
		c.epoch = m->term;
		c.counter = m->vote;
		break;
	case MSIG_OP_ELECT_CONFIRM:
		c.epoch = m->term;
		c.leader = (int8_t)m->leader;
		break;
	default:
		return;
	}
	note(n, &c);
}

void
claims_version(struct node *n, enum claim_of of, uint64_t epoch, uint64_t counter)
{
	struct claim c;

	memset(&c, 0, sizeof(c));
	c.of = (uint8_t)of;
	c.epoch = epoch;
	c.counter = counter;
	note(n, &c);
}

static bool
before(uint64_t epoch, uint64_t counter, const struct claim *c)
{
	return epoch < c->epoch || (epoch == c->epoch && counter < c->counter);
}

static bool
knows_step(const struct durable *d, const struct claim *c)
{
	const struct view_process *run = &d->process;

	if (memcmp(d->ended.tid, c->tid, sizeof(c->tid)) == 0)
		return true;
	if (run->kind == 0 || memcmp(run->tid, c->tid, sizeof(c->tid)) != 0 || run->step < c->step)
		return false;
	if (c->turned && !run->turned)
		return false;
	if (run->step > c->step)
		return true;
	/* What was done before it was turned round is done once more. */
	if (c->op == MSIG_OP_DONE && run->turned && !c->turned)
		return run->phase >= PHASE_EXECUTING;
	return run->phase >= (c->op == MSIG_OP_APPROVE   ? PHASE_GRANTED
			      : c->op == MSIG_OP_EXECUTE ? PHASE_EXECUTING
							 : PHASE_DONE);
}

static bool
knows(const struct durable *d, const struct claim *c)
{
	const struct view_statement *own = &d->provider[VIEW_SELF].statement;
	const struct view_election *e = &d->election;

	if (c->of == CLAIM_STATEMENT)
		return own->known && !before(own->epoch, own->counter, c);
	if (c->of == CLAIM_OVERLAY)
		return !before(d->want.epoch, d->want.counter, c);
	if (c->op == MSIG_OP_ELECT_VOTE)
		return e->term > c->epoch ||
		       (e->term == c->epoch && (e->voted & BIT(VIEW_SELF)) != 0 &&
			e->vote[VIEW_SELF] == c->counter);
	if (c->op == MSIG_OP_ELECT_CONFIRM)
		return e->term > c->epoch ||
		       (e->term == c->epoch && e->confirmed[VIEW_SELF] == c->leader);
	return knows_step(d, c);
}

void
claims_judge(struct sim *sim, struct node *n)
{
	for (int i = 0; i < n->claims; i++) {
		const struct claim *c = &n->claim[i];
		if (!knows(&n->view->d, c))
			sim_fail(sim, "S9: %s does not know any more what it has said: %s",
				 n->identity,
				 c->of == CLAIM_STATEMENT ? "a statement"
				 : c->of == CLAIM_OVERLAY ? "an overlay"
							  : msig_op_name(c->op));
	}
	n->claims = 0;
}
