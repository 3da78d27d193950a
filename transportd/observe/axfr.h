/*
 * A whole zone from a server, record by record, by the way: nothing of it is kept. Signed with a
 * TSIG key, if there is one, and then the answer has to be.
 */
#pragma once

#include "libmsig/daemon/conf.h"
#include "transportd/observe/stream.h"

#define AXFR_IDLE 15000 /* ms without progress */

struct axfr;

/* Each record but the SOA; an error ends the transfer with it. */
typedef int (*axfr_record)(void *arg, const knot_rrset_t *rr);
/* The end, once: picture is what the whole zone looks like, lent; NULL with a reason if it failed.
 * The axfr is gone then. */
typedef void (*axfr_done)(void *arg, const struct picture *picture, const char *reason);

/* key: name NULL for none; copied. done is not called before this has returned. */
struct axfr *axfr_start(struct loop *loop, const knot_dname_t *zone,
			const struct dnsio_addr *server, const struct dnsio_addr *via,
			const knot_tsig_key_t *key, axfr_record record, axfr_done done, void *arg);
void axfr_free(struct axfr *axfr);
