/* clang-format off */
/*
 * Commands of agentd's control socket and the shape of their answers. Every answer is one JSON
 * object on one line, {"ok": true, ...} or {"ok": false, "code": N, "error": "text"} with N the exit
 * code of msigctl: 1 failed, 2 usage or no such zone, 4 `wait` timed out, 5 refused. Times are
 * integers, UTC milliseconds, 0 when there is none; durations are milliseconds. Names are absolute,
 * lower case. A member that may be missing is marked "?". "now" (UTC ms) is in every answer.
 *
 * REASON  {"class": "ready"|"until"|"parent"|"peer"|"blocked", "object": "dnskey" (reason.h),
 *          "place": "127.0.0.1@53", "expected": "", "seen": "", "todo": "", "since": t, "next": t,
 *          "text": "one line"}
 * ZONE    {"zone": "example.", "state": "in-sync"|"moving"|"waiting"|"blocked"|"paused"|"broken"|
 *          "starting", "process": PROCESS or null, "reason": REASON or null (the first one),
 *          "signers": ["msa.p1.example."...], "joining": [...], "leaving": [...], "paused": bool,
 *          "next": t (when it is looked at again), "serial": {"owner": n, "out": n, "signed": n},
 *          "merge": "merged" (combinerd's word, see msg.h), "freeze": "" or why HSYNC is not followed,
 *          "trouble": "" or what is wrong with the zone's own signer or state,
 *          "digest": "equal"|"different"|"unknown" (does the signer publish what it was fed),
 *          "signatures_expire": t (the first RRSIG of the signer's zone), "max_ttl": s}
 * PROCESS {"kind": "add-signer", "step": n, "steps": n, "step_name": "dnskeys-synced",
 *          "phase": "executing" (process.h), "subject": identity, "requestor": identity,
 *          "epoch": n, "id": "32 hex digits", "started": t, "since": t,
 *          "done": [identity...] (who said DONE for this step), "approved": [identity...],
 *          "holds": [{"name": "key"|"ds"|"ns"|"rr", "until": t}], "next": "what comes next"}
 *
 * status    -> {"identity": "msa.p1.example.", "version": "0.1.0", "pid": n, "started": t, "lab": bool,
 *           "database": "ok"|"static" (disk error: nothing is decided)|"rebuild" (it was lost),
 *           "peers": {"operational": n, "total": n}, "zones": [ZONE...],
 *           "count": {"in_sync": n, "moving": n, "waiting": n, "blocked": n}}
 * tracking  {"zone": z} -> {"zone": ZONE, "did": [{"time": t, "text": "", "actor": ""}...] (newest
 *           first, at most 5), "doing": "text", "will": "text", "reasons": [REASON...],
 *           "places": [{"server": "", "kind": "signer"|"server"|"parent", "provider": identity or "",
 *           "asked": t, "named": bool, "trouble": ""}],
 *           "steps": [{"step": n, "name": "", "state": "done"|"now"|"open"}]}
 * keys      {"zone": z} -> {"zone": "example.", "providers": [identity...], "keys": [{"tag": n,
 *           "algorithm": n, "flags": n, "digest": "16 hex digits of SHA-256 of the RDATA",
 *           "role": "KSK"|"ZSK"|"CSK", "owner": identity or "" (unknown),
 *           "ds": "yes"|"no"|"unknown" (at every parent server; "some": at a part of them),
 *           "cds": bool, "at": {identity: "sign"|"pub"|"missing"|"unknown"...}, "since": t}],
 *           "servers": [{"provider": identity, "server": "", "answered": bool, "reason": ""}],
 *           "ds": [{"tag": n, "algorithm": n, "digest_type": n, "digest": "hex", "known": bool}]}
 * why       {"zone": z} -> {"zone": ZONE, "reasons": [REASON...]}: all of them, most important first
 * wait      {"zone": z, "for": "in-sync"|"step" (optional, with "step_name"), "timeout": ms}: answers
 *           when the zone is there: as `why`; {"ok": false, "code": 4, ..., "reasons": [...]} when the
 *           time is over; code 1 at once when it is blocked and "or_blocked" is true
 * peers     -> {"peers": [{"peer": identity, "state": "operational" (peer.h), "since": t,
 *           "zones": [{"zone": z, "hello_sent": bool, "hello_heard": bool, "trouble": ""}],
 *           "target": "ns.msa.p2.example." (name of the KEY), "addresses": ["192.0.2.1@53"...],
 *           "keys": [{"tag": n, "algorithm": n}], "heard": t, "acked_ago": ms or null,
 *           "interval": ms (ours), "advertised": ms (its own), "discovered": bool, "fresh_until": t,
 *           "good_until": t, "trouble": "" or how discovery failed last, "address": "" or where it
 *           answered last, "rtt": ms, "clock": s (how far it is ahead of ours), "transports": n,
 *           "models": n}]}
 * journal   {"zone"?: z, "limit"?: n (50), "before"?: seq} -> {"entries": [{"seq": n, "time": t,
 *           "zone": z or null, "actor": "", "kind": "step"|"alarm"|"peer"|"message"|"operator"|
 *           "apply"|"store", "text": ""}...]} newest first
 * pause     {"zone": z} -> {"zone": ZONE}; no new step is begun; acts
 * resume    {"zone": z} -> {"zone": ZONE}; also confirms the doubt of a lost database; acts
 * abort     {"zone": z} -> {"zone": ZONE}; gives a process up that was not executed yet; acts
 * reload    -> {"zones": {"added": [z...], "removed": [z...]}}; acts
 * identity  {"what": "check"} -> {"checks": [{"what": "KEY", "state": "pass"|"fail"|"unknown",
 *           "text": ""}...], "good": bool}: compares what is published, DNSSEC-validated, with what
 *           is used
 * hsync     {"zone": z} -> {"zone": z, "status": "set"|"absent"|"unknown", "error": "" or what is
 *           wrong with it, "freeze": "", "serial": n, "time": t, "digest": "hex",
 *           "records": [{"identity": "", "state": "ON"|"OFF", "nsmgmt": "AGENT"|"OWNER",
 *           "sign": "SIGN"|"NOSIGN", "member": bool, "self": bool}...],
 *           "type": 65282}
 */
/* clang-format on */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include "agentd/agree.h"
#include "agentd/cmds.h"
#include "agentd/identity.h"
#include "agentd/peers.h"
#include "agentd/process.h"
#include "agentd/zones.h"
#include "libmsig/daemon/ctl.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"
#include "libmsig/hsync.h"
#include "libmsig/key.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define EXIT_TIMEOUT 4
#define EXIT_REFUSED 5
#define JOURNAL_DEFAULT 50
#define JOURNAL_MAX 1000
#define WAIT_DEFAULT_MS 60000

static void
put(json_t *object, const char *name, json_t *value)
{
	if (value == NULL || json_object_set_new(object, name, value) != 0) {
		fatal("out of memory");
	}
}

static void
put_time(json_t *object, const char *name, int64_t t)
{
	put(object, name, json_integer(t == VIEW_NEVER ? 0 : t));
}

static void
put_text(json_t *object, const char *name, const char *text)
{
	json_t *s = json_string(text);

	/* Text of others may be no UTF-8. */
	put(object, name, s != NULL ? s : json_string("?"));
}

static json_t *
ok(void)
{
	json_t *answer = ctl_ok();

	put_time(answer, "now", (int64_t)loop_utc_ms());
	return answer;
}

static json_t *
hex(const uint8_t *data, size_t len)
{
	char text[2 * 64 + 1];

	len = len < 64 ? len : 64;
	for (size_t i = 0; i < len; i++) {
		snprintf(text + 2 * i, 3, "%02x", data[i]);
	}
	text[2 * len] = '\0';
	return json_string(text);
}

static const char *
identity_of(const struct zone_view *view, int provider)
{
	return provider >= 0 && provider < VIEW_PROVIDERS ? view->d.provider[provider].identity
							  : "";
}

static json_t *
identities(const struct zone_view *view, uint32_t bits)
{
	json_t *list = json_array();

	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		if ((bits >> i & 1) != 0) {
			json_array_append_new(list, json_string(identity_of(view, i)));
		}
	}
	return list;
}

/* The zone that the request names; NULL and *error if there is none. */
static struct zone *
zone_of(struct agent *agent, const json_t *request, json_t **error)
{
	const char *name = json_string_value(json_object_get(request, "zone"));
	knot_dname_storage_t wire;
	struct zone *zone;

	if (name == NULL || msig_name_parse(name, wire) != 0) {
		*error = ctl_error(EXIT_USAGE, "which zone? \"zone\" is missing or no domain name");
		return NULL;
	}
	zone = zones_find(agent, wire);
	if (zone == NULL) {
		*error = ctl_error(EXIT_USAGE, "zone %s is not configured here", name);
	}
	return zone;
}

/* Shapes -------------------------------------------------------------------------------------- */

static json_t *
reason_json(const struct reason *r)
{
	json_t *j = json_object();
	char text[500];

	put_text(j, "class", reason_class_name(r->class));
	put_text(j, "object", reason_object_name(r->object));
	put_text(j, "place", r->place);
	put_text(j, "expected", r->expected);
	put_text(j, "seen", r->seen);
	put_text(j, "todo", r->todo);
	put_time(j, "since", r->since);
	put_time(j, "next", r->next);
	put_text(j, "text", reason_text(r, text, sizeof(text)));
	return j;
}

static json_t *
reasons_json(const struct zone_view *view)
{
	json_t *list = json_array();

	for (int i = 0; i < view->reasons; i++) {
		json_array_append_new(list, reason_json(&view->reason[i]));
	}
	return list;
}

static json_t *
process_json(const struct zone_view *view)
{
	static const char *const holds[HOLD_COUNT] = {
	    [HOLD_KEY] = "key", [HOLD_DS] = "ds", [HOLD_NS] = "ns", [HOLD_RR] = "rr"};
	const struct view_process *p = &view->d.process;
	const struct process_rule *rule = process_rule(p->kind);
	json_t *j, *list;

	if (p->kind == 0 || rule == NULL) {
		return json_null();
	}
	j = json_object();
	put_text(j, "kind", rule->name);
	put(j, "step", json_integer(p->step));
	put(j, "steps", json_integer(rule->steps));
	put_text(j, "step_name", process_step_name(p->kind, p->step));
	put_text(j, "phase", process_phase_name(p->phase));
	put_text(j, "subject", identity_of(view, p->subject));
	put_text(j, "requestor", identity_of(view, p->requestor));
	put(j, "epoch", json_integer((json_int_t)p->epoch));
	put(j, "id", hex(p->tid, sizeof(p->tid)));
	put_time(j, "started", p->started);
	put_time(j, "since", p->since);
	put(j, "done", identities(view, p->done));
	put(j, "approved", identities(view, p->approved));
	list = json_array();
	for (int i = 0; i < HOLD_COUNT; i++) {
		if (p->hold[i] != 0) {
			json_t *hold = json_object();
			put_text(hold, "name", holds[i]);
			put_time(hold, "until", p->hold[i]);
			json_array_append_new(list, hold);
		}
	}
	put(j, "holds", list);
	put_text(j, "next",
		 p->step < rule->steps && rule->step[p->step].next != NULL
		     ? rule->step[p->step].next
		     : "");
	return j;
}

static const char *
state_of(const struct zone *zone)
{
	const struct zone_view *view = zone->view;

	if (zone->broken) {
		return "broken";
	}
	if (view->d.paused) {
		return "paused";
	}
	if (view->reasons > 0 && view->reason[0].class == REASON_BLOCKED) {
		return "blocked";
	}
	if (view->d.process.kind != 0) {
		return "moving";
	}
	if (view->hsync.status == MSIG_SEEN_UNKNOWN) {
		return "starting";
	}
	return view->reasons == 0 || view->reason[0].class == REASON_READY ? "in-sync" : "waiting";
}

/* Signers now, those that HSYNC wants in, those it wants out. */
static void
put_group(json_t *j, const struct zone_view *view)
{
	json_t *signers = json_array(), *joining = json_array(), *leaving = json_array();

	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &view->d.provider[i];
		bool wanted = false;
		if (!p->used) {
			continue;
		}
		for (int k = 0; k < view->d.hsync.count; k++) {
			const struct view_hsync_entry *e = &view->d.hsync.entry[k];
			wanted =
			    wanted || (strcmp(e->identity, p->identity) == 0 && e->on && e->sign);
		}
		if (p->member) {
			json_array_append_new(signers, json_string(p->identity));
		}
		if (p->member != wanted) {
			json_array_append_new(wanted ? joining : leaving, json_string(p->identity));
		}
	}
	put(j, "signers", signers);
	put(j, "joining", joining);
	put(j, "leaving", leaving);
}

static json_t *
zone_json(const struct zone *zone)
{
	const struct zone_view *view = zone->view;
	json_t *j = json_object();

	put_text(j, "zone", zone->text);
	put_text(j, "state", state_of(zone));
	put(j, "process", process_json(view));
	put(j, "reason", view->reasons > 0 ? reason_json(&view->reason[0]) : json_null());
	put_group(j, view);
	put(j, "paused", json_boolean(view->d.paused));
	put_time(j, "next", zone->wake_at);
	put(j, "serial",
	    json_pack("{s:I, s:I, s:I}", "owner", (json_int_t)zone->owner_serial, "out",
		      (json_int_t)zone->served_serial, "signed", (json_int_t)zone->signer_serial));
	put_text(j, "merge", msig_zone_state_name((enum msig_zone_state)zone->merge_state));
	put_text(j, "freeze", view->freeze);
	put_text(j, "trouble",
		 view->d.rebuild          ? view->d.doubt
		 : *zone->trouble != '\0' ? zone->trouble
					  : zone->follow_trouble);
	put_time(j, "signatures_expire", (int64_t)zone->signatures_expire * 1000);
	put(j, "max_ttl", json_integer(zone->max_ttl));
	put_text(j, "digest",
		 !zone->has_served || !zone->has_signed                      ? "unknown"
		 : memcmp(zone->served_digest, zone->signed_digest, 32) == 0 ? "equal"
									     : "different");
	return j;
}

/* Commands that look ------------------------------------------------------------------------- */

static json_t *
status(void *arg, struct ctl_request *req, const json_t *request)
{
	struct agent *agent = arg;
	json_t *answer = ok(), *zones = json_array();
	unsigned operational = 0, total = 0, in_sync = 0, moving = 0, waiting = 0, blocked = 0;
	bool rebuild = false;

	for (struct contact *c = agent->contacts; c != NULL; c = c->next) {
		operational += c->peer->state == PEER_OPERATIONAL;
		total++;
	}
	for (struct zone *zone = agent->zones; zone != NULL; zone = zone->next) {
		const char *state = state_of(zone);
		json_array_append_new(zones, zone_json(zone));
		rebuild = rebuild || zone->view->d.rebuild;
		in_sync += strcmp(state, "in-sync") == 0;
		moving += strcmp(state, "moving") == 0;
		waiting += strcmp(state, "waiting") == 0 || strcmp(state, "starting") == 0;
		blocked += strcmp(state, "blocked") == 0 || strcmp(state, "broken") == 0 ||
			   strcmp(state, "paused") == 0;
	}
	put_text(answer, "identity", agent->identity_text);
	put_text(answer, "version", PACKAGE_VERSION);
	put(answer, "pid", json_integer(getpid()));
	put_time(answer, "started", (int64_t)agent->started);
	put(answer, "lab", json_boolean(agent->conf->lab));
	put_text(answer, "database",
		 store_broken(agent->store) ? "static"
		 : rebuild                  ? "rebuild"
					    : "ok");
	put(answer, "peers",
	    json_pack("{s:i, s:i}", "operational", (int)operational, "total", (int)total));
	put(answer, "zones", zones);
	put(answer, "count",
	    json_pack("{s:i, s:i, s:i, s:i}", "in_sync", (int)in_sync, "moving", (int)moving,
		      "waiting", (int)waiting, "blocked", (int)blocked));
	return answer;
}

struct collect {
	json_t *list;
	const char *kind; /* or NULL: all */
	unsigned limit;
};

static void
collect_entry(void *arg, const struct store_entry *entry)
{
	struct collect *c = arg;
	char zone[MSIG_NAME_TEXT];
	json_t *j;

	if ((c->kind != NULL && strcmp(entry->kind, c->kind) != 0) ||
	    json_array_size(c->list) >= c->limit) {
		return;
	}
	j = json_object();
	put(j, "seq", json_integer((json_int_t)entry->seq));
	put_time(j, "time", (int64_t)entry->time);
	put(j, "zone",
	    entry->zone != NULL ? json_string(msig_name_text(entry->zone, zone)) : json_null());
	put_text(j, "actor", entry->actor);
	put_text(j, "kind", entry->kind);
	put_text(j, "text", entry->text);
	json_array_append_new(c->list, j);
}

static json_t *
places_json(const struct zone *zone)
{
	static const char *const kinds[] = {
	    [PLACE_SIGNER] = "signer", [PLACE_SERVER] = "server", [PLACE_PARENT] = "parent"};
	json_t *list = json_array();

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = zone->view->d.place[i];
		int64_t asked = 0;
		const char *trouble = "";
		json_t *j;
		if (p == NULL) {
			continue;
		}
		for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
			const struct view_history *h = &p->history[t];
			asked = h->time > asked ? h->time : asked;
			if (h->tried != 0 && h->status == MSIG_SEEN_UNKNOWN) {
				trouble = h->reason;
			}
		}
		j = json_object();
		put_text(j, "server", p->server);
		put_text(j, "kind", kinds[p->kind]);
		put_text(j, "provider",
			 p->kind == PLACE_SIGNER ? identity_of(zone->view, VIEW_SELF)
			 : p->kind == PLACE_PARENT
			     ? ""
			     : identity_of(zone->view, view_place_provider(zone->view, p)));
		put_time(j, "asked", asked);
		put(j, "named", json_boolean(p->named != 0));
		put_text(j, "trouble", trouble);
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *
steps_json(const struct zone_view *view)
{
	const struct view_process *p = &view->d.process;
	const struct process_rule *rule = process_rule(p->kind);
	json_t *list = json_array();

	for (int i = 0; rule != NULL && i < rule->steps; i++) {
		json_t *j = json_object();
		put(j, "step", json_integer(i));
		put_text(j, "name", rule->step[i].name);
		put_text(j, "state", i < p->step ? "done" : i == p->step ? "now" : "open");
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *
tracking(void *arg, struct ctl_request *req, const json_t *request)
{
	struct agent *agent = arg;
	json_t *error = NULL, *answer;
	struct zone *zone = zone_of(agent, request, &error);
	struct collect did = {.kind = "step", .limit = 5};
	const struct view_process *p;
	const struct process_rule *rule;
	char text[500] = "";

	if (zone == NULL) {
		return error;
	}
	answer = ok();
	put(answer, "zone", zone_json(zone));
	did.list = json_array();
	(void)store_journal(agent->store, zone->name, 0, 200, collect_entry, &did);
	put(answer, "did", did.list);
	if (zone->view->reasons > 0) {
		(void)reason_text(&zone->view->reason[0], text, sizeof(text));
	}
	put_text(answer, "doing", *text != '\0' ? text : "nothing: in its target state");
	p = &zone->view->d.process;
	rule = process_rule(p->kind);
	put_text(answer, "will",
		 rule != NULL && p->step < rule->steps && rule->step[p->step].next != NULL
		     ? rule->step[p->step].next
		     : "");
	put(answer, "reasons", reasons_json(zone->view));
	put(answer, "places", places_json(zone));
	put(answer, "steps", steps_json(zone->view));
	return answer;
}

static json_t *
why(void *arg, struct ctl_request *req, const json_t *request)
{
	json_t *error = NULL, *answer;
	struct zone *zone = zone_of(arg, request, &error);

	if (zone == NULL) {
		return error;
	}
	answer = ok();
	put(answer, "zone", zone_json(zone));
	put(answer, "reasons", reasons_json(zone->view));
	return answer;
}

static json_t *
journal(void *arg, struct ctl_request *req, const json_t *request)
{
	struct agent *agent = arg;
	json_int_t limit = json_integer_value(json_object_get(request, "limit"));
	json_int_t before = json_integer_value(json_object_get(request, "before"));
	struct collect all = {0};
	struct zone *zone = NULL;
	json_t *error = NULL, *answer;

	if (json_object_get(request, "zone") != NULL &&
	    (zone = zone_of(agent, request, &error)) == NULL) {
		return error;
	}
	all.limit = limit <= 0            ? JOURNAL_DEFAULT
		    : limit > JOURNAL_MAX ? JOURNAL_MAX
					  : (unsigned)limit;
	all.list = json_array();
	if (store_journal(agent->store, zone != NULL ? zone->name : NULL,
			  before > 0 ? (uint64_t)before : 0, all.limit, collect_entry, &all) != 0) {
		json_decref(all.list);
		return ctl_error(EXIT_FAILED, "journal: %s", store_error(agent->store));
	}
	answer = ok();
	put(answer, "entries", all.list);
	return answer;
}

/* Keys ---------------------------------------------------------------------------------------- */

static const char *
key_at(const struct zone_view *view, int key, int provider, bool *known)
{
	bool sign = false, pub = false, missing = false;

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *dnskey, *soa;
		if (p == NULL || p->kind == PLACE_PARENT ||
		    (p->kind == PLACE_SIGNER ? VIEW_SELF : view_place_provider(view, p)) !=
			provider) {
			continue;
		}
		dnskey = view_current(p, VIEW_DNSKEY);
		soa = view_current(p, VIEW_SOA);
		if (dnskey == NULL) {
			continue;
		}
		if (dnskey->absent || !rset_has(&dnskey->set, key)) {
			missing = true;
			continue;
		}
		pub = true;
		sign = sign || rset_has(&dnskey->signers, key) ||
		       (soa != NULL && rset_has(&soa->signers, key));
	}
	*known = *known || pub;
	return missing ? "missing" : sign ? "sign" : pub ? "pub" : "unknown";
}

/* Which records of type at parent (or the own signer, for CDS) stand for the key. */
static const char *
key_ds(const struct zone_view *view, int key)
{
	unsigned yes = 0, no = 0;

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v;
		struct rset keys;
		if (p == NULL || p->kind != PLACE_PARENT ||
		    (v = view_current(p, VIEW_DS)) == NULL) {
			continue;
		}
		keys = rpool_keys(&view->d.pool, v->set);
		if (!v->absent && rset_has(&keys, key)) {
			yes++;
		} else {
			no++;
		}
	}
	return yes + no == 0 ? "unknown" : no == 0 ? "yes" : yes == 0 ? "no" : "some";
}

static bool
key_cds(const struct zone_view *view, int key)
{
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v;
		struct rset keys;
		if (p != NULL && p->kind == PLACE_SIGNER &&
		    (v = view_current(p, VIEW_CDS)) != NULL && !v->absent) {
			keys = rpool_keys(&view->d.pool, v->set);
			return rset_has(&keys, key);
		}
	}
	return false;
}

static int64_t
key_since(const struct zone_view *view, int key)
{
	int64_t since = 0;

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		for (int v = 0; p != NULL && v < p->history[VIEW_DNSKEY].count; v++) {
			const struct view_version *version = &p->history[VIEW_DNSKEY].at[v];
			if (rset_has(&version->set, key) &&
			    (since == 0 || version->first < since)) {
				since = version->first;
			}
		}
	}
	return since;
}

static int
key_owner(const struct zone_view *view, int key)
{
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		if (view->d.provider[i].used &&
		    rset_has(&view->d.provider[i].statement.dnskey, key)) {
			return i;
		}
	}
	return -1;
}

/* KSK: SEP; ZSK: not; CSK: SEP, and it signs data somewhere. */
static const char *
key_role(const struct zone_view *view, int key)
{
	if ((view->d.pool.at[key].flags & MSIG_DNSKEY_SEP) == 0) {
		return "ZSK";
	}
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *soa;
		if (p != NULL && p->kind != PLACE_PARENT &&
		    (soa = view_current(p, VIEW_SOA)) != NULL && rset_has(&soa->signers, key)) {
			return "CSK";
		}
	}
	return "KSK";
}

static json_t *
key_json(const struct zone_view *view, int key)
{
	const struct rr *rr = &view->d.pool.at[key];
	json_t *j = json_object(), *at = json_object();
	uint8_t digest[32];
	int owner = key_owner(view, key);
	bool known = owner >= 0;

	(void)gnutls_hash_fast(GNUTLS_DIG_SHA256, rr->rdata->data, rr->rdata->len, digest);
	put(j, "tag", json_integer(rr->tag));
	put(j, "algorithm", json_integer(rr->alg));
	put(j, "flags", json_integer(rr->flags));
	put(j, "digest", hex(digest, 8));
	put_text(j, "role", key_role(view, key));
	put_text(j, "owner", identity_of(view, owner));
	put_text(j, "ds", key_ds(view, key));
	put(j, "cds", json_boolean(key_cds(view, key)));
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		if (view->d.provider[i].used) {
			put_text(at, identity_of(view, i), key_at(view, key, i, &known));
		}
	}
	put(j, "at", at);
	put_time(j, "since", key_since(view, key));
	if (!known) {
		json_decref(j); /* remembered from long ago, nowhere now */
		return NULL;
	}
	return j;
}

static json_t *
ds_json(const struct zone_view *view)
{
	json_t *list = json_array();
	struct rset all = RSET_NONE;

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v;
		if (p != NULL && p->kind == PLACE_PARENT &&
		    (v = view_current(p, VIEW_DS)) != NULL && !v->absent) {
			all = rset_or(all, v->set);
		}
	}
	for (int i = rset_next(&all, 0); i >= 0; i = rset_next(&all, i + 1)) {
		const struct rr *rr = &view->d.pool.at[i];
		json_t *j = json_object();
		put(j, "tag", json_integer(rr->tag));
		put(j, "algorithm", json_integer(rr->alg));
		put(j, "digest_type", json_integer(rr->rdata->len > 3 ? rr->rdata->data[3] : 0));
		put(j, "digest",
		    hex(rr->rdata->data + 4, rr->rdata->len > 4 ? rr->rdata->len - 4u : 0));
		put(j, "known", json_boolean(!rset_empty(rr->match)));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *
keys(void *arg, struct ctl_request *req, const json_t *request)
{
	json_t *error = NULL, *answer, *list = NULL, *servers, *providers;
	struct zone *zone = zone_of(arg, request, &error);
	const struct zone_view *view;

	if (zone == NULL) {
		return error;
	}
	view = zone->view;
	answer = ok();
	put_text(answer, "zone", zone->text);
	providers = json_array();
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		if (view->d.provider[i].used) {
			json_array_append_new(providers, json_string(identity_of(view, i)));
		}
	}
	put(answer, "providers", providers);
	list = json_array();
	for (int i = 0; i < view->d.pool.count; i++) {
		json_t *key =
		    view->d.pool.at[i].type == KNOT_RRTYPE_DNSKEY ? key_json(view, i) : NULL;
		if (key != NULL) {
			json_array_append_new(list, key);
		}
	}
	put(answer, "keys", list);
	servers = json_array();
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_history *h;
		json_t *j;
		if (p == NULL || p->kind == PLACE_PARENT) {
			continue;
		}
		h = &p->history[VIEW_DNSKEY];
		j = json_object();
		put_text(j, "provider",
			 identity_of(view, p->kind == PLACE_SIGNER ? VIEW_SELF
								   : view_place_provider(view, p)));
		put_text(j, "server", p->server);
		put(j, "answered", json_boolean(h->status != MSIG_SEEN_UNKNOWN));
		put_text(j, "reason", h->status == MSIG_SEEN_UNKNOWN ? h->reason : "");
		json_array_append_new(servers, j);
	}
	put(answer, "servers", servers);
	put(answer, "ds", ds_json(view));
	return answer;
}

/* Peers --------------------------------------------------------------------------------------- */

static json_t *
peer_json(struct contact *c)
{
	json_t *j = json_object(), *zones = json_array(), *addresses = json_array(),
	       *list = json_array();
	char text[MSIG_NAME_TEXT];
	uint64_t now = loop_mono_ms();

	for (struct peer_zone *z = c->peer->zones; z != NULL; z = z->next) {
		json_t *zone = json_object();
		char trouble[200];
		put_text(zone, "zone", msig_name_text(z->name, text));
		put(zone, "hello_sent", json_boolean(z->told));
		put(zone, "hello_heard", json_boolean(z->heard));
		put_text(zone, "trouble", peers_why(c, z->name, trouble, sizeof(trouble)));
		json_array_append_new(zones, zone);
	}
	for (unsigned i = 0; c->found && i < c->at.addresses; i++) {
		json_array_append_new(addresses, json_string(c->at.address[i]));
	}
	for (unsigned i = 0; c->found && i < c->at.keys; i++) {
		json_array_append_new(list, json_pack("{s:i, s:i}", "tag", (int)c->at.key[i].tag,
						      "algorithm", (int)c->at.key[i].rdata[3]));
	}
	put_text(j, "peer", c->peer->identity);
	put_text(j, "state", peer_state_name(c->peer->state));
	put_time(j, "since", (int64_t)c->since);
	put(j, "zones", zones);
	put_text(j, "target", c->found ? msig_name_text(c->at.target, text) : "");
	put(j, "addresses", addresses);
	put(j, "keys", list);
	put_time(j, "heard", (int64_t)c->heard_utc);
	put(j, "acked_ago",
	    c->peer->acked != 0 ? json_integer((json_int_t)(now - c->peer->acked)) : json_null());
	put(j, "interval", json_integer(c->peer->interval));
	put(j, "advertised", json_integer(c->peer->advertised));
	put(j, "discovered", json_boolean(c->found));
	put_time(j, "fresh_until", c->found ? (int64_t)c->at.fresh_until : 0);
	put_time(j, "good_until", c->found ? (int64_t)c->at.good_until : 0);
	put_text(j, "trouble", c->trouble);
	put_text(j, "address", c->address);
	put(j, "rtt", json_integer(c->rtt_ms));
	put(j, "clock", json_integer(c->skew_s));
	put(j, "transports", json_integer(c->peer->transports));
	put(j, "models", json_integer(c->peer->models));
	return j;
}

static json_t *
peers(void *arg, struct ctl_request *req, const json_t *request)
{
	struct agent *agent = arg;
	json_t *answer = ok(), *list = json_array();

	for (struct contact *c = agent->contacts; c != NULL; c = c->next) {
		json_array_append_new(list, peer_json(c));
	}
	put(answer, "peers", list);
	return answer;
}

/* HSYNC --------------------------------------------------------------------------------------- */

static json_t *
hsync(void *arg, struct ctl_request *req, const json_t *request)
{
	static const char *const names[] = {[MSIG_SEEN_UNKNOWN] = "unknown",
					    [MSIG_SEEN_ABSENT] = "absent",
					    [MSIG_SEEN_SET] = "set"};
	struct agent *agent = arg;
	json_t *error = NULL, *answer, *list = json_array();
	struct zone *zone = zone_of(agent, request, &error);
	const struct view_hsync *now, *good;

	if (zone == NULL) {
		json_decref(list);
		return error;
	}
	now = &zone->view->hsync;
	good = now->status == MSIG_SEEN_SET && now->error[0] == '\0' ? now : &zone->view->d.hsync;
	for (int i = 0; i < good->count; i++) {
		const struct view_hsync_entry *e = &good->entry[i];
		int number = view_provider_find(zone->view, e->identity);
		json_t *j = json_object();
		put_text(j, "identity", e->identity);
		put_text(j, "state", e->on ? "ON" : "OFF");
		put_text(j, "nsmgmt", e->agent ? "AGENT" : "OWNER");
		put_text(j, "sign", e->sign ? "SIGN" : "NOSIGN");
		put(j, "member",
		    json_boolean(number >= 0 && zone->view->d.provider[number].member));
		put(j, "self", json_boolean(strcmp(e->identity, agent->identity_text) == 0));
		json_array_append_new(list, j);
	}
	answer = ok();
	put_text(answer, "zone", zone->text);
	put_text(answer, "status", names[now->status]);
	put_text(answer, "error", now->error[0] != '\0' ? now->error : zone->view->hsync_why);
	put_text(answer, "freeze", zone->view->freeze);
	put(answer, "serial", json_integer(good->serial));
	put_time(answer, "time", good->time);
	put(answer, "digest", hex(good->digest, sizeof(good->digest)));
	put(answer, "records", list);
	put(answer, "type", json_integer(agent->conf->hsync_type));
	return answer;
}

/* Waiting ------------------------------------------------------------------------------------- */

struct waiter {
	struct waiter *next;
	struct agent *agent;
	struct ctl_request *req;
	knot_dname_t *zone;
	char step[40]; /* or empty: in-sync */
	bool or_blocked;
	struct loop_timer *timer;
};

static void
waiter_free(struct waiter *w)
{
	for (struct waiter **at = &w->agent->waiters; *at != NULL; at = &(*at)->next) {
		if (*at == w) {
			*at = w->next;
			break;
		}
	}
	loop_timer_free(w->timer);
	free(w->zone);
	free(w);
}

static bool
arrived(const struct waiter *w, const struct zone *zone)
{
	const struct view_process *p = &zone->view->d.process;

	if (w->step[0] == '\0') {
		return strcmp(state_of(zone), "in-sync") == 0;
	}
	return p->kind != 0 && strcmp(process_step_name(p->kind, p->step), w->step) == 0;
}

static json_t *
wait_answer(struct waiter *w, int code, const char *text)
{
	struct zone *zone = zones_find(w->agent, w->zone);
	json_t *answer = code == 0 ? ok() : ctl_error(code, "%s", text);

	if (zone != NULL) {
		put(answer, "zone", zone_json(zone));
		put(answer, "reasons", reasons_json(zone->view));
	}
	return answer;
}

static void
wait_over(void *arg)
{
	struct waiter *w = arg;
	struct ctl_request *req = w->req;
	json_t *answer = wait_answer(w, EXIT_TIMEOUT, "not there yet when the time was over");

	waiter_free(w);
	ctl_reply(req, answer);
}

static void
wait_gone(void *arg)
{
	waiter_free(arg);
}

void
cmds_settled(struct zone *zone)
{
	for (struct waiter *w = zone->agent->waiters, *next; w != NULL; w = next) {
		struct ctl_request *req = w->req;
		json_t *answer = NULL;
		next = w->next;
		if (!msig_name_eq(w->zone, zone->name)) {
			continue;
		}
		if (arrived(w, zone)) {
			answer = wait_answer(w, 0, NULL);
		} else if (w->or_blocked && strcmp(state_of(zone), "blocked") == 0) {
			answer = wait_answer(w, EXIT_FAILED, "blocked: a person has to act");
		}
		if (answer != NULL) {
			waiter_free(w);
			ctl_reply(req, answer);
		}
	}
}

static json_t *
wait_for(void *arg, struct ctl_request *req, const json_t *request)
{
	struct agent *agent = arg;
	json_t *error = NULL, *answer;
	struct zone *zone = zone_of(agent, request, &error);
	const char *what = json_string_value(json_object_get(request, "for"));
	const char *step = json_string_value(json_object_get(request, "step_name"));
	json_int_t timeout = json_integer_value(json_object_get(request, "timeout"));
	struct waiter *w;

	if (zone == NULL) {
		return error;
	}
	if (what != NULL && strcmp(what, "step") == 0 && step == NULL) {
		return ctl_error(EXIT_USAGE, "which step? \"step_name\" is missing");
	}
	w = xcalloc(1, sizeof(*w));
	w->agent = agent;
	w->req = req;
	w->zone = xmemdup(zone->name, knot_dname_size(zone->name));
	w->or_blocked = json_is_true(json_object_get(request, "or_blocked"));
	if (what != NULL && strcmp(what, "step") == 0) {
		snprintf(w->step, sizeof(w->step), "%s", step);
	}
	if (arrived(w, zone)) {
		answer = wait_answer(w, 0, NULL);
		waiter_free(w);
		return answer;
	}
	w->timer = loop_timer_new(agent->loop, wait_over, w);
	loop_timer_set(w->timer, timeout > 0 ? (uint64_t)timeout : WAIT_DEFAULT_MS);
	w->next = agent->waiters;
	agent->waiters = w;
	ctl_on_gone(req, wait_gone, w);
	return NULL;
}

/* Commands that act --------------------------------------------------------------------------- */

static json_t *
act(struct agent *agent, struct ctl_request *req, const json_t *request, enum view_command command)
{
	json_t *error = NULL, *answer;
	struct zone *zone = zone_of(agent, request, &error);
	int ret;

	if (zone == NULL) {
		return error;
	}
	ret = zones_command(zone, command, ctl_user(req));
	if (ret != 0) {
		return ctl_error(EXIT_FAILED, "not stored, so not done: %s", msig_strerror(ret));
	}
	answer = ok();
	put(answer, "zone", zone_json(zone));
	return answer;
}

static json_t *
pause_zone(void *arg, struct ctl_request *req, const json_t *request)
{
	return act(arg, req, request, VIEW_PAUSE);
}

static json_t *
resume_zone(void *arg, struct ctl_request *req, const json_t *request)
{
	struct agent *agent = arg;
	json_t *error = NULL;
	struct zone *zone = zone_of(agent, request, &error);

	if (zone == NULL) {
		return error;
	}
	return act(agent, req, request, zone->view->d.rebuild ? VIEW_CONFIRM : VIEW_RESUME);
}

static json_t *
abort_process(void *arg, struct ctl_request *req, const json_t *request)
{
	return act(arg, req, request, VIEW_ABORT);
}

static void
list_new(json_t *list, struct agent *agent, const json_t *known)
{
	for (struct zone *zone = agent->zones; zone != NULL; zone = zone->next) {
		if (json_object_get(known, zone->text) == NULL) {
			json_array_append_new(list, json_string(zone->text));
		}
	}
}

static json_t *
zone_names(struct agent *agent)
{
	json_t *names = json_object();

	for (struct zone *zone = agent->zones; zone != NULL; zone = zone->next) {
		json_object_set_new(names, zone->text, json_true());
	}
	return names;
}

static json_t *
reload(void *arg, struct ctl_request *req, const json_t *request)
{
	struct agent *agent = arg;
	json_t *before = zone_names(agent), *after, *answer, *change = json_object();
	json_t *added = json_array(), *removed = json_array(), *value;
	char err[400] = "";
	const char *name;
	int ret = agent->proc != NULL ? proc_reload(agent->proc, err, sizeof(err)) : 0;

	if (ret != 0) {
		json_decref(before);
		json_decref(change);
		json_decref(added);
		json_decref(removed);
		return ctl_error(EXIT_FAILED, "%s; the configuration of before stays in force",
				 err);
	}
	after = zone_names(agent);
	list_new(added, agent, before);
	json_object_foreach(before, name, value)
	{
		if (json_object_get(after, name) == NULL) {
			json_array_append_new(removed, json_string(name));
		}
	}
	put(change, "added", added);
	put(change, "removed", removed);
	json_decref(before);
	json_decref(after);
	answer = ok();
	put(answer, "zones", change);
	return answer;
}

static json_t *
identity(void *arg, struct ctl_request *req, const json_t *request)
{
	const char *what = json_string_value(json_object_get(request, "what"));

	if (what != NULL && strcmp(what, "check") == 0) {
		return identity_check(arg, req);
	}
	return ctl_error(EXIT_USAGE, "\"what\" is check");
}

/* The socket ---------------------------------------------------------------------------------- */

static const struct ctl_command commands[] = {
    {"status", false, status},   {"tracking", false, tracking}, {"keys", false, keys},
    {"why", false, why},         {"wait", false, wait_for},     {"peers", false, peers},
    {"journal", false, journal}, {"hsync", false, hsync},       {"identity", false, identity},
    {"pause", true, pause_zone}, {"resume", true, resume_zone}, {"abort", true, abort_process},
    {"reload", true, reload},    {NULL, false, NULL},
};

int
cmds_open(struct agent *agent)
{
	char path[4096];
	int err = 0;

	snprintf(path, sizeof(path), "%s/agentd.ctl", agent->conf->rundir);
	agent->ctl = ctl_listen(agent->loop, path, commands, proc_gid(agent->conf->admin_group),
				agent, &err);
	if (agent->ctl == NULL) {
		log_error("%s: %s", path, msig_strerror(err));
		return err;
	}
	return 0;
}

void
cmds_close(struct agent *agent)
{
	while (agent->waiters != NULL) {
		waiter_free(agent->waiters);
	}
	ctl_free(agent->ctl);
	agent->ctl = NULL;
}
