/*
 * Control commands of the process `peer`.
 */
#include "config.h"

#include "libmsig/err.h"
#include "transportd/peer/cmds.h"

static json_t *
run_status(void *arg, struct ctl_request *req, const json_t *request)
{
	struct peer_process *p = arg;
	json_t *listen = json_array();
	char text[80];

	for (unsigned i = 0; i < p->proc->conf->transport_listens; i++) {
		dnsio_addr_str(&p->proc->conf->transport_listen[i], text, sizeof(text));
		json_array_append_new(listen, json_string(text));
	}
	return json_pack("{s:b s:s s:s s:I s:o s:b s:i s:i s:i s:i}", "ok", 1, "daemon",
			 "transportd", "version", PACKAGE_VERSION, "started",
			 (json_int_t)p->started, "listen", listen, "table-known",
			 (int)p->table.known, "peers", (int)p->table.count, "waiting",
			 (int)inbound_waiting(p->in), "sending", (int)outbound_active(p->out),
			 "queued", (int)outbound_queued(p->out));
}

static json_t *
peer_json(const struct peer *peer)
{
	static const char *const reach[] = {
	    [PEER_REACH_UNKNOWN] = "unknown", [PEER_REACH_NO] = "no", [PEER_REACH_YES] = "yes"};
	json_t *address = json_array(), *key = json_array(), *zone = json_array();
	char text[KNOT_DNAME_TXT_MAXLEN + 16], good[80] = "";

	for (unsigned i = 0; i < peer->addresses; i++) {
		dnsio_addr_str(&peer->address[i], text, sizeof(text));
		json_array_append_new(address, json_string(text));
	}
	for (unsigned i = 0; i < peer->keys; i++) {
		char name[KNOT_DNAME_TXT_MAXLEN + 1];

		knot_dname_to_str(name, peer->key[i].name, sizeof(name));
		snprintf(text, sizeof(text), "%s/%u", name, peer->key[i].tag);
		json_array_append_new(key, json_string(text));
	}
	for (unsigned i = 0; i < peer->zones; i++) {
		knot_dname_to_str(text, peer->zone[i], sizeof(text));
		json_array_append_new(zone, json_string(text));
	}
	if (peer->good.len > 0)
		dnsio_addr_str(&peer->good, good, sizeof(good));
	return json_pack("{s:s s:s s:s s:o s:o s:o s:I s:I s:I s:I s:I s:I s:I}", "peer", peer->id,
			 "reachable", reach[peer->reach], "answered-last", good, "address", address,
			 "key", key, "zone", zone, "received", (json_int_t)peer->received,
			 "limited", (json_int_t)peer->limited, "sent", (json_int_t)peer->sent,
			 "answered", (json_int_t)peer->answered, "failed", (json_int_t)peer->failed,
			 "last-received", (json_int_t)peer->last_received, "last-answered",
			 (json_int_t)peer->last_answered);
}

static json_t *
run_peers(void *arg, struct ctl_request *req, const json_t *request)
{
	struct peer_process *p = arg;
	json_t *peers = json_array();

	for (const struct peer *peer = p->table.first; peer != NULL; peer = peer->next)
		json_array_append_new(peers, peer_json(peer));
	return json_pack("{s:b s:b s:o}", "ok", 1, "table-known", (int)p->table.known, "peers",
			 peers);
}

static json_t *
run_counters(void *arg, struct ctl_request *req, const json_t *request)
{
	struct peer_process *p = arg;
	json_t *counters = inbound_counters(p->in);

	json_object_set_new(counters, "ok", json_true());
	return counters;
}

static json_t *
run_reload(void *arg, struct ctl_request *req, const json_t *request)
{
	struct peer_process *p = arg;
	char err[1024];

	if (proc_reload(p->proc, err, sizeof(err)) != 0)
		return ctl_error(78, "%s", err);
	return ctl_ok();
}

/* clang-format off */
const struct ctl_command peer_commands[] = {
    {"status", false, run_status},
    {"peers", false, run_peers},
    {"counters", false, run_counters},
    {"reload", true, run_reload},
    {NULL, false, NULL},
};
/* clang-format on */
