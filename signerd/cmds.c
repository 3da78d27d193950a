/*
 * status    -> {"daemon": "signerd", "version": "", "pid": n, "started": t, "zones": [ZONE...]}
 * zones     -> {"zones": [ZONE...]}
 * reload    -> {"ok": true}; acts
 *
 * ZONE      {"zone": "example.", "driver": "knot", "known": bool (the last list was had),
 * "settled": bool (it is in force), "reason": "" or what went wrong, "time": t (of the last
 * answer), "asked": n, "failed": n, "waiting": n, "verb": "" or what is worked on, "since": t,
 *           "keys": [{"id": "", "role": "zsk", "state": "active", "algorithm": n, "tag": n}]}
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <libknot/libknot.h>
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"
#include "libmsig/key.h"
#include "signerd/cmds.h"

struct cmds {
	struct desk *desk;
	struct proc *proc;
	struct ctl *ctl;
	uint64_t started;
};

static uint16_t
tag_of(const struct key *key)
{
	uint8_t wire[sizeof(knot_rdata_t) + KEY_RDATA + 2];
	knot_rdata_t *rdata = (knot_rdata_t *)(void *)wire;

	knot_rdata_init(rdata, key->len, key->dnskey);
	return msig_key_tag(rdata);
}

static json_t *
keys_json(const struct keys *keys)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < keys->count; i++) {
		const struct key *key = &keys->at[i];
		json_array_append_new(list,
				      json_pack("{s:s s:s s:s s:i s:i}", "id", key->id, "role",
						msig_key_role_name(key->role), "state",
						msig_key_state_name(key->state), "algorithm",
						key->algorithm, "tag", tag_of(key)));
	}
	return list;
}

static void
add_zone(void *arg, const struct desk_zone *z)
{
	char name[MSIG_NAME_TEXT];

	json_array_append_new(arg, json_pack("{s:s s:s s:b s:b s:s s:I s:I s:I s:i s:s s:I s:o}",
					     "zone", msig_name_text(z->name, name), "driver",
					     z->driver, "known", z->known, "settled", z->settled,
					     "reason", z->why, "time", (json_int_t)z->time, "asked",
					     (json_int_t)z->asked, "failed", (json_int_t)z->failed,
					     "waiting", (int)z->waiting, "verb", z->verb, "since",
					     (json_int_t)z->since, "keys", keys_json(z->keys)));
}

static json_t *
zones_json(const struct cmds *cmds)
{
	json_t *zones = json_array();

	desk_each(cmds->desk, add_zone, zones);
	return zones;
}

static json_t *
run_status(void *arg, struct ctl_request *req, const json_t *request)
{
	struct cmds *cmds = arg;

	return json_pack("{s:b s:s s:s s:i s:I s:o}", "ok", 1, "daemon", "signerd", "version",
			 PACKAGE_VERSION, "pid", (int)getpid(), "started",
			 (json_int_t)cmds->started, "zones", zones_json(cmds));
}

static json_t *
run_zones(void *arg, struct ctl_request *req, const json_t *request)
{
	return json_pack("{s:b s:o}", "ok", 1, "zones", zones_json(arg));
}

static json_t *
run_reload(void *arg, struct ctl_request *req, const json_t *request)
{
	struct cmds *cmds = arg;
	char err[1024];

	if (proc_reload(cmds->proc, err, sizeof(err)) != 0)
		return ctl_error(78, "%s", err);
	return ctl_ok();
}

static const struct ctl_command commands[] = {
    {"status", false, run_status},
    {"zones", false, run_zones},
    {"reload", true, run_reload},
    {NULL, false, NULL},
};

struct cmds *
cmds_new(struct desk *desk, struct proc *proc)
{
	struct cmds *cmds = xcalloc(1, sizeof(*cmds));
	char path[4096];
	int err;

	cmds->desk = desk;
	cmds->proc = proc;
	cmds->started = loop_utc_ms();
	snprintf(path, sizeof(path), "%s/signerd.ctl", proc->conf->rundir);
	cmds->ctl =
	    ctl_listen(proc->loop, path, commands, proc_gid(proc->conf->admin_group), cmds, &err);
	if (cmds->ctl == NULL) {
		log_error("cannot listen on %s: %s", path, msig_strerror(err));
		free(cmds);
		return NULL;
	}
	return cmds;
}

void
cmds_free(struct cmds *cmds)
{
	if (cmds != NULL)
		ctl_free(cmds->ctl);
	free(cmds);
}
