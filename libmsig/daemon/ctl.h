/*
 * The control socket: RUNDIR/<daemon>.ctl, mode 0660, one JSON object per line, SO_PEERCRED.
 * Request {"command": "tracking", "zone": "example.", ...}; answer {"ok": true, ...} or
 * {"ok": false, "code": N, "error": "..."}, code being msigctl's exit code.
 */
#pragma once

#include <jansson.h>
#include "libmsig/daemon/loop.h"

struct ctl;
struct ctl_request;

struct ctl_command {
	const char *name;
	bool acts; /* changes something: root, our own user, or the admin group only */
	/* Returns the answer (ownership passes), or NULL if it calls ctl_reply, now or later. */
	json_t *(*run)(void *arg, struct ctl_request *req, const json_t *request);
};

/* commands ends with a NULL name. admin_gid (gid_t)-1: nobody but root and ourselves may act. A
 * request has up to 64 KiB and one answer; requests of a client are answered in order. */
struct ctl *ctl_listen(struct loop *loop, const char *path, const struct ctl_command *commands,
                       gid_t admin_gid, void *arg, int *err);
/* What every answer about a zone says beside its own: add is called for each, whatever the command,
 * if the request names a zone. */
void ctl_about_zones(struct ctl *ctl, void (*add)(void *arg, json_t *answer));
/* "lab", "warnings": of the configuration, behind those that the answer has. */
void ctl_put_lab(json_t *answer, bool lab, char *const *warning, unsigned warnings);
void ctl_free(struct ctl *ctl); /* requests without an answer are gone */

void ctl_reply(struct ctl_request *req, json_t *answer); /* steals answer; frees req */
/* Called when the client of a request without an answer goes away; req is gone by then. */
void ctl_on_gone(struct ctl_request *req, void (*cb)(void *arg), void *arg);
const char *ctl_user(const struct ctl_request *req); /* for the journal: "uid 0 (root)" */

json_t *ctl_error(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
json_t *ctl_ok(void);
