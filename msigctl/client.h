/*
 * The client's side of the control sockets: one request, one answer, both a JSON object on a line.
 * Knows the sockets' names and time-outs, and not what is said over them.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#define CLIENT_MAX_ANSWER (64 << 20) /* octets of one line */

/* The daemons that have a control socket, in the order in which they are shown. */
extern const char *const client_daemons[]; /* ends with NULL */

/*
 * Sends request to RUNDIR/<daemon>.ctl and reads the answer. timeout_ms counts for the whole
 * exchange. Returns 0 and the answer (the caller's), or an exit code of msigctl (command.h) with a
 * text that names the daemon, the socket and what to do in err. An answer {"ok": false} is turned
 * into its code and text, too.
 */
int client_ask(const char *rundir, const char *daemon, const json_t *request, unsigned timeout_ms,
	       json_t **answer, char *err, size_t errlen);
