/*
 * The content of zones in versions. A version is immutable: whoever pins one reads the same records
 * for as long as it likes, and blocks nobody. There is one writer at a time per change, and what it
 * does is seen whole (store_commit) or not at all (store_rollback). Memory only; what must survive
 * is journal.h's. Single-threaded.
 */
#pragma once

#include "combinerd/rr.h"

struct version;
struct change;

/* Starts a change on top of base, or on top of nothing (base NULL). base is not consumed. */
struct change *store_begin(struct version *base, const knot_dname_t *apex);

/* Adds a record; one that is there already is no error. The TTL of an RRset is the smallest of its
 * members (RFC 2181 5.2); signatures are one RRset per type that they cover. KNOT_ESPACE if the
 * RRset is larger than STORE_RRSET_MAX. */
#define STORE_RRSET_MAX 16384
int change_add(struct change *change, const struct rr *rr);
/* Takes a record away, whatever its TTL. KNOT_ENOENT if it is not there. */
int change_remove(struct change *change, const struct rr *rr);
/* Takes a whole RRset away, of another type than RRSIG; none is no error. */
void change_drop(struct change *change, const knot_dname_t *owner, uint16_t type);
size_t change_count(const struct change *change); /* records now in it */
size_t change_bytes(const struct change *change); /* their uncompressed wire size */
struct rr_sum change_sum(const struct change *change);

/* Ends the change. The new version is pinned for the caller. */
struct version *store_commit(struct change *change);
void store_rollback(struct change *change);

struct version *version_pin(struct version *version);
void version_unpin(struct version *version); /* NULL is fine */

/* An RRset of another type than RRSIG, or NULL. Borrowed from the version. ttl may be NULL. */
const knot_rdataset_t *version_find(const struct version *version, const knot_dname_t *owner,
				    uint16_t type, uint32_t *ttl);
const knot_rdataset_t *version_apex(const struct version *version, uint16_t type, uint32_t *ttl);
/* The same of the RRSIG records that cover a type. */
const knot_rdataset_t *version_signatures(const struct version *version, const knot_dname_t *owner,
					  uint16_t covered, uint32_t *ttl);
/* Whether any record is at this name. */
bool version_has_name(const struct version *version, const knot_dname_t *owner);

const knot_dname_t *version_name(const struct version *version); /* the apex */
uint32_t version_serial(const struct version *version);          /* of its SOA; 0 without one */
size_t version_count(const struct version *version);
size_t version_bytes(const struct version *version);
struct rr_sum version_sum(const struct version *version);

/* Walks over all records in canonical order. The rr is lent until the next call. */
struct store_iter *version_iterate(struct version *version);
bool store_iter_next(struct store_iter *iter, struct rr *rr);
void store_iter_free(struct store_iter *iter);

/* Walks over what differs, in canonical order of the RRsets; costs what the difference costs when
 * to was made from from by a change. *added: in to only; otherwise in from only. */
struct store_diff *version_diff(struct version *from, struct version *to);
bool store_diff_next(struct store_diff *diff, bool *added, struct rr *rr);
void store_diff_free(struct store_diff *diff);
