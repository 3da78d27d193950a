/*
 * Statements: checks, and the way into and out of messages.
 */
#include "libmsig/statement.h"
#include <string.h>
#include <libknot/libknot.h>
#include "libmsig/err.h"
#include "libmsig/key.h"
#include "libmsig/name.h"

void
msig_statement_init(struct msig_statement *st, const knot_dname_t *identity,
		    const knot_dname_t *zone)
{
	memset(st, 0, sizeof(*st));
	msig_apex_init(&st->apex);
	knot_dname_copy_lower(st->identity, identity);
	knot_dname_copy_lower(st->zone, zone);
}

void
msig_statement_clear(struct msig_statement *st)
{
	msig_apex_clear(&st->apex);
}

int
msig_statement_copy(struct msig_statement *to, const struct msig_statement *from)
{
	struct msig_apex apex;
	int ret;

	msig_apex_init(&apex);
	ret = msig_apex_copy(&apex, &from->apex);
	if (ret != 0) {
		msig_apex_clear(&apex);
		return ret;
	}
	msig_apex_clear(&to->apex);
	*to = *from;
	to->apex = apex;
	return 0;
}

int
msig_statement_cmp(const struct msig_statement *a, const struct msig_statement *b)
{
	return msig_version_cmp(&a->version, &b->version);
}

static int
check_keys(const struct msig_set *dnskeys)
{
	MSIG_SET_EACH(dnskeys, key)
	{
		if (key->len <= 4 || !(knot_dnskey_flags(key) & MSIG_DNSKEY_ZONE) ||
		    knot_dnskey_proto(key) != 3 || knot_dnskey_alg(key) == 0)
			return MSIG_EVALUE;
		if (msig_key_check(key->data, key->len) != 0)
			return MSIG_EKEY;
	}
	return 0;
}

/* A CDS that names a key which its provider does not state would have the parent trust a key that
 * nobody publishes. */
static int
check_cds(const struct msig_statement *st)
{
	const struct msig_set *dnskeys = &st->apex.set[MSIG_APEX_DNSKEY];
	const struct msig_set *cds = &st->apex.set[MSIG_APEX_CDS];
	const struct msig_set *cdnskey = &st->apex.set[MSIG_APEX_CDNSKEY];

	if (!msig_key_cds_agree(st->zone, cds, cdnskey))
		return MSIG_EVALUE;
	MSIG_SET_EACH(cds, ds)
	{
		if (ds->data[3] != 2 && ds->data[3] != 4) /* it matches: it has all octets */
			return MSIG_EVALUE;
	}
	MSIG_SET_EACH(cdnskey, key)
	{
		if (!msig_key_is_sep(key) || !knot_rdataset_member(&dnskeys->rrs, key))
			return MSIG_EVALUE;
	}
	return 0;
}

static int
check_ns(const struct msig_set *ns)
{
	MSIG_SET_EACH(ns, rr)
	{
		if (knot_dname_wire_check(rr->data, rr->data + rr->len, NULL) != rr->len ||
		    rr->len == 1)
			return MSIG_EVALUE;
	}
	return 0;
}

int
msig_statement_check(const struct msig_statement *st)
{
	const struct msig_set *set = st->apex.set;
	int ret;

	for (int i = 0; i < MSIG_APEX_COUNT; i++) {
		if (set[i].rrs.count > MSIG_STATEMENT_MAX)
			return MSIG_ESIZE;
	}
	if (set[MSIG_APEX_CSYNC].rrs.count > 0)
		return MSIG_EVALUE;
	ret = check_keys(&set[MSIG_APEX_DNSKEY]);
	if (ret == 0)
		ret = check_cds(st);
	if (ret == 0)
		ret = check_ns(&set[MSIG_APEX_NS]);
	return ret;
}

int
msig_statement_to_option(const struct msig_statement *st, struct msig_option *option)
{
	int ret = msig_apex_digest(&st->apex, option->contribution);

	if (ret != 0)
		return ret;
	memcpy(option->generation, st->generation, sizeof(option->generation));
	memcpy(option->hsync, st->hsync_digest, sizeof(option->hsync));
	option->version = st->version;
	option->process = st->process;
	option->step = st->step;
	option->epoch = st->epoch;
	option->owner_serial = st->owner_serial;
	option->share = st->share;
	option->wish = st->wish;
	option->algorithm = st->algorithm;
	option->standing = st->standing;
	if (st->wish != 0)
		option->has |= MSIG_HAS(WISH) | MSIG_HAS(ALGORITHM);
	option->has |= MSIG_HAS(CONTRIBUTION) | MSIG_HAS(GENERATION) | MSIG_HAS(HSYNC) |
		       MSIG_HAS(VERSION) | MSIG_HAS(PROCESS) | MSIG_HAS(STEP) | MSIG_HAS(EPOCH) |
		       MSIG_HAS(OWNER_SERIAL) | MSIG_HAS(SHARE) | MSIG_HAS(STANDING);
	return 0;
}

/* At rest step 7 says that it is a member in sync. */
static uint8_t
standing(const struct msig_option *option)
{
	if ((option->has & MSIG_HAS(STANDING)) != 0)
		return option->standing;
	return option->process == 0 && option->step == 7
		   ? MSIG_STANDING_KEYS | MSIG_STANDING_CDS | MSIG_STANDING_NS |
			 MSIG_STANDING_MEMBER
		   : 0;
}

static int
from_option(const struct msig_option *option, struct msig_statement *st)
{
	const uint32_t must = MSIG_HAS(IDENTITY) | MSIG_HAS(ZONE) | MSIG_HAS(CONTRIBUTION) |
			      MSIG_HAS(GENERATION) | MSIG_HAS(HSYNC) | MSIG_HAS(VERSION);

	if ((option->has & must) != must)
		return MSIG_EMISSING;
	memcpy(st->generation, option->generation, sizeof(st->generation));
	memcpy(st->hsync_digest, option->hsync, sizeof(st->hsync_digest));
	st->version = option->version;
	/* Absent ones are zero: no process. */
	st->process = option->process;
	st->step = option->step;
	st->epoch = option->epoch;
	st->owner_serial = option->owner_serial;
	st->wish = option->wish;
	st->standing = standing(option);
	st->algorithm = option->has & MSIG_HAS(WISH) ? option->algorithm : 0;
	st->share = option->share; /* absent: all */
	return st->share < MSIG_SHARE_COUNT ? 0 : MSIG_EVALUE;
}

int
msig_statement_from_peermsg(const struct msig_peermsg *msg, struct msig_statement *st)
{
	uint8_t digest[MSIG_DIGEST_LEN];
	int ret;

	if (!msg->has_apex)
		return MSIG_EMISSING;
	msig_statement_init(st, msg->option.identity, msg->zone);
	ret = from_option(&msg->option, st);
	if (ret == 0)
		ret = msig_apex_copy(&st->apex, &msg->apex);
	if (ret == 0)
		ret = msig_apex_digest(&st->apex, digest);
	if (ret == 0 && memcmp(digest, msg->option.contribution, sizeof(digest)) != 0)
		ret = MSIG_EVALUE;
	if (ret == 0)
		ret = msig_statement_check(st);
	if (ret != 0)
		msig_statement_clear(st);
	return ret;
}
