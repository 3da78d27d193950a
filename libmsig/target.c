/*
 * The target, from HSYNC and statements.
 */
#include "libmsig/target.h"
#include <stdlib.h>
#include <string.h>
#include "libmsig/err.h"

#define KEYS (MSIG_APEX_BIT(DNSKEY) | MSIG_APEX_BIT(CDS) | MSIG_APEX_BIT(CDNSKEY))

/* CSYNC 0 1 A NS AAAA: immediate, no soaminimum (every provider has serials of its own). */
static const uint8_t csync_rdata[] = {0, 0, 0, 0, 0, 1, 0, 4, 0x60, 0, 0, 8};

unsigned
msig_target_types(const struct msig_hsync_set *hsync, const knot_dname_t *identity)
{
	const struct msig_hsync *h = msig_hsync_set_find(hsync, identity);
	unsigned types = 0;

	if (h == NULL || h->state != MSIG_HSYNC_ON)
		return 0;
	if (h->sign == MSIG_HSYNC_SIGN)
		types |= KEYS;
	if (hsync->nsmgmt == MSIG_HSYNC_AGENT)
		types |= MSIG_APEX_BIT(NS);
	return types;
}

/* Is this HSYNC set an instruction at all? */
static bool
instructs(const struct msig_target_in *in)
{
	if (in->hsync->mixed || msig_hsync_set_find(in->hsync, in->identity) == NULL)
		return false;
	for (size_t i = 0; i < in->hsync->count; i++) {
		if (in->hsync->at[i].state == MSIG_HSYNC_ON)
			return true;
	}
	return false;
}

/* What everyone must show alike is put together only where there is more than one: the sets of a
 * single provider are its own affair, and an overlay with nothing foreign is empty by right. While
 * a process still lets anything of a second one in, there are two. */
static unsigned
shared(const struct msig_target_in *in)
{
	size_t providers = 0;

	for (size_t i = 0; i < in->count; i++)
		providers += in->part[i].types != 0;
	return providers > 1 ? KEYS | MSIG_APEX_BIT(NS) : MSIG_APEX_BIT(DNSKEY);
}

/* What of a part comes into our overlay: the process's word, less what rules forbid. */
static unsigned
permitted(const struct msig_target_in *in, const struct msig_target_part *part)
{
	unsigned types = part->types & shared(in);

	if (in->hsync->nsmgmt != MSIG_HSYNC_AGENT)
		types &= ~MSIG_APEX_BIT(NS);
	if (in->mode == MSIG_SIGNER_FOREIGN &&
	    msig_name_eq(part->statement->identity, in->identity))
		types &= ~KEYS;
	return types;
}

static bool
is_key_set(int i)
{
	return (KEYS & 1u << i) != 0;
}

static int
contribute(const struct msig_target_in *in, const struct msig_target_part *part,
	   struct msig_contribution *to)
{
	unsigned types = permitted(in, part);
	int ret = msig_statement_check(part->statement);

	if (ret != 0)
		return MSIG_EREFUSED;
	memcpy(to->identity, part->statement->identity, sizeof(to->identity));
	for (int i = 0; i < MSIG_APEX_COUNT && ret == 0; i++) {
		if (!(types & 1u << i))
			continue;
		ret = msig_set_copy(&to->apex.set[i], &part->statement->apex.set[i]);
		to->apex.set[i].ttl = is_key_set(i) ? in->key_ttl : in->ns_ttl;
	}
	return ret;
}

static struct msig_contribution *
find(const struct msig_target *target, const knot_dname_t *identity)
{
	for (size_t i = 0; i < target->count; i++) {
		if (msig_name_eq(target->at[i].identity, identity))
			return &target->at[i];
	}
	return NULL;
}

/* The contribution of an identity, made if there is none; room is enough for all. */
static struct msig_contribution *
get(struct msig_target *target, const knot_dname_t *identity)
{
	struct msig_contribution *c = find(target, identity);

	if (c == NULL) {
		c = &target->at[target->count++];
		knot_dname_copy_lower(c->identity, identity);
		msig_apex_init(&c->apex);
	}
	return c;
}

static int
by_identity(const void *a, const void *b)
{
	return msig_name_cmp(((const struct msig_contribution *)a)->identity,
			     ((const struct msig_contribution *)b)->identity);
}

static void
drop_empty(struct msig_target *target)
{
	size_t n = 0;

	for (size_t i = 0; i < target->count; i++) {
		if (msig_apex_empty(&target->at[i].apex))
			msig_apex_clear(&target->at[i].apex);
		else
			target->at[n++] = target->at[i];
	}
	target->count = n;
}

/* A zone that arrives signed from another provider must not be touched: any edit breaks it. */
static bool
passes_through(const struct msig_target_in *in)
{
	const struct msig_hsync *own = msig_hsync_set_find(in->hsync, in->identity);

	return own->sign != MSIG_HSYNC_SIGN && msig_hsync_set_signers(in->hsync) > 0;
}

static int
fill(const struct msig_target_in *in, struct msig_target *out)
{
	int ret = 0;

	for (size_t i = 0; i < in->count && ret == 0; i++) {
		if (find(out, in->part[i].statement->identity) != NULL)
			return MSIG_EDUP;
		ret = contribute(in, &in->part[i], get(out, in->part[i].statement->identity));
	}
	if (ret == 0 && in->csync) {
		struct msig_set *set = &get(out, in->identity)->apex.set[MSIG_APEX_CSYNC];

		ret = msig_set_add(set, csync_rdata, sizeof(csync_rdata));
		set->ttl = in->ns_ttl;
	}
	return ret;
}

int
msig_target(const struct msig_target_in *in, struct msig_target *out)
{
	int ret;

	memset(out, 0, sizeof(*out));
	if (!instructs(in))
		return MSIG_EDOUBT;
	if (passes_through(in))
		return 0;
	out->at = calloc(in->count + 1, sizeof(*out->at));
	if (out->at == NULL)
		return KNOT_ENOMEM;
	ret = fill(in, out);
	if (ret != 0) {
		msig_target_clear(out);
		return ret;
	}
	drop_empty(out);
	qsort(out->at, out->count, sizeof(*out->at), by_identity);
	return 0;
}

void
msig_target_clear(struct msig_target *target)
{
	for (size_t i = 0; i < target->count; i++)
		msig_apex_clear(&target->at[i].apex);
	free(target->at);
	memset(target, 0, sizeof(*target));
}

bool
msig_target_eq(const struct msig_target *a, const struct msig_target *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!msig_name_eq(a->at[i].identity, b->at[i].identity) ||
		    !msig_apex_eq(&a->at[i].apex, &b->at[i].apex))
			return false;
	}
	return true;
}

const struct msig_contribution *
msig_target_find(const struct msig_target *target, const knot_dname_t *identity)
{
	return find(target, identity);
}

int
msig_target_union(const struct msig_target *target, struct msig_apex *apex)
{
	for (size_t i = 0; i < target->count; i++) {
		int ret = msig_apex_merge(apex, &target->at[i].apex);

		if (ret != 0)
			return ret;
	}
	return 0;
}

bool
msig_target_shrinks(const struct msig_target *old, const struct msig_target *now)
{
	for (size_t i = 0; i < old->count; i++) {
		if (find(now, old->at[i].identity) == NULL)
			return true;
	}
	return false;
}
