/*
 * Messages, ballots, changes and statements, as they travel.
 */
#include <stdio.h>
#include <string.h>
#include "agentd/letter.h"
#include "agentd/mutant.h"
#include "libmsig/err.h"
#include "libmsig/name.h"

/* ---- out ---- */

static int
put_set(const struct zone_view *view, struct rset ids, struct msig_set *out)
{
	const struct rpool *pool = &view->d.pool;
	int ret = 0;

	for (int i = rset_next(&ids, 0); i >= 0 && ret == 0; i = rset_next(&ids, i + 1)) {
		ret = msig_set_add(out, pool->at[i].rdata->data, pool->at[i].rdata->len);
	}
	return ret;
}

int
letter_apex(const struct zone_view *view, const struct rset ids[MSIG_APEX_COUNT],
	    const uint32_t ttl[MSIG_APEX_COUNT], struct msig_apex *apex)
{
	int ret = 0;

	msig_apex_init(apex);
	for (int i = 0; i < MSIG_APEX_COUNT && ret == 0; i++) {
		ret = put_set(view, ids[i], &apex->set[i]);
		apex->set[i].ttl = ttl != NULL ? ttl[i] : 0;
	}
	if (ret != 0) {
		msig_apex_clear(apex);
	}
	return ret;
}

/* What a message of a process says. */
static void
step_option(const struct zone_view *view, const struct view_message *m, struct msig_option *opt)
{
	MSIG_OPTION_SET(opt, EPOCH, epoch, m->epoch);
	MSIG_OPTION_SET(opt, PROCESS, process, m->process);
	MSIG_OPTION_SET(opt, STEP, step, m->step);
	memcpy(opt->transition, m->tid, sizeof(opt->transition));
	opt->has |= MSIG_HAS(TRANSITION);
	if (m->subject >= 0 && m->subject < VIEW_PROVIDERS &&
	    msig_name_parse(view->d.provider[m->subject].identity, opt->subject) == 0) {
		opt->has |= MSIG_HAS(SUBJECT);
	}
	if (m->algorithm != 0) {
		MSIG_OPTION_SET(opt, ALGORITHM, algorithm, m->algorithm);
	}
	if (m->version_counter != 0) {
		opt->version.epoch = m->version_epoch;
		opt->version.counter = m->version_counter;
		opt->has |= MSIG_HAS(VERSION);
	}
	if (m->result != 0) {
		MSIG_OPTION_SET(opt, RESULT, result, m->result);
	}
	if (m->text[0] != '\0') {
		snprintf(opt->text, sizeof(opt->text), "%s", m->text);
		opt->has |= MSIG_HAS(TEXT);
	}
}

/* What a ballot says. */
static void
ballot_option(const struct zone_view *view, const struct view_message *m, struct msig_option *opt)
{
	MSIG_OPTION_SET(opt, TERM, term, m->term);
	MSIG_OPTION_SET(opt, VOTE, vote, m->vote);
	if (m->leader >= 0 && m->leader < VIEW_PROVIDERS &&
	    msig_name_parse(view->d.provider[m->leader].identity, opt->leader) == 0) {
		opt->has |= MSIG_HAS(LEADER);
	}
}

void
letter_option(const struct zone_view *view, const struct view_message *m, struct msig_option *opt)
{
	memcpy(opt->hsync, m->hsync, sizeof(opt->hsync));
	opt->has |= MSIG_HAS(HSYNC);
	if (m->op >= MSIG_OP_ELECT_CALL && m->op <= MSIG_OP_ELECT_CONFIRM) {
		ballot_option(view, m, opt);
	} else {
		step_option(view, m, opt);
	}
}

/* Sets by the core's types, as those of the library. */
static int
change_apex(const struct zone_view *view, const struct rset set[VIEW_APEX], struct msig_apex *apex)
{
	const struct view_overlay *want = &view->d.want;
	const struct rset ids[MSIG_APEX_COUNT] = {
	    [MSIG_APEX_DNSKEY] = set[VIEW_DNSKEY],   [MSIG_APEX_CDS] = set[VIEW_CDS],
	    [MSIG_APEX_CDNSKEY] = set[VIEW_CDNSKEY], [MSIG_APEX_NS] = set[VIEW_NS],
	    [MSIG_APEX_CSYNC] = set[VIEW_CSYNC],
	};
	const uint32_t ttl[MSIG_APEX_COUNT] = {
	    [MSIG_APEX_DNSKEY] = want->ttl_key,  [MSIG_APEX_CDS] = want->ttl_cds,
	    [MSIG_APEX_CDNSKEY] = want->ttl_cds, [MSIG_APEX_NS] = want->ttl_ns,
	    [MSIG_APEX_CSYNC] = want->ttl_ns,
	};

	return letter_apex(view, ids, ttl, apex);
}

int
letter_change(const struct zone_view *view, const struct view_change *c, struct msig_change *change)
{
	int ret;

	msig_change_init(change);
	ret = change_apex(view, c->add, &change->add);
	if (ret == 0 && !MUTANT(HALF)) {
		ret = change_apex(view, c->del, &change->del);
	}
	return ret;
}

int
letter_statement(const struct zone_view *view, const knot_dname_t *identity,
		 const knot_dname_t *zone, uint32_t owner_serial, struct msig_option *option,
		 struct msig_apex *apex)
{
	const struct view_statement *own = &view->d.provider[VIEW_SELF].statement;
	const struct rset ids[MSIG_APEX_COUNT] = {
	    [MSIG_APEX_DNSKEY] = own->dnskey,
	    [MSIG_APEX_CDS] = own->cds,
	    [MSIG_APEX_CDNSKEY] = own->cdnskey,
	    [MSIG_APEX_NS] = own->ns,
	};
	struct msig_statement st;
	int ret;

	if (!own->known) {
		return MSIG_EMISSING;
	}
	msig_statement_init(&st, identity, zone);
	ret = letter_apex(view, ids, NULL, &st.apex);
	if (ret == 0) {
		memcpy(st.generation, own->generation, sizeof(st.generation));
		st.version.epoch = own->epoch;
		st.version.counter = own->counter;
		memcpy(st.hsync_digest, own->hsync, sizeof(st.hsync_digest));
		st.share = own->share;
		st.wish = own->wish;
		st.algorithm = own->wish_algorithm;
		st.standing = own->standing;
		st.process = own->process;
		st.step = own->step;
		st.epoch = own->process_epoch;
		st.owner_serial = owner_serial;
		ret = msig_statement_to_option(&st, option);
	}
	if (ret == 0 && apex != NULL) {
		msig_apex_init(apex);
		ret = msig_apex_copy(apex, &st.apex);
	}
	msig_statement_clear(&st);
	return ret;
}

void
letter_pull(const struct zone_view *view, int provider, struct msig_option *opt)
{
	const struct view_provider *p = &view->d.provider[provider];

	if (p->statement.known) { /* so that it finds out whether its database was put back */
		opt->version.epoch = p->statement.epoch;
		opt->version.counter = p->statement.counter;
		opt->has |= MSIG_HAS(VERSION);
	}
	if (p->differs) {
		MSIG_OPTION_SET(opt, RESULT, result, MSIG_RESULT_STATE);
	}
}

/* ---- in ---- */

/* Records that nobody stated here are counted, and not taken in. */
static void
to_sets(struct zone_view *view, const struct msig_apex *apex, struct rset to[VIEW_APEX],
	uint16_t *unknown)
{
	static const int type[MSIG_APEX_COUNT] = {
	    [MSIG_APEX_DNSKEY] = VIEW_DNSKEY,   [MSIG_APEX_CDS] = VIEW_CDS,
	    [MSIG_APEX_CDNSKEY] = VIEW_CDNSKEY, [MSIG_APEX_NS] = VIEW_NS,
	    [MSIG_APEX_CSYNC] = VIEW_CSYNC,
	};

	for (int i = 0; i < MSIG_APEX_COUNT; i++) {
		const struct msig_set *set = &apex->set[i];
		MSIG_SET_EACH(set, rr)
		{
			/* Nobody states CSYNC. */
			int id = i == MSIG_APEX_CSYNC && set->rrs.count == 1
				     ? view_rr(view, VIEW_CSYNC, rr->data, rr->len)
				     : rpool_find(&view->d.pool, set->type, rr->data, rr->len);
			if (id >= 0) {
				rset_add(&to[type[i]], id);
			} else {
				(*unknown)++;
			}
		}
	}
}

static void
to_change(struct zone_view *view, const struct msig_peermsg *msg, struct view_change *to)
{
	const struct msig_change *change = &msg->change;

	to->given = msg->has_change;
	snprintf(to->odd, sizeof(to->odd), "%s", change->odd);
	to_sets(view, &change->add, to->add, &to->unknown);
	to_sets(view, &change->del, to->del, &to->strange);
}

void
letter_message(struct zone_view *view, int provider, const struct msig_peermsg *msg,
	       struct view_message *m)
{
	const struct msig_option *opt = &msg->option;

	memset(m, 0, sizeof(*m));
	m->op = (enum msig_op)opt->operation;
	m->epoch = opt->epoch;
	m->process = opt->process;
	m->step = opt->step;
	memcpy(m->tid, opt->transition, sizeof(m->tid));
	memcpy(m->hsync, opt->hsync, sizeof(m->hsync));
	m->subject = provider;
	if ((opt->has & MSIG_HAS(SUBJECT)) != 0) {
		char subject[MSIG_NAME_TEXT];
		msig_name_text(opt->subject, subject);
		m->subject = view_provider_find(view, subject);
	}
	m->algorithm = opt->has & MSIG_HAS(ALGORITHM) ? opt->algorithm : 0;
	if ((opt->has & MSIG_HAS(VERSION)) != 0) {
		m->version_epoch = opt->version.epoch;
		m->version_counter = opt->version.counter;
	}
	m->result = opt->has & MSIG_HAS(RESULT) ? opt->result : 0;
	m->term = opt->term;
	m->vote = opt->vote;
	m->leader = -1;
	if ((opt->has & MSIG_HAS(LEADER)) != 0) {
		char leader[MSIG_NAME_TEXT];
		msig_name_text(opt->leader, leader);
		m->leader = view_provider_find(view, leader);
	}
	snprintf(m->text, sizeof(m->text), "%.150s", opt->has & MSIG_HAS(TEXT) ? opt->text : "");
	to_change(view, msg, &m->change);
}

static int
to_view(struct zone_view *view, const struct msig_set *set_in, enum view_type type,
	struct rset *out)
{
	*out = RSET_NONE;
	MSIG_SET_EACH(set_in, rr)
	{
		int id = view_rr(view, type, rr->data, rr->len);
		if (id < 0) {
			return id;
		}
		rset_add(out, id);
	}
	return 0;
}

int
letter_stated(struct zone_view *view, const struct msig_statement *st, struct view_statement *said)
{
	const struct msig_set *set = st->apex.set;
	int ret;

	memset(said, 0, sizeof(*said));
	said->known = true;
	if ((ret = to_view(view, &set[MSIG_APEX_DNSKEY], VIEW_DNSKEY, &said->dnskey)) != 0 ||
	    (ret = to_view(view, &set[MSIG_APEX_CDS], VIEW_CDS, &said->cds)) != 0 ||
	    (ret = to_view(view, &set[MSIG_APEX_CDNSKEY], VIEW_CDNSKEY, &said->cdnskey)) != 0 ||
	    (ret = to_view(view, &set[MSIG_APEX_NS], VIEW_NS, &said->ns)) != 0) {
		return ret;
	}
	memcpy(said->generation, st->generation, sizeof(said->generation));
	said->epoch = st->version.epoch;
	said->counter = st->version.counter;
	said->process_epoch = st->epoch;
	said->share = st->share;
	said->wish = st->wish;
	said->wish_algorithm = st->algorithm;
	said->standing = st->standing;
	said->process = st->process;
	said->step = st->step;
	memcpy(said->hsync, st->hsync_digest, sizeof(said->hsync));
	return 0;
}
