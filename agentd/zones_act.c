/*
 * Does what was decided: overlays to combinerd, messages and statements to peers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agentd/keyring.h"
#include "agentd/letter.h"
#include "agentd/look.h"
#include "agentd/peers.h"
#include "agentd/talk.h"
#include "agentd/zones_int.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"

#define APPLY_TIMEOUT_MS 10000
#define NO_ANSWER 0xffff

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
	int ret = letter_apex(zone->view, ids, ttl, &apex);

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

/* EXECUTE with what the step changes. */
static void
execute(struct zone *zone, struct contact *contact, const struct msig_option *opt,
	const struct view_change *c)
{
	struct msig_change change;
	int ret = letter_change(zone->view, c, &change);

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
	letter_option(zone->view, m, &opt);
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
	return letter_statement(zone->view, zone->agent->identity, zone->name, zone->owner_serial,
				option, apex);
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
	struct msig_option opt;

	if (contact == NULL || !contact->found) {
		return;
	}
	msig_option_init(&opt, MSIG_OP_PULL, zone->agent->identity, zone->name);
	letter_pull(zone->view, provider, &opt);
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
