/*
 * COMPARE: see compare.h.
 */
#include "config.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmsig/daemon/log.h"
#include "transportd/observe/ask.h"
#include "transportd/observe/compare.h"
#include "transportd/observe/sketch.h"

enum { SIGNED, SERVED, SIDES };

static const int sign_of[SIDES] = {[SIGNED] = 1, [SERVED] = -1};
static const char *const name_of[SIDES] = {[SIGNED] = "signer", [SERVED] = "combinerd"};

struct side {
	struct dnsio_addr addr;
	uint32_t serial;
	uint8_t digest[MSIG_DIGEST_LEN];
};

/* zone NULL: nothing is compared. */
struct comparer {
	struct loop *loop;
	struct outbox *outbox;
	const struct conf *conf;
	uint64_t id;
	knot_dname_t *zone;
	knot_tsig_key_t key;
	struct side side[SIDES];
	int now; /* which one is transferred */
	struct axfr *axfr;
	struct sketch *sketch;
};

struct comparer *
comparer_new(struct loop *loop, struct outbox *outbox)
{
	struct comparer *c = xcalloc(1, sizeof(*c));

	c->loop = loop;
	c->outbox = outbox;
	return c;
}

static void
clear(struct comparer *c)
{
	axfr_free(c->axfr);
	c->axfr = NULL;
	sketch_free(c->sketch);
	c->sketch = NULL;
	knot_tsig_key_deinit(&c->key);
	memset(&c->key, 0, sizeof(c->key));
	knot_dname_free(c->zone, NULL);
	c->zone = NULL;
}

void
comparer_free(struct comparer *c)
{
	if (c == NULL)
		return;
	clear(c);
	free(c);
}

/* The answer --------------------------------------------------------------------------------------
 */

static void
refuse(struct comparer *c, uint64_t id, knot_dname_t *zone, char *reason)
{
	struct msig_msg msg = {.id = MSIG_MSG_COMPARED};

	msg.u.COMPARED.id = id;
	msg.u.COMPARED.zone = zone;
	msg.u.COMPARED.reason = reason;
	outbox_send(c->outbox, &msg);
}

/* The one that is under way has failed. */
static void
give_up(struct comparer *c, char *reason)
{
	refuse(c, c->id, c->zone, reason);
	clear(c);
}

static void
difference_text(const struct sketch_difference *d, char *buf, size_t len)
{
	static const char *const where[] = {"only at combinerd", "not alike", "only at the signer"};
	char owner[KNOT_DNAME_TXT_MAXLEN + 1] = "?", type[20] = "?";

	(void)knot_dname_to_str(owner, d->owner, sizeof(owner));
	(void)knot_rrtype_to_string(d->type, type, sizeof(type));
	snprintf(buf, len, "%s %s %s", owner, type, where[d->side + 1]);
}

static void
report(struct comparer *c)
{
	struct msig_msg msg = {.id = MSIG_MSG_COMPARED};
	struct msig_msg_COMPARED *m = &msg.u.COMPARED;
	struct sketch_difference found[COMPARE_NAMES];
	char text[COMPARE_NAMES][KNOT_DNAME_TXT_MAXLEN + 60], *at[COMPARE_NAMES];
	bool all;
	size_t n = sketch_read(c->sketch, found, COMPARE_NAMES, &all);

	for (size_t i = 0; i < n; i++) {
		difference_text(&found[i], text[i], sizeof(text[i]));
		at[i] = text[i];
	}
	m->id = c->id;
	m->zone = c->zone;
	m->signed_serial = c->side[SIGNED].serial;
	m->signed_digest = (struct msig_blob){c->side[SIGNED].digest, MSIG_DIGEST_LEN};
	m->served_serial = c->side[SERVED].serial;
	m->served_digest = (struct msig_blob){c->side[SERVED].digest, MSIG_DIGEST_LEN};
	m->difference = (struct msig_strs){at, (uint16_t)n};
	m->all = all;
	outbox_send(c->outbox, &msg);
	log_zone(LOG_LVL_INFO, c->zone,
		 "the signer's %u and combinerd's %u differ in %zu%s RRsets%s%s", m->signed_serial,
		 m->served_serial, n, all ? "" : " or more", n > 0 ? ": " : "",
		 n > 0 ? text[0] : "");
	clear(c);
}

/* The transfers -----------------------------------------------------------------------------------
 */

static void fetch(struct comparer *c);

static int
on_record(void *arg, const knot_rrset_t *rr)
{
	struct comparer *c = arg;

	return sketch_add(c->sketch, c->zone, rr, sign_of[c->now]);
}

static void
on_done(void *arg, const struct picture *picture, const char *reason)
{
	struct comparer *c = arg;
	struct side *side = &c->side[c->now];
	char text[160];

	c->axfr = NULL;
	if (picture == NULL) {
		snprintf(text, sizeof(text), "transfer from %s: %s", name_of[c->now], reason);
		log_zone(LOG_LVL_WARN, c->zone, "cannot be compared: %s", text);
		give_up(c, text);
		return;
	}
	side->serial = picture->serial;
	msig_digest_get(&picture->digest, side->digest);
	c->now++;
	if (c->now < SIDES)
		fetch(c);
	else
		report(c);
}

static void
fetch(struct comparer *c)
{
	const struct dnsio_addr *addr = &c->side[c->now].addr;

	c->axfr = axfr_start(c->loop, c->zone, addr, ask_via(c->conf, addr), &c->key, on_record,
			     on_done, c);
}

/* Where combinerd listens, as seen from this host. */
static bool
combiner_address(const struct conf *conf, struct dnsio_addr *addr)
{
	if (conf->combiner_listens == 0)
		return false;
	*addr = conf->combiner_listen[0];
	if (addr->ss.ss_family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)&addr->ss;

		if (in->sin_addr.s_addr == htonl(INADDR_ANY))
			in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	} else if (addr->ss.ss_family == AF_INET6) {
		struct sockaddr_in6 *in = (struct sockaddr_in6 *)&addr->ss;

		if (IN6_IS_ADDR_UNSPECIFIED(&in->sin6_addr))
			in->sin6_addr = in6addr_loopback;
	}
	return true;
}

static bool
take_key(struct comparer *c, const char *id)
{
	const struct conf_key *key = NULL;
	knot_dname_storage_t name;

	if (id[0] == '\0')
		return true;
	if (knot_dname_from_str(name, id, sizeof(name)) != NULL) {
		knot_dname_to_lower(name);
		key = conf_key_find(c->conf, name);
	}
	if (key != NULL && knot_tsig_key_copy(&c->key, &key->tsig) != 0)
		fatal("out of memory");
	return key != NULL;
}

void
comparer_reconf(struct comparer *c, const struct conf *conf)
{
	char reason[] = "the configuration was loaded again";

	if (c->zone != NULL)
		give_up(c, reason);
	c->conf = conf;
}

void
comparer_begin(struct comparer *c, const struct msig_msg_COMPARE *msg)
{
	char busy[] = "another zone is being compared", no_address[] = "no address",
	     no_key[] = "no such key is configured";

	if (c->zone != NULL) {
		refuse(c, msg->id, msg->zone, busy);
		return;
	}
	c->id = msg->id;
	c->zone = knot_dname_copy(msg->zone, NULL);
	c->sketch = sketch_new();
	c->now = SIGNED;
	if (c->zone == NULL)
		fatal("out of memory");
	if (dnsio_addr_parse(msg->server, 53, &c->side[SIGNED].addr) != 0 ||
	    !combiner_address(c->conf, &c->side[SERVED].addr))
		give_up(c, no_address);
	else if (!take_key(c, msg->tsig))
		give_up(c, no_key);
	else
		fetch(c);
}
