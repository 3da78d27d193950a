/*
 * knot.conf, read with libknot's own parser. See lint.h.
 */
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <libknot/libknot.h>
#include <libknot/yparser/yparser.h>

#include "msigctl/lint.h"
#include "msigctl/words.h"

#define ZSK_LIFETIME (30 * 86400) /* Knot's defaults, s */
#define PROPAGATION_DELAY 3600
#define DAY 86400

struct item {
	char *section, *id, *key, *value;
};

struct knot {
	struct item *item;
	size_t items;
	const char *zone, *template, *policy; /* ids */
	const struct lint_wish *wish;
	json_t *findings;
	char check[160]; /* the buffer of name() */
};

static bool
keep(struct knot *k, const char *section, const char *id, const yp_parser_t *yp)
{
	struct item *more = realloc(k->item, (k->items + 1) * sizeof(*more));
	if (more == NULL) {
		return false;
	}
	k->item = more;
	more[k->items] =
	    (struct item){strdup(section), strdup(id), strdup(yp->key), strdup(yp->data)};
	k->items++;
	return true;
}

/* 0, or the number of the line that cannot be read. */
static size_t
parse(struct knot *k, const char *text)
{
	char section[YP_MAX_TXT_KEY_LEN + 1] = "", id[256] = "";
	yp_parser_t *yp = malloc(sizeof(*yp));
	size_t line = 0;
	if (yp == NULL) {
		return 1;
	}
	yp_init(yp);
	int ret = yp_set_input_string(yp, text, strlen(text));
	while (ret == KNOT_EOK && (ret = yp_parse(yp)) == KNOT_EOK) {
		if (yp->event == YP_EKEY0) {
			snprintf(section, sizeof(section), "%s", yp->key);
			*id = '\0';
		} else if (yp->event == YP_EID) {
			snprintf(id, sizeof(id), "%.255s", yp->data);
		}
		if (!keep(k, section, id, yp)) {
			break;
		}
	}
	line = ret == KNOT_EOF ? 0 : yp->line_count;
	yp_deinit(yp);
	free(yp);
	return line;
}

static void
clear(struct knot *k)
{
	for (size_t i = 0; i < k->items; i++) {
		free(k->item[i].section);
		free(k->item[i].id);
		free(k->item[i].key);
		free(k->item[i].value);
	}
	free(k->item);
}

/* The n-th value of an item, or NULL. */
static const char *
get(const struct knot *k, const char *section, const char *id, const char *key, unsigned n)
{
	for (size_t i = 0; i < k->items; i++) {
		const struct item *it = &k->item[i];
		if (id != NULL && strcmp(it->section, section) == 0 && strcmp(it->id, id) == 0 &&
		    strcmp(it->key, key) == 0 && n-- == 0) {
			return it->value;
		}
	}
	return NULL;
}

static const char *
zone_get(const struct knot *k, const char *key, unsigned n)
{
	return get(k, "zone", k->zone, key, 0) != NULL ? get(k, "zone", k->zone, key, n)
						       : get(k, "template", k->template, key, n);
}

static const char *
policy_get(const struct knot *k, const char *key)
{
	return get(k, "policy", k->policy, key, 0);
}

static bool
is(const char *value, const char *word)
{
	return value != NULL && strcasecmp(value, word) == 0;
}

/* "1h" as seconds; fallback if there is no value. */
static uint64_t
seconds(const char *value, uint64_t fallback)
{
	static const struct {
		char unit;
		unsigned seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', DAY}, {'w', 7 * DAY}};
	char *end;
	if (value == NULL || *value < '0' || *value > '9') {
		return fallback;
	}
	uint64_t n = strtoull(value, &end, 10);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (*end == units[i].unit && n < UINT32_MAX) {
			return n * units[i].seconds;
		}
	}
	return n;
}

/* "policy msig: item": the name of a check. */
static const char *
name(struct knot *k, const char *item)
{
	snprintf(k->check, sizeof(k->check), "policy %.60s: %s", k->policy, item);
	return k->check;
}

#define PASS(item, ...) lint_add(k->findings, LINT_KNOT, name(k, item), "pass", NULL, __VA_ARGS__)
#define FIX(item, state, fix, ...) \
	lint_add(k->findings, LINT_KNOT, name(k, item), state, fix, __VA_ARGS__)

/* ---- what it keeps of others --------------------------------------------------------------- */

static bool
mode_all(struct knot *k)
{
	bool keeps = false;
	for (unsigned n = 0; get(k, "policy", k->policy, "unsafe-operation", n) != NULL; n++) {
		keeps = keeps ||
			is(get(k, "policy", k->policy, "unsafe-operation", n), "no-update-dnskey");
	}
	if (keeps) {
		PASS("unsafe-operation", "it leaves DNSKEY, CDS and CDNSKEY to combinerd");
	} else {
		FIX("unsafe-operation", "fail", "unsafe-operation: no-update-dnskey",
		    "not set, but msig.conf has signer-records: all");
	}
	if (is(policy_get(k, "cds-cdnskey-publish"), "none")) {
		PASS("cds-cdnskey-publish", "none");
	} else {
		FIX("cds-cdnskey-publish", "fail", "cds-cdnskey-publish: none",
		    "it would publish CDS beside those of combinerd");
	}
	return keeps;
}

static bool
mode_foreign(struct knot *k)
{
	const char *management = policy_get(k, "dnskey-management");
	const char *publish = policy_get(k, "cds-cdnskey-publish");
	bool keeps = is(management, "incremental");
	if (keeps) {
		PASS("dnskey-management", "incremental: keys of others stay");
	} else {
		FIX("dnskey-management", "fail", "dnskey-management: incremental",
		    "%s: DNSKEY, CDS and CDNSKEY of others are removed without a word",
		    management != NULL ? management : "full, the default");
	}
	if (seconds(policy_get(k, "delete-delay"), 0) > 0) {
		PASS("delete-delay", "%s", policy_get(k, "delete-delay"));
	} else {
		FIX("delete-delay", "fail", "delete-delay: 1h",
		    "not set: incremental management does not load without");
	}
	if (is(publish, "always")) {
		PASS("cds-cdnskey-publish", "always");
	} else {
		FIX("cds-cdnskey-publish", "fail", "cds-cdnskey-publish: always",
		    "%s: its own CDS and CDNSKEY are %s",
		    publish != NULL ? publish : "rollover, the default",
		    is(publish, "none") ? "never published" : "published for a while only");
	}
	const char *digest = policy_get(k, "cds-digest-type");
	if (digest != NULL && !is(digest, "sha256") && !is(digest, "2")) {
		FIX("cds-digest-type", "fail", "cds-digest-type: sha256",
		    "%s: the others publish SHA-256", digest);
	}
	return keeps && is(publish, "always");
}

/* ---- keys and their times -------------------------------------------------------------------- */

static void
algorithm(struct knot *k)
{
	const char *value = policy_get(k, "algorithm");
	uint8_t number = lint_algorithm(value != NULL ? value : "ecdsap256sha256");
	if (k->wish->algorithm == 0) {
		PASS("algorithm", "%u; no other provider's is known", number);
	} else if (number == k->wish->algorithm) {
		PASS("algorithm", "%u, as the others", number);
	} else {
		char fix[40];
		snprintf(fix, sizeof(fix), "algorithm: %u", k->wish->algorithm);
		FIX("algorithm", "fail", fix, "%u, but the others have %u", number,
		    k->wish->algorithm);
	}
}

static void
dnskey_ttl(struct knot *k)
{
	const char *value = policy_get(k, "dnskey-ttl");
	char fix[40];
	snprintf(fix, sizeof(fix), "dnskey-ttl: %u", k->wish->dnskey_ttl);
	if (k->wish->dnskey_ttl == 0) {
		PASS("dnskey-ttl", "%s; no other provider's is known",
		     value != NULL ? value : "the TTL of SOA");
	} else if (value == NULL) {
		FIX("dnskey-ttl", "warn", fix,
		    "not set: the TTL of SOA; what combinerd gives has %u", k->wish->dnskey_ttl);
	} else if (seconds(value, 0) != k->wish->dnskey_ttl) {
		FIX("dnskey-ttl", "warn", fix, "%s, but what combinerd gives has %u", value,
		    k->wish->dnskey_ttl);
	} else {
		PASS("dnskey-ttl", "%s, as in what combinerd gives", value);
	}
}

/* A key that rolls by itself is used when it was published for propagation-delay and dnskey-ttl,
 * whether the others have it or not. */
static void
rolls(struct knot *k)
{
	uint64_t delay = seconds(policy_get(k, "propagation-delay"), PROPAGATION_DELAY);
	uint64_t zsk = seconds(policy_get(k, "zsk-lifetime"), ZSK_LIFETIME);
	uint64_t ksk = seconds(policy_get(k, "ksk-lifetime"), 0);
	bool manual = is(policy_get(k, "manual"), "on"), quick = delay < k->wish->roll_delay;
	char fix[60];
	snprintf(fix, sizeof(fix), "propagation-delay: %" PRIu32, k->wish->roll_delay);
	if (manual) {
		PASS("manual", "on: keys change when somebody says so");
	} else if (zsk == 0) {
		PASS("zsk-lifetime", "0: the ZSK does not roll by itself");
	} else {
		FIX("zsk-lifetime", quick ? "fail" : "warn", "zsk-lifetime: 0",
		    "the ZSK rolls every %" PRIu64 " days by itself, and is used %s", zsk / DAY,
		    quick ? "before the others can have published it"
			  : "even if a provider that was down has not published it");
	}
	if (!manual && ksk != 0) {
		FIX("ksk-lifetime", "warn", "ksk-lifetime: 0",
		    "the KSK rolls every %" PRIu64 " days by itself: the parent must follow",
		    ksk / DAY);
	}
	if (quick) {
		FIX("propagation-delay", zsk != 0 && !manual ? "fail" : "warn", fix,
		    "%" PRIu64
		    " s: a new ZSK is used before the others can have published it; they "
		    "need %" PRIu32 " s, beside dnskey-ttl%s",
		    delay, k->wish->roll_delay,
		    zsk == 0 && !manual ? " (knotc zone-key-rollover does that)" : "");
	} else if (k->wish->roll_delay != 0) {
		PASS("propagation-delay", "%" PRIu64 " s; the others need %" PRIu32 " s", delay,
		     k->wish->roll_delay);
	}
}

static void
signatures(struct knot *k)
{
	uint64_t lifetime = seconds(policy_get(k, "rrsig-lifetime"), 14 * DAY);
	uint64_t refresh = seconds(policy_get(k, "rrsig-refresh"),
				   lifetime / 10 + k->wish->max_ttl + PROPAGATION_DELAY);
	uint64_t need = k->wish->max_ttl + DAY;
	char fix[60];
	snprintf(fix, sizeof(fix), "rrsig-refresh: %" PRIu64, need + PROPAGATION_DELAY);
	if (refresh < need || lifetime <= refresh) {
		FIX("rrsig-refresh", "fail", fix,
		    "signatures of %" PRIu64 " s are renewed %" PRIu64
		    " s before their end; the largest "
		    "TTL and a day are %" PRIu64 " s",
		    lifetime, refresh, need);
	} else {
		PASS("rrsig-refresh", "renewed %" PRIu64 " s before their end", refresh);
	}
}

static void
other_items(struct knot *k)
{
	if (is(policy_get(k, "single-type-signing"), "on")) {
		FIX("single-type-signing", "warn", "single-type-signing: off",
		    "one key for all: each change of it needs the parent");
	}
	if (is(policy_get(k, "offline-ksk"), "on")) {
		FIX("offline-ksk", "fail", "offline-ksk: off",
		    "it does not go together with incremental management");
	}
	if (seconds(policy_get(k, "nsec3-iterations"), 0) > 0) {
		FIX("nsec3-iterations", "warn", "nsec3-iterations: 0",
		    "resolvers may take answers with iterations for insecure (RFC 9276)");
	}
}

/* ---- the zone ---------------------------------------------------------------------------------
 */

static void
zone_items(struct knot *k)
{
	static const struct {
		const char *item, *good, *state, *fix, *without;
	} items[] = {
	    {"dnssec-signing", "on", "fail", "dnssec-signing: on", "the zone is not signed"},
	    {"master", NULL, "fail", "master: combinerd", "it gets no zone from combinerd"},
	    {"notify", NULL, "warn", "notify: observe", "changes are seen at the next poll only"},
	    {"acl", NULL, "fail", "acl: msig", "observe may not transfer, nor combinerd notify"},
	    {"zonefile-load", NULL, "warn", "zonefile-load: difference",
	     "a zone file that is there at a start counts as a version"},
	};
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		const char *value = zone_get(k, items[i].item, 0);
		char check[60];
		snprintf(check, sizeof(check), "zone: %s", items[i].item);
		bool good = value != NULL && (items[i].good == NULL || is(value, items[i].good));
		lint_add(k->findings, LINT_KNOT, check, good ? "pass" : items[i].state,
			 good ? NULL : items[i].fix, "%s%s%s", value != NULL ? value : "not set",
			 good ? "" : ": ", good ? "" : items[i].without);
	}
	if (is(zone_get(k, "provide-ixfr", 0), "off")) {
		lint_add(k->findings, LINT_KNOT, "zone: provide-ixfr", "warn", "provide-ixfr: on",
			 "off: observe fetches the whole zone at each change");
	}
}

/* Is it an address where one of ours listens, or any address with its port? */
static bool
listens(const char *text, const struct dnsio_addr *ours, unsigned count)
{
	struct dnsio_addr a;
	if (dnsio_addr_parse(text, 53, &a) != 0) {
		return false;
	}
	for (unsigned i = 0; i < count; i++) {
		struct dnsio_addr any = ours[i];
		bool v4 = any.ss.ss_family == AF_INET;
		struct sockaddr_in *in = (struct sockaddr_in *)&any.ss, *to = (void *)&a.ss;
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&any.ss, *to6 = (void *)&a.ss;
		if (a.ss.ss_family != any.ss.ss_family ||
		    (v4 ? in->sin_port != to->sin_port : in6->sin6_port != to6->sin6_port)) {
			continue;
		}
		if (dnsio_addr_same_host(&a, &any) ||
		    (v4 ? in->sin_addr.s_addr == INADDR_ANY
			: IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr))) {
			return true;
		}
	}
	return false;
}

/* Does one of the remotes (or groups of them) under an item of the zone lead to ours? */
static bool
leads(struct knot *k, const char *item, const struct dnsio_addr *ours, unsigned count)
{
	const char *id, *member, *address;
	for (unsigned n = 0; (id = zone_get(k, item, n)) != NULL; n++) {
		for (unsigned a = 0; (address = get(k, "remote", id, "address", a)) != NULL; a++) {
			if (listens(address, ours, count)) {
				return true;
			}
		}
		for (unsigned m = 0; (member = get(k, "remotes", id, "remote", m)) != NULL; m++) {
			for (unsigned a = 0;
			     (address = get(k, "remote", member, "address", a)) != NULL; a++) {
				if (listens(address, ours, count)) {
					return true;
				}
			}
		}
	}
	return false;
}

/* Whom it fetches from and whom it tells, against where ours listen. */
static void
neighbours(struct knot *k)
{
	const struct {
		const char *item, *state, *who;
		const struct dnsio_addr *ours;
		unsigned count;
	} rows[] = {
	    {"master", "fail", "combinerd", k->wish->combiner, k->wish->combiners},
	    {"notify", "warn", "observe", k->wish->observe, k->wish->observes},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char where[DNSIO_ADDR_TEXT], fix[160], check[40];
		if (rows[i].count == 0 || zone_get(k, rows[i].item, 0) == NULL ||
		    leads(k, rows[i].item, rows[i].ours, rows[i].count)) {
			continue;
		}
		dnsio_addr_str(rows[i].ours, where, sizeof(where));
		snprintf(fix, sizeof(fix), "%s: a remote with address: %s", rows[i].item, where);
		snprintf(check, sizeof(check), "zone: %s to %s", rows[i].item, rows[i].who);
		lint_add(k->findings, LINT_KNOT, check, rows[i].state, fix,
			 "none of its remotes is %s, which listens on %s", rows[i].who, where);
	}
}

static bool
find_zone(struct knot *k)
{
	for (size_t i = 0; i < k->items; i++) {
		const struct item *it = &k->item[i];
		if (strcmp(it->section, "zone") == 0 && *it->id != '\0' &&
		    words_same_name(k->wish->zone, it->id)) {
			k->zone = it->id;
		}
	}
	k->template = get(k, "zone", k->zone, "template", 0);
	k->template = k->template != NULL ? k->template : "default";
	k->policy = zone_get(k, "dnssec-policy", 0);
	return k->zone != NULL;
}

static bool
has_policy(const struct knot *k)
{
	for (size_t i = 0; i < k->items; i++) {
		if (k->policy != NULL && strcmp(k->item[i].section, "policy") == 0 &&
		    strcmp(k->item[i].id, k->policy) == 0) {
			return true;
		}
	}
	return false;
}

static bool
examine(struct knot *k)
{
	char fix[300];
	bool keeps = false;
	if (!find_zone(k)) {
		snprintf(fix, sizeof(fix), "zone: - domain: %.200s", k->wish->zone);
		lint_add(k->findings, LINT_KNOT, "zone", "fail", fix, "there is no zone %s",
			 k->wish->zone);
		return false;
	}
	zone_items(k);
	neighbours(k);
	if (!has_policy(k)) {
		lint_add(k->findings, LINT_KNOT, "zone: dnssec-policy", "fail",
			 "dnssec-policy: msig",
			 "%s: the built-in policy removes the keys of others, and rolls its own",
			 k->policy != NULL ? "there is no such policy" : "not set");
		return false;
	}
	keeps = k->wish->all ? mode_all(k) : mode_foreign(k);
	algorithm(k);
	dnskey_ttl(k);
	rolls(k);
	signatures(k);
	other_items(k);
	return keeps;
}

bool
lint_knot(const char *text, const struct lint_wish *wish, json_t *findings)
{
	struct knot k = {.wish = wish, .findings = findings};
	size_t line = parse(&k, text);
	bool keeps = false;
	if (line != 0) {
		lint_add(findings, LINT_KNOT, "knot.conf", "unknown", NULL,
			 "line %zu cannot be read: see `knotc conf-check`", line);
	} else {
		keeps = examine(&k);
	}
	for (size_t i = 0; line == 0 && i < k.items; i++) {
		if (strcmp(k.item[i].section, "include") == 0) {
			lint_add(
			    findings, LINT_KNOT, "include", "unknown", NULL,
			    "%s is not read: give this command what `knotc conf-export` prints",
			    k.item[i].value);
		}
	}
	clear(&k);
	return keeps;
}
