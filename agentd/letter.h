/*
 * What is said to peers: messages, ballots, changes and statements of the core as the library's
 * options and sets of records, and back. Pure: no clock, no I/O, no signature; the simulator sends
 * all that its agents say through the same functions.
 */
#pragma once

#include "agentd/view.h"
#include "libmsig/change.h"
#include "libmsig/option.h"
#include "libmsig/peermsg.h"
#include "libmsig/statement.h"

/* Records of the view, by the types of the library; apex to be cleared if 0 is returned. ttl NULL:
 * all 0. */
int letter_apex(const struct zone_view *view, const struct rset ids[MSIG_APEX_COUNT],
		const uint32_t ttl[MSIG_APEX_COUNT], struct msig_apex *apex);
/* A message of the agreement or a ballot, into an option that names sender and zone. */
void letter_option(const struct zone_view *view, const struct view_message *m,
		   struct msig_option *opt);
/* What the step of an EXECUTE changes; to be cleared whatever is returned. */
int letter_change(const struct zone_view *view, const struct view_change *c,
		  struct msig_change *change);
/* The own statement into an option, and its records (apex NULL: these are not wanted; else to be
 * cleared if 0 is returned). MSIG_EMISSING: there is none yet. */
int letter_statement(const struct zone_view *view, const knot_dname_t *identity,
		     const knot_dname_t *zone, uint32_t owner_serial, struct msig_option *opt,
		     struct msig_apex *apex);
/* What is held of the statement of the provider that is asked for it. */
void letter_pull(const struct zone_view *view, int provider, struct msig_option *opt);

/* What a provider says in a message that was parsed. Records that nobody stated here are counted,
 * and not taken in. */
void letter_message(struct zone_view *view, int provider, const struct msig_peermsg *msg,
		    struct view_message *m);
/* A statement that was checked; its records enter the pool. */
int letter_stated(struct zone_view *view, const struct msig_statement *st,
		  struct view_statement *said);
