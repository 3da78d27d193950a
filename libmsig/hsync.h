/*
 * HSYNC: the owner's word on who the providers of a zone are. Reads the forms V1 (MSIGNER: state,
 * identity), V3 (state, nsmgmt, sign, identity) and V4 (and upstream); writes V4. One record that
 * cannot be read makes the whole RRset unusable: acting on a part of it looks like the removal of a
 * provider.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libknot/libknot.h>
#include "libmsig/name.h"
#include "libmsig/set.h"

#define MSIG_HSYNC_TYPE 65282   /* default of a configurable type code */
#define MSIG_MSIGNER_TYPE 65281 /* V1 */

/* field, token, value on the wire; further names are read, the first one is written */
#define MSIG_HSYNC_STATES(X) X(ON, "ON", 1) X(OFF, "OFF", 2)
#define MSIG_HSYNC_NSMGMTS(X) X(OWNER, "OWNER", 1) X(AGENT, "AGENT", 2)
#define MSIG_HSYNC_SIGNS(X) X(SIGN, "SIGN", 1) X(NOSIGN, "NOSIGN", 2)

enum msig_hsync_value {
#define X(id, text, value) MSIG_HSYNC_##id = (value),
	MSIG_HSYNC_STATES(X) MSIG_HSYNC_NSMGMTS(X) MSIG_HSYNC_SIGNS(X)
#undef X
};

#define MSIG_HSYNC_PRIVATE 128 /* State from here on: the record is passed over */

/* How to read. */
#define MSIG_HSYNC_MSIGNER 0x01  /* the type is MSIGNER: V1 */
#define MSIG_HSYNC_ZERO_OFF 0x02 /* interoperability: 0 on the wire reads as OFF or NOSIGN */

struct msig_hsync {
	uint8_t version; /* 1, 3 or 4 */
	uint8_t state;
	uint8_t nsmgmt;                /* V1: OWNER */
	uint8_t sign;                  /* V1: SIGN */
	knot_dname_storage_t identity; /* letters as on the wire; compare with msig_name_eq */
	knot_dname_storage_t upstream; /* root: none */
};

/* Rdata of V4 at most. */
#define MSIG_HSYNC_RDATA_MAX (3 + 2 * KNOT_DNAME_MAXLEN)

int msig_hsync_decode(const uint8_t *rdata, size_t len, unsigned flags, struct msig_hsync *hsync);
/* Writes V4; *len is the length. */
int msig_hsync_encode(const struct msig_hsync *hsync, uint8_t rdata[MSIG_HSYNC_RDATA_MAX],
		      uint16_t *len);

/* Rdata as text: "ON AGENT SIGN msa.p1.example. ." (what is read may have 2, 4 or 5 fields, numbers
 * for tokens, YES and NO for SIGN and NOSIGN), or generic "\# 25 0102..." (RFC 3597). A name of the
 * type in front (HSYNC, MSIGNER, TYPEnnn) is passed over on reading; MSIGNER selects V1. */
#define MSIG_HSYNC_TEXT (2 * MSIG_NAME_TEXT + 32)
int msig_hsync_parse(const char *text, unsigned flags, struct msig_hsync *hsync);
int msig_hsync_text(const struct msig_hsync *hsync, char *buf, size_t len);
int msig_hsync_text_generic(const struct msig_hsync *hsync, char *buf, size_t len);

/* A whole RRset. */
struct msig_hsync_set {
	struct msig_hsync *at; /* in canonical order of the identities; without private states */
	size_t count;
	uint8_t nsmgmt;                  /* what all say; OWNER if they differ */
	bool mixed;                      /* nsmgmt differs: the set is no instruction */
	uint8_t digest[MSIG_DIGEST_LEN]; /* of the whole RRset as it is (TLV 16) */
};

/* The set must be cleared. Any record malformed, an unknown value or two of one identity:
 * MSIG_EHSYNC or MSIG_EDUP, *bad (may be NULL) says which record, and the set is left empty. An
 * empty RRset is MSIG_EMISSING. */
int msig_hsync_set_decode(const knot_rdataset_t *rrs, uint16_t type, unsigned flags,
			  struct msig_hsync_set *set, uint16_t *bad);
void msig_hsync_set_clear(struct msig_hsync_set *set);
int msig_hsync_set_copy(struct msig_hsync_set *to, const struct msig_hsync_set *from);
const struct msig_hsync *msig_hsync_set_find(const struct msig_hsync_set *set,
					     const knot_dname_t *identity);
/* How many are ON and SIGN. */
size_t msig_hsync_set_signers(const struct msig_hsync_set *set);
