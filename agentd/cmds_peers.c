/*
 * peers and identity: the others, and what they find of us.
 */
#include "config.h"
#include <string.h>
#include "agentd/answer.h"
#include "agentd/cmds.h"
#include "agentd/identity.h"
#include "agentd/peers.h"
#include "agentd/zones.h"

/* How the peer says that it can work together with others on a zone. */
static json_t *
models_json(struct contact *c, const knot_dname_t *name)
{
	const struct zone *zone = zones_find(c->agent, name);
	int number = zone != NULL ? view_provider_find(zone->view, c->peer->identity) : -1;
	uint8_t models = number > 0 ? zone->view->d.provider[number].models : 0;
	json_t *list = json_array();

	if ((models & MSIG_SYNC_PEER) != 0) {
		json_array_append_new(list, json_string("peer"));
	}
	if ((models & MSIG_SYNC_LEADER) != 0) {
		json_array_append_new(list, json_string("leader"));
	}
	return list;
}

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
		answer_put_text(zone, "zone", msig_name_text(z->name, text));
		answer_put(zone, "hello_sent", json_boolean(z->told));
		answer_put(zone, "hello_heard", json_boolean(z->heard));
		answer_put(zone, "models", models_json(c, z->name));
		answer_put_text(zone, "trouble", peers_why(c, z->name, trouble, sizeof(trouble)));
		json_array_append_new(zones, zone);
	}
	for (unsigned i = 0; c->found && i < c->at.addresses; i++) {
		json_array_append_new(addresses, json_string(c->at.address[i]));
	}
	for (unsigned i = 0; c->found && i < c->at.keys; i++) {
		json_array_append_new(list, json_pack("{s:i, s:i}", "tag", (int)c->at.key[i].tag,
						      "algorithm", (int)c->at.key[i].rdata[3]));
	}
	answer_put_text(j, "peer", c->peer->identity);
	answer_put_text(j, "state", peer_state_name(c->peer->state));
	answer_put_time(j, "since", (int64_t)c->since);
	answer_put(j, "zones", zones);
	answer_put_text(j, "target", c->found ? msig_name_text(c->at.target, text) : "");
	answer_put(j, "addresses", addresses);
	answer_put(j, "keys", list);
	answer_put_time(j, "heard", (int64_t)c->heard_utc);
	answer_put(j, "acked_ago",
		   c->peer->acked != 0 ? json_integer((json_int_t)(now - c->peer->acked))
				       : json_null());
	answer_put(j, "interval", json_integer(c->peer->interval));
	answer_put(j, "advertised", json_integer(c->peer->advertised));
	answer_put(j, "discovered", json_boolean(c->found));
	answer_put_time(j, "fresh_until", c->found ? (int64_t)c->at.fresh_until : 0);
	answer_put_time(j, "good_until", c->found ? (int64_t)c->at.good_until : 0);
	answer_put_text(j, "trouble", c->trouble);
	answer_put_time(
	    j, "next_lookup",
	    (int64_t)(loop_utc_ms() + (c->discover_at > now ? c->discover_at - now : 0)));
	answer_put_text(j, "address", c->address);
	answer_put(j, "rtt", json_integer(c->rtt_ms));
	answer_put(j, "clock", json_integer(c->skew_s));
	answer_put(j, "transports", json_integer(c->peer->transports));
	answer_put(j, "models", json_integer(c->peer->models));
	return j;
}

json_t *
cmds_peers(void *arg, struct ctl_request *req, const json_t *request)
{
	struct agent *agent = arg;
	json_t *answer = answer_ok(), *list = json_array();

	for (struct contact *c = agent->contacts; c != NULL; c = c->next) {
		json_array_append_new(list, peer_json(c));
	}
	answer_put(answer, "peers", list);
	answer_put_lab(answer, agent);
	return answer;
}

json_t *
cmds_identity(void *arg, struct ctl_request *req, const json_t *request)
{
	const char *what = json_string_value(json_object_get(request, "what"));

	if (what != NULL && strcmp(what, "check") == 0) {
		return identity_check(arg, req);
	}
	return ctl_error(EXIT_USAGE, "\"what\" is check");
}
