/*
 * Keys under one tag. A resolver finds a key by algorithm and tag, and tries all that it finds;
 * some give up over that. Whose keys these are, and which of them go, is said here; what is refused
 * over it, agree.h says.
 */
#pragma once

#include "agentd/view.h"

#define TAGS_CLASHES 8

/* The keys of all providers that are in the zone, or are to be, in sets of those whose tags clash
 * (rr_tags_clash): all pairs, whosever they are, and any number of keys. own: those of this
 * provider. Returns how many such sets there are, of which the first TAGS_CLASHES are given. */
int tags_clashes(const struct zone_view *view, struct rset own, struct rset *clash);

/* The smallest tag in such a set. */
uint16_t tags_first(const struct zone_view *view, const struct rset *clash);
/* "zsk of msa.p1., ksk of msa.p2.": as far as there is room. Returns buf. */
char *tags_whose(const struct zone_view *view, struct rset own, const struct rset *clash, char *buf,
		 size_t len);
/* "here: msigctl roll ZONE zsk; at ...": of all keys but one, the same one whoever says it. Where
 * the own signer has no driver, and where nothing of the signer is in yet, by its own means.
 * Returns buf. */
char *tags_todo(const struct zone_view *view, struct rset own, const struct rset *clash, char *buf,
		size_t len);
