#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "combinerd/update.h"
#include "libmsig/key.h"

#define TTL_MAX 0x7fffffffU

static bool __attribute__((format(printf, 3, 4)))
refuse(struct update_result *result, uint16_t rcode, const char *fmt, ...)
{
	va_list args;

	result->rcode = rcode;
	va_start(args, fmt);
	vsnprintf(result->why, sizeof(result->why), fmt, args);
	va_end(args);
	return false;
}

static const char *
type_text(uint16_t type)
{
	static char buf[16];

	if (knot_rrtype_to_string(type, buf, sizeof(buf)) < 0)
		snprintf(buf, sizeof(buf), "TYPE%u", type);
	return buf;
}

static const char *
name_text(const knot_dname_t *name)
{
	static knot_dname_txt_storage_t buf;
	return knot_dname_to_str(buf, name, sizeof(buf)) != NULL ? buf : "?";
}

const knot_dname_t *
update_zone(const knot_pkt_t *pkt, struct update_result *result)
{
	memset(result, 0, sizeof(*result));
	if (knot_wire_get_qdcount(pkt->wire) != 1 || knot_pkt_qname(pkt) == NULL)
		refuse(result, KNOT_RCODE_FORMERR, "there must be one zone in the zone section");
	else if (knot_pkt_qtype(pkt) != KNOT_RRTYPE_SOA)
		refuse(result, KNOT_RCODE_FORMERR, "the type in the zone section must be SOA");
	else if (knot_pkt_qclass(pkt) != KNOT_CLASS_IN)
		refuse(result, KNOT_RCODE_FORMERR, "the class of the zone must be IN");
	else
		return knot_pkt_qname(pkt);
	return NULL;
}

/* Prerequisites (RFC 2136 3.2) --------------------------------------------------------------- */

static bool
prereq_form(const knot_rrset_t *rr, const knot_dname_t *zone, struct update_result *result)
{
	bool rdata = rr->rrs.count > 0 && rr->rrs.rdata->len > 0;

	if (rr->ttl != 0)
		return refuse(result, KNOT_RCODE_FORMERR, "prerequisite with a TTL");
	if (knot_dname_in_bailiwick(rr->owner, zone) < 0)
		return refuse(result, KNOT_RCODE_NOTZONE, "prerequisite at %s, outside the zone",
			      name_text(rr->owner));
	if (rr->rclass == KNOT_CLASS_ANY || rr->rclass == KNOT_CLASS_NONE)
		return !rdata || refuse(result, KNOT_RCODE_FORMERR,
					"prerequisite without value, but with rdata");
	if (rr->rclass != KNOT_CLASS_IN)
		return refuse(result, KNOT_RCODE_FORMERR, "prerequisite of class %u", rr->rclass);
	return true;
}

/* Which records the overlay has at a name: all are at the apex. type ANY: any. */
static size_t
held(const struct overlay *overlay, const knot_dname_t *zone, const knot_rrset_t *rr)
{
	if (!knot_dname_is_equal(rr->owner, zone))
		return 0;
	return overlay_count(overlay, NULL, rr->type == KNOT_RRTYPE_ANY ? 0 : rr->type);
}

static bool
prereq_presence(const struct overlay *overlay, const knot_dname_t *zone, const knot_rrset_t *rr,
		struct update_result *result)
{
	bool want = rr->rclass == KNOT_CLASS_ANY, name = rr->type == KNOT_RRTYPE_ANY;

	if ((held(overlay, zone, rr) > 0) == want)
		return true;
	uint16_t rcode = want ? (name ? KNOT_RCODE_NXDOMAIN : KNOT_RCODE_NXRRSET)
			      : (name ? KNOT_RCODE_YXDOMAIN : KNOT_RCODE_YXRRSET);
	return refuse(result, rcode, "prerequisite: the overlay has %s %s at %s", want ? "no" : "a",
		      name ? "record" : type_text(rr->type), name_text(rr->owner));
}

/* "RRset exists, with these values": the sets of the message must be those of the overlay. */
static bool
prereq_values(const struct overlay *overlay, const knot_dname_t *zone,
	      const knot_pktsection_t *section, const knot_rrset_t *first,
	      struct update_result *result)
{
	struct msig_set want, have;
	int ret = 0;

	msig_set_init(&want, first->type);
	for (uint16_t i = 0; i < section->count && ret == 0; i++) {
		const knot_rrset_t *rr = knot_pkt_rr(section, i);
		if (rr->rclass == KNOT_CLASS_IN && rr->type == first->type &&
		    knot_dname_is_equal(rr->owner, first->owner) && rr->rrs.count > 0)
			ret = msig_set_add(&want, rr->rrs.rdata->data, rr->rrs.rdata->len);
	}
	bool equal = false;
	if (ret == 0 && overlay_set(overlay, first->type, &have) == 0) {
		equal = knot_dname_is_equal(first->owner, zone) && msig_set_eq(&want, &have);
		msig_set_clear(&have);
	}
	msig_set_clear(&want);
	return equal || refuse(result, KNOT_RCODE_NXRRSET,
			       "prerequisite: the overlay's %s at %s is another one",
			       type_text(first->type), name_text(first->owner));
}

static bool
prerequisites(const struct overlay *overlay, const knot_dname_t *zone,
	      const knot_pktsection_t *section, struct update_result *result)
{
	for (uint16_t i = 0; i < section->count; i++)
		if (!prereq_form(knot_pkt_rr(section, i), zone, result))
			return false;
	for (uint16_t i = 0; i < section->count; i++) {
		const knot_rrset_t *rr = knot_pkt_rr(section, i);
		if (rr->rclass != KNOT_CLASS_IN
			? !prereq_presence(overlay, zone, rr, result)
			: !prereq_values(overlay, zone, section, rr, result))
			return false;
	}
	return true;
}

/* Update section (RFC 2136 3.4) -------------------------------------------------------------- */

static bool
scan_form(const knot_rrset_t *rr, const knot_dname_t *zone, struct update_result *result)
{
	bool rdata = rr->rrs.count > 0 && rr->rrs.rdata->len > 0;
	bool meta = rr_is_meta(rr->type);

	if (knot_dname_in_bailiwick(rr->owner, zone) < 0)
		return refuse(result, KNOT_RCODE_NOTZONE, "%s is outside the zone",
			      name_text(rr->owner));
	switch (rr->rclass) {
	case KNOT_CLASS_IN:
		return !meta || refuse(result, KNOT_RCODE_FORMERR,
				       "a record of type %s cannot be added", type_text(rr->type));
	case KNOT_CLASS_ANY:
		if (rr->ttl != 0 || rdata || (meta && rr->type != KNOT_RRTYPE_ANY))
			return refuse(result, KNOT_RCODE_FORMERR,
				      "malformed deletion of an RRset (type %s)",
				      type_text(rr->type));
		return true;
	case KNOT_CLASS_NONE:
		if (rr->ttl != 0 || meta)
			return refuse(result, KNOT_RCODE_FORMERR,
				      "malformed deletion of a record (type %s)",
				      type_text(rr->type));
		return true;
	default:
		return refuse(result, KNOT_RCODE_FORMERR, "class %u in the update section",
			      rr->rclass);
	}
}

static bool
scan_allowed(const knot_rrset_t *rr, const knot_dname_t *zone, struct update_result *result)
{
	if (!knot_dname_is_equal(rr->owner, zone))
		return refuse(result, KNOT_RCODE_REFUSED, "%s is below the apex",
			      name_text(rr->owner));
	if (rr->type == KNOT_RRTYPE_ANY)
		return refuse(result, KNOT_RCODE_REFUSED, "deletion of everything at the apex");
	if (!msig_apex_is_type(rr->type))
		return refuse(
		    result, KNOT_RCODE_REFUSED,
		    "type %s is the owner's, only DNSKEY, CDS, CDNSKEY, NS and CSYNC are ours",
		    type_text(rr->type));
	if (rr->rclass == KNOT_CLASS_IN && rr->ttl > TTL_MAX)
		return refuse(result, KNOT_RCODE_REFUSED, "TTL %u is larger than %u", rr->ttl,
			      TTL_MAX);
	return true;
}

static void
apply_rr(const knot_rrset_t *rr, const char *origin, uint64_t now, struct overlay *overlay)
{
	static struct rr_room room;
	const knot_rdata_t *rdata = rr->rrs.rdata;

	if (rr->rrs.count == 0) { /* a parser may leave an empty rdata out */
		knot_rdata_init(rr_room_rdata(&room), 0, NULL);
		rdata = rr_room_rdata(&room);
	}
	if (rr->rclass == KNOT_CLASS_IN)
		overlay_add(overlay, origin, rr->type, rr->ttl, rdata, now);
	else
		overlay_remove(overlay, origin, rr->type,
			       rr->rclass == KNOT_CLASS_NONE ? rdata : NULL);
}

void
update_apply(const knot_pkt_t *pkt, const knot_dname_t *zone, const char *origin, uint64_t now,
	     struct overlay *overlay, struct update_result *result)
{
	const knot_pktsection_t *prereqs = knot_pkt_section(pkt, KNOT_ANSWER);
	const knot_pktsection_t *updates = knot_pkt_section(pkt, KNOT_AUTHORITY);

	memset(result, 0, sizeof(*result));
	if (prereqs->count + updates->count > UPDATE_MAX_RRS) {
		refuse(result, KNOT_RCODE_REFUSED, "%u records, at most %d are taken",
		       prereqs->count + updates->count, UPDATE_MAX_RRS);
		return;
	}
	/* Types that are not on the list are refused before anything is looked up. */
	for (uint16_t i = 0; i < updates->count; i++)
		if (!scan_form(knot_pkt_rr(updates, i), zone, result))
			return;
	for (uint16_t i = 0; i < updates->count; i++)
		if (!scan_allowed(knot_pkt_rr(updates, i), zone, result))
			return;
	if (!prerequisites(overlay, zone, prereqs, result))
		return;
	for (uint16_t i = 0; i < updates->count; i++)
		apply_rr(knot_pkt_rr(updates, i), origin, now, overlay);
}

/* Content ------------------------------------------------------------------------------------ */

/* Public key lengths of the algorithms that a zone may be signed with; 0: RSA, varies. */
static bool
key_length_ok(uint8_t algorithm, size_t len)
{
	switch (algorithm) {
	case 8:
	case 10:
		return len >= 64 && len <= 1024;
	case 13:
		return len == 64;
	case 14:
		return len == 96;
	case 15:
		return len == 32;
	case 16:
		return len == 57;
	default:
		return false;
	}
}

static bool
algorithm_known(uint8_t algorithm)
{
	return algorithm == 8 || algorithm == 10 || (algorithm >= 13 && algorithm <= 16);
}

static bool
check_key(const struct overlay_rr *rr, struct update_result *result)
{
	const knot_rdata_t *key = rr->rdata;
	const char *type = rr->type == KNOT_RRTYPE_DNSKEY ? "DNSKEY" : "CDNSKEY";

	if (key->len < 5)
		return refuse(result, KNOT_RCODE_FORMERR, "%s too short", type);
	uint16_t flags = knot_wire_read_u16(key->data);
	uint8_t algorithm = key->data[3];
	if (algorithm == 0)
		return refuse(result, KNOT_RCODE_REFUSED,
			      "%s with algorithm 0: it would ask the "
			      "parent to make the zone insecure",
			      type);
	if (key->data[2] != 3)
		return refuse(result, KNOT_RCODE_REFUSED, "%s with protocol %u instead of 3", type,
			      key->data[2]);
	if (!(flags & MSIG_DNSKEY_ZONE))
		return refuse(result, KNOT_RCODE_REFUSED, "%s without the zone bit (flags %u)",
			      type, flags);
	if (flags & MSIG_DNSKEY_REVOKE)
		return refuse(result, KNOT_RCODE_REFUSED, "%s with the REVOKE bit", type);
	if (!algorithm_known(algorithm))
		return refuse(result, KNOT_RCODE_REFUSED,
			      "%s with algorithm %u, which is not known", type, algorithm);
	if (!key_length_ok(algorithm, key->len - 4U))
		return refuse(result, KNOT_RCODE_REFUSED,
			      "%s: no key of algorithm %u has %u octets", type, algorithm,
			      key->len - 4U);
	if (msig_key_check(key->data, key->len) != 0)
		return refuse(result, KNOT_RCODE_REFUSED,
			      "%s with tag %u: its public key is none of algorithm %u (no point of "
			      "its curve): the signer would refuse all of it",
			      type, msig_key_tag(key), algorithm);
	return true;
}

static bool
check_cds(const struct overlay_rr *rr, struct update_result *result)
{
	const knot_rdata_t *cds = rr->rdata;

	if (cds->len < 5)
		return refuse(result, KNOT_RCODE_FORMERR, "CDS too short");
	if (cds->data[2] == 0)
		return refuse(result, KNOT_RCODE_REFUSED,
			      "CDS with algorithm 0: it would ask the "
			      "parent to make the zone insecure");
	if (!algorithm_known(cds->data[2]))
		return refuse(result, KNOT_RCODE_REFUSED,
			      "CDS with algorithm %u, which is not known", cds->data[2]);
	size_t want = cds->data[3] == 2 ? 32 : cds->data[3] == 4 ? 48 : 0;
	if (want == 0)
		return refuse(result, KNOT_RCODE_REFUSED,
			      "CDS with digest type %u, 2 and 4 are taken", cds->data[3]);
	if (cds->len - 4U != want)
		return refuse(result, KNOT_RCODE_REFUSED, "CDS: digest of %u octets instead of %zu",
			      cds->len - 4U, want);
	return true;
}

/* serial, flags, then one bitmap window 0 that names NS, A, AAAA only (RFC 7477). */
static bool
check_csync(const struct overlay_rr *rr, struct update_result *result)
{
	static const uint8_t allowed[] = {0x60, 0x00, 0x00, 0x08}; /* A 1, NS 2, AAAA 28 */
	const knot_rdata_t *csync = rr->rdata;

	if (csync->len < 6)
		return refuse(result, KNOT_RCODE_FORMERR, "CSYNC too short");
	uint16_t flags = knot_wire_read_u16(csync->data + 4);
	if (flags != 1 && flags != 3)
		return refuse(result, KNOT_RCODE_REFUSED, "CSYNC with flags %u, 1 and 3 are taken",
			      flags);
	const uint8_t *map = csync->data + 6;
	size_t len = csync->len - 6U;
	if (len < 3 || map[0] != 0 || map[1] == 0 || map[1] != len - 2)
		return refuse(result, KNOT_RCODE_REFUSED, "CSYNC with a malformed list of types");
	for (size_t i = 0; i + 2 < len; i++)
		if (map[2 + i] & ~(i < sizeof(allowed) ? allowed[i] : 0))
			return refuse(result, KNOT_RCODE_REFUSED,
				      "CSYNC for other types than NS, A and AAAA");
	if (map[len - 1] == 0)
		return refuse(result, KNOT_RCODE_REFUSED, "CSYNC with a malformed list of types");
	return true;
}

static bool
check_ns(const struct overlay_rr *rr, const knot_dname_t *zone, const struct version *owner,
	 struct update_result *result)
{
	const uint8_t *target = rr->rdata->data;

	if (knot_dname_wire_check(target, target + rr->rdata->len, NULL) != rr->rdata->len)
		return refuse(result, KNOT_RCODE_FORMERR, "NS without a name");
	if (target[0] == 0 || knot_dname_is_equal(target, zone))
		return refuse(result, KNOT_RCODE_REFUSED, "NS %s is no name server",
			      name_text(target));
	if (knot_dname_in_bailiwick(target, zone) < 0 || owner == NULL)
		return true;
	if (version_find(owner, target, KNOT_RRTYPE_CNAME, NULL) != NULL)
		return refuse(result, KNOT_RCODE_REFUSED, "NS %s is an alias in the owner's zone",
			      name_text(target));
	if (version_find(owner, target, KNOT_RRTYPE_A, NULL) == NULL &&
	    version_find(owner, target, KNOT_RRTYPE_AAAA, NULL) == NULL)
		return refuse(result, KNOT_RCODE_REFUSED,
			      "NS %s lies in the zone and has no address there", name_text(target));
	return true;
}

static bool
check_rr(const struct overlay_rr *rr, const knot_dname_t *zone, const struct version *owner,
	 struct update_result *result)
{
	switch (rr->type) {
	case KNOT_RRTYPE_DNSKEY:
	case KNOT_RRTYPE_CDNSKEY:
		return check_key(rr, result);
	case KNOT_RRTYPE_CDS:
		return check_cds(rr, result);
	case KNOT_RRTYPE_CSYNC:
		return check_csync(rr, result);
	case KNOT_RRTYPE_NS:
		return check_ns(rr, zone, owner, result);
	default:
		return refuse(result, KNOT_RCODE_REFUSED, "type %s", type_text(rr->type));
	}
}

static bool
check_tags(const struct msig_set *keys, struct update_result *result)
{
	MSIG_SET_EACH(keys, a)
	{
		unsigned same = 0;
		MSIG_SET_EACH(keys, b)
		if (msig_key_tag(a) == msig_key_tag(b))
			same++;
		if (same > UPDATE_MAX_PER_TAG)
			return refuse(result, KNOT_RCODE_REFUSED,
				      "%u keys with tag %u, at most %d are taken", same,
				      msig_key_tag(a), UPDATE_MAX_PER_TAG);
	}
	return true;
}

static bool
check_sets(const struct overlay *overlay, struct update_result *result)
{
	static const struct {
		uint16_t type;
		unsigned max;
	} limits[] = {
	    {KNOT_RRTYPE_DNSKEY, UPDATE_MAX_KEYS},
	    {KNOT_RRTYPE_CDS, UPDATE_MAX_KEYS},
	    {KNOT_RRTYPE_CDNSKEY, UPDATE_MAX_KEYS},
	    {KNOT_RRTYPE_NS, UPDATE_MAX_NS},
	    {KNOT_RRTYPE_CSYNC, 1},
	};
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct msig_set set;
		if (overlay_set(overlay, limits[i].type, &set) != 0)
			return refuse(result, KNOT_RCODE_FORMERR, "malformed %s",
				      type_text(limits[i].type));
		bool ok = set.rrs.count <= limits[i].max ||
			  refuse(result, KNOT_RCODE_REFUSED,
				 "%u records of type %s, at most %u are taken", set.rrs.count,
				 type_text(limits[i].type), limits[i].max);
		ok = ok && (limits[i].type != KNOT_RRTYPE_DNSKEY || check_tags(&set, result));
		msig_set_clear(&set);
		if (!ok)
			return false;
	}
	return true;
}

/* An overlay that lost a provider's keys or CDS tells the parent, or makes validators, drop that
 * provider: only a process that says so may do that. CSYNC is nobody's loss: one that has nothing
 * else any more, a signer of its own records that leaves, may take it back. */
static bool
check_shrink(const struct overlay *overlay, const struct overlay *before,
	     struct update_result *result)
{
	static const uint16_t kept[] = {KNOT_RRTYPE_DNSKEY, KNOT_RRTYPE_CDS, KNOT_RRTYPE_CDNSKEY};
	size_t count;
	const char **origins = overlay_origins(before, &count);
	bool ok = true;

	for (size_t i = 0; ok && i < count; i++) {
		if (overlay_count(overlay, origins[i], 0) == 0 &&
		    overlay_count(before, origins[i], 0) >
			overlay_count(before, origins[i], KNOT_RRTYPE_CSYNC))
			ok = refuse(result, KNOT_RCODE_REFUSED,
				    "it takes away everything of %s, and "
				    "no process says so",
				    origins[i]);
		for (size_t k = 0; ok && k < sizeof(kept) / sizeof(kept[0]); k++)
			if (overlay_count(before, origins[i], kept[k]) > 0 &&
			    overlay_count(overlay, origins[i], kept[k]) == 0)
				ok = refuse(result, KNOT_RCODE_REFUSED,
					    "it takes away every %s of "
					    "%s, and no process says so",
					    type_text(kept[k]), origins[i]);
	}
	free(origins);
	return ok;
}

void
update_check(const struct overlay *overlay, const struct overlay *before, bool may_shrink,
	     const knot_dname_t *zone, const struct version *owner, struct update_result *result)
{
	memset(result, 0, sizeof(*result));
	for (size_t i = 0; i < overlay->count; i++)
		if (!check_rr(&overlay->at[i], zone, owner, result))
			return;
	if (!check_sets(overlay, result))
		return;
	if (!may_shrink)
		check_shrink(overlay, before, result);
}
