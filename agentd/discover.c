#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <jansson.h>
#include <libknot/descriptor.h>
#include <libknot/wire.h>
#include "agentd/discover.h"
#include "libmsig/compat.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"

#define TYPE_URI 256
#define TYPE_SVCB 64
#define TYPE_KEY 25
#define DEFAULT_PORT 53
#define DAY_MS (24 * 3600 * 1000ULL)
#define TTL_CAP 3600 /* s: longer is not believed */

enum { STEP_URI, STEP_SVCB, STEP_A, STEP_AAAA, STEP_KEY, STEP_DONE, STEP_FAILED };

/* One record of an answer, lent from it. */
struct record {
	const uint8_t *owner;
	uint16_t type;
	uint32_t ttl;
	const uint8_t *rdata;
	uint16_t rdlen;
};

/* RRs in uncompressed wire form, one behind the other. False at the end or at nonsense. */
static bool
next_record(const struct msig_blob *blob, size_t *pos, struct record *rr)
{
	const uint8_t *at = blob->data + *pos, *end = blob->data + blob->len;
	int len;

	if (*pos >= blob->len || (len = knot_dname_wire_check(at, end, NULL)) <= 0 ||
	    end - at < len + 10) {
		return false;
	}
	rr->owner = at;
	rr->type = knot_wire_read_u16(at + len);
	rr->ttl = knot_wire_read_u32(at + len + 4);
	rr->rdlen = knot_wire_read_u16(at + len + 8);
	rr->rdata = at + len + 10;
	if (end - rr->rdata < rr->rdlen) {
		return false;
	}
	*pos = (size_t)(rr->rdata + rr->rdlen - blob->data);
	return true;
}

void
discover_start(struct discover *d, char *identity, bool allow_loopback, uint32_t floor_s)
{
	memset(d, 0, sizeof(*d));
	d->identity = identity;
	d->allow_loopback = allow_loopback;
	d->floor_s = floor_s;
	d->ttl = TTL_CAP;
	d->step = STEP_URI;
}

bool
discover_question(const struct discover *d, knot_dname_t *name, uint16_t *type)
{
	char text[1100];

	switch (d->step) {
	case STEP_URI:
		snprintf(text, sizeof(text), "_dns._tcp.%s", d->identity);
		*type = TYPE_URI;
		return knot_dname_from_str(name, text, KNOT_DNAME_MAXLEN) != NULL;
	case STEP_SVCB:
		*type = TYPE_SVCB;
		break;
	case STEP_A:
		*type = KNOT_RRTYPE_A;
		break;
	case STEP_AAAA:
		*type = KNOT_RRTYPE_AAAA;
		break;
	case STEP_KEY:
		*type = TYPE_KEY;
		memcpy(name, d->result.target, knot_dname_size(d->result.target));
		return true;
	default:
		return false;
	}
	memcpy(name, d->at, knot_dname_size(d->at));
	return true;
}

static enum discover_state
fail(struct discover *d, const char *why)
{
	static const char *const names[] = {"URI", "SVCB", "A", "AAAA", "KEY"};
	char step[KNOT_DNAME_TXT_MAXLEN + 8] = "";
	uint8_t name[KNOT_DNAME_MAXLEN];
	char text[KNOT_DNAME_TXT_MAXLEN + 1];
	uint16_t type;

	if (discover_question(d, name, &type) &&
	    knot_dname_to_str(text, name, sizeof(text)) != NULL) {
		snprintf(step, sizeof(step), "%s %s", text, names[d->step]);
	}
	snprintf(d->reason, sizeof(d->reason), "%.120s: %s", step, why);
	d->step = STEP_FAILED;
	return DISCOVER_FAILED;
}

/* Reads "dns://host[:port][/...]" into target and port. */
static bool
parse_uri(struct discover *d, const uint8_t *uri, size_t len)
{
	char host[256];
	size_t n, i = 6;
	unsigned long port = DEFAULT_PORT;
	uint8_t v4[4];

	if (len < 7 || strncasecmp((const char *)uri, "dns://", 6) != 0) {
		return false;
	}
	while (i < len && uri[i] != ':' && uri[i] != '/') {
		if (uri[i] <= ' ' || uri[i] >= 127 || strchr("@#?[]\\\"", uri[i]) != NULL) {
			return false;
		}
		i++;
	}
	n = i - 6;
	if (n == 0 || n >= sizeof(host) - 1) {
		return false;
	}
	memcpy(host, uri + 6, n);
	host[n] = '\0';
	if (inet_pton(AF_INET, host, v4) == 1) {
		return false; /* the KEY needs a name */
	}
	if (i < len && uri[i] == ':') {
		port = 0;
		for (i++; i < len && uri[i] >= '0' && uri[i] <= '9' && port < 65536; i++) {
			port = port * 10 + (uri[i] - '0');
		}
		if (port == 0 || port > 65535) {
			return false;
		}
	}
	if (i < len && uri[i] != '/') {
		return false;
	}
	for (; i < len; i++) {
		if (uri[i] == '#') {
			return false;
		}
	}
	if (knot_dname_from_str(d->result.target, host, sizeof(d->result.target)) == NULL) {
		return false;
	}
	knot_dname_to_lower(d->result.target);
	d->result.port = (uint16_t)port;
	return true;
}

static enum discover_state
feed_uri(struct discover *d, const struct msig_blob *answer)
{
	uint32_t best = UINT32_MAX;
	struct record rr;

	for (size_t pos = 0; next_record(answer, &pos, &rr);) {
		uint32_t rank;
		if (rr.type != TYPE_URI || rr.rdlen < 5) {
			continue;
		}
		/* The lowest priority first, in it the largest weight. */
		rank = (uint32_t)knot_wire_read_u16(rr.rdata) << 16 |
		       (0xffff - knot_wire_read_u16(rr.rdata + 2));
		if (rank < best) {
			struct discover old = *d;
			if (parse_uri(d, rr.rdata + 4, rr.rdlen - 4u)) {
				best = rank;
			} else {
				*d = old;
			}
		}
	}
	if (best == UINT32_MAX) {
		return fail(d, "no usable dns:// URI");
	}
	memcpy(d->at, d->result.target, knot_dname_size(d->result.target));
	d->step = STEP_SVCB;
	return DISCOVER_ASKING;
}

/* Where a stranger's records may not send us. */
static bool
allowed(const struct discover *d, int family, const uint8_t *addr)
{
	if (family == AF_INET) {
		if (addr[0] == 0 || addr[0] >= 224 || (addr[0] == 169 && addr[1] == 254)) {
			return false;
		}
		return addr[0] != 127 || d->allow_loopback;
	}
	static const uint8_t zero[16];
	if (addr[0] == 0xff || (addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80)) {
		return false;
	}
	if (memcmp(addr, zero, 10) == 0 && addr[10] == 0xff && addr[11] == 0xff) {
		return false; /* an IPv4 address in disguise */
	}
	if (memcmp(addr, zero, 15) == 0) {
		return addr[15] == 1 && d->allow_loopback;
	}
	return true;
}

static void
add_address(struct discover *d, int family, const uint8_t *addr)
{
	char text[INET6_ADDRSTRLEN];
	uint16_t port = d->svcb_port != 0 ? d->svcb_port : d->result.port;
	unsigned n = d->result.addresses;

	if (n == DISCOVER_ADDRESSES || !allowed(d, family, addr) ||
	    inet_ntop(family, addr, text, sizeof(text)) == NULL) {
		return;
	}
	snprintf(d->result.address[n], sizeof(d->result.address[n]), "%s@%u", text, port);
	d->result.addresses++;
}

/* The parameters of one SVCB record in service mode. */
struct svcb {
	uint16_t port;
	const uint8_t *v4, *v6;
	uint16_t v4len, v6len;
};

/* A record with a mandatory key that we do not know, or malformed, is skipped (RFC 9460, 8). */
static bool
parse_svcb(const uint8_t *at, const uint8_t *end, struct svcb *s)
{
	const uint8_t *mandatory = NULL;
	uint16_t mandatory_len = 0;
	int last = -1;

	memset(s, 0, sizeof(*s));
	while (at < end) {
		uint16_t key, len;
		if (end - at < 4) {
			return false;
		}
		key = knot_wire_read_u16(at);
		len = knot_wire_read_u16(at + 2);
		at += 4;
		if (end - at < len || key <= last) {
			return false;
		}
		last = key;
		if (key == 0) {
			mandatory = at;
			mandatory_len = len;
			if (len == 0 || len % 2 != 0) {
				return false;
			}
		} else if (key == 3) {
			if (len != 2 || (s->port = knot_wire_read_u16(at)) == 0) {
				return false;
			}
		} else if (key == 4) {
			if (len == 0 || len % 4 != 0) {
				return false;
			}
			s->v4 = at;
			s->v4len = len;
		} else if (key == 6) {
			if (len == 0 || len % 16 != 0) {
				return false;
			}
			s->v6 = at;
			s->v6len = len;
		}
		at += len;
	}
	for (unsigned i = 0; i < mandatory_len; i += 2) {
		uint16_t key = knot_wire_read_u16(mandatory + i);
		if (key != 3 && key != 4 && key != 6) {
			return false;
		}
	}
	return true;
}

static enum discover_state
follow_alias(struct discover *d, const uint8_t *target)
{
	if (*target == 0) {
		return fail(d, "the service is said not to exist (alias to the root)");
	}
	if (++d->aliases > DISCOVER_ALIASES) {
		return fail(d, "more than 4 aliases");
	}
	memcpy(d->at, target, knot_dname_size(target));
	knot_dname_to_lower(d->at);
	return DISCOVER_ASKING;
}

static enum discover_state
feed_svcb(struct discover *d, const struct msig_blob *answer)
{
	uint32_t best = UINT32_MAX;
	struct svcb chosen = {0};
	const uint8_t *target = NULL;
	unsigned seen = 0;
	struct record rr;

	for (size_t pos = 0; next_record(answer, &pos, &rr);) {
		const uint8_t *end = rr.rdata + rr.rdlen;
		uint16_t priority;
		struct svcb s;
		int len;
		if (rr.type != TYPE_SVCB) {
			continue;
		}
		seen++;
		if (rr.rdlen < 3 || (len = knot_dname_wire_check(rr.rdata + 2, end, NULL)) <= 0) {
			continue;
		}
		priority = knot_wire_read_u16(rr.rdata);
		if (priority == 0) {
			return follow_alias(d, rr.rdata + 2);
		}
		if (parse_svcb(rr.rdata + 2 + len, end, &s) && priority < best) {
			best = priority;
			chosen = s;
			target = rr.rdata + 2;
		}
	}
	if (seen > 0 && best == UINT32_MAX) {
		return fail(
		    d, "no usable record (malformed, or a mandatory key that is not supported)");
	}
	if (target != NULL && *target != 0) {
		memcpy(d->at, target, knot_dname_size(target));
		knot_dname_to_lower(d->at);
	}
	d->svcb_port = chosen.port;
	for (unsigned i = 0; i < chosen.v4len; i += 4) {
		add_address(d, AF_INET, chosen.v4 + i);
	}
	for (unsigned i = 0; i < chosen.v6len; i += 16) {
		add_address(d, AF_INET6, chosen.v6 + i);
	}
	if (chosen.v4len + chosen.v6len > 0) {
		if (d->result.addresses == 0) {
			return fail(d, "the address hints may not be used");
		}
		d->step = STEP_KEY;
	} else {
		d->step = STEP_A;
	}
	return DISCOVER_ASKING;
}

static enum discover_state
feed_address(struct discover *d, const struct msig_blob *answer)
{
	bool v4 = d->step == STEP_A;
	struct record rr;

	for (size_t pos = 0; next_record(answer, &pos, &rr);) {
		if (rr.type == (v4 ? KNOT_RRTYPE_A : KNOT_RRTYPE_AAAA) &&
		    rr.rdlen == (v4 ? 4 : 16)) {
			add_address(d, v4 ? AF_INET : AF_INET6, rr.rdata);
		}
	}
	if (!v4 && d->result.addresses == 0) {
		return fail(d, "no address that may be used");
	}
	d->step = v4 ? STEP_AAAA : STEP_KEY;
	return DISCOVER_ASKING;
}

static bool
key_usable(const struct record *rr)
{
	uint16_t flags;

	if (rr->type != TYPE_KEY || rr->rdlen < 8 ||
	    rr->rdlen > sizeof(((struct discover_key *)0)->rdata)) {
		return false;
	}
	flags = knot_wire_read_u16(rr->rdata);
	/* Not a zone key, and its use for authentication not prohibited (RFC 2535, 3.1.2). */
	if ((flags & 0x8100) != 0 || rr->rdata[2] != 3) {
		return false;
	}
	switch (rr->rdata[3]) {
	case 8:
	case 13:
	case 14:
	case 15:
	case 16:
		return true;
	default:
		return false;
	}
}

static enum discover_state
finish(struct discover *d, uint64_t now)
{
	uint64_t ttl = d->ttl > d->floor_s ? d->ttl : d->floor_s;

	d->result.fresh_until = now + ttl * 1000;
	d->result.good_until = now + DAY_MS;
	if (d->expiry != 0 && d->expiry * 1000 < d->result.good_until) {
		d->result.good_until = d->expiry * 1000;
	}
	d->step = STEP_DONE;
	return DISCOVER_DONE;
}

static enum discover_state
feed_key(struct discover *d, const struct msig_blob *answer, uint64_t now)
{
	struct record rr;

	for (size_t pos = 0; next_record(answer, &pos, &rr);) {
		struct discover_key *key = &d->result.key[d->result.keys];
		dnssec_binary_t rdata = {.size = rr.rdlen, .data = key->rdata};
		if (!key_usable(&rr) || d->result.keys == DISCOVER_KEYS ||
		    !knot_dname_is_case_equal(rr.owner, d->result.target)) {
			continue;
		}
		memcpy(key->rdata, rr.rdata, rr.rdlen);
		key->len = rr.rdlen;
		if (dnssec_keytag(&rdata, &key->tag) == 0) {
			d->result.keys++;
		}
	}
	if (d->result.keys == 0) {
		return fail(d, "no key that may sign messages");
	}
	return finish(d, now);
}

/* The lifetime of the result is that of its weakest record. */
static void
note_times(struct discover *d, const struct msig_msg_ANSWER *answer, uint64_t now)
{
	struct record rr;

	for (size_t pos = 0; next_record(&answer->answer, &pos, &rr);) {
		if (rr.ttl < d->ttl) {
			d->ttl = rr.ttl;
		}
		if (rr.type == KNOT_RRTYPE_RRSIG && rr.rdlen > 18) {
			uint32_t now_s = (uint32_t)(now / 1000);
			int32_t left = (int32_t)(knot_wire_read_u32(rr.rdata + 8) - now_s);
			uint64_t expiry = left > 0 ? now / 1000 + (uint64_t)left : now / 1000;
			if (d->expiry == 0 || expiry < d->expiry) {
				d->expiry = expiry;
			}
		}
	}
}

enum discover_state
discover_feed(struct discover *d, const struct msig_msg_ANSWER *answer, uint64_t now)
{
	char why[120];

	if (d->step >= STEP_DONE) {
		return d->step == STEP_DONE ? DISCOVER_DONE : DISCOVER_FAILED;
	}
	if (answer->status == MSIG_SEEN_UNKNOWN) {
		snprintf(why, sizeof(why), "no answer (%.90s)", answer->reason);
		return fail(d, why);
	}
	if (answer->validation != MSIG_VALIDATION_SECURE) {
		snprintf(why, sizeof(why), "%s, but only DNSSEC-secure answers count%s%.50s",
			 answer->validation == MSIG_VALIDATION_BOGUS ? "bogus" : "insecure",
			 *answer->reason != '\0' ? ": " : "", answer->reason);
		return fail(d, why);
	}
	note_times(d, answer, now);
	if (answer->status == MSIG_SEEN_ABSENT && d->step != STEP_SVCB && d->step != STEP_A &&
	    d->step != STEP_AAAA) {
		return fail(d, "does not exist");
	}
	if (answer->status == MSIG_SEEN_ABSENT && d->step == STEP_SVCB && d->aliases > 0) {
		d->step = STEP_A;
		return DISCOVER_ASKING;
	}
	switch (d->step) {
	case STEP_URI:
		return feed_uri(d, &answer->answer);
	case STEP_SVCB:
		return feed_svcb(d, &answer->answer);
	case STEP_A:
	case STEP_AAAA:
		return feed_address(d, &answer->answer);
	default:
		return feed_key(d, &answer->answer, now);
	}
}

/* The cache ----------------------------------------------------------------------------------- */

static json_t *
hex(const uint8_t *data, size_t len)
{
	char text[2 * 1024 + 1];

	for (size_t i = 0; i < len; i++) {
		snprintf(text + 2 * i, 3, "%02x", data[i]);
	}
	text[2 * len] = '\0';
	return json_string(text);
}

char *
discover_print(const struct discover_result *r)
{
	char target[KNOT_DNAME_TXT_MAXLEN + 1] = "";
	json_t *address = json_array(), *key = json_array(), *top;
	char *text;

	(void)knot_dname_to_str(target, r->target, sizeof(target));
	for (unsigned i = 0; i < r->addresses; i++) {
		json_array_append_new(address, json_string(r->address[i]));
	}
	for (unsigned i = 0; i < r->keys; i++) {
		json_array_append_new(key, hex(r->key[i].rdata, r->key[i].len));
	}
	top = json_pack("{s:s, s:i, s:o, s:o, s:I, s:I}", "target", target, "port", (int)r->port,
			"address", address, "key", key, "fresh", (json_int_t)r->fresh_until, "good",
			(json_int_t)r->good_until);
	text = top != NULL ? json_dumps(top, JSON_COMPACT) : NULL;
	json_decref(top);
	if (text == NULL) {
		fatal("out of memory");
	}
	return text;
}

static int
unhex(const char *text, struct discover_key *key)
{
	size_t len = strlen(text) / 2;
	dnssec_binary_t rdata = {.size = len, .data = key->rdata};

	if (len < 8 || len > sizeof(key->rdata) || strlen(text) % 2 != 0) {
		return MSIG_EVALUE;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned octet;
		if (sscanf(text + 2 * i, "%2x", &octet) != 1) {
			return MSIG_EVALUE;
		}
		key->rdata[i] = (uint8_t)octet;
	}
	key->len = (uint16_t)len;
	return dnssec_keytag(&rdata, &key->tag);
}

int
discover_parse(const char *text, struct discover_result *r)
{
	json_t *top = json_loads(text, 0, NULL), *address, *key, *item;
	json_int_t fresh, good;
	const char *target;
	int port, ret = MSIG_EVALUE;
	size_t i;

	memset(r, 0, sizeof(*r));
	if (top == NULL ||
	    json_unpack(top, "{s:s, s:i, s:o, s:o, s:I, s:I}", "target", &target, "port", &port,
			"address", &address, "key", &key, "fresh", &fresh, "good", &good) != 0 ||
	    knot_dname_from_str(r->target, target, sizeof(r->target)) == NULL) {
		goto out;
	}
	r->port = (uint16_t)port;
	r->fresh_until = (uint64_t)fresh;
	r->good_until = (uint64_t)good;
	json_array_foreach(address, i, item)
	{
		if (i >= DISCOVER_ADDRESSES || !json_is_string(item)) {
			goto out;
		}
		snprintf(r->address[i], sizeof(r->address[i]), "%s", json_string_value(item));
		r->addresses++;
	}
	json_array_foreach(key, i, item)
	{
		if (i >= DISCOVER_KEYS || !json_is_string(item) ||
		    unhex(json_string_value(item), &r->key[i]) != 0) {
			goto out;
		}
		r->keys++;
	}
	ret = r->keys > 0 && r->addresses > 0 ? 0 : MSIG_EVALUE;
out:
	json_decref(top);
	return ret;
}

bool
discover_equal(const struct discover_result *a, const struct discover_result *b)
{
	if (!knot_dname_is_equal(a->target, b->target) || a->addresses != b->addresses ||
	    a->keys != b->keys) {
		return false;
	}
	for (unsigned i = 0; i < a->addresses; i++) {
		if (strcmp(a->address[i], b->address[i]) != 0) {
			return false;
		}
	}
	for (unsigned i = 0; i < a->keys; i++) {
		if (a->key[i].len != b->key[i].len ||
		    memcmp(a->key[i].rdata, b->key[i].rdata, a->key[i].len) != 0) {
			return false;
		}
	}
	return true;
}
