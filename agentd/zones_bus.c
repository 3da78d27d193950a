/*
 * What combinerd and observe say of a zone.
 */
#include <stdio.h>
#include <string.h>
#include "agentd/content.h"
#include "agentd/zones_int.h"
#include "libmsig/daemon/log.h"

#define FOLLOW_AGAIN_MS 60000
#define SIGNATURE_MARGIN_S (24 * 3600)

void
zones_applied(struct agent *agent, const struct msig_msg_APPLIED *msg)
{
	struct zone *zone = zones_find(agent, msg->zone);

	if (zone == NULL || zone->applying == 0 || zone->applying != msg->id) {
		return;
	}
	zone->applying = 0;
	loop_timer_cancel(zone->apply_timer);
	if (msg->rcode != 0) {
		const knot_lookup_t *name = knot_lookup_by_id(knot_rcode_names, msg->rcode);
		log_zone(LOG_LVL_WARN, zone->name, "combinerd refused the overlay (%s): %s",
			 name != NULL ? name->name : "?", msg->text);
	} else {
		zone->served_serial = msg->serial;
		zone->applied_at = (int64_t)loop_utc_ms();
	}
	(void)view_on_applied(zone->view, zone->apply_epoch, zone->apply_counter, msg->rcode,
			      msg->text);
	zones_mark(zone);
}

/* The records of one origin, as far as the view has room for them. */
static struct view_contribution
held_by(struct zone *zone, const struct msig_rrs *rrs)
{
	struct view_contribution c = {.used = true};
	const struct {
		enum view_type type;
		struct rset *set;
	} parts[] = {
	    {VIEW_DNSKEY, &c.dnskey}, {VIEW_CDS, &c.cds},     {VIEW_CDNSKEY, &c.cdnskey},
	    {VIEW_NS, &c.ns},         {VIEW_CSYNC, &c.csync},
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const knot_rrset_t *set =
		    msig_rrs_find(rrs, zone->name, view_rrtype(parts[i].type));
		knot_rdata_t *rdata = set != NULL ? set->rrs.rdata : NULL;
		for (uint16_t k = 0; set != NULL && k < set->rrs.count; k++) {
			int id = view_rr(zone->view, parts[i].type, rdata->data, rdata->len);
			if (id >= 0) {
				rset_add(parts[i].set, id);
			}
			rdata = knot_rdataset_next(rdata);
		}
	}
	return c;
}

/* What combinerd holds, by provider of origin. */
static void
note_held(struct zone *zone, const struct msig_msg_OVERLAY *msg)
{
	for (unsigned i = 0; i < msg->origin.count && i < msg->rrs.count; i++) {
		struct view_contribution c;
		struct msig_rrs rrs;
		if (msig_rrs_decode(msg->rrs.at[i].data, msg->rrs.at[i].len, &rrs) != 0) {
			continue;
		}
		c = held_by(zone, &rrs);
		msig_rrs_clear(&rrs);
		(void)view_on_held(zone->view, msg->origin.at[i], &c);
	}
}

void
zones_overlay(struct agent *agent, const struct msig_msg_OVERLAY *msg)
{
	struct zone *zone = zones_find(agent, msg->zone);

	if (zone == NULL || zone->showing == 0 || zone->showing != msg->id) {
		return;
	}
	zone->showing = 0;
	zone->merge_state = msg->state;
	note_held(zone, msg);
	(void)view_on_overlay(zone->view, msg->state, msg->epoch, msg->counter);
	zones_mark(zone);
}

void
zones_served(struct agent *agent, const struct msig_msg_ZONE *msg)
{
	struct zone *zone = zones_find(agent, msg->zone);

	if (zone == NULL) {
		return;
	}
	if (zone->merge_state != msg->state) {
		zones_show(zone);
	}
	zone->merge_state = msg->state;
	zone->owner_serial = msg->owner_serial;
	zone->served_serial = msg->serial;
	snprintf(zone->combiner_text, sizeof(zone->combiner_text), "%s", msg->text);
	content_served(zone->content, msg);
}

/* What expires before caches have forgotten it becomes bogus there. */
static void
check_signatures(struct zone *zone)
{
	uint64_t now = loop_utc_ms() / 1000;
	bool old = zone->signatures_expire != 0 && /* 0: there are none */
		   zone->signatures_expire < now + zone->max_ttl + SIGNATURE_MARGIN_S;
	char text[200];

	if (!zone->conf->is_signed || old == zone->signatures_old) {
		return;
	}
	zone->signatures_old = old;
	snprintf(text, sizeof(text),
		 old ? "the signer's oldest signatures end in %lld h: it has "
		       "stopped to renew them; look at it now"
		     : "the signer renews its signatures again (%lld h)",
		 ((long long)zone->signatures_expire - (long long)now) / 3600);
	zones_say(zone, old, text);
}

void
zones_followed(struct agent *agent, const struct msig_msg_FOLLOWED *msg)
{
	struct zone *zone = zones_find(agent, msg->zone);

	if (zone == NULL) {
		return;
	}
	if (*msg->reason != '\0') {
		content_followed(zone->content, NULL);
		if (strcmp(zone->follow_trouble, msg->reason) == 0) {
			return; /* it is known */
		}
		snprintf(zone->follow_trouble, sizeof(zone->follow_trouble), "%s", msg->reason);
		log_zone(LOG_LVL_WARN, zone->name, "the signer's zone cannot be followed: %s",
			 msg->reason);
		return;
	}
	zone->follow_trouble[0] = '\0';
	zone->signer_versions +=
	    content_has_signed(zone->content) && zone->signer_serial != msg->serial;
	zone->signer_serial = msg->serial;
	zone->signatures_expire = msg->expires;
	zone->max_ttl = msg->max_ttl;
	content_followed(zone->content, msg);
	check_signatures(zone);
	(void)view_on_followed(zone->view, msg->max_ttl);
	(void)view_on_changed(zone->view);
	zones_mark(zone);
}

void
zones_compared(struct agent *agent, const struct msig_msg_COMPARED *msg)
{
	struct zone *zone = zones_find(agent, msg->zone);

	if (zone != NULL) {
		content_compared(zone->content, msg);
	}
}

void
zones_signer_changed(struct agent *agent, const struct msig_msg_SIGNER_CHANGED *msg)
{
	struct zone *zone = zones_find(agent, msg->zone);

	if (zone != NULL) {
		log_zone(LOG_LVL_DEBUG, zone->name, "the signer has serial %u", msg->serial);
		zone->signer_notified++;
		(void)view_on_changed(zone->view);
		zones_mark(zone);
	}
}

char *
zones_signer_key(const struct zone *zone)
{
	const struct conf_remote *signer = zone->conf->signer;

	return signer != NULL && signer->key != NULL ? signer->key->id : NULL;
}

void
zones_follow_anew(struct zone *zone)
{
	struct msig_msg msg = {.id = MSIG_MSG_FOLLOW};

	msg.u.FOLLOW.zone = zone->name;
	(void)agent_send(zone->agent, &msg);
	loop_timer_set(zone->follow_timer, 0);
}

/* observe may have been restarted since: to say it again costs nothing. */
void
zones_follow(void *arg)
{
	struct zone *zone = arg;
	struct msig_msg msg = {.id = MSIG_MSG_FOLLOW};
	int ret = 0;

	msg.u.FOLLOW.zone = zone->name;
	msg.u.FOLLOW.server = zone->signer;
	msg.u.FOLLOW.tsig = zones_signer_key(zone);
	if (*zone->signer != '\0') {
		ret = agent_send(zone->agent, &msg);
	}
	loop_timer_set(zone->follow_timer, ret != 0 ? 1000 : FOLLOW_AGAIN_MS);
}
