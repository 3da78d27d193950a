#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agentd/discover.h"
#include "agentd/identity.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"

/* "addr@port" that peers shall use: as configured, or the first that transportd listens on. */
static bool
own_address(const struct agent *agent, struct dnsio_addr *addr)
{
	const struct conf *conf = agent->conf;

	if (conf->uri_address != NULL) {
		return dnsio_addr_parse(conf->uri_address, 53, addr) == 0;
	}
	if (conf->transport_listens > 0) {
		*addr = conf->transport_listen[0];
		return true;
	}
	return false;
}

/* Check: our own discovery, as a peer does it ------------------------------------------------- */

struct check {
	struct agent *agent;
	struct ctl_request *req;
	struct discover discover;
	uint64_t asking;
};

static void
add_check(json_t *list, const char *what, bool pass, const char *text)
{
	json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "what", what, "state",
					      pass ? "pass" : "fail", "text", text));
}

static json_t *
compare(struct check *check, bool done)
{
	const struct msig_sig0_key *key = sig0key_key(check->agent->sig0key);
	const struct discover_result *r = &check->discover.result;
	const knot_rdata_t *own = msig_sig0_key_rdata(key);
	json_t *answer = ctl_ok(), *list = json_array();
	char text[200], address[80] = "";
	bool same_name, same_key = false, same_address = false;
	struct dnsio_addr addr;

	if (!done) {
		add_check(list, "discovery", false, check->discover.reason);
		json_object_set_new(answer, "checks", list);
		json_object_set_new(answer, "good", json_false());
		return answer;
	}
	add_check(list, "discovery", true, "URI, SVCB and KEY are published and DNSSEC-secure");
	same_name = knot_dname_is_case_equal(r->target, msig_sig0_key_name(key));
	add_check(list, "URI", same_name,
		  same_name ? "the URI leads to the name that signs"
			    : "the URI leads to another name than the one "
			      "that signs");
	for (unsigned i = 0; i < r->keys; i++) {
		same_key = same_key || (r->key[i].len == own->len &&
					memcmp(r->key[i].rdata, own->data, own->len) == 0);
	}
	add_check(list, "KEY", same_key,
		  same_key ? "the key that signs is published"
			   : "the key that signs is not published: peers refuse what it signs");
	if (own_address(check->agent, &addr)) {
		dnsio_addr_str(&addr, address, sizeof(address));
		for (unsigned i = 0; i < r->addresses; i++) {
			same_address = same_address || strcmp(r->address[i], address) == 0;
		}
		snprintf(text, sizeof(text), "%s is %s", address,
			 same_address ? "published" : "not published");
		add_check(list, "address", same_address, text);
	}
	json_object_set_new(answer, "checks", list);
	json_object_set_new(answer, "good", json_boolean(same_name && same_key && same_address));
	return answer;
}

static bool check_ask(struct check *check);

static void
check_answer(void *arg, const struct msig_msg_ANSWER *msg, unsigned left)
{
	struct check *check = arg;
	struct ctl_request *req = check->req;
	enum discover_state state = discover_feed(&check->discover, msg, loop_utc_ms());
	json_t *answer;

	check->asking = 0;
	if (state == DISCOVER_ASKING && check_ask(check)) {
		return;
	}
	answer = compare(check, state == DISCOVER_DONE);
	free(check);
	ctl_reply(req, answer);
}

/* The next question; false if there is none. */
static bool
check_ask(struct check *check)
{
	struct ask_question question = {.types = 1,
					.timeout_ms = check->agent->conf->query_timeout};
	knot_dname_storage_t name;

	if (!discover_question(&check->discover, name, &question.type[0])) {
		snprintf(check->discover.reason, sizeof(check->discover.reason),
			 "server.identity is too long: with _dns._tcp. before it it is no domain "
			 "name any more, so nobody finds its URI; choose a shorter one");
		return false;
	}
	question.name = name;
	check->asking = ask_start(check->agent->ask, &question, check_answer, check);
	return true;
}

static void
check_gone(void *arg)
{
	struct check *check = arg;

	ask_cancel(check->agent->ask, check->asking);
	free(check);
}

json_t *
identity_check(struct agent *agent, struct ctl_request *req)
{
	struct check *check = xcalloc(1, sizeof(*check));

	check->agent = agent;
	check->req = req;
	discover_start(&check->discover, agent->identity_text, agent->conf->lab,
		       agent->conf->cache_floor / 1000);
	if (!check_ask(check)) {
		json_t *answer = compare(check, false);
		free(check);
		return answer;
	}
	ctl_on_gone(req, check_gone, check);
	return NULL;
}
