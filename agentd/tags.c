/*
 * Which keys have one tag, and which of them go. See tags.h.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/agree.h"
#include "agentd/shown.h"
#include "agentd/tags.h"
#include "libmsig/key.h"

static struct rset
keys_of(const struct zone_view *view, int provider, struct rset own)
{
	const struct rset *stated = &view->d.provider[provider].statement.dnskey;
	return provider == VIEW_SELF ? rset_or(own, *stated) : rset_minus(*stated, own);
}

/* Our own keys do, even before anybody knows of them. */
static bool
counts(const struct zone_view *view, int provider)
{
	return provider == VIEW_SELF || agree_concerns(view, provider);
}

/* Takes out of a set all that clash with one of its keys, or with one of those. */
static struct rset
take(const struct rpool *pool, struct rset *from, int key)
{
	struct rset taken = RSET_NONE;
	bool more = true;

	rset_add(&taken, key);
	rset_del(from, key);
	while (more) {
		more = false;
		for (int i = rset_next(&taken, 0); i >= 0; i = rset_next(&taken, i + 1))
			for (int k = rset_next(from, 0); k >= 0; k = rset_next(from, k + 1))
				if (rr_tags_clash(&pool->at[i], &pool->at[k])) {
					rset_add(&taken, k);
					rset_del(from, k);
					more = true;
				}
	}
	return taken;
}

int
tags_clashes(const struct zone_view *view, struct rset own, struct rset *clash)
{
	struct rset all = RSET_NONE;
	int count = 0;

	for (int p = 0; p < view->d.providers; p++)
		if (counts(view, p))
			all = rset_or(all, keys_of(view, p, own));
	for (int i = rset_next(&all, 0); i >= 0; i = rset_next(&all, i + 1)) {
		struct rset some = take(&view->d.pool, &all, i);
		if (rset_count(some) < 2)
			continue;
		if (count < TAGS_CLASHES)
			clash[count] = some;
		count++;
	}
	return count;
}

uint16_t
tags_first(const struct zone_view *view, const struct rset *clash)
{
	uint16_t first = UINT16_MAX;

	for (int i = rset_next(clash, 0); i >= 0; i = rset_next(clash, i + 1))
		if (view->d.pool.at[i].tag < first)
			first = view->d.pool.at[i].tag;
	return first;
}

static int
owner(const struct zone_view *view, struct rset own, int key)
{
	for (int p = 0; p < view->d.providers; p++) {
		struct rset keys = keys_of(view, p, own);
		if (counts(view, p) && rset_has(&keys, key))
			return p;
	}
	return VIEW_SELF; /* one of tags_clashes() is somebody's */
}

/* As flags tell it: who has SEP keys only has CSKs. */
static uint8_t
role(const struct zone_view *view, struct rset own, int key)
{
	struct rset keys = keys_of(view, owner(view, own, key), own);

	if (!rset_has(&view->d.pool.sep, key))
		return MSIG_KEY_ROLE_ZSK;
	return rset_within(keys, view->d.pool.sep) ? MSIG_KEY_ROLE_CSK : MSIG_KEY_ROLE_KSK;
}

char *
tags_whose(const struct zone_view *view, struct rset own, const struct rset *clash, char *buf,
	   size_t len)
{
	*buf = '\0';
	for (int p = 0; p < view->d.providers; p++) {
		struct rset his = rset_and(*clash, keys_of(view, p, own));
		for (int i = rset_next(&his, 0); i >= 0; i = rset_next(&his, i + 1))
			reason_add(buf, len, "%s%s of %s", *buf != '\0' ? ", " : "",
				   msig_key_role_name(role(view, own, i)),
				   view->d.provider[p].identity);
	}
	return buf;
}

/* Nothing of it is in the zone, as is known for sure: no rollover replaces its keys, nor needs to.
 */
static bool
is_out(const struct zone_view *view, int p)
{
	return view->d.begun && !view->d.rebuild && !view->d.provider[p].member &&
	       view->d.provider[p].has == 0 && shown_maybe(view, p) == 0;
}

/* A joiner's key goes without a rollover, and a ZSK rolls without the parent, so what stays is a
 * key that is in, and a SEP key if there is one; of several, that of the first identity: whoever
 * looks comes to the same. */
static int
stays(const struct zone_view *view, struct rset own, const struct rset *clash)
{
	struct rset in = RSET_NONE;

	for (int i = rset_next(clash, 0); i >= 0; i = rset_next(clash, i + 1))
		if (!is_out(view, owner(view, own, i)))
			rset_add(&in, i);
	in = rset_empty(in) ? *clash : in;
	struct rset sep = rset_and(in, view->d.pool.sep), among = rset_empty(sep) ? in : sep;
	int best = rset_next(&among, 0);

	for (int i = best; i >= 0; i = rset_next(&among, i + 1))
		if (strcmp(view->d.provider[owner(view, own, i)].identity,
			   view->d.provider[owner(view, own, best)].identity) < 0)
			best = i;
	return best;
}

/* What the one at p has to do about a key of this role. */
static void
put_todo(const struct zone_view *view, int p, uint8_t role, char *buf, size_t len)
{
	const char *name = msig_key_role_name(role);

	reason_add(buf, len, "%s", *buf != '\0' ? "; " : "");
	if (p == VIEW_SELF)
		reason_add(buf, len, "here: ");
	else
		reason_add(buf, len, "at %s: ", view->d.provider[p].identity);
	if (is_out(view, p))
		reason_add(buf, len, "its signer gets another %s, as nothing of it is in the zone",
			   name);
	else if (p != VIEW_SELF || view->config.driver)
		reason_add(buf, len, "msigctl roll %s %s", view->zone, name);
	else
		reason_add(buf, len, "the signer itself rolls its %s", name);
}

char *
tags_todo(const struct zone_view *view, struct rset own, const struct rset *clash, char *buf,
	  size_t len)
{
	int kept = stays(view, own, clash);

	*buf = '\0';
	for (int p = 0; p < view->d.providers; p++) {
		struct rset his = rset_and(*clash, keys_of(view, p, own));
		uint8_t said = 0; /* bit per role */
		for (int i = rset_next(&his, 0); i >= 0; i = rset_next(&his, i + 1)) {
			uint8_t r = role(view, own, i);
			if (i == kept || (said & BIT(r)) != 0)
				continue;
			said |= (uint8_t)BIT(r);
			put_todo(view, p, r, buf, len);
		}
	}
	return buf;
}
