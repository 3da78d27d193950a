/*
 * AXFR: see axfr.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "libmsig/daemon/log.h"
#include "libmsig/err.h"
#include "transportd/observe/axfr.h"
#include "transportd/observe/transfer.h"

struct axfr {
	struct loop *loop;
	knot_dname_t *zone;
	knot_tsig_key_t key;
	struct transfer transfer;
	axfr_record record;
	axfr_done done;
	void *arg;
};

static void cannot(void *arg);

void
axfr_free(struct axfr *a)
{
	if (a == NULL)
		return;
	loop_later_cancel(a->loop, cannot, a);
	transfer_clear(&a->transfer);
	knot_tsig_key_deinit(&a->key);
	knot_dname_free(a->zone, NULL);
	free(a);
}

static void
end(struct axfr *a, const char *reason)
{
	a->done(a->arg, reason == NULL ? &a->transfer.stream.work : NULL, reason);
	axfr_free(a);
}

static int
record_came(void *arg, const knot_rrset_t *rr)
{
	struct axfr *a = arg;

	return a->record(a->arg, rr);
}

static void
ended(void *arg, const struct transfer_end *how)
{
	bool good = how->error == 0 && how->rcode == KNOT_RCODE_NOERROR;
	char reason[80];

	end(arg, good ? NULL : transfer_reason(how, reason, sizeof(reason)));
}

static void
cannot(void *arg)
{
	end(arg, "cannot connect");
}

struct axfr *
axfr_start(struct loop *loop, const knot_dname_t *zone, const struct dnsio_addr *server,
	   const struct dnsio_addr *via, const knot_tsig_key_t *key, axfr_record record,
	   axfr_done done, void *arg)
{
	struct axfr *a = xcalloc(1, sizeof(*a));
	struct transfer_ask ask = {.loop = loop, .server = server, .via = via, .idle = AXFR_IDLE};

	a->loop = loop;
	a->zone = knot_dname_copy(zone, NULL);
	a->record = record;
	a->done = done;
	a->arg = arg;
	if (a->zone == NULL || (key->name != NULL && knot_tsig_key_copy(&a->key, key) != 0))
		fatal("out of memory");
	ask.zone = a->zone;
	ask.key = &a->key;
	if (transfer_begin(&a->transfer, &ask, record_came, ended, a) != 0)
		loop_later(loop, cannot, a);
	return a;
}
