/*
 * Requests to peers: signs each one afresh with a new sequence, hands it to transportd, and lets
 * only a response through that the peer signed for this very request.
 */
#pragma once

#include "agentd/agent.h"

/* result 0: the peer answered, response is what it said (look at rcode; lent). Otherwise why there
 * is no answer: MSIG_ETIMEOUT, MSIG_ENOPEER, MSIG_ENOSIG, MSIG_EBADSIG, ... and response is NULL.
 * Not called if the peer was forgotten meanwhile; whether the zone still is, the callback must
 * look. wire: the response as it came, signed. */
typedef void (*talk_done)(struct contact *contact, const knot_dname_t *zone, int result,
			  const struct msig_peermsg *response, const uint8_t *wire, size_t len);

struct talk *talk_new(struct agent *agent);
void talk_free(struct talk *talk); /* nobody is called any more */

/* option: the sequence is filled in here, and the generation if there is none. apex: of a STATE,
 * else NULL. done (may be NULL) is called later, once. */
/* An EXECUTE with what its step changes. */
void talk_execute(struct agent *agent, struct contact *contact, const struct msig_option *option,
		  const struct msig_change *change);
void talk_send(struct agent *agent, struct contact *contact, const struct msig_option *option,
	       const struct msig_apex *apex, talk_done done);

/* SENT from the bus. */
void talk_sent(struct agent *agent, const struct msig_msg_SENT *sent);
