/*
 * What of a zone is on disk: the owner's version (a file with the whole zone, then differences),
 * the overlay, the serials, and the changes that were served, so that IXFR goes on over a restart.
 * One transaction per version: behind journal_commit() all of it is there, or nothing.
 */
#pragma once

#include "combinerd/merge.h"
#include "combinerd/pushed.h"
#include "libmsig/digest.h"

#define JOURNAL_VERSIONS 1000     /* of served ones that are kept for IXFR */
#define JOURNAL_FLOOR 65536UL     /* octets that a small zone may keep, too */

struct journal;

/* The row of a zone. */
struct journal_row {
	bool has_served; /* something was served once, serial and sum are those of it */
	uint32_t owner_serial, serial;
	struct rr_sum sum;
	uint8_t digest[MSIG_DIGEST_LEN];
	enum merge_mode mode;
	enum msig_zone_state state;
	bool ever;            /* an overlay was applied once */
	bool accept_signed;   /* the operator's word */
	uint64_t checked;     /* last time that the owner was heard, UTC s */
	uint64_t update_time; /* TSIG time of the newest UPDATE that was accepted, UTC s */
};

/* A version that was served before, for IXFR from it. */
struct journal_past {
	uint32_t serial;
	struct version *version;
	size_t bytes; /* of the change that led away from it */
};

/* dir is made if needed. MSIG_EDBNEWER, MSIG_EDB, MSIG_EDISK: text in err. */
int journal_open(const char *dir, struct journal **journal, char *err, size_t size);
void journal_close(struct journal *journal);
struct db *journal_db(struct journal *journal);

/* What is known of a zone; row is zero and *owner NULL for a new one. MSIG_EDOUBT: there was an
 * overlay, and it is lost or unreadable; all else is loaded, overlay is empty. MSIG_EDB: the
 * owner's copy is damaged: *owner is NULL. */
int journal_load(struct journal *journal, const knot_dname_t *zone, struct journal_row *row,
		 struct version **owner, struct overlay *overlay);

/* The versions before served, newest first; as far as the changes join and end in served. The
 * caller unpins them and frees the list. */
struct journal_past *journal_history(struct journal *journal, const knot_dname_t *zone,
				     struct version *served, size_t *count);

/* Makes room for one more behind count of them. */
struct journal_past *journal_past_grow(struct journal_past *list, size_t count);

/* What changes: members that are NULL stay as they are. */
struct journal_change {
	struct version *owner_from, *owner; /* the owner's version */
	const struct overlay *overlay;
	struct version *served_from, *served; /* served_from NULL: no history before it */
	size_t keep_bytes;                    /* of served changes, at most */
};

/* Makes it durable. On any error nothing changed. MSIG_EDISK: no room. */
int journal_commit(struct journal *journal, const knot_dname_t *zone,
		   const struct journal_change *change, const struct journal_row *row);
/* Only the row: the time when the owner was heard. */
int journal_touch(struct journal *journal, const knot_dname_t *zone, uint64_t checked);

/* What was pushed into the signer's zone (pushed.h); made durable at once. */
int journal_pushed(struct journal *journal, const knot_dname_t *zone, const struct pushed *pushed);
int journal_pushed_load(struct journal *journal, const knot_dname_t *zone, struct pushed *pushed);

/* Size of the change between two versions, in octets, and how many records come and go. */
size_t journal_diff(struct version *from, struct version *to, size_t *removed, size_t *added);
