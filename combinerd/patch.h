/*
 * What a signer that is fed by DNS UPDATE (RFC 2136) has to be sent: the difference between its
 * zone and the merged one, as messages. What DNSSEC puts into a signed zone is left out, and so are
 * the signer's own DNSKEY, CDS and CDNSKEY records: those that were not pushed. Pure.
 *
 * Every message can be sent again. Names that get records come first, then the apex, with DNSKEY,
 * CDS, CDNSKEY, CSYNC and NS in one message, then names that only lose some. A name is not split
 * over messages unless it must be. Below the apex what goes comes before what comes, since a server
 * passes over a CNAME where there is other data; at the apex it is the other way round, since a
 * server keeps the last NS.
 */
#pragma once

#include "combinerd/overlay.h"
#include "combinerd/pushed.h"
#include "combinerd/store.h"

#define PATCH_MESSAGE 32768 /* octets of a message, unless one record is larger */
#define PATCH_SIGNERS 32

struct patch_input {
	struct version *from; /* the signer's zone, or the version that it is known to hold */
	struct version *apex; /* the signer's apex as it is now; may be from */
	struct version *to;   /* what it shall hold */
	const struct overlay *overlay;
	const char *identity; /* ours, or NULL: its DNSKEY records are the signer's affair */
	const struct pushed *pushed;
	/* Tags of keys that sign at the signer's apex. They are its own, whoever claims them. */
	const uint16_t *signer;
	size_t signers;
	bool adopt; /* other providers' records that are there already count as pushed */
};

struct patch {
	struct rr_buf *message; /* id 0, not signed */
	size_t messages;
	size_t added, removed; /* records */
	struct pushed pushed;  /* to be stored before the first message is sent */
	char first[128];       /* a record that differs, for a person */
	bool lacks_key;        /* a DNSKEY of another provider is not there */
};

void patch_make(const struct patch_input *in, struct patch *patch);
void patch_clear(struct patch *patch);

/* Whether a record of a signed zone takes part in the comparison. */
bool patch_counts(const knot_dname_t *apex, const struct rr *rr);

/* What is left of it when these are there: those in neither of the two versions are forgotten. */
void patch_forget(struct pushed *pushed, const struct version *has, const struct version *want);
