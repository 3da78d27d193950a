/*
 * This provider's SIG(0) key in its file, and the records that lead others to it.
 */
#pragma once

#include <jansson.h>
#include <sys/types.h>
#include "libmsig/daemon/dnsio.h"
#include "libmsig/sig0.h"
#include "msigctl/command.h"

#define IDENTITY_RDATA_MAX 2048

/* URI, SVCB and KEY as a list of {"owner", "type", "record", "generic"}, both as lines of a zone
 * file. NULL and a reason if one URI cannot say it. identity and target are absolute. */
json_t *identity_records(const char *identity, const char *target, const struct dnsio_addr *address,
			 unsigned addresses, const knot_rdata_t *key, char *err, size_t errlen);

/* A file that others may read is refused. 0 or an exit code. */
int identity_read_key(const char *file, const char *name, struct msig_sig0_key **key, char *err,
		      size_t errlen);
/* Mode 0600, never over a file that exists; owner (uid_t)-1: ours. */
int identity_write_key(const char *file, const struct msig_sig0_key *key, uid_t owner, char *err,
		       size_t errlen);

/* Asks agentd what it found under our own identity (check.c). */
int identity_check(struct context *ctx);
