/*
 * What agents say to each other, as octets: composed by agentd's and libmsig's own encoders, read
 * by their decoders where it arrives. What does not survive that way is a failure of the schedule.
 * There are no signatures: a message that is not from whom it says is none here. Beats, which have
 * nothing that a statement has not, are passed on as they are: every fourth message is one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/letter.h"
#include "libmsig/err.h"
#include "libmsig/name.h"
#include "tests/sim/sim_int.h"

#define ZONE "shop.example."
#define WIRE 16384

static void
option_init(struct sim *sim, const struct node *n, enum msig_op op, struct msig_option *opt)
{
	knot_dname_storage_t identity, zone;

	if (msig_name_parse(n->identity, identity) != 0 || msig_name_parse(ZONE, zone) != 0)
		sim_fail(sim, "a name cannot be written");
	msig_option_init(opt, op, identity, zone);
	opt->sync = n->models;
	MSIG_OPTION_SET(opt, SEQUENCE, sequence, ++sim->sequence);
}

/* ret: of making msg, which is used up. */
static void
compose(struct sim *sim, int ret, struct msig_peermsg *msg, struct event *e)
{
	static const struct msig_coding coding;
	static uint8_t wire[WIRE];
	size_t len = sizeof(wire);

	if (ret == 0) {
		ret = msig_peermsg_compose(msg, &coding, wire, &len);
		msig_peermsg_clear(msg);
	}
	if (ret != 0) {
		sim_fail(sim, "a message cannot be written: %s", msig_strerror(ret));
		return;
	}
	free(e->wire);
	e->wire = malloc(len);
	e->wire_len = len;
	memcpy(e->wire, wire, len);
}

static void
parse(struct sim *sim, const struct event *e, struct msig_peermsg *msg)
{
	static const struct msig_coding coding;
	int ret = msig_peermsg_parse(e->wire, e->wire_len, &coding, msg);

	if (ret != 0)
		sim_fail(sim, "a message cannot be read: %s", msig_strerror(ret));
}

void
mail_copy(const struct event *from, struct event *to)
{
	to->wire = malloc(from->wire_len);
	to->wire_len = from->wire_len;
	memcpy(to->wire, from->wire, from->wire_len);
}

/* ---- messages of the agreement, and ballots ---- */

/* What no follower may take. false: nothing is said of the change. */
static bool
tamper(struct sim *sim, struct msig_change *c)
{
	static const uint8_t nobody[] = "\6nobody\7example", address[4] = {192, 0, 2, 1};
	struct msig_set *more = &c->add.set[MSIG_APEX_CSYNC];
	const struct rr *ns = &sim->pool.at[sim->node[0].ns];
	struct msig_apex add = c->add;

	switch (rng_range(&sim->rng, 0, 3)) {
	case 0:
		return false;
	case 1: /* a record that nobody states */
		(void)msig_set_add(&c->add.set[MSIG_APEX_NS], nobody, sizeof(nobody));
		break;
	case 2: /* one that is none of the zone's apex sets */
		msig_set_clear(more);
		more->type = 1;
		(void)msig_set_add(more, address, sizeof(address));
		break;
	default: /* the other way round */
		c->add = c->del;
		c->del = add;
		/* A step that changes nothing adds somebody's NS. */
		(void)msig_set_add(&c->add.set[MSIG_APEX_NS], ns->rdata->data, ns->rdata->len);
		(void)msig_set_add(&c->del.set[MSIG_APEX_NS], ns->rdata->data, ns->rdata->len);
	}
	return true;
}

void
mail_message(struct sim *sim, const struct node *n, const struct view_message *m, struct event *e)
{
	struct msig_peermsg msg;
	struct msig_change change;
	struct msig_option opt;
	int ret;

	option_init(sim, n, m->op, &opt);
	memcpy(opt.generation, n->view->d.generation, sizeof(opt.generation));
	opt.has |= MSIG_HAS(GENERATION);
	letter_option(n->view, m, &opt);
	if (!m->change.given) {
		ret = msig_peermsg_request(&msg, (uint16_t)sim->sequence, &opt, NULL);
		compose(sim, ret, &msg, e);
		return;
	}
	ret = letter_change(n->view, &m->change, &change);
	bool said = e->b == 0 || tamper(sim, &change);
	if (ret == 0 && said)
		ret = msig_peermsg_execute(&msg, (uint16_t)sim->sequence, &opt, &change);
	else if (ret == 0)
		ret = msig_peermsg_request(&msg, (uint16_t)sim->sequence, &opt, NULL);
	msig_change_clear(&change);
	compose(sim, ret, &msg, e);
}

/* Of the records that were said, those that came; the others nobody stated here: they are counted.
 */
static bool
same_sets(struct sim *sim, struct node *n, const struct rset *sent, const struct rset *came,
	  int missing)
{
	for (int t = 0; t < VIEW_APEX; t++) {
		struct rset set = sim_set_from_view(sim, n, came[t]);
		if (!rset_within(set, sent[t]))
			return false;
		missing -= rset_count(sent[t]) - rset_count(set);
	}
	return missing == 0;
}

/* sent: with the world's numbers. */
static bool
same_message(struct sim *sim, struct node *n, int from, const struct view_message *sent,
	     const struct view_message *came)
{
	bool ballot = sent->op >= MSIG_OP_ELECT_CALL && sent->op <= MSIG_OP_ELECT_CONFIRM;
	int leader = ballot && sent->leader >= 0 ? sim_number_at(sim, n, sent->leader) : -1;

	/* Who does not know the subject says none: then it is the sender. */
	int subject = sent->subject < 0 ? from : sim_number_at(sim, n, sent->subject);

	return sent->op == came->op && sent->epoch == came->epoch &&
	       sent->process == came->process && sent->step == came->step &&
	       memcmp(sent->tid, came->tid, sizeof(sent->tid)) == 0 && subject == came->subject &&
	       sent->algorithm == came->algorithm && sent->version_epoch == came->version_epoch &&
	       sent->version_counter == came->version_counter &&
	       memcmp(sent->hsync, came->hsync, sizeof(sent->hsync)) == 0 &&
	       sent->result == came->result && strncmp(sent->text, came->text, 150) == 0 &&
	       sent->term == came->term && sent->vote == came->vote && came->leader == leader &&
	       sent->change.given == came->change.given && came->change.odd[0] == 0 &&
	       same_sets(sim, n, sent->change.add, came->change.add, came->change.unknown) &&
	       same_sets(sim, n, sent->change.del, came->change.del, came->change.strange);
}

bool
mail_read_message(struct sim *sim, struct node *n, int from, const struct event *e,
		  struct view_message *m)
{
	struct msig_peermsg msg;

	parse(sim, e, &msg);
	if (sim->failed)
		return false;
	letter_message(n->view, from, &msg, m);
	msig_peermsg_clear(&msg);
	if (e->b == 0 && !same_message(sim, n, from, &e->u.message, m))
		sim_fail(sim, "%s does not arrive as it was said", msig_op_name(m->op));
	return !sim->failed;
}

/* ---- statements ---- */

/* The own statement is written once for each version. */
static const struct letter *
letter(struct sim *sim, struct node *n)
{
	const struct view_statement *st = &n->view->d.provider[VIEW_SELF].statement;
	struct letter *l = &n->letter;

	if (l->written && l->epoch == st->epoch && l->counter == st->counter)
		return l;
	mail_forget(n);
	option_init(sim, n, MSIG_OP_STATE, &l->option);
	int ret = letter_statement(n->view, l->option.identity, l->option.zone,
				   n->view->d.hsync.serial, &l->option, &l->apex);
	if (ret != 0) {
		sim_fail(sim, "a statement cannot be written: %s", msig_strerror(ret));
		return NULL;
	}
	l->written = true;
	l->epoch = st->epoch;
	l->counter = st->counter;
	return l;
}

void
mail_forget(struct node *n)
{
	if (n->letter.written)
		msig_apex_clear(&n->letter.apex);
	n->letter.written = false;
}

static struct msig_option
with_sequence(struct sim *sim, const struct letter *l, enum msig_op op)
{
	struct msig_option opt = l->option;

	opt.operation = (uint8_t)op;
	opt.sequence = ++sim->sequence;
	return opt;
}

void
mail_state(struct sim *sim, struct node *n, const struct event *pull, struct event *e)
{
	const struct letter *l = letter(sim, n);
	struct msig_peermsg msg, asked;

	if (l == NULL)
		return;
	sets_statement_out(sim, n, &e->u.statement);
	if (pull == NULL) {
		struct msig_option opt = with_sequence(sim, l, MSIG_OP_STATE);
		int ret = msig_peermsg_request(&msg, (uint16_t)sim->sequence, &opt, &l->apex);
		compose(sim, ret, &msg, e);
		return;
	}
	parse(sim, pull, &asked);
	if (sim->failed)
		return;
	struct msig_option opt = with_sequence(sim, l, MSIG_OP_PULL);
	int ret = msig_peermsg_response(&msg, &asked, KNOT_RCODE_NOERROR, &opt, &l->apex);
	msig_peermsg_clear(&asked);
	compose(sim, ret, &msg, e);
}

bool
mail_read_state(struct sim *sim, struct node *n, const struct event *e, struct view_statement *said)
{
	struct view_statement sent = e->u.statement;
	struct msig_statement st;
	struct msig_peermsg msg;

	parse(sim, e, &msg);
	if (sim->failed)
		return false;
	int ret = msig_statement_from_peermsg(&msg, &st);
	msig_peermsg_clear(&msg);
	if (ret == 0) {
		ret = letter_stated(n->view, &st, said);
		msig_statement_clear(&st);
	}
	if (ret != 0) {
		sim_fail(sim, "a statement cannot be read: %s", msig_strerror(ret));
		return false;
	}
	sent.dnskey = sim_set_to_view(sim, n, sent.dnskey);
	sent.cds = sim_set_to_view(sim, n, sent.cds);
	sent.cdnskey = sim_set_to_view(sim, n, sent.cdnskey);
	sent.ns = sim_set_to_view(sim, n, sent.ns);
	if (!view_same_statement(&sent, said) || sent.epoch != said->epoch ||
	    sent.counter != said->counter ||
	    memcmp(sent.generation, said->generation, sizeof(sent.generation)) != 0)
		sim_fail(sim, "a statement does not arrive as it was said");
	return !sim->failed;
}

/* ---- who has which ---- */

void
mail_pull(struct sim *sim, const struct node *n, int provider, struct event *e)
{
	struct msig_peermsg msg;
	struct msig_option opt;

	option_init(sim, n, MSIG_OP_PULL, &opt);
	letter_pull(n->view, provider, &opt);
	compose(sim, msig_peermsg_request(&msg, (uint16_t)sim->sequence, &opt, NULL), &msg, e);
}

bool
mail_read_option(struct sim *sim, const struct event *e, struct msig_option *opt)
{
	struct msig_peermsg msg;

	parse(sim, e, &msg);
	if (sim->failed)
		return false;
	*opt = msg.option;
	msig_peermsg_clear(&msg);
	return true;
}
