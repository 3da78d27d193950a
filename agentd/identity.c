#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <gnutls/gnutls.h>
#include "agentd/discover.h"
#include "agentd/identity.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"

#define PUBLISH_TTL 3600

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

static char *
base64(const uint8_t *data, size_t len)
{
	gnutls_datum_t in = {.data = (uint8_t *)(uintptr_t)data, .size = (unsigned)len}, out = {0};
	char *text;

	if (gnutls_base64_encode2(&in, &out) != 0) {
		fatal("out of memory");
	}
	text = xcalloc(1, out.size + 1);
	memcpy(text, out.data, out.size);
	gnutls_free(out.data);
	return text;
}

/* The KEY record as text: "512 3 15 base64". */
static char *
key_text(const struct agent *agent)
{
	const knot_rdata_t *rdata = msig_sig0_key_rdata(signer_key(agent->signer));
	char *b64 = base64(rdata->data + 4, rdata->len - 4u);
	size_t size = strlen(b64) + 32;
	char *text = xcalloc(1, size);

	snprintf(text, size, "%u %u %u %s", (unsigned)(rdata->data[0] << 8 | rdata->data[1]),
		 rdata->data[2], rdata->data[3], b64);
	free(b64);
	return text;
}

json_t *
identity_show(struct agent *agent)
{
	const struct msig_sig0_key *key = signer_key(agent->signer);
	struct dnsio_addr addr;
	char target[MSIG_NAME_TEXT], text[80] = "", *rdata = key_text(agent);
	json_t *answer = ctl_ok();

	if (own_address(agent, &addr)) {
		dnsio_addr_str(&addr, text, sizeof(text));
	}
	json_object_set_new(answer, "identity", json_string(agent->identity_text));
	json_object_set_new(answer, "target",
			    json_string(msig_name_text(msig_sig0_key_name(key), target)));
	json_object_set_new(answer, "address", json_string(text));
	json_object_set_new(answer, "key",
			    json_pack("{s:i, s:i, s:s}", "tag", (int)msig_sig0_key_tag(key),
				      "algorithm", (int)msig_sig0_key_algorithm(key), "rdata",
				      rdata));
	json_object_set_new(answer, "file", json_string(agent->conf->sig0_key));
	json_object_set_new(answer, "now", json_integer((json_int_t)loop_utc_ms()));
	free(rdata);
	return answer;
}

static void
add_line(json_t *list, const char *text)
{
	json_array_append_new(list, json_string(text));
}

json_t *
identity_records(struct agent *agent)
{
	const struct msig_sig0_key *key = signer_key(agent->signer);
	struct dnsio_addr addr;
	char target[MSIG_NAME_TEXT], host[INET6_ADDRSTRLEN] = "", line[2048], *rdata;
	json_t *answer, *list;
	uint16_t port = 0;
	bool v6;

	if (!own_address(agent, &addr)) {
		return ctl_error(1, "which address shall peers use? set agent.uri-address or "
				    "transport.listen");
	}
	v6 = addr.ss.ss_family == AF_INET6;
	if (v6) {
		const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)&addr.ss;
		inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof(host));
		port = ntohs(in->sin6_port);
	} else {
		const struct sockaddr_in *in = (const struct sockaddr_in *)&addr.ss;
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		port = ntohs(in->sin_port);
	}
	msig_name_text(msig_sig0_key_name(key), target);
	list = json_array();
	/* The URI names the host without the dot at its end. */
	snprintf(line, sizeof(line), "_dns._tcp.%s %d IN URI 10 10 \"dns://%.*s:%u/\"",
		 agent->identity_text, PUBLISH_TTL, (int)strlen(target) - 1, target, port);
	add_line(list, line);
	snprintf(line, sizeof(line), "%s %d IN SVCB 1 . port=%u %s=%s", target, PUBLISH_TTL, port,
		 v6 ? "ipv6hint" : "ipv4hint", host);
	add_line(list, line);
	snprintf(line, sizeof(line), "%s %d IN %s %s", target, PUBLISH_TTL, v6 ? "AAAA" : "A",
		 host);
	add_line(list, line);
	rdata = key_text(agent);
	snprintf(line, sizeof(line), "%s %d IN KEY %s", target, PUBLISH_TTL, rdata);
	add_line(list, line);
	free(rdata);
	answer = ctl_ok();
	json_object_set_new(answer, "records", list);
	json_object_set_new(answer, "now", json_integer((json_int_t)loop_utc_ms()));
	return answer;
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
	const struct msig_sig0_key *key = signer_key(check->agent->signer);
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

static void check_ask(struct check *check);

static void
check_answer(void *arg, const struct msig_msg_ANSWER *msg, unsigned left)
{
	struct check *check = arg;
	struct ctl_request *req = check->req;
	enum discover_state state = discover_feed(&check->discover, msg, loop_utc_ms());
	json_t *answer;

	check->asking = 0;
	if (state == DISCOVER_ASKING) {
		check_ask(check);
		return;
	}
	answer = compare(check, state == DISCOVER_DONE);
	free(check);
	ctl_reply(req, answer);
}

static void
check_ask(struct check *check)
{
	struct ask_question question = {.types = 1,
					.timeout_ms = check->agent->conf->query_timeout};
	knot_dname_storage_t name;

	(void)discover_question(&check->discover, name, &question.type[0]);
	question.name = name;
	check->asking = ask_start(check->agent->ask, &question, check_answer, check);
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
	ctl_on_gone(req, check_gone, check);
	check_ask(check);
	return NULL;
}
