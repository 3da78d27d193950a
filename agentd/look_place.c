/*
 * A place: the signer, a server, a server of the parent. See look.h.
 */
#include <stdio.h>
#include <string.h>
#include "agentd/denial.h"
#include "agentd/look_int.h"
#include "libmsig/err.h"
#include "libmsig/rrsig.h"

/* Records of one RRset as a set of the view's pool. -1: it cannot be told. */
static int
to_set(struct zone *zone, enum view_type type, const knot_rrset_t *rrset, struct rset *set)
{
	knot_rdata_t *rdata = rrset->rrs.rdata;

	*set = RSET_NONE;
	for (uint16_t i = 0; i < rrset->rrs.count; i++, rdata = knot_rdataset_next(rdata)) {
		uint8_t lower[KNOT_DNAME_MAXLEN];
		const uint8_t *data = rdata->data;
		int id;
		if (type == VIEW_NS) {
			if (knot_dname_wire_check(data, data + rdata->len, NULL) != rdata->len) {
				return -1;
			}
			memcpy(lower, data, rdata->len);
			knot_dname_to_lower(lower);
			data = lower;
		}
		id = view_rr(zone->view, type, data, rdata->len);
		if (id < 0) {
			return -1;
		}
		rset_add(set, id);
	}
	return 0;
}

/* The keys of a verdict as a set. */
static struct rset
to_signers(struct zone *zone, const knot_rdataset_t *keys, uint64_t bits)
{
	struct rset set = RSET_NONE;
	knot_rdata_t *rdata = keys->rdata;

	for (uint16_t i = 0; i < keys->count && i < 64; i++, rdata = knot_rdataset_next(rdata)) {
		int id;
		if ((bits >> i & 1) != 0 &&
		    (id = view_rr(zone->view, VIEW_DNSKEY, rdata->data, rdata->len)) >= 0) {
			rset_add(&set, id);
		}
	}
	return set;
}

/* A signature by a key that is in no DNSKEY RRset here: somebody signs out of turn. The largest of
 * several, whatever their order. */
static uint32_t
find_alien(const knot_rrset_t *sigs, const knot_rdataset_t *keys)
{
	knot_rdata_t *sig = sigs->rrs.rdata;
	uint32_t alien = 0;

	for (uint16_t i = 0; i < sigs->rrs.count; i++, sig = knot_rdataset_next(sig)) {
		knot_rdata_t *key = keys->rdata;
		bool known = false;
		if (sig->len < 19) {
			continue;
		}
		for (uint16_t k = 0; k < keys->count; k++, key = knot_rdataset_next(key)) {
			known = known || (key->len > 4 && key->data[3] == sig->data[2] &&
					  msig_key_tag(key) == knot_rrsig_key_tag(sig));
		}
		uint32_t name = VIEW_ALIEN(sig->data[2], knot_rrsig_key_tag(sig));
		if (!known && name > alien) {
			alien = name;
		}
	}
	return alien;
}

static uint32_t
negative_ttl(const struct seen *seen)
{
	for (size_t i = 0; i < seen->authority.count; i++) {
		const knot_rrset_t *soa = &seen->authority.at[i];
		if (soa->type == KNOT_RRTYPE_SOA && soa->rrs.count > 0) {
			uint32_t minimum = knot_soa_minimum(soa->rrs.rdata);
			return soa->ttl < minimum ? soa->ttl : minimum;
		}
	}
	return 0;
}

/* The keys to verify a server's answers with: its DNSKEY RRset. A signer that publishes exactly
 * what it is given has none before the overlay has brought it; what its key store names is as good.
 * The caller clears own->rrs. */
const knot_rrset_t *
look_keys(const struct zone *zone, const struct seen *dnskey, bool signer, knot_rrset_t *own)
{
	const struct rset *ids = &zone->view->config.own;

	knot_rrset_init(own, zone->name, KNOT_RRTYPE_DNSKEY, KNOT_CLASS_IN, 0);
	if (dnskey == NULL) {
		return NULL;
	}
	if (dnskey->status == MSIG_SEEN_SET) {
		return msig_rrs_find(&dnskey->answer, zone->name, KNOT_RRTYPE_DNSKEY);
	}
	if (dnskey->status != MSIG_SEEN_ABSENT || !signer ||
	    zone->conf->signer_records != CONF_RECORDS_ALL) {
		return NULL;
	}
	for (int i = rset_next(ids, 0); i >= 0; i = rset_next(ids, i + 1)) {
		if (knot_rdataset_add(&own->rrs, zone->view->d.pool.at[i].rdata, NULL) != 0) {
			return NULL;
		}
	}
	return own->rrs.count > 0 ? own : NULL;
}

/* What a child's server (or the signer) said of one type. */
static void
judge_child_by(struct look *look, const struct seen *seen, const struct seen *dnskey,
	       const knot_rrset_t *keys, struct view_answer *a)
{
	struct zone *zone = look->zone;
	const knot_rrset_t *rrset, *sigs;
	struct msig_verdict verdict = {0};
	uint64_t now = loop_utc_ms() / 1000;

	/* Where nobody signs, what is said with authority is all that there is. */
	bool bare = !zone->conf->is_signed && dnskey != NULL && dnskey->status == MSIG_SEEN_ABSENT;

	if (bare && seen->status == MSIG_SEEN_ABSENT) {
		a->status = MSIG_SEEN_ABSENT;
		a->ttl = negative_ttl(seen);
		return;
	}
	if (keys == NULL && !bare && seen->type != KNOT_RRTYPE_DNSKEY) {
		look_say(a->reason, sizeof(a->reason), "no DNSKEY to verify it with (%s)",
			 dnskey != NULL && *dnskey->reason != '\0' ? dnskey->reason
								   : "none served");
		return;
	}
	if (seen->status == MSIG_SEEN_ABSENT) {
		const struct view_place *place = zone->view->d.place[look->place];
		/* What our own signer says under TSIG needs no other proof. */
		if (keys != NULL && ((place->kind == PLACE_SIGNER && zone->conf->signer != NULL &&
				      zone->conf->signer->key != NULL) ||
				     denial_proves(&seen->authority, zone->name, seen->type,
						   &keys->rrs, zone->name, now) == 0)) {
			a->status = MSIG_SEEN_ABSENT;
			a->ttl = negative_ttl(seen);
		} else {
			look_say(a->reason, sizeof(a->reason), "absent, but that is not proven");
		}
		return;
	}
	rrset = msig_rrs_find(&seen->answer, zone->name, seen->type);
	if (rrset == NULL || to_set(zone, a->type, rrset, &a->set) != 0) {
		look_say(a->reason, sizeof(a->reason), "%s",
			 rrset == NULL ? "not in the answer" : "too many or malformed records");
		return;
	}
	if (a->type == VIEW_SOA) {
		a->set = RSET_NONE;
	}
	a->status = MSIG_SEEN_SET;
	a->ttl = rrset->ttl;
	sigs = msig_rrs_sigs(&seen->answer, zone->name, seen->type);
	if (sigs == NULL || keys == NULL) {
		return;
	}
	if (a->type == VIEW_DNSKEY) {
		(void)msig_rrsig_verify_dnskey(rrset, &sigs->rrs, zone->name, NULL, now, &verdict);
	} else {
		(void)msig_rrsig_verify(rrset, &sigs->rrs, &keys->rrs, zone->name, now, &verdict);
	}
	a->signers = to_signers(zone, &keys->rrs, verdict.keys);
	a->alien = find_alien(sigs, &keys->rrs);
}

static void
judge_child(struct look *look, const struct seen *seen, const struct seen *dnskey,
	    struct view_answer *a)
{
	const struct zone *zone = look->zone;
	knot_rrset_t own;

	judge_child_by(
	    look, seen, dnskey,
	    look_keys(zone, dnskey, zone->view->d.place[look->place]->kind == PLACE_SIGNER, &own),
	    a);
	knot_rdataset_clear(&own.rrs, NULL);
}

/* DS and the referral of a parent's server; keys are the parent's, validated. */
static void
judge_parent(struct look *look, const struct seen *seen, struct view_answer *a)
{
	struct zone *zone = look->zone;
	const struct seen *dnskey = look_find(look, KNOT_RRTYPE_DNSKEY);
	const knot_rrset_t *rrset, *sigs, *keys = NULL;
	uint64_t now = loop_utc_ms() / 1000;
	int ret;

	if (seen->type == KNOT_RRTYPE_NS) {
		/* A referral; or an answer, from the zone itself, which is served there, too. */
		rrset = msig_rrs_find(&seen->answer, zone->name, KNOT_RRTYPE_NS);
		a->child = rrset != NULL;
		if (rrset == NULL) {
			rrset = msig_rrs_find(&seen->authority, zone->name, KNOT_RRTYPE_NS);
		}
		if (rrset == NULL || to_set(zone, VIEW_NS, rrset, &a->set) != 0) {
			look_say(a->reason, sizeof(a->reason), "no referral in the answer");
			return;
		}
		a->status = MSIG_SEEN_SET;
		a->ttl = rrset->ttl;
		return;
	}
	if (dnskey != NULL && dnskey->status == MSIG_SEEN_SET &&
	    dnskey->validation == MSIG_VALIDATION_SECURE) {
		keys = msig_rrs_find(&dnskey->answer, zone->parent, KNOT_RRTYPE_DNSKEY);
	}
	if (keys == NULL) {
		look_say(a->reason, sizeof(a->reason),
			 "the parent's DNSKEY is not DNSSEC-secure%s%.60s",
			 dnskey != NULL && *dnskey->reason != '\0' ? ": " : "",
			 dnskey != NULL ? dnskey->reason : "");
		return;
	}
	if (seen->status == MSIG_SEEN_ABSENT) {
		if (denial_proves(&seen->authority, zone->name, seen->type, &keys->rrs,
				  zone->parent, now) == 0) {
			a->status = MSIG_SEEN_ABSENT;
			a->ttl = negative_ttl(seen);
		} else {
			look_say(a->reason, sizeof(a->reason), "no DS, but that is not proven");
		}
		return;
	}
	rrset = msig_rrs_find(&seen->answer, zone->name, seen->type);
	sigs = msig_rrs_sigs(&seen->answer, zone->name, seen->type);
	if (rrset == NULL) {
		look_say(a->reason, sizeof(a->reason), "not in the answer");
		return;
	}
	ret = sigs == NULL
		  ? MSIG_ENOSIG
		  : msig_rrsig_verify(rrset, &sigs->rrs, &keys->rrs, zone->parent, now, NULL);
	if (ret != 0) {
		look_say(a->reason, sizeof(a->reason), "not validly signed by the parent: %s",
			 msig_strerror(ret));
		return;
	}
	if (to_set(zone, a->type, rrset, &a->set) != 0) {
		look_say(a->reason, sizeof(a->reason), "too many or malformed records");
		return;
	}
	a->status = MSIG_SEEN_SET;
	a->ttl = rrset->ttl;
}

void
look_at_place(struct look *look)
{
	struct zone *zone = look->zone;
	const struct view_place *place = zone->view->d.place[look->place];
	const struct seen *dnskey = look_find(look, KNOT_RRTYPE_DNSKEY);

	if (place == NULL || strcmp(place->server, look->server) != 0) {
		return; /* it is watched no more */
	}
	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		const struct seen *seen = look_find(look, view_rrtype((enum view_type)t));
		struct view_answer a = {
		    .place = look->place,
		    .type = (enum view_type)t,
		    .status = MSIG_SEEN_UNKNOWN,
		    .asked = (int64_t)look->asked,
		};
		if ((look->types >> t & 1) == 0 || seen == NULL) {
			continue;
		}
		a.time = (int64_t)seen->time;
		if (seen->status == MSIG_SEEN_UNKNOWN) {
			look_say(a.reason, sizeof(a.reason), "%s", seen->reason);
		} else if (place->kind == PLACE_PARENT) {
			judge_parent(look, seen, &a);
		} else {
			judge_child(look, seen, dnskey, &a);
		}
		(void)view_on_answer(zone->view, &a);
	}
	zones_mark(zone);
}

void
look_place(struct zone *zone, int place, uint32_t types)
{
	const struct view_place *p = zone->view->d.place[place];
	struct ask_question question = {
	    .name = zone->name,
	    .timeout_ms = zone->agent->conf->query_timeout,
	};
	struct look *look;

	if (p == NULL) {
		return;
	}
	question.server = p->server;
	for (look = zone->looks; look != NULL; look = look->next) {
		if (look->kind == LOOK_PLACE && look->place == place &&
		    strcmp(look->server, p->server) == 0 && (look->types & types) == types) {
			return; /* is being asked */
		}
	}
	look = look_new(zone, LOOK_PLACE);
	look->place = place;
	look->types = types;
	snprintf(look->server, sizeof(look->server), "%s", p->server);
	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		if ((types >> t & 1) != 0) {
			question.type[question.types++] = view_rrtype((enum view_type)t);
		}
	}
	if (p->kind == PLACE_PARENT) {
		struct ask_question keys = {
		    .name = zone->parent,
		    .type = {KNOT_RRTYPE_DNSKEY},
		    .types = 1,
		    .timeout_ms = question.timeout_ms,
		};
		if (zone->parent != NULL) {
			look_put(look, &keys);
		}
	} else if ((types >> VIEW_DNSKEY & 1) == 0) {
		question.type[question.types++] = KNOT_RRTYPE_DNSKEY; /* to verify the others */
	}
	if (p->kind == PLACE_SIGNER && zone->conf->signer != NULL &&
	    zone->conf->signer->key != NULL) {
		question.tsig = zone->conf->signer->key->id;
	}
	look_put(look, &question);
}
