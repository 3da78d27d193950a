/*
 * Does what was decided: overlays to combinerd, messages and statements to peers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agentd/keyring.h"
#include "agentd/look.h"
#include "agentd/peers.h"
#include "agentd/talk.h"
#include "agentd/zones_int.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"
#include "libmsig/statement.h"

#define APPLY_TIMEOUT_MS 10000
#define NO_ANSWER 0xffff

int
zones_set(const struct zone *zone, struct rset ids, struct msig_set *out)
{
	const struct rpool *pool = &zone->view->d.pool;
	int ret = 0;

	for (int i = rset_next(&ids, 0); i >= 0 && ret == 0; i = rset_next(&ids, i + 1)) {
		ret = msig_set_add(out, pool->at[i].rdata->data, pool->at[i].rdata->len);
	}
	return ret;
}

int
zones_to_apex(const struct zone *zone, const struct rset ids[MSIG_APEX_COUNT],
	      const uint32_t ttl[MSIG_APEX_COUNT], struct msig_apex *apex)
{
	int ret = 0;

	msig_apex_init(apex);
	for (int i = 0; i < MSIG_APEX_COUNT && ret == 0; i++) {
		ret = zones_set(zone, ids[i], &apex->set[i]);
		apex->set[i].ttl = ttl != NULL ? ttl[i] : 0;
	}
	if (ret != 0) {
		msig_apex_clear(apex);
	}
	return ret;
}

static int
contribution(const struct zone *zone, int provider, struct msig_blob *blob)
{
	const struct view_overlay *want = &zone->view->d.want;
	const struct view_contribution *c = &want->from[provider];
	const struct rset ids[MSIG_APEX_COUNT] = {
	    [MSIG_APEX_DNSKEY] = c->dnskey,   [MSIG_APEX_CDS] = c->cds,
	    [MSIG_APEX_CDNSKEY] = c->cdnskey, [MSIG_APEX_NS] = c->ns,
	    [MSIG_APEX_CSYNC] = c->csync,
	};
	const uint32_t ttl[MSIG_APEX_COUNT] = {
	    [MSIG_APEX_DNSKEY] = want->ttl_key,  [MSIG_APEX_CDS] = want->ttl_cds,
	    [MSIG_APEX_CDNSKEY] = want->ttl_cds, [MSIG_APEX_NS] = want->ttl_ns,
	    [MSIG_APEX_CSYNC] = want->ttl_ns,
	};
	struct msig_apex apex;
	size_t len = 65535;
	int ret = zones_to_apex(zone, ids, ttl, &apex);

	if (ret != 0) {
		return ret;
	}
	blob->data = xcalloc(1, len);
	ret = msig_apex_to_update(&apex, MSIG_APEX_ALL, zone->name, 0, blob->data, &len);
	blob->len = (uint32_t)len;
	msig_apex_clear(&apex);
	return ret;
}

void
zones_apply_timeout(void *arg)
{
	struct zone *zone = arg;

	zone->applying = 0;
	(void)view_on_applied(zone->view, zone->apply_epoch, zone->apply_counter, NO_ANSWER,
			      "combinerd does not answer");
	zones_mark(zone);
}

static void
act_apply(struct zone *zone)
{
	const struct view_overlay *want = &zone->view->d.want;
	struct msig_msg msg = {.id = MSIG_MSG_APPLY};
	struct msig_msg_APPLY *m = &msg.u.APPLY;
	struct msig_blob blob[VIEW_PROVIDERS] = {{0}};
	char *origin[VIEW_PROVIDERS];
	char text[160];
	int ret = 0;

	for (int i = 0; i < VIEW_PROVIDERS && ret == 0; i++) {
		if (want->from[i].used) {
			origin[m->origin.count] = zone->view->d.provider[i].identity;
			ret = contribution(zone, i, &blob[m->origin.count++]);
		}
	}
	m->id = ++zone->agent->bus_id;
	m->zone = zone->name;
	m->epoch = want->epoch;
	m->counter = want->counter;
	m->may_shrink = zone->view->d.shrink;
	m->origin.at = origin;
	m->contribution.at = blob;
	m->contribution.count = m->origin.count;
	zone->applying = m->id;
	zone->apply_epoch = want->epoch;
	zone->apply_counter = want->counter;
	if (ret == 0) {
		ret = agent_send(zone->agent, &msg);
		snprintf(text, sizeof(text), "overlay %llu.%llu of %u providers to combinerd%s",
			 (unsigned long long)want->epoch, (unsigned long long)want->counter,
			 m->origin.count, ret != 0 ? ": not running" : "");
		log_zone(LOG_LVL_INFO, zone->name, "%s", text);
	} else {
		log_zone(LOG_LVL_ERROR, zone->name, "overlay cannot be written: %s",
			 msig_strerror(ret));
	}
	loop_timer_set(zone->apply_timer, ret != 0 ? 1000 : APPLY_TIMEOUT_MS);
	for (unsigned i = 0; i < m->contribution.count; i++) {
		free(blob[i].data);
	}
}

void
zones_show(struct zone *zone)
{
	struct msig_msg msg = {.id = MSIG_MSG_SHOW};

	zone->showing = ++zone->agent->bus_id;
	msg.u.SHOW.id = zone->showing;
	msg.u.SHOW.zone = zone->name;
	(void)agent_send(zone->agent, &msg);
}

static struct contact *
contact_of(struct zone *zone, int provider)
{
	return provider > 0 ? peers_find(zone->agent, zone->view->d.provider[provider].identity)
			    : NULL;
}

/* What a message of a process says. */
static void
step_option(struct zone *zone, const struct view_message *m, struct msig_option *opt)
{
	MSIG_OPTION_SET(opt, EPOCH, epoch, m->epoch);
	MSIG_OPTION_SET(opt, PROCESS, process, m->process);
	MSIG_OPTION_SET(opt, STEP, step, m->step);
	memcpy(opt->transition, m->tid, sizeof(opt->transition));
	opt->has |= MSIG_HAS(TRANSITION);
	if (m->subject >= 0 && m->subject < VIEW_PROVIDERS &&
	    msig_name_parse(zone->view->d.provider[m->subject].identity, opt->subject) == 0) {
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
ballot_option(struct zone *zone, const struct view_message *m, struct msig_option *opt)
{
	MSIG_OPTION_SET(opt, TERM, term, m->term);
	MSIG_OPTION_SET(opt, VOTE, vote, m->vote);
	if (m->leader >= 0 && m->leader < VIEW_PROVIDERS &&
	    msig_name_parse(zone->view->d.provider[m->leader].identity, opt->leader) == 0) {
		opt->has |= MSIG_HAS(LEADER);
	}
}

/* Sets by the core's types, as those of the library. */
static int
change_apex(const struct zone *zone, const struct rset set[VIEW_APEX], struct msig_apex *apex)
{
	const struct view_overlay *want = &zone->view->d.want;
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

	return zones_to_apex(zone, ids, ttl, apex);
}

/* EXECUTE with what the step changes. */
static void
execute(struct zone *zone, struct contact *contact, const struct msig_option *opt,
	const struct view_change *c)
{
	struct msig_change change;
	int ret;

	msig_change_init(&change);
	ret = change_apex(zone, c->add, &change.add);
	if (ret == 0) {
		ret = change_apex(zone, c->del, &change.del);
	}
	if (ret == 0) {
		talk_execute(zone->agent, contact, opt, &change);
	} else {
		log_zone(LOG_LVL_ERROR, zone->name, "a change cannot be written: %s",
			 msig_strerror(ret));
	}
	msig_change_clear(&change);
}

static void
act_send(struct zone *zone, int provider, const struct view_message *m)
{
	struct contact *contact = contact_of(zone, provider);
	struct msig_option opt;

	if (contact == NULL || !contact->found) {
		return; /* it is said again */
	}
	msig_option_init(&opt, m->op, zone->agent->identity, zone->name);
	memcpy(opt.hsync, m->hsync, sizeof(opt.hsync));
	opt.has |= MSIG_HAS(HSYNC);
	if (m->op >= MSIG_OP_ELECT_CALL && m->op <= MSIG_OP_ELECT_CONFIRM) {
		ballot_option(zone, m, &opt);
	} else {
		step_option(zone, m, &opt);
	}
	log_zone(LOG_LVL_DEBUG, zone->name, "%s %s/%u to %s", msig_op_name(m->op),
		 msig_process_name(m->process), m->step, contact->peer->identity);
	if (m->op == MSIG_OP_EXECUTE && m->change.given) {
		execute(zone, contact, &opt, &m->change);
	} else {
		talk_send(zone->agent, contact, &opt, NULL, NULL);
	}
}

int
zones_statement(struct zone *zone, struct msig_option *option, struct msig_apex *apex)
{
	const struct view_statement *own = &zone->view->d.provider[VIEW_SELF].statement;
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
	msig_statement_init(&st, zone->agent->identity, zone->name);
	ret = zones_to_apex(zone, ids, NULL, &st.apex);
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
		st.owner_serial = zone->owner_serial;
		ret = msig_statement_to_option(&st, option);
	}
	if (ret == 0 && apex != NULL) {
		msig_apex_init(apex);
		ret = msig_apex_copy(apex, &st.apex);
	}
	msig_statement_clear(&st);
	return ret;
}

static void
act_state(struct zone *zone, int provider)
{
	struct contact *contact = contact_of(zone, provider);
	struct msig_option opt;
	struct msig_apex apex;

	if (contact == NULL || !contact->found) {
		return;
	}
	msig_option_init(&opt, MSIG_OP_STATE, zone->agent->identity, zone->name);
	if (zones_statement(zone, &opt, &apex) != 0) {
		return;
	}
	opt.operation = MSIG_OP_STATE;
	talk_send(zone->agent, contact, &opt, &apex, NULL);
	msig_apex_clear(&apex);
}

static void
pulled(struct contact *contact, const knot_dname_t *name, int result,
       const struct msig_peermsg *response, const uint8_t *wire, size_t len)
{
	struct zone *zone = zones_find(contact->agent, name);
	struct store *store = contact->agent->store;
	int ret;

	if (zone == NULL || result != 0 || response->rcode != KNOT_RCODE_NOERROR ||
	    !response->has_apex || store_begin(store) != 0) {
		return;
	}
	ret = zones_stated(zone, contact, response, wire, len);
	if (ret != 0) {
		store_rollback(store);
		if (ret == MSIG_EDISK || ret == MSIG_EDB) {
			zones_forget(zone);
		}
		return;
	}
	(void)zones_settle(zone);
}

static void
act_pull(struct zone *zone, int provider)
{
	struct contact *contact = contact_of(zone, provider);
	const struct view_provider *p;
	struct msig_option opt;

	if (contact == NULL || !contact->found) {
		return;
	}
	msig_option_init(&opt, MSIG_OP_PULL, zone->agent->identity, zone->name);
	p = &zone->view->d.provider[provider];
	if (p->statement.known) { /* so that it finds out whether its database was put back */
		opt.version.epoch = p->statement.epoch;
		opt.version.counter = p->statement.counter;
		opt.has |= MSIG_HAS(VERSION);
	}
	if (p->differs) {
		MSIG_OPTION_SET(&opt, RESULT, result, MSIG_RESULT_STATE);
	}
	talk_send(zone->agent, contact, &opt, NULL, pulled);
}

void
zones_act(struct zone *zone, const struct plan *plan)
{
	bool changed = false;

	for (int i = 0; i < plan->count; i++) {
		const struct action *a = &plan->action[i];
		switch (a->kind) {
		case ACT_ASK:
			look_place(zone, a->place, a->types);
			break;
		case ACT_ASK_HSYNC:
			look_hsync(zone);
			break;
		case ACT_LOOKUP:
			look_addresses(zone, a->ns);
			break;
		case ACT_SHOW:
			zones_show(zone);
			break;
		case ACT_APPLY:
			act_apply(zone);
			break;
		case ACT_SEND:
			act_send(zone, a->provider, &a->message);
			break;
		case ACT_STATE:
			act_state(zone, a->provider);
			break;
		case ACT_PULL:
			act_pull(zone, a->provider);
			break;
		case ACT_NOTIFY:
			log_zone(LOG_LVL_DEBUG, zone->name, "the parent may scan now (type %u)",
				 a->type);
			break;
		case ACT_KEY:
			(void)keyring_ask(zone, a->key.verb, a->key.role, a->key.algorithm,
					  a->key.state, a->key.id);
			break;
		case ACT_JOURNAL:
			log_zone(LOG_LVL_INFO, zone->name, "%s", a->text);
			changed = true;
			break;
		case ACT_ALARM:
			log_zone(LOG_LVL_WARN, zone->name, "%s", a->text);
			changed = true;
			break;
		}
	}
	if (changed) {
		peers_zone_changed(zone->agent, zone->name);
	}
}
