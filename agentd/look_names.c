/*
 * Addresses: of a name server, and of those of the parent, which is found first. See look.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include "agentd/look_int.h"
#include "libmsig/daemon/log.h"

static void
collect(struct look *look, const struct seen *seen)
{
	if (seen->status == MSIG_SEEN_UNKNOWN || seen->validation == MSIG_VALIDATION_BOGUS) {
		look->unknown = true;
		return;
	}
	for (size_t i = 0; i < seen->answer.count; i++) {
		const knot_rrset_t *rrset = &seen->answer.at[i];
		knot_rdata_t *rdata = rrset->rrs.rdata;
		int family = rrset->type == KNOT_RRTYPE_A ? AF_INET : AF_INET6;
		if (rrset->type != KNOT_RRTYPE_A && rrset->type != KNOT_RRTYPE_AAAA) {
			continue;
		}
		for (uint16_t k = 0; k < rrset->rrs.count; k++, rdata = knot_rdataset_next(rdata)) {
			char text[INET6_ADDRSTRLEN], server[VIEW_SERVER];
			bool known = false;
			if (rdata->len != (family == AF_INET ? 4 : 16) ||
			    inet_ntop(family, rdata->data, text, sizeof(text)) == NULL) {
				continue;
			}
			snprintf(server, sizeof(server), "%s@%u", text,
				 look->zone->agent->conf->dns_port);
			for (unsigned a = 0; a < look->addresses; a++) {
				known = known || strcmp(look->address[a], server) == 0;
			}
			if (!known && look->addresses == ADDRESSES_MAX) {
				look->crowded = true;
			} else if (!known) {
				strcpy(look->address[look->addresses++], server);
			}
		}
	}
}

void
look_at_addresses(struct look *look)
{
	const char *server[ADDRESSES_MAX];
	bool known;

	if (look->ns >= 0) {
		/* The core may have let go of the record meanwhile, and the number be another's. */
		const struct rr *rr = &look->zone->view->d.pool.at[look->ns];
		if (rr->type != KNOT_RRTYPE_NS ||
		    !knot_dname_is_equal(rr->rdata->data, look->name)) {
			return;
		}
	}
	for (unsigned i = 0; i < look->count; i++) {
		collect(look, &look->seen[i]);
	}
	if (look->crowded) {
		(void)view_on_crowd(look->zone->view, look->ns);
		zones_mark(look->zone);
		return;
	}
	for (unsigned i = 0; i < look->addresses; i++) {
		server[i] = look->address[i];
	}
	/* A part of the servers is not the servers: one that is left out could hold the old
	 * version. */
	known = !look->unknown && look->addresses > 0;
	if (!known) {
		char text[MSIG_NAME_TEXT];
		log_zone(LOG_LVL_WARN, look->zone->name, "addresses of %s not found (%s)",
			 look->ns < 0 ? "the parent's servers" : msig_name_text(look->name, text),
			 look->unknown ? "no answer that counts" : "there are none");
	}
	(void)view_on_addresses(look->zone->view, look->ns, known, server,
				known ? (int)look->addresses : 0, (int64_t)loop_utc_ms());
	zones_mark(look->zone);
}

static void
ask_addresses(struct look *look, const knot_dname_t *name)
{
	struct ask_question question = {
	    .name = name,
	    .type = {KNOT_RRTYPE_A, KNOT_RRTYPE_AAAA},
	    .types = 2,
	    .timeout_ms = look->zone->agent->conf->query_timeout,
	};

	look_put(look, &question);
}

/* The parent: the closest name above that has an apex NS RRset. */
static void
ask_parent(struct look *look)
{
	struct ask_question question = {
	    .name = look->name,
	    .type = {KNOT_RRTYPE_NS},
	    .types = 1,
	    .timeout_ms = look->zone->agent->conf->query_timeout,
	};

	look_put(look, &question);
}

/* True if the look goes on. */
bool
look_at_parent(struct look *look)
{
	const struct seen *seen = look_find(look, KNOT_RRTYPE_NS);
	const knot_rrset_t *rrset;
	knot_dname_t *names[PARENT_NS_MAX];
	unsigned count = 0;
	knot_rdata_t *rdata;
	char text[MSIG_NAME_TEXT];

	if (seen == NULL || seen->status == MSIG_SEEN_UNKNOWN ||
	    seen->validation != MSIG_VALIDATION_SECURE) {
		log_zone(LOG_LVL_WARN, look->zone->name, "parent: NS of %s %s",
			 msig_name_text(look->name, text),
			 seen == NULL || seen->status == MSIG_SEEN_UNKNOWN ? "not found out"
									   : "not DNSSEC-secure");
		look->unknown = true;
		look_at_addresses(look);
		return false;
	}
	rrset = msig_rrs_find(&seen->answer, look->name, KNOT_RRTYPE_NS);
	if (rrset == NULL) {
		knot_dname_storage_t up;
		if (look->name[0] == 0) {
			return false;
		}
		memcpy(up, look->name + look->name[0] + 1,
		       knot_dname_size(look->name + look->name[0] + 1));
		memcpy(look->name, up, knot_dname_size(up));
		look_clear(look);
		ask_parent(look);
		return true;
	}
	if (look->zone->parent == NULL || !msig_name_eq(look->zone->parent, look->name)) {
		free(look->zone->parent);
		look->zone->parent = xmemdup(look->name, knot_dname_size(look->name));
		log_zone(LOG_LVL_INFO, look->zone->name, "parent is %s",
			 msig_name_text(look->name, text));
	}
	rdata = rrset->rrs.rdata;
	look->crowded = rrset->rrs.count > PARENT_NS_MAX;
	for (uint16_t i = 0; i < rrset->rrs.count && !look->crowded;
	     i++, rdata = knot_rdataset_next(rdata)) {
		if (knot_dname_wire_check(rdata->data, rdata->data + rdata->len, NULL) ==
		    rdata->len) {
			names[count] = xmemdup(rdata->data, rdata->len);
			knot_dname_to_lower(names[count++]);
		} else {
			look->unknown = true;
		}
	}
	look_clear(look);
	look->kind = LOOK_PARENT_NAMES;
	for (unsigned i = 0; i < count; i++) {
		ask_addresses(look, names[i]);
		free(names[i]);
	}
	if (count == 0) {
		look_at_addresses(look);
	}
	return count > 0;
}

void
look_addresses(struct zone *zone, int ns)
{
	struct look *look;

	for (look = zone->looks; look != NULL; look = look->next) {
		if (look->kind >= LOOK_NAME && look->ns == ns) {
			return;
		}
	}
	if (ns >= 0) {
		const struct rr *rr = &zone->view->d.pool.at[ns];
		if (rr->type != KNOT_RRTYPE_NS) {
			return;
		}
		look = look_new(zone, LOOK_NAME);
		look->ns = ns;
		memcpy(look->name, rr->rdata->data, rr->rdata->len);
		ask_addresses(look, look->name);
		return;
	}
	look = look_new(zone, LOOK_PARENT);
	look->ns = ns;
	if (zone->conf->parent != NULL) {
		memcpy(look->name, zone->conf->parent, knot_dname_size(zone->conf->parent));
	} else if (zone->name[0] != 0) {
		const knot_dname_t *up = zone->name + zone->name[0] + 1;
		memcpy(look->name, up, knot_dname_size(up));
	}
	ask_parent(look);
}
