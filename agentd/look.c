#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <libdnssec/nsec.h>
#include "agentd/look.h"
#include "agentd/peers.h"
#include "libmsig/compat.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"
#include "libmsig/hsync.h"
#include "libmsig/rrs.h"
#include "libmsig/rrsig.h"

#define ITERATIONS_MAX 150 /* of NSEC3 that we are willing to compute */
#define ADDRESSES_MAX 32
#define PARENT_NS_MAX 13

/* One answer, kept until all of a look are there. */
struct seen {
	bool there;
	uint16_t type;
	enum msig_seen status;
	enum msig_validation validation;
	uint64_t time;
	char reason[120];
	struct msig_rrs answer, authority;
};

enum look_kind { LOOK_PLACE, LOOK_HSYNC, LOOK_NAME, LOOK_PARENT, LOOK_PARENT_NAMES };

struct look {
	struct look *next;
	struct zone *zone;
	enum look_kind kind;
	int place;
	uint32_t types;
	char server[VIEW_SERVER];
	int ns;
	uint64_t asked;
	uint64_t id[2 * PARENT_NS_MAX + 2];
	unsigned ids;
	unsigned open; /* answers that are still to come */
	struct seen seen[2 * PARENT_NS_MAX + 2];
	unsigned count;
	knot_dname_storage_t name; /* LOOK_PARENT: the candidate */
	char address[ADDRESSES_MAX][VIEW_SERVER];
	unsigned addresses;
	bool unknown; /* some address could not be found out */
};

/* As snprintf; what is too long for the place is cut. */
static void __attribute__((format(printf, 3, 4))) say(char *buf, size_t len, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(buf, len, fmt, ap);
	va_end(ap);
}

/* Life of a look ------------------------------------------------------------------------------ */

static struct look *
look_new(struct zone *zone, enum look_kind kind)
{
	struct look *look = xcalloc(1, sizeof(*look));

	look->zone = zone;
	look->kind = kind;
	look->asked = loop_utc_ms();
	look->next = zone->looks;
	zone->looks = look;
	return look;
}

static void
clear_seen(struct look *look)
{
	for (unsigned i = 0; i < look->count; i++) {
		msig_rrs_clear(&look->seen[i].answer);
		msig_rrs_clear(&look->seen[i].authority);
	}
	memset(look->seen, 0, sizeof(look->seen));
	look->count = 0;
}

static void
look_free(struct look *look)
{
	struct look **at = &look->zone->looks;

	while (*at != NULL && *at != look) {
		at = &(*at)->next;
	}
	if (*at == look) {
		*at = look->next;
	}
	for (unsigned i = 0; i < look->ids; i++) {
		ask_cancel(look->zone->agent->ask, look->id[i]);
	}
	clear_seen(look);
	free(look);
}

void
look_stop(struct zone *zone)
{
	while (zone->looks != NULL) {
		look_free(zone->looks);
	}
}

static void evaluate(struct look *look);

static void
keep(struct look *look, const struct msig_msg_ANSWER *answer)
{
	struct seen *seen;

	if (look->count == sizeof(look->seen) / sizeof(look->seen[0])) {
		return;
	}
	seen = &look->seen[look->count++];
	seen->there = true;
	seen->type = answer->type;
	seen->status = (enum msig_seen)answer->status;
	seen->validation = (enum msig_validation)answer->validation;
	seen->time = answer->time;
	say(seen->reason, sizeof(seen->reason), "%s", answer->reason);
	if (msig_rrs_decode(answer->answer.data, answer->answer.len, &seen->answer) != 0 ||
	    msig_rrs_decode(answer->authority.data, answer->authority.len, &seen->authority) != 0) {
		seen->status = MSIG_SEEN_UNKNOWN;
		say(seen->reason, sizeof(seen->reason), "malformed records");
	}
}

static void
answered(void *arg, const struct msig_msg_ANSWER *answer, unsigned left)
{
	struct look *look = arg;

	keep(look, answer);
	if (--look->open == 0) {
		look->ids = 0; /* all ended */
		evaluate(look);
	}
}

static void
put(struct look *look, const struct ask_question *question)
{
	look->open += question->types;
	look->id[look->ids++] = ask_start(look->zone->agent->ask, question, answered, look);
}

static const struct seen *
find(const struct look *look, uint16_t type)
{
	for (unsigned i = 0; i < look->count; i++) {
		if (look->seen[i].type == type) {
			return &look->seen[i];
		}
	}
	return NULL;
}

/* Authenticated denial ------------------------------------------------------------------------ */

static bool
signed_by(const struct msig_rrs *rrs, const knot_rrset_t *rrset, const knot_rdataset_t *keys,
	  const knot_dname_t *zone, uint64_t now)
{
	const knot_rrset_t *sigs = msig_rrs_sigs(rrs, rrset->owner, rrset->type);

	return sigs != NULL && msig_rrsig_verify(rrset, &sigs->rrs, keys, zone, now, NULL) == 0;
}

/* Does the bitmap say that the name has NS or anything, but not type? */
static bool
bitmap_denies(const uint8_t *bitmap, uint16_t len, uint16_t type)
{
	return !dnssec_nsec_bitmap_contains(bitmap, len, type) &&
	       !dnssec_nsec_bitmap_contains(bitmap, len, KNOT_RRTYPE_CNAME);
}

static bool
nsec_denies(const knot_rrset_t *nsec, uint16_t type)
{
	const knot_rdata_t *rdata = nsec->rrs.rdata;
	int next = knot_dname_wire_check(rdata->data, rdata->data + rdata->len, NULL);

	return next > 0 && bitmap_denies(rdata->data + next, (uint16_t)(rdata->len - next), type);
}

static void
base32hex(const uint8_t hash[20], char text[33])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";

	for (int i = 0; i < 32; i++) {
		int bit = 5 * i, octet = bit / 8, shift = bit % 8;
		unsigned pair =
		    (unsigned)hash[octet] << 8 | (octet + 1 < 20 ? hash[octet + 1] : 0u);
		text[i] = digits[pair >> (11 - shift) & 31];
	}
	text[32] = '\0';
}

static bool
nsec3_denies(const knot_rrset_t *nsec3, const knot_dname_t *owner, uint16_t type)
{
	const knot_rdata_t *r = nsec3->rrs.rdata;
	const knot_dname_t *label = nsec3->owner;
	dnssec_binary_t name = {.size = knot_dname_size(owner)}, hash = {0};
	dnssec_nsec3_params_t params = {0};
	knot_dname_storage_t lower;
	uint8_t salt_len, hash_len, salt[255];
	char text[33];
	bool match;

	if (r->len < 5 || r->data[0] != 1 || r->len < 6 + r->data[4]) {
		return false;
	}
	salt_len = r->data[4];
	hash_len = r->data[5 + salt_len];
	params.algorithm = DNSSEC_NSEC3_ALGORITHM_SHA1;
	params.iterations = (uint16_t)(r->data[2] << 8 | r->data[3]);
	params.salt.size = salt_len;
	params.salt.data = salt;
	memcpy(salt, r->data + 5, salt_len);
	if (params.iterations > ITERATIONS_MAX || r->len < 6 + salt_len + hash_len ||
	    label[0] != 32) {
		return false;
	}
	memcpy(lower, owner, name.size);
	knot_dname_to_lower(lower);
	name.data = lower;
	if (dnssec_nsec3_hash(&name, &params, &hash) != 0) {
		return false;
	}
	match = hash.size == 20;
	if (match) {
		base32hex(hash.data, text);
		match = strncasecmp(text, (const char *)label + 1, 32) == 0;
	}
	dnssec_binary_free(&hash);
	return match && bitmap_denies(r->data + 6 + salt_len + hash_len,
				      (uint16_t)(r->len - 6 - salt_len - hash_len), type);
}

int
look_proves_absence(const struct msig_rrs *authority, const knot_dname_t *owner, uint16_t type,
		    const knot_rdataset_t *keys, const knot_dname_t *zone, uint64_t now)
{
	for (size_t i = 0; i < authority->count; i++) {
		const knot_rrset_t *rrset = &authority->at[i];
		bool denies = false;
		if (rrset->rrs.count == 0 || knot_dname_in_bailiwick(rrset->owner, zone) < 0) {
			continue;
		}
		if (rrset->type == KNOT_RRTYPE_NSEC && msig_name_eq(rrset->owner, owner)) {
			denies = nsec_denies(rrset, type);
		} else if (rrset->type == KNOT_RRTYPE_NSEC3) {
			denies = nsec3_denies(rrset, owner, type);
		}
		if (denies && signed_by(authority, rrset, keys, zone, now)) {
			return 0;
		}
	}
	return MSIG_EDOUBT;
}

/* A place: signer, server, parent ------------------------------------------------------------- */

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
static const knot_rrset_t *
keys_of(const struct zone *zone, const struct seen *dnskey, bool signer, knot_rrset_t *own)
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

	if (keys == NULL && seen->type != KNOT_RRTYPE_DNSKEY) {
		say(a->reason, sizeof(a->reason), "no DNSKEY to verify it with (%s)",
		    dnskey != NULL && *dnskey->reason != '\0' ? dnskey->reason : "none served");
		return;
	}
	if (seen->status == MSIG_SEEN_ABSENT) {
		const struct view_place *place = zone->view->d.place[look->place];
		/* What our own signer says under TSIG needs no other proof. */
		if (keys != NULL && ((place->kind == PLACE_SIGNER && zone->conf->signer != NULL &&
				      zone->conf->signer->key != NULL) ||
				     look_proves_absence(&seen->authority, zone->name, seen->type,
							 &keys->rrs, zone->name, now) == 0)) {
			a->status = MSIG_SEEN_ABSENT;
			a->ttl = negative_ttl(seen);
		} else {
			say(a->reason, sizeof(a->reason), "absent, but that is not proven");
		}
		return;
	}
	rrset = msig_rrs_find(&seen->answer, zone->name, seen->type);
	if (rrset == NULL || to_set(zone, a->type, rrset, &a->set) != 0) {
		say(a->reason, sizeof(a->reason), "%s",
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
	    keys_of(zone, dnskey, zone->view->d.place[look->place]->kind == PLACE_SIGNER, &own), a);
	knot_rdataset_clear(&own.rrs, NULL);
}

/* DS and the referral of a parent's server; keys are the parent's, validated. */
static void
judge_parent(struct look *look, const struct seen *seen, struct view_answer *a)
{
	struct zone *zone = look->zone;
	const struct seen *dnskey = find(look, KNOT_RRTYPE_DNSKEY);
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
			say(a->reason, sizeof(a->reason), "no referral in the answer");
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
		say(a->reason, sizeof(a->reason), "the parent's DNSKEY is not DNSSEC-secure%s%.60s",
		    dnskey != NULL && *dnskey->reason != '\0' ? ": " : "",
		    dnskey != NULL ? dnskey->reason : "");
		return;
	}
	if (seen->status == MSIG_SEEN_ABSENT) {
		if (look_proves_absence(&seen->authority, zone->name, seen->type, &keys->rrs,
					zone->parent, now) == 0) {
			a->status = MSIG_SEEN_ABSENT;
			a->ttl = negative_ttl(seen);
		} else {
			say(a->reason, sizeof(a->reason), "no DS, but that is not proven");
		}
		return;
	}
	rrset = msig_rrs_find(&seen->answer, zone->name, seen->type);
	sigs = msig_rrs_sigs(&seen->answer, zone->name, seen->type);
	if (rrset == NULL) {
		say(a->reason, sizeof(a->reason), "not in the answer");
		return;
	}
	ret = sigs == NULL
		  ? MSIG_ENOSIG
		  : msig_rrsig_verify(rrset, &sigs->rrs, &keys->rrs, zone->parent, now, NULL);
	if (ret != 0) {
		say(a->reason, sizeof(a->reason), "not validly signed by the parent: %s",
		    msig_strerror(ret));
		return;
	}
	if (to_set(zone, a->type, rrset, &a->set) != 0) {
		say(a->reason, sizeof(a->reason), "too many or malformed records");
		return;
	}
	a->status = MSIG_SEEN_SET;
	a->ttl = rrset->ttl;
}

static void
evaluate_place(struct look *look)
{
	struct zone *zone = look->zone;
	const struct view_place *place = zone->view->d.place[look->place];
	const struct seen *dnskey = find(look, KNOT_RRTYPE_DNSKEY);

	if (place == NULL || strcmp(place->server, look->server) != 0) {
		return; /* it is watched no more */
	}
	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		const struct seen *seen = find(look, view_rrtype((enum view_type)t));
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
			say(a.reason, sizeof(a.reason), "%s", seen->reason);
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
			put(look, &keys);
		}
	} else if ((types >> VIEW_DNSKEY & 1) == 0) {
		question.type[question.types++] = KNOT_RRTYPE_DNSKEY; /* to verify the others */
	}
	if (p->kind == PLACE_SIGNER && zone->conf->signer != NULL &&
	    zone->conf->signer->key != NULL) {
		question.tsig = zone->conf->signer->key->id;
	}
	put(look, &question);
}

/* HSYNC --------------------------------------------------------------------------------------- */

static void
fill_hsync(struct view_hsync *h, const struct msig_hsync_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		struct view_hsync_entry *e = &h->entry[h->count];
		if (h->count == VIEW_PROVIDERS) {
			say(h->error, sizeof(h->error), "more than %d providers", VIEW_PROVIDERS);
			return;
		}
		h->count++;
		(void)msig_name_text(set->at[i].identity, e->identity);
		e->on = set->at[i].state == MSIG_HSYNC_ON;
		e->sign = set->at[i].sign == MSIG_HSYNC_SIGN;
		e->agent = set->at[i].nsmgmt == MSIG_HSYNC_AGENT;
	}
	if (set->mixed) {
		say(h->error, sizeof(h->error), "NSMGMT is not the same in all records");
	}
}

static void
evaluate_hsync(struct look *look)
{
	struct zone *zone = look->zone;
	uint16_t type = zone->agent->conf->hsync_type, bad = 0;
	const struct seen *seen = find(look, type), *dnskey = find(look, KNOT_RRTYPE_DNSKEY),
			  *soa = find(look, KNOT_RRTYPE_SOA);
	const knot_rrset_t *keys = NULL, *keysigs = NULL, *rrset = NULL, *sigs, *soas = NULL;
	knot_rrset_t own = {0};
	struct view_hsync h = {.status = MSIG_SEEN_UNKNOWN, .time = (int64_t)loop_utc_ms()};
	uint64_t now = loop_utc_ms() / 1000;
	struct msig_hsync_set set = {0};
	int ret;

	if (seen == NULL || seen->status == MSIG_SEEN_UNKNOWN) {
		snprintf(zone->trouble, sizeof(zone->trouble), "signer: %s",
			 seen != NULL ? seen->reason : "no answer");
		say(h.error, sizeof(h.error), "%s", zone->trouble);
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
	sigs = msig_rrs_sigs(&seen->answer, zone->name, type);
	keys = keys_of(zone, dnskey, true, &own);
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
		say(h.error, sizeof(h.error), "not validly signed: %s", msig_strerror(ret));
		goto out;
	}
	zone->trouble[0] = '\0';
	h.status = MSIG_SEEN_SET;
	ret = msig_hsync_set_decode(&rrset->rrs, type,
				    type == MSIG_MSIGNER_TYPE ? MSIG_HSYNC_MSIGNER : 0, &set, &bad);
	if (ret != 0) {
		say(h.error, sizeof(h.error), "record %u: %s", bad + 1u, msig_strerror(ret));
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
	put(look_new(zone, LOOK_HSYNC), &question);
}

/* Addresses ----------------------------------------------------------------------------------- */

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
			    look->addresses == ADDRESSES_MAX ||
			    inet_ntop(family, rdata->data, text, sizeof(text)) == NULL) {
				continue;
			}
			snprintf(server, sizeof(server), "%s@%u", text,
				 look->zone->agent->conf->dns_port);
			for (unsigned a = 0; a < look->addresses; a++) {
				known = known || strcmp(look->address[a], server) == 0;
			}
			if (!known) {
				strcpy(look->address[look->addresses++], server);
			}
		}
	}
}

static void
evaluate_addresses(struct look *look)
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

	put(look, &question);
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

	put(look, &question);
}

/* True if the look goes on. */
static bool
evaluate_parent(struct look *look)
{
	const struct seen *seen = find(look, KNOT_RRTYPE_NS);
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
		evaluate_addresses(look);
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
		clear_seen(look);
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
	for (uint16_t i = 0; i < rrset->rrs.count && count < PARENT_NS_MAX;
	     i++, rdata = knot_rdataset_next(rdata)) {
		if (knot_dname_wire_check(rdata->data, rdata->data + rdata->len, NULL) ==
		    rdata->len) {
			names[count] = xmemdup(rdata->data, rdata->len);
			knot_dname_to_lower(names[count++]);
		}
	}
	clear_seen(look);
	look->kind = LOOK_PARENT_NAMES;
	for (unsigned i = 0; i < count; i++) {
		ask_addresses(look, names[i]);
		free(names[i]);
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

static void
evaluate(struct look *look)
{
	switch (look->kind) {
	case LOOK_PLACE:
		evaluate_place(look);
		break;
	case LOOK_HSYNC:
		evaluate_hsync(look);
		break;
	case LOOK_NAME:
	case LOOK_PARENT_NAMES:
		evaluate_addresses(look);
		break;
	case LOOK_PARENT:
		if (evaluate_parent(look)) {
			return;
		}
		break;
	}
	look_free(look);
}
