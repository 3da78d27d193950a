/*
 * What a step of a process changes in a zone's apex sets, as the update section of an EXECUTE (RFC
 * 2136): records to delete (class NONE) and to add, of the five types, at the apex. A follower
 * compares it with its own plan; it is no command.
 */
#pragma once

#include <libknot/libknot.h>
#include "libmsig/apex.h"
#include "libmsig/buf.h"

struct msig_change {
	struct msig_apex add, del;
	char odd[100]; /* what no change may have (first of it), as text; empty: nothing */
};

void msig_change_init(struct msig_change *change);
void msig_change_clear(struct msig_change *change);
int msig_change_copy(struct msig_change *to, const struct msig_change *from);

/* Appends the records, whose owner is the name at offset 12, and returns their number. */
uint16_t msig_change_put(struct msig_wr *wr, const struct msig_change *change);
/* From a parsed UPDATE. Another type, another name, a whole RRset or prerequisites are no error:
 * odd says so, and the receiver refuses it with that. change is initialized here, and cleared on
 * error. */
int msig_change_take(const knot_pkt_t *pkt, struct msig_change *change);
