/* clang-format off */
/*
 * Commands of agentd's control socket and the shape of their answers. Every answer is one JSON
 * object on one line, {"ok": true, ...} or {"ok": false, "code": N, "error": "text"} with N the exit
 * code of msigctl: 1 failed, 2 usage or no such zone, 5 refused. Times are
 * integers, UTC milliseconds, 0 when there is none; durations are milliseconds. Names are absolute,
 * lower case. A member that may be missing is marked "?". "now" (UTC ms) is in every answer.
 *
 * REASON  {"class": "ready"|"until"|"parent"|"peer"|"home"|"blocked", "object": "dnskey" (reason.h),
 *          "place": "127.0.0.1@53", "expected": "", "seen": "", "todo": "", "since": t, "next": t,
 *          "text": "one line"}
 * ZONE    {"zone": "example.", "state": "in-sync"|"moving"|"waiting"|"blocked"|"paused"|"broken"|
 *          "starting", "process": PROCESS or null, "reason": REASON or null (the first one),
 *          "signers": ["msa.p1.example."...], "joining": [...], "leaving": [...], "paused": bool,
 *          "next": t (when it is looked at again), "serial": {"owner": n, "out": n, "signed": n},
 *          "is_signed": bool (not signed: off),
 *          "merge": "merged" (combinerd's word, see msg.h), "freeze": "" or why HSYNC is not followed,
 *          "trouble": "" or what is wrong with the zone's own signer or state,
 *          "digest": "equal"|"late"|"overdue"|"settling"|"different"|"unknown" (does the signer
 *          publish what it was fed, see egress.h), "difference": ["NAME TYPE where"...],
 *          "signatures_expire": t (the first RRSIG of the signer's zone), "max_ttl": s,
 *          "providers": [{"provider": identity, "member": bool, "contributed": bool, "expelled": bool
 *          (by our operator), "has": ["keys"|"cds"|"ns"...] (what of it is in the zone)}...],
 *          "ns": "AGENT"|"OWNER" (who manages NS, as it is in force), "share": "all"|"zsk" (dnskey-share,
 *          as it is in force), "sync": {"model": "peer"|"leader"|"unknown" (not of all it is known what
 *          they can)|"none" (nothing that all can), "leader": identity or "", "term": n, "election":
 *          "none"|"voting"|"confirming"|"settled", "lease": t}, "orders": [{"process": name,
 *          "algorithm": n, "state": "waits"|"runs"}...], "step_mode": [name of process...],
 *          "approval": {"process": name, "step": name, "subject": identity} or null (what waits for
 *          `approve`)}
 * Every answer to a request with "zone" has "lab": bool and "warnings": [text...] of the configuration,
 * too: cmds_open() sees to it, whatever the command.
 * PROCESS {"kind": "add-signer", "step": n, "steps": n, "step_name": "dnskeys-synced",
 *          "phase": "executing" (process.h), "subject": identity, "requestor": identity,
 *          "epoch": n, "id": "32 hex digits", "started": t, "since": t,
 *          "done": [identity...] (who said DONE for this step), "approved": [identity...],
 *          "holds": [{"name": "key"|"ds"|"ns"|"rr"|"leave", "until": t}], "turned": bool (a rollover
 *          that was turned round), "next": "what comes next"}
 *
 * status    -> {"identity": "msa.p1.example.", "version": "0.1.0", "pid": n, "started": t, "lab": bool,
 *           "warnings": [text...],
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
 *           "state": "active"... (msg.h; own keys, as the key store has them) or "", "id": its name
 *           there or "", "rolls": ""|"new"|"old" (in the process that runs),
 *           "ds": "yes"|"no"|"unknown" (at every parent server; "some": at a part of them),
 *           "cds": bool, "at": {identity: "sign"|"pub"|"missing"|"none" (it need not be there,
 *           dnskey-share)|"unknown"...}, "since": t}],
 *           "servers": [{"provider": identity, "server": "", "answered": bool, "reason": ""}],
 *           "ds": [{"tag": n, "algorithm": n, "digest_type": n, "digest": "hex", "known": bool}],
 *           "store": "none" (no driver)|"known"|"unknown", "store_trouble": ""}
 * why       {"zone": z} -> {"zone": ZONE, "reasons": [REASON...]}: all of them, most important first
 * peers     -> {"peers": [{"peer": identity, "state": "operational" (peer.h), "since": t,
 *           "zones": [{"zone": z, "hello_sent": bool, "hello_heard": bool, "models":
 *           ["peer"|"leader"...] (what it says it can there), "trouble": ""}],
 *           "target": "ns.msa.p2.example." (name of the KEY), "addresses": ["192.0.2.1@53"...],
 *           "keys": [{"tag": n, "algorithm": n}], "heard": t, "acked_ago": ms or null,
 *           "interval": ms (ours), "advertised": ms (its own), "discovered": bool, "fresh_until": t,
 *           "good_until": t, "trouble": "" or how discovery failed last, "next_lookup": t,
 *           "address": "" or where it answered last, "rtt": ms, "clock": s (how far it is ahead
 *           of ours), "transports": n,
 *           "models": n}]}
 * journal   {"zone"?: z, "limit"?: n (50; at most 1000), "before"?: seq} -> {"entries": [{"seq": n, "time": t,
 *           "zone": z or null, "actor": "", "kind": "step"|"alarm"|"peer"|"message"|"operator"|
 *           "apply"|"store", "text": ""}...]} newest first
 * pause     {"zone": z} -> {"zone": ZONE}; no new step is begun; acts
 * resume    {"zone": z} -> {"zone": ZONE}; also confirms the doubt of a lost database; acts
 * abort     {"zone": z} -> {"zone": ZONE}; gives a process up that had no effect yet, turns a rollover
 *           round while its old keys are in use, else it rests where it is; code 1 when none runs; acts
 * order     {"zone": z, "process": "zsk-rollover"|"ksk-rollover"|"algorithm-rollover", "algorithm"?: n}
 *           -> {"zone": ZONE}; it begins when its turn comes; acts
 * cancel    {"zone": z, "process"?: name} -> {"zone": ZONE}; takes back orders that wait; acts
 * expel     {"zone": z, "provider": identity, "on": bool} -> {"zone": ZONE}; here the provider counts
 *           as OFF (on: true), or no longer does; acts
 * approve   {"zone": z, "process"?: name} -> {"zone": ZONE}; the step that waits may go on; acts
 * step      {"zone": z, "on": bool, "process"?: name} -> {"zone": ZONE}; step mode, over what the
 *           configuration says; acts
 * reload    -> {"zones": {"added": [z...], "removed": [z...]}}; acts
 * identity  {"what": "check"} -> {"checks": [{"what": "KEY", "state": "pass"|"fail"|"unknown",
 *           "text": ""}...], "good": bool}: compares what is published, DNSSEC-validated, with what
 *           is used
 * hsync     {"zone": z} -> {"zone": z, "status": "set"|"absent"|"unknown", "error": "" or what is
 *           wrong with it, "freeze": "", "serial": n, "time": t, "digest": "hex",
 *           "records": [{"identity": "", "state": "ON"|"OFF", "nsmgmt": "AGENT"|"OWNER",
 *           "sign": "SIGN"|"NOSIGN", "member": bool, "self": bool}...],
 *           "type": 65282}
 * doctor    {"zone": z} -> {"zone": z, "signer": "127.0.0.1@53" or "", "designated": bool,
 *           "findings": [{"check": "foreign-dnskey" (doctor.h), "state": "pass"|"warn"|"fail"|"unknown"|
 *           "not-applicable" (nobody signs),
 *           "text": "", "fix": {"knot"?: "", "bind"?: "", "powerdns"?: "", "msig"?: ""}}...],
 *           "good": bool (none failed, none unknown), "policy": {"algorithms": [n...] (of own keys),
 *           "algorithm": n (of the others; 0: none known), "dnskey_ttl": s, "overlay_ttl": s (0: no
 *           overlay), "signer_records": "foreign"|"all", "max_ttl": s, "roll_delay": s (doctor.h)}}
 * graph     {"process": "add-signer"} or {"zone": z} (what runs there, or ran last) -> {"process":
 *           GRAPH, "zone": z or null, "now": null or {"step": n or null (none runs), "phase":
 *           "executing"... | "completed"|"aborted", "subject": identity, "since": t, "turned"?: bool}}
 * GRAPH     {"name": "add-signer", "kind": n, "priority": n, "steps": [{"step": n, "name": "",
 *           "guard": [text...], "effect": [text...], "keys": [text...] (of a rollover), "done":
 *           [text...], "holds": ["H_KEY"...], "abort": [text...] (what that does from this step on; none:
 *           as before), "next": text}...]}: the table of process.c; guards and conditions for being done in words
 * plan      {"zone": z, "process"?: "add-signer" (else the one that runs), "provider"?: identity,
 *           "algorithm"?: n} -> {"zone": ZONE, "plan": PLAN}: a dry run
 * PLAN      {"process": "add-signer", "subject": identity, "requestor": identity or "", "algorithm": n,
 *           "running": bool, "verdict": "pass"|"warn"|"fail" (the worst of what must be true now),
 *           "start": [CHECK...] (to begin at all), "steps": [{"step": n, "name": "", "state":
 *           "done"|"now"|"open", "acts": [identity...], "parent": ""|"DS"|"NS" (which it takes over
 *           when it scans next), "owner": bool (the owner changes NS), "why": text, "guard":
 *           [CHECK...], "effect": [text...], "keys": [text...] (of a rollover), "changes": [{"add":
 *           bool, "of": identity, "type": "DNSKEY", "record": a line of a zone file or "", "text": "",
 *           "at": [identity...]}], "unlisted": n, "done": [text...], "holds": [{"name": "H_KEY",
 *           "ttl": s, "length": ms, "from": t, "until": t, "place": "server", "provider": identity or
 *           ""}], "work": ms (about: until all have agreed, published and seen it), "begin": t, "end":
 *           t}...], "begin": t, "end": t (best case: holds alone), "work": ms (of all steps, on top),
 *           "scans": n (of the parent, on top), "advice": [text...]}
 * CHECK     {"verdict": "pass"|"later"|"warn"|"fail", "what": text, "step": n or null (of "later":
 *           which one makes it true), "reason": REASON or null}
 */
/* clang-format on */
#include "config.h"
#include <stdio.h>
#include "agentd/agent.h"
#include "agentd/answer.h"
#include "agentd/cmds.h"
#include "libmsig/daemon/ctl.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"

/* clang-format off */
static const struct ctl_command commands[] = {
	{"status", false, cmds_status},
	{"tracking", false, cmds_tracking},
	{"keys", false, cmds_keys},
	{"why", false, cmds_why},
	{"peers", false, cmds_peers},
	{"journal", false, cmds_journal},
	{"hsync", false, cmds_hsync},
	{"doctor", false, cmds_doctor},
	{"identity", false, cmds_identity},
	{"graph", false, cmds_graph},
	{"plan", false, cmds_plan},
	{"pause", true, cmds_pause},
	{"resume", true, cmds_resume},
	{"abort", true, cmds_abort},
	{"order", true, cmds_order},
	{"cancel", true, cmds_cancel},
	{"expel", true, cmds_expel},
	{"approve", true, cmds_approve},
	{"step", true, cmds_step},
	{"reload", true, cmds_reload},
	{NULL, false, NULL},
};
/* clang-format on */

static void
put_lab(void *arg, json_t *answer)
{
	answer_put_lab(answer, arg);
}

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
	ctl_about_zones(agent->ctl, put_lab);
	return 0;
}

void
cmds_close(struct agent *agent)
{
	ctl_free(agent->ctl);
	agent->ctl = NULL;
}
