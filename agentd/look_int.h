/*
 * What the files of look.h share: a look is some questions, and their answers until all are there.
 */
#pragma once

#include "agentd/look.h"
#include "libmsig/rrs.h"

/* The core has no room for more. */
#define ADDRESSES_MAX VIEW_PLACES
#define PARENT_NS_MAX VIEW_PARENT_NSES

/* One answer, kept until all of a look are there. */
struct seen {
	uint16_t type;
	enum msig_seen status;
	enum msig_validation validation;
	uint64_t time;
	char reason[120];
	struct msig_rrs answer, authority;
};

enum look_kind { LOOK_PLACE, LOOK_HSYNC, LOOK_NAME, LOOK_PARENT, LOOK_PARENT_NAMES };

struct look {
	struct look *next;
	struct zone *zone;
	enum look_kind kind;
	int place;
	uint32_t types;
	char server[VIEW_SERVER];
	int ns;
	uint64_t asked;
	uint64_t id[2 * PARENT_NS_MAX + 2];
	unsigned ids;
	unsigned open; /* answers that are still to come */
	struct seen seen[2 * PARENT_NS_MAX + 2];
	unsigned count;
	knot_dname_storage_t name; /* LOOK_PARENT: the candidate */
	char address[ADDRESSES_MAX][VIEW_SERVER];
	unsigned addresses;
	bool unknown; /* some address could not be found out */
	bool crowded; /* there are more than fit */
};

/* look.c. One of the zone's; it ends by itself when what was put is answered. */
struct look *look_new(struct zone *zone, enum look_kind kind);
void look_put(struct look *look, const struct ask_question *question);
/* The answer about a type; NULL: none. */
const struct seen *look_find(const struct look *look, uint16_t type);
/* Forgets the answers, to ask on. */
void look_clear(struct look *look);
/* As snprintf; what is too long for the place is cut. */
void look_say(char *buf, size_t len, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* look_place.c. The keys to verify a server's answers with. The caller clears own->rrs. */
const knot_rrset_t *look_keys(const struct zone *zone, const struct seen *dnskey, bool signer,
			      knot_rrset_t *own);

/* What to make of the answers, by kind. */
void look_at_place(struct look *look);
void look_at_hsync(struct look *look);
void look_at_addresses(struct look *look);
/* true: the look goes on. */
bool look_at_parent(struct look *look);
