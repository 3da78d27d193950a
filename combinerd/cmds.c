/*
 * Commands of combinerd's control socket and the shape of their answers: one JSON object on one
 * line, {"ok": true, ...} or {"ok": false, "code": N, "error": "text"} with N the exit code of
 * msigctl. Times are UTC milliseconds, 0 when there is none.
 *
 * ZONE      {"zone": "example.", "state": "merged" (msg.h), "reason": "" or why, "mode": "all"
 *           (merge.h), "serial": {"owner": n, "out": n}, "overlay": n (records), "origins": [...],
 *           "version": [epoch, counter], "records": n, "digest": "hex", "expired": bool,
 *           "changed": t, "signer": {"pending": bool, "tries": n, "serial": n or null, "seen": t},
 *           "transfer": {"running": bool, "primary": "", "error": "", "next": t, "in": n,
 *           "failed": n}, "out": n, "updates": n, "refused": n}
 *
 * Every answer to a request with "zone" has "lab": bool and "warnings": [text...] of the
 * configuration, too.
 *
 * status    -> {"version": "0.1.0", "pid": n, "started": t, "now": t, "warnings": ["text"...],
 *           "zones": [ZONE...]}
 * merge     {"zone": z} -> {"zone": z, "state": "", "reason"?: "", "mode": "",
 *           "in": {"serial": n, "time": t, "from": "", "primaries": [{"address": "", "ok": bool,
 *           "text": ""}]}, "out": {"serial": n, "to": "", "notify": "", "seen": t, "push"?:
 *           {"running": bool, "equal": bool, "trouble": "", "serial": n (the signer's), "next": t,
 *           "pushes": n, "failed": n, "repaired": n}},
 *           "overlay": [{"type": "", "origin": "", "applied": bool, "records": [{"text": "",
 *           "ttl": n, "time": t}]}], "dropped": [{"type": "", "text": ""}],
 *           "served": [{"type": "", "ttl": n, "records": ["text"...]}]}
 * retransfer {"zone": z}: a whole transfer of the owner's zone, taken whatever its serial says;
 * acts refresh   {"zone": z}: asks the owner now; acts notify    {"zone": z}: tells the signer now;
 * acts accept    {"zone": z, "what": "signed"}: the owner's zone is signed, and that is right;
 * {"what": "overlay"}: the lost overlay is forgotten, the zone goes out without one; acts withdraw
 * {"zone": z, "origin": identity}: everything of that provider leaves the overlay; acts reload ->
 * {"ok": true}; acts
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "combinerd/cmds.h"
#include "combinerd/contribute.h"
#include "combinerd/notify.h"
#include "combinerd/push.h"
#include "combinerd/transfer.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"

#define CODE_FAILED 1
#define CODE_USAGE 2
#define CODE_REFUSED 5

struct cmds {
	struct combiner *combiner;
	struct proc *proc;
	struct ctl *ctl;
	uint64_t started;
};

/* Pieces --------------------------------------------------------------------------------------- */

static const char *
name_text(const knot_dname_t *name)
{
	static knot_dname_txt_storage_t text;
	return knot_dname_to_str(text, name, sizeof(text)) != NULL ? text : "?";
}

static const char *
type_text(uint16_t type)
{
	static char text[16];

	if (knot_rrtype_to_string(type, text, sizeof(text)) < 0)
		snprintf(text, sizeof(text), "TYPE%u", type);
	return text;
}

static json_t *
rdata_json(uint16_t type, const knot_rdata_t *rdata)
{
	static char text[4 * KNOT_RDATA_MAXLEN];
	static const uint8_t root[1] = {0};
	knot_rrset_t set;

	knot_dname_t *owner = knot_dname_copy(root, NULL);
	knot_rrset_init(&set, owner, type, KNOT_CLASS_IN, 0);
	int ret = knot_rdataset_add(&set.rrs, rdata, NULL);
	if (ret == 0)
		ret =
		    knot_rrset_txt_dump_data(&set, 0, text, sizeof(text), &KNOT_DUMP_STYLE_DEFAULT);
	knot_rrset_clear(&set, NULL);
	return json_string(ret >= 0 ? text : "?");
}

static json_t *
signer_json(const struct zone *zone)
{
	struct notify_status status;
	struct push_status push;

	push_status(zone->push, &push);
	if (push.on)
		return json_pack("{s:b, s:i, s:o, s:I}", "pending", !push.equal, "tries",
				 (int)push.failures, "serial",
				 push.time != 0 ? json_integer(push.serial) : json_null(), "seen",
				 (json_int_t)push.time);
	notify_status(zone->notify, &status);
	return json_pack("{s:b, s:i, s:o, s:I}", "pending", status.pending, "tries",
			 (int)status.tries, "serial",
			 status.seen ? json_integer(status.signer_serial) : json_null(), "seen",
			 (json_int_t)status.seen_time);
}

static json_t *
transfer_json(const struct zone *zone)
{
	struct transfer_status status;

	transfer_status(zone->transfer, &status);
	return json_pack("{s:b, s:s, s:s, s:I, s:I, s:I}", "running", status.running, "primary",
			 status.primary, "error", status.error, "next", (json_int_t)status.next,
			 "in", (json_int_t)status.in, "failed", (json_int_t)status.failed);
}

static json_t *
origins_json(const struct zone *zone)
{
	json_t *list = json_array();
	size_t count;
	const char **origins = overlay_origins(&zone->overlay, &count);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(origins[i]));
	free(origins);
	return list;
}

static json_t *
digest_json(const struct zone *zone)
{
	char hex[2 * sizeof(zone->row.digest) + 1] = "";

	for (size_t i = 0; zone->served != NULL && i < sizeof(zone->row.digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", zone->row.digest[i]);
	return json_string(hex);
}

static json_t *
zone_json(const struct zone *zone)
{
	return json_pack(
	    "{s:s, s:s, s:s, s:s, s:{s:I, s:I}, s:I, s:o, s:[I, I], s:I, s:o, s:b, s:I, s:o, s:o, "
	    "s:I, s:I, s:I}",
	    "zone", name_text(zone->name), "state", msig_zone_state_name(zone_state(zone)),
	    "reason", zone_why(zone), "mode", merge_mode_name(zone->row.mode), "serial", "owner",
	    (json_int_t)zone->row.owner_serial, "out", (json_int_t)zone->row.serial, "overlay",
	    (json_int_t)zone->overlay.count, "origins", origins_json(zone), "version",
	    (json_int_t)zone->overlay.epoch, (json_int_t)zone->overlay.counter, "records",
	    (json_int_t)(zone->served != NULL ? version_count(zone->served) : 0), "digest",
	    digest_json(zone), "expired", zone->expired, "changed", (json_int_t)zone->changed,
	    "signer", signer_json(zone), "transfer", transfer_json(zone), "out",
	    (json_int_t)zone->transfers_out, "updates", (json_int_t)zone->updates, "refused",
	    (json_int_t)zone->refused);
}

/* Reading -------------------------------------------------------------------------------------- */

static void
warn_json(json_t *list, const struct zone *zone)
{
	struct transfer_status transfer;
	struct notify_status notify;
	struct push_status push;

	push_status(zone->push, &push);
	transfer_status(zone->transfer, &transfer);
	notify_status(zone->notify, &notify);
	enum msig_zone_state state = zone_state(zone);
	if (state == MSIG_ZONE_FROZEN || state == MSIG_ZONE_REFUSING) {
		json_array_append_new(list,
				      json_sprintf("%s %s: %s", name_text(zone->name),
						   msig_zone_state_name(state), zone_why(zone)));
	}
	if (zone->expired || transfer.error[0] != '\0') {
		json_array_append_new(
		    list, json_sprintf("%s %s: %s", name_text(zone->name),
				       zone->expired ? "the owner was not heard for its expire time"
						     : "the owner cannot be heard",
				       transfer.error));
	}
	if (push.on && push.trouble[0] != '\0') {
		json_array_append_new(list, json_sprintf("%s push to the signer: %s",
							 name_text(zone->name), push.trouble));
	}
	if (notify.pending && notify.tries >= zone->combiner->conf->notify_tries) {
		json_array_append_new(
		    list, json_sprintf("%s the signer has not come for serial %u after %u "
				       "NOTIFY",
				       name_text(zone->name), zone->row.serial, notify.tries));
	}
}

static json_t *
on_status(void *arg, struct ctl_request *req, const json_t *request)
{
	struct cmds *cmds = arg;
	json_t *zones = json_array(), *warnings = json_array(), *answer = ctl_ok();

	for (size_t i = 0; i < cmds->combiner->zones; i++) {
		json_array_append_new(zones, zone_json(cmds->combiner->zone[i]));
		warn_json(warnings, cmds->combiner->zone[i]);
	}
	json_object_set_new(answer, "version", json_string(PACKAGE_VERSION));
	json_object_set_new(answer, "pid", json_integer(getpid()));
	json_object_set_new(answer, "started", json_integer((json_int_t)cmds->started));
	json_object_set_new(answer, "now", json_integer((json_int_t)loop_utc_ms()));
	json_object_set_new(answer, "warnings", warnings);
	json_object_set_new(answer, "zones", zones);
	return answer;
}

/* The zone of a request, or NULL with the answer. */
static struct zone *
zone_of(struct cmds *cmds, const json_t *request, json_t **error)
{
	const char *text = json_string_value(json_object_get(request, "zone"));
	knot_dname_storage_t name;

	if (text == NULL || knot_dname_from_str(name, text, sizeof(name)) == NULL) {
		*error = ctl_error(CODE_USAGE, "which zone?");
		return NULL;
	}
	knot_dname_to_lower(name);
	struct zone *zone = zone_find(cmds->combiner, name);
	if (zone == NULL)
		*error = ctl_error(CODE_USAGE, "no such zone: %s", text);
	return zone;
}

static bool
applied(const struct zone *zone, uint16_t type)
{
	switch (zone->row.mode) {
	case MERGE_ALL:
		return true;
	case MERGE_NO_NS:
		return type != KNOT_RRTYPE_NS;
	case MERGE_NS:
		return type == KNOT_RRTYPE_NS;
	default:
		return false;
	}
}

static json_t *
overlay_json(const struct zone *zone)
{
	json_t *list = json_array(), *records = NULL;
	const struct overlay_rr *last = NULL;
	size_t count;
	const char **origins = overlay_origins(&zone->overlay, &count);

	for (size_t o = 0; o < count; o++) {
		last = NULL;
		for (size_t i = 0; i < zone->overlay.count; i++) {
			const struct overlay_rr *rr = &zone->overlay.at[i];
			if (strcmp(rr->origin, origins[o]) != 0)
				continue;
			if (last == NULL || last->type != rr->type) {
				records = json_array();
				json_array_append_new(
				    list,
				    json_pack("{s:s, s:s, s:b, s:o}", "type", type_text(rr->type),
					      "origin", rr->origin, "applied",
					      applied(zone, rr->type), "records", records));
			}
			json_array_append_new(records, json_pack("{s:o, s:I, s:I}", "text",
								 rdata_json(rr->type, rr->rdata),
								 "ttl", (json_int_t)rr->ttl, "time",
								 (json_int_t)rr->time));
			last = rr;
		}
	}
	free(origins);
	return list;
}

/* What is served at the apex of the types that are shared, and what of the owner's is not. */
static void
apex_json(const struct zone *zone, json_t *served, json_t *dropped)
{
	static const uint16_t types[] = {
#define X(id, type) type,
	    MSIG_APEX_TYPES(X)
#undef X
		KNOT_RRTYPE_ZONEMD,
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		uint32_t ttl;
		const knot_rdataset_t *out =
		    zone->served != NULL ? version_apex(zone->served, types[i], &ttl) : NULL;
		if (out != NULL) {
			json_t *records = json_array();
			knot_rdata_t *rdata = out->rdata;
			for (uint16_t k = 0; k < out->count; k++) {
				json_array_append_new(records, rdata_json(types[i], rdata));
				rdata = knot_rdataset_next(rdata);
			}
			json_array_append_new(
			    served, json_pack("{s:s, s:I, s:o}", "type", type_text(types[i]), "ttl",
					      (json_int_t)ttl, "records", records));
		}
		const knot_rdataset_t *in =
		    zone->owner != NULL ? version_apex(zone->owner, types[i], NULL) : NULL;
		if (in == NULL || (out != NULL && knot_rdataset_eq(in, out)))
			continue;
		json_array_append_new(dropped,
				      json_pack("{s:s, s:s}", "type", type_text(types[i]), "text",
						types[i] == KNOT_RRTYPE_ZONEMD
						    ? "it would not match what is served"
						    : "the overlay is the authority for it"));
	}
}

static json_t *
in_json(const struct zone *zone)
{
	struct transfer_status status;
	char text[DNSIO_ADDR_TEXT];
	json_t *primaries = json_array();

	transfer_status(zone->transfer, &status);
	for (unsigned i = 0; i < zone->conf->masters; i++) {
		const struct conf_remote *remote = zone->conf->master[i];
		for (unsigned k = 0; k < remote->addresses; k++) {
			dnsio_addr_str(&remote->address[k], text, sizeof(text));
			bool bad = strncmp(status.error, text, strlen(text)) == 0;
			json_array_append_new(primaries,
					      json_pack("{s:s, s:b, s:s}", "address", text, "ok",
							!bad, "text", bad ? status.error : ""));
		}
	}
	return json_pack("{s:I, s:I, s:s, s:o}", "serial", (json_int_t)zone->row.owner_serial,
			 "time", (json_int_t)zone->row.checked * 1000, "from", status.primary,
			 "primaries", primaries);
}

/* For a zone that is pushed: "seen" is when the signer was last known to have it. */
static json_t *
push_json(const struct zone *zone, const struct push_status *push)
{
	const struct conf_remote *signer = zone->conf->signer;
	char to[DNSIO_ADDR_TEXT] = "", text[500];

	if (signer != NULL && signer->addresses > 0)
		dnsio_addr_str(&signer->address[0], to, sizeof(to));
	if (push->trouble[0] != '\0')
		snprintf(text, sizeof(text), "push: %s", push->trouble);
	else if (push->of > 0)
		snprintf(text, sizeof(text), "being pushed, %zu of %zu messages", push->sent,
			 push->of);
	else if (push->equal)
		snprintf(text, sizeof(text), "pushed, its serial is %u; the same at", push->serial);
	else
		snprintf(text, sizeof(text), "to be pushed");
	return json_pack(
	    "{s:I, s:s, s:s, s:I, s:{s:b, s:b, s:s, s:I, s:I, s:I, s:I, s:I}}", "serial",
	    (json_int_t)zone->row.serial, "to", push->where[0] != '\0' ? push->where : to, "notify",
	    text, "seen", (json_int_t)push->time, "push", "running", push->running, "equal",
	    push->equal, "trouble", push->trouble, "serial", (json_int_t)push->serial, "next",
	    (json_int_t)push->next, "pushes", (json_int_t)push->pushes, "failed",
	    (json_int_t)push->failed, "repaired", (json_int_t)push->repaired);
}

static json_t *
out_json(const struct zone *zone)
{
	const struct conf_remote *signer = zone->conf->signer;
	struct notify_status status;
	struct push_status push;
	char to[DNSIO_ADDR_TEXT] = "", text[80];

	push_status(zone->push, &push);
	if (push.on)
		return push_json(zone, &push);
	notify_status(zone->notify, &status);
	if (signer != NULL && signer->addresses > 0)
		dnsio_addr_str(&signer->address[0], to, sizeof(to));
	if (status.pending)
		snprintf(text, sizeof(text), "NOTIFY sent %u times, not fetched yet", status.tries);
	else
		snprintf(text, sizeof(text), "%s", status.seen ? "fetched" : "");
	return json_pack("{s:I, s:s, s:s, s:I}", "serial", (json_int_t)zone->row.serial, "to", to,
			 "notify", text, "seen", (json_int_t)status.seen_time);
}

static json_t *
on_merge(void *arg, struct ctl_request *req, const json_t *request)
{
	json_t *error = NULL;
	struct zone *zone = zone_of(arg, request, &error);

	if (zone == NULL)
		return error;
	json_t *answer = ctl_ok(), *served = json_array(), *dropped = json_array();
	apex_json(zone, served, dropped);
	json_object_set_new(answer, "zone", json_string(name_text(zone->name)));
	json_object_set_new(answer, "state", json_string(msig_zone_state_name(zone_state(zone))));
	if (zone_why(zone)[0] != '\0')
		json_object_set_new(answer, "reason", json_string(zone_why(zone)));
	json_object_set_new(answer, "mode", json_string(merge_mode_name(zone->row.mode)));
	json_object_set_new(answer, "now", json_integer((json_int_t)loop_utc_ms()));
	json_object_set_new(answer, "in", in_json(zone));
	json_object_set_new(answer, "out", out_json(zone));
	json_object_set_new(answer, "overlay", overlay_json(zone));
	json_object_set_new(answer, "dropped", dropped);
	json_object_set_new(answer, "served", served);
	return answer;
}

/* Acting --------------------------------------------------------------------------------------- */

static void
log_act(const struct zone *zone, const struct ctl_request *req, const char *what)
{
	log_zone(LOG_LVL_INFO, zone->name, "%s, by %s", what, ctl_user(req));
}

static json_t *
on_retransfer(void *arg, struct ctl_request *req, const json_t *request)
{
	json_t *error = NULL;
	struct zone *zone = zone_of(arg, request, &error);

	if (zone == NULL)
		return error;
	log_act(zone, req, "retransfer of the owner's zone");
	transfer_start(zone->transfer, true);
	return ctl_ok();
}

static json_t *
on_refresh(void *arg, struct ctl_request *req, const json_t *request)
{
	json_t *error = NULL;
	struct zone *zone = zone_of(arg, request, &error);

	if (zone == NULL)
		return error;
	transfer_start(zone->transfer, false);
	return ctl_ok();
}

static json_t *
on_notify(void *arg, struct ctl_request *req, const json_t *request)
{
	json_t *error = NULL;
	struct zone *zone = zone_of(arg, request, &error);

	if (zone == NULL)
		return error;
	if (zone_serving(zone) == NULL)
		return ctl_error(CODE_REFUSED, "nothing is served: %s", zone_why(zone));
	if (zone->conf->signer_feed == CONF_FEED_PUSH)
		push_again(zone->push);
	else
		notify_changed(zone->notify);
	return ctl_ok();
}

static json_t *
result_json(const struct update_result *result)
{
	return result->rcode == KNOT_RCODE_NOERROR ? ctl_ok()
						   : ctl_error(CODE_FAILED, "%s", result->why);
}

static json_t *
on_accept(void *arg, struct ctl_request *req, const json_t *request)
{
	json_t *error = NULL;
	struct zone *zone = zone_of(arg, request, &error);
	const char *what = json_string_value(json_object_get(request, "what"));
	struct update_result result;

	if (zone == NULL)
		return error;
	if (what != NULL && strcmp(what, "signed") == 0) {
		log_act(zone, req, "a signed zone of the owner's is accepted");
		zone->row.accept_signed = true;
		transfer_start(zone->transfer, true);
		return ctl_ok();
	}
	if (what == NULL || strcmp(what, "overlay") != 0)
		return ctl_error(CODE_USAGE, "accept what: \"signed\" or \"overlay\"?");
	if (!zone->overlay_lost)
		return ctl_error(CODE_REFUSED, "the overlay is not lost");
	log_act(zone, req, "the lost overlay is forgotten");
	contribute_withdraw(zone, NULL, &result);
	return result_json(&result);
}

static json_t *
on_withdraw(void *arg, struct ctl_request *req, const json_t *request)
{
	json_t *error = NULL;
	struct zone *zone = zone_of(arg, request, &error);
	const char *origin = json_string_value(json_object_get(request, "origin"));
	struct update_result result;

	if (zone == NULL)
		return error;
	if (origin == NULL)
		return ctl_error(CODE_USAGE, "whose records?");
	log_act(zone, req, "everything of one provider is withdrawn");
	contribute_withdraw(zone, origin, &result);
	return result_json(&result);
}

static json_t *
on_reload(void *arg, struct ctl_request *req, const json_t *request)
{
	struct cmds *cmds = arg;
	char err[2048] = "";

	if (proc_reload(cmds->proc, err, sizeof(err)) != 0)
		return ctl_error(CODE_FAILED, "%s", err);
	return ctl_ok();
}

static const struct ctl_command commands[] = {
    {"status", false, on_status},
    {"merge", false, on_merge},
    {"retransfer", true, on_retransfer},
    {"refresh", true, on_refresh},
    {"notify", true, on_notify},
    {"accept", true, on_accept},
    {"withdraw", true, on_withdraw},
    {"reload", true, on_reload},
    {NULL, false, NULL},
};

static void
put_lab(void *arg, json_t *answer)
{
	const struct conf *conf = ((struct cmds *)arg)->combiner->conf;

	ctl_put_lab(answer, conf->lab, conf->warning, conf->warnings);
}

struct cmds *
cmds_new(struct combiner *combiner, struct proc *proc)
{
	const struct conf *conf = combiner->conf;
	struct cmds *cmds = xcalloc(1, sizeof(*cmds));
	char path[4096];
	int err = 0;

	cmds->combiner = combiner;
	cmds->proc = proc;
	cmds->started = loop_utc_ms();
	snprintf(path, sizeof(path), "%s/combinerd.ctl", conf->rundir);
	cmds->ctl =
	    ctl_listen(combiner->loop, path, commands, proc_gid(conf->admin_group), cmds, &err);
	if (cmds->ctl == NULL) {
		log_error("control socket %s: %s", path, msig_strerror(err));
		free(cmds);
		return NULL;
	}
	ctl_about_zones(cmds->ctl, put_lab);
	return cmds;
}

void
cmds_free(struct cmds *cmds)
{
	if (cmds == NULL)
		return;
	ctl_free(cmds->ctl);
	free(cmds);
}
