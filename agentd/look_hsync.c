/*
 * The owner's instruction, in the own signer's zone. See look.h.
 */
#include <stdio.h>
#include <string.h>
#include "agentd/look_int.h"
#include "libmsig/err.h"
#include "libmsig/hsync.h"
#include "libmsig/rrsig.h"

static void
fill_hsync(struct view_hsync *h, const struct msig_hsync_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		struct view_hsync_entry *e = &h->entry[h->count];
		if (h->count == VIEW_PROVIDERS) {
			look_say(h->error, sizeof(h->error), "more than %d providers",
				 VIEW_PROVIDERS);
			return;
		}
		h->count++;
		(void)msig_name_text(set->at[i].identity, e->identity);
		e->on = set->at[i].state == MSIG_HSYNC_ON;
		e->sign = set->at[i].sign == MSIG_HSYNC_SIGN;
		e->agent = set->at[i].nsmgmt == MSIG_HSYNC_AGENT;
	}
	if (set->mixed) {
		look_say(h->error, sizeof(h->error), "NSMGMT is not the same in all records");
	}
}

/* Neither DNSKEY nor a signature: nobody signs this zone. */
static bool
is_bare(const struct look *look)
{
	const knot_dname_t *name = look->zone->name;
	const struct seen *dnskey = look_find(look, KNOT_RRTYPE_DNSKEY);

	for (unsigned i = 0; i < look->count; i++) {
		if (msig_rrs_sigs(&look->seen[i].answer, name, look->seen[i].type) != NULL) {
			return false;
		}
	}
	return dnskey != NULL && dnskey->status == MSIG_SEEN_ABSENT;
}

void
look_at_hsync(struct look *look)
{
	struct zone *zone = look->zone;
	uint16_t type = zone->agent->conf->hsync_type, bad = 0;
	const struct seen *seen = look_find(look, type),
			  *dnskey = look_find(look, KNOT_RRTYPE_DNSKEY),
			  *soa = look_find(look, KNOT_RRTYPE_SOA);
	const knot_rrset_t *keys = NULL, *keysigs = NULL, *rrset = NULL, *sigs, *soas = NULL;
	knot_rrset_t own = {0};
	struct view_hsync h = {.status = MSIG_SEEN_UNKNOWN, .time = (int64_t)loop_utc_ms()};
	uint64_t now = loop_utc_ms() / 1000;
	struct msig_hsync_set set = {0};
	int ret;

	if (seen == NULL || seen->status == MSIG_SEEN_UNKNOWN) {
		snprintf(zone->trouble, sizeof(zone->trouble), "signer: %s",
			 seen != NULL ? seen->reason : "no answer");
		look_say(h.error, sizeof(h.error), "%s", seen != NULL ? seen->reason : "no answer");
		goto out;
	}
	h.time = (int64_t)seen->time;
	if (soa != NULL && soa->status == MSIG_SEEN_SET) {
		soas = msig_rrs_find(&soa->answer, zone->name, KNOT_RRTYPE_SOA);
		h.serial = soas != NULL ? knot_soa_serial(soas->rrs.rdata) : 0;
		zone->signer_serial = h.serial;
	}
	if (seen->status == MSIG_SEEN_ABSENT) {
		h.status = MSIG_SEEN_ABSENT;
		zone->trouble[0] = '\0';
		goto out;
	}
	rrset = msig_rrs_find(&seen->answer, zone->name, type);
	h.bare = rrset != NULL && is_bare(look);
	if (!zone->conf->is_signed && rrset != NULL && dnskey != NULL &&
	    dnskey->status != MSIG_SEEN_UNKNOWN) {
		goto decode; /* whether it is bare, as it is to be, the core looks */
	}
	sigs = msig_rrs_sigs(&seen->answer, zone->name, type);
	keys = look_keys(zone, dnskey, true, &own);
	if (keys != NULL && keys != &own) {
		keysigs = msig_rrs_sigs(&dnskey->answer, zone->name, KNOT_RRTYPE_DNSKEY);
	}
	if (rrset == NULL || sigs == NULL || keys == NULL || (keys != &own && keysigs == NULL)) {
		ret = MSIG_ENOSIG;
	} else if (keys == &own) {
		ret = msig_rrsig_verify(rrset, &sigs->rrs, &keys->rrs, zone->name, now, NULL);
	} else {
		ret = msig_rrsig_verify_dnskey(keys, &keysigs->rrs, zone->name, NULL, now, NULL);
		ret = ret == 0
			  ? msig_rrsig_verify(rrset, &sigs->rrs, &keys->rrs, zone->name, now, NULL)
			  : ret;
	}
	if (ret != 0) {
		snprintf(zone->trouble, sizeof(zone->trouble),
			 "HSYNC in the signer's zone is not validly signed: %s",
			 msig_strerror(ret));
		look_say(h.error, sizeof(h.error), "not validly signed: %s", msig_strerror(ret));
		goto out;
	}
decode:
	zone->trouble[0] = '\0';
	h.status = MSIG_SEEN_SET;
	ret = msig_hsync_set_decode(&rrset->rrs, type,
				    type == MSIG_MSIGNER_TYPE ? MSIG_HSYNC_MSIGNER : 0, &set, &bad);
	if (ret != 0) {
		look_say(h.error, sizeof(h.error), "record %u: %s", bad + 1u, msig_strerror(ret));
	} else {
		fill_hsync(&h, &set);
		memcpy(h.digest, set.digest, sizeof(h.digest));
		msig_hsync_set_clear(&set);
	}
out:
	knot_rdataset_clear(&own.rrs, NULL);
	(void)view_on_hsync(zone->view, &h);
	zones_mark(zone);
}

void
look_hsync(struct zone *zone)
{
	struct ask_question question = {
	    .server = zone->signer,
	    .name = zone->name,
	    .type = {zone->agent->conf->hsync_type, KNOT_RRTYPE_DNSKEY, KNOT_RRTYPE_SOA},
	    .types = 3,
	    .timeout_ms = zone->agent->conf->query_timeout,
	};
	struct look *look;

	for (look = zone->looks; look != NULL; look = look->next) {
		if (look->kind == LOOK_HSYNC) {
			return;
		}
	}
	if (zone->conf->signer != NULL && zone->conf->signer->key != NULL) {
		question.tsig = zone->conf->signer->key->id;
	}
	look_put(look_new(zone, LOOK_HSYNC), &question);
}
