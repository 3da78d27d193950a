#include "config.h"

#include <stdio.h>
#include <string.h>
#include "combinerd/merge.h"
#include "libmsig/err.h"
#include "libmsig/hsync.h"

const char *
merge_mode_name(enum merge_mode mode)
{
	static const char *const names[] = {
#define X(id, name) name,
	    MERGE_MODES(X)
#undef X
	};
	return (unsigned)mode < MERGE_MODE_COUNT ? names[mode] : "?";
}

static bool
has_nsec3(struct version *version)
{
	struct store_iter *iter = version_iterate(version);
	struct rr rr;
	bool found = false;

	while (!found && store_iter_next(iter, &rr))
		found = rr.type == KNOT_RRTYPE_NSEC3;
	store_iter_free(iter);
	return found;
}

bool
merge_is_signed(struct version *version)
{
	return version_signatures(version, version_name(version), KNOT_RRTYPE_SOA, NULL) != NULL &&
	       (version_apex(version, KNOT_RRTYPE_NSEC, NULL) != NULL || has_nsec3(version));
}

/* What HSYNC tells us to apply. false: it is no instruction, why says so. */
static bool
instruction(const struct policy_input *in, enum merge_mode *mode, char *why, size_t size)
{
	struct msig_hsync_set set = {0};
	bool ok = false;

	if (in->identity == NULL) {
		*mode = MERGE_ALL;
		return true;
	}
	const knot_rdataset_t *rrs = version_apex(in->owner, in->hsync_type, NULL);
	if (rrs == NULL) {
		snprintf(why, size, "the owner's zone has no HSYNC record");
		return false;
	}
	/* Whoever goes may stay until somebody else is in, which the agent alone knows: keys from
	 * it begin what HSYNC alone would not. */
	bool stays = in->signs && !in->ever;
	/* Who never showed keys does not stop to: where nobody signs, NS come and go. */
	bool only_ns = !in->signs && (in->last == MERGE_NS || in->last == MERGE_NONE);
	int ret = msig_hsync_set_decode(rrs, in->hsync_type, 0, &set, NULL);
	const struct msig_hsync *own = ret == 0 ? msig_hsync_set_find(&set, in->identity) : NULL;
	if (ret != 0)
		snprintf(why, size, "the owner's HSYNC cannot be used: %s", msig_strerror(ret));
	else if (set.mixed)
		snprintf(why, size, "the owner's HSYNC records do not agree on who manages NS");
	else if (own == NULL)
		snprintf(why, size, "the owner's HSYNC does not name this provider");
	else if (own->state != MSIG_HSYNC_ON && !stays)
		snprintf(why, size, "the owner's HSYNC says OFF for this provider");
	else if (own->sign != MSIG_HSYNC_SIGN && in->ever && !only_ns)
		snprintf(why, size,
			 "the owner's HSYNC says NOSIGN for this provider, which has "
			 "an overlay applied");
	else
		ok = true;
	if (ok && own->sign != MSIG_HSYNC_SIGN && !stays)
		*mode = set.nsmgmt == MSIG_HSYNC_AGENT ? MERGE_NS : MERGE_NONE;
	else if (ok)
		*mode = set.nsmgmt == MSIG_HSYNC_AGENT ? MERGE_ALL : MERGE_NO_NS;
	msig_hsync_set_clear(&set);
	return ok;
}

void
merge_policy(const struct policy_input *in, struct policy *out)
{
	memset(out, 0, sizeof(*out));
	out->take = true;
	if (merge_is_signed(in->owner)) {
		out->state = MSIG_ZONE_PASSTHROUGH;
		out->take = !in->ever || in->accept_signed;
		snprintf(out->why, sizeof(out->why), "the owner's zone is signed%s",
			 out->take ? ": served as it is, the overlay is not applied"
				   : ", but an overlay was applied to it before");
		return;
	}
	if (instruction(in, &out->mode, out->why, sizeof(out->why))) {
		if (!in->ever && (!in->has_overlay || out->mode == MERGE_NONE)) {
			out->state = MSIG_ZONE_PLAIN;
			out->mode = MERGE_NONE;
		} else {
			out->state = MSIG_ZONE_MERGED;
		}
		return;
	}
	/* No instruction. What was published stays; what was never applied is not begun. */
	out->state = in->ever ? MSIG_ZONE_FROZEN : MSIG_ZONE_PLAIN;
	out->mode = in->ever ? in->last : MERGE_NONE;
}

static bool
applies(enum merge_mode mode, uint16_t type)
{
	switch (mode) {
	case MERGE_ALL:
		return true;
	case MERGE_NO_NS:
		return type != KNOT_RRTYPE_NS;
	case MERGE_NS:
		return type == KNOT_RRTYPE_NS;
	default:
		return false;
	}
}

/* Puts one RRset of the overlay in place of the owner's. */
static int
merge_type(struct change *change, struct version *owner, const knot_dname_t *apex,
	   const struct overlay *overlay, uint16_t type, bool *replaced)
{
	struct msig_set set;
	int ret = overlay_set(overlay, type, &set);

	if (ret != 0)
		return ret;
	bool owners = version_apex(owner, type, NULL) != NULL;
	*replaced = owners && type != KNOT_RRTYPE_NS;
	/* Without NS from anybody the owner's stay: a zone without NS is none. */
	if (set.rrs.count > 0 || type != KNOT_RRTYPE_NS)
		change_drop(change, apex, type);
	MSIG_SET_EACH(&set, rdata)
	{
		struct rr rr = {apex, type, set.ttl, rdata};
		if (ret == 0)
			ret = change_add(change, &rr);
	}
	msig_set_clear(&set);
	return ret;
}

static int
set_serial(struct change *change, const knot_dname_t *apex, const knot_rdataset_t *soa,
	   uint32_t ttl, uint32_t serial)
{
	static struct rr_room room;
	struct rr rr = {apex, KNOT_RRTYPE_SOA, ttl, rr_room_rdata(&room)};

	knot_rdata_init(rr_room_rdata(&room), soa->rdata->len, soa->rdata->data);
	knot_wire_write_u32(rr_room_rdata(&room)->data + soa->rdata->len - 20, serial);
	change_drop(change, apex, KNOT_RRTYPE_SOA);
	return change_add(change, &rr);
}

struct version *
merge_make(struct version *owner, const struct overlay *overlay, enum merge_mode mode,
	   uint32_t serial, struct merge_notes *notes)
{
	static const uint16_t types[] = {
#define X(id, type) type,
	    MSIG_APEX_TYPES(X)
#undef X
	};
	uint32_t ttl;
	unsigned noted = 0;
	const knot_dname_t *apex = version_name(owner);
	const knot_rdataset_t *soa = version_apex(owner, KNOT_RRTYPE_SOA, &ttl);

	memset(notes, 0, sizeof(*notes));
	if (soa == NULL)
		return NULL;
	struct change *change = store_begin(owner, apex);
	int ret =
	    rr_soa_serial(soa->rdata) != serial ? set_serial(change, apex, soa, ttl, serial) : 0;
	for (size_t i = 0; ret == 0 && i < sizeof(types) / sizeof(types[0]); i++) {
		bool replaced = false;
		if (applies(mode, types[i]))
			ret = merge_type(change, owner, apex, overlay, types[i], &replaced);
		if (replaced && noted < 4)
			notes->owner[noted++] = types[i];
	}
	if (ret != 0) {
		store_rollback(change);
		return NULL;
	}
	/* A digest over the whole zone is right only for the zone that the owner made. */
	struct rr_sum now = change_sum(change), was = version_sum(owner);
	if ((now.a != was.a || now.b != was.b) &&
	    version_apex(owner, KNOT_RRTYPE_ZONEMD, NULL) != NULL) {
		change_drop(change, apex, KNOT_RRTYPE_ZONEMD);
		notes->zonemd = true;
	}
	return store_commit(change);
}
