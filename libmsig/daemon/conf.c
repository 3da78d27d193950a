/*
 * The configuration: the table of all items, and what makes the struct from a tree of values,
 * checks it, prints it and frees it, all along the table. msig.conf(5) describes the same items; a
 * test compares the two.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <libknot/libknot.h>
#include "libmsig/daemon/conf_int.h"
#include "libmsig/daemon/log.h"
#include "libmsig/key.h"

#define C(field) offsetof(struct conf, field)
#define K(field) offsetof(struct conf_key, field)
#define R(field) offsetof(struct conf_remote, field)
#define S(field) offsetof(struct conf_stub, field)
#define Z(field) offsetof(struct conf_zone, field)
#define SEC UINT64_C(1000)
#define MIN (60 * SEC)
#define HOUR (60 * MIN)
#define DAY (24 * HOUR)

static const struct conf_section sections[] = {
    {"server", NULL, 0, 0, 0},
    {"log", NULL, 0, 0, 0},
    {"key", "id", sizeof(struct conf_key), C(key), C(keys)},
    {"remote", "id", sizeof(struct conf_remote), C(remote), C(remotes)},
    {"combiner", NULL, 0, 0, 0},
    {"transport", NULL, 0, 0, 0},
    {"observe", NULL, 0, 0, 0},
    {"stub", "id", sizeof(struct conf_stub), C(stub), C(stubs)},
    {"agent", NULL, 0, 0, 0},
    {"signerd", NULL, 0, 0, 0},
    {"zone", "domain", sizeof(struct conf_zone), C(zone), C(zones)},
};
#define SECTIONS (sizeof(sections) / sizeof(*sections))

/* section, item, type, flags, default, min, max, floor, choices, port, offset, count */
/* clang-format off */
#define TEXT(s, n, o) {s, n, CONF_TEXT, 0, NULL, 0, 0, 0, NULL, 0, o, 0}
#define NUM(s, n, t, d, lo, hi, o) {s, n, t, 0, d, lo, hi, 0, NULL, 0, o, 0}
#define TIME(s, n, d, lo, hi, floor, o) {s, n, CONF_MS, 0, d, lo, hi, floor, NULL, 0, o, 0}
#define ADDRS(s, n, f, d, port, o, c) \
	{s, n, CONF_ADDR, CONF_LIST | f, d, 0, 0, 0, NULL, port, o, c}
/* clang-format on */

const struct conf_item conf_items[] = {
    {"server", "identity", CONF_NAMETEXT, CONF_REQUIRED, NULL, 0, 0, 0, NULL, 0, C(identity), 0},
    {"server", "rundir", CONF_FILE, 0, MSIG_RUNDIR, 0, 0, 0, NULL, 0, C(rundir), 0},
    {"server", "storage", CONF_FILE, 0, MSIG_STATEDIR, 0, 0, 0, NULL, 0, C(storage), 0},
    TEXT("server", "user-combiner", C(user_combiner)),
    TEXT("server", "user-agent", C(user_agent)),
    TEXT("server", "user-transport", C(user_transport)),
    TEXT("server", "user-observe", C(user_observe)),
    TEXT("server", "user-signer", C(user_signer)),
    TEXT("server", "group", C(group)),
    TEXT("server", "admin-group", C(admin_group)),
    NUM("server", "dns-port", CONF_U16, "53", 1, 65535, C(dns_port)),
    NUM("server", "hsync-type", CONF_U16, "65282", 65280, 65534, C(hsync_type)),
    NUM("server", "option-code", CONF_U16, "65010", 65001, 65534, C(option_code)),

    {"log", "level", CONF_WORD, 0, "info", 0, 0, 0, "error|warning|info|debug", 0, C(log_level), 0},

    {"key", "id", CONF_NAMETEXT, CONF_REQUIRED, NULL, 0, 0, 0, NULL, 0, K(id), 0},
    {"key", "file", CONF_FILE, 0, NULL, 0, 0, 0, NULL, 0, K(file), 0},
    {"key", "algorithm", CONF_ALG, 0, NULL, 0, 0, 0, NULL, 0, K(algorithm), 0},
    {"key", "secret", CONF_SECRET, 0, NULL, 0, 0, 0, NULL, 0, K(secret), 0},

    {"remote", "id", CONF_TEXT, CONF_REQUIRED, NULL, 0, 0, 0, NULL, 0, R(id), 0},
    ADDRS("remote", "address", CONF_REQUIRED, NULL, 53, R(address), R(addresses)),
    {"remote", "key", CONF_KEY, 0, NULL, 0, 0, 0, NULL, 0, R(key), 0},
    {"remote", "via", CONF_ADDR, 0, NULL, 0, 0, 0, NULL, 0, R(via), 0},
    {"remote", "insecure", CONF_BOOL, 0, "off", 0, 0, 0, NULL, 0, R(insecure), 0},

    ADDRS("combiner", "listen", 0, "127.0.0.1@5381", 5381, C(combiner_listen), C(combiner_listens)),
    TIME("combiner", "notify-retry", "60s", 100, HOUR, SEC, C(notify_retry)),
    NUM("combiner", "notify-tries", CONF_U32, "5", 1, 100, C(notify_tries)),
    TIME("combiner", "coalesce", "200ms", 0, MIN, 0, C(coalesce)),
    NUM("combiner", "max-connections", CONF_U32, "256", 4, 65535, C(max_connections)),
    NUM("combiner", "journal-size", CONF_SIZE, "64M", 65536, UINT32_MAX, C(journal_size)),
    NUM("combiner", "min-refresh", CONF_S, "2s", 1, DAY / SEC, C(min_refresh)),
    NUM("combiner", "min-retry", CONF_S, "1s", 1, DAY / SEC, C(min_retry)),

    ADDRS("transport", "listen", 0, "127.0.0.1@5399", 5399, C(transport_listen),
	  C(transport_listens)),
    NUM("transport", "rate-source", CONF_U32, "50", 1, 100000, C(rate_source)),
    NUM("transport", "rate-signer", CONF_U32, "50", 1, 100000, C(rate_signer)),

    ADDRS("observe", "listen", 0, "127.0.0.1@5398", 5398, C(observe_listen), C(observe_listens)),
    {"observe", "trust-anchor", CONF_FILE, CONF_LIST, NULL, 0, 0, 0, NULL, 0, C(trust_anchor),
     C(trust_anchors)},
    ADDRS("observe", "forward", 0, NULL, 53, C(forward), C(forwards)),

    {"stub", "id", CONF_NAME, CONF_REQUIRED, NULL, 0, 0, 0, NULL, 0, S(name), 0},
    ADDRS("stub", "address", CONF_REQUIRED, NULL, 53, S(address), S(addresses)),

    {"agent", "sig0-key", CONF_FILE, 0, NULL, 0, 0, 0, NULL, 0, C(sig0_key), 0},
    {"agent", "sig0-name", CONF_NAMETEXT, 0, NULL, 0, 0, 0, NULL, 0, C(sig0_name), 0},
    {"agent", "uri-address", CONF_ADDRTEXT, 0, NULL, 0, 0, 0, NULL, 5399, C(uri_address), 0},
    TIME("agent", "heartbeat-min", "2s", 100, HOUR, SEC, C(heartbeat_min)),
    TIME("agent", "heartbeat-max", "30s", 100, DAY, 5 * SEC, C(heartbeat_max)),
    TIME("agent", "hello-retry", "30s", 100, DAY, 5 * SEC, C(hello_retry)),
    TIME("agent", "query-timeout", "5s", 100, 2 * MIN, SEC, C(query_timeout)),
    TIME("agent", "poll", "60s", 100, DAY, 5 * SEC, C(poll)),
    TIME("agent", "parent-poll", "60s", 100, DAY, 5 * SEC, C(parent_poll)),
    TIME("agent", "key-poll", "60s", 100, DAY, 5 * SEC, C(key_poll)),
    TIME("agent", "request-timeout", "30s", 100, HOUR, 5 * SEC, C(request_timeout)),
    TIME("agent", "lease", "10m", 1000, DAY, MIN, C(lease)),
    TIME("agent", "leader-lease", "1h", 1000, 7 * DAY, 10 * MIN, C(leader_lease)),
    TIME("agent", "propagation", "5m", 0, 7 * DAY, 10 * SEC, C(propagation)),
    TIME("agent", "margin", "60s", 0, 7 * DAY, MIN, C(margin)),
    NUM("agent", "margin-percent", CONF_U32, "10", 0, 1000, C(margin_percent)),
    TIME("agent", "clock-skew", "5m", 0, DAY, MIN, C(clock_skew)),
    TIME("agent", "cache-floor", "30s", 0, DAY, 5 * SEC, C(cache_floor)),
    TIME("agent", "egress-settle", "10m", 1000, 7 * DAY, MIN, C(egress_settle)),
    NUM("agent", "journal-max-age", CONF_S, "365d", DAY / SEC, 36500 * DAY / SEC,
	C(journal_max_age)),
    NUM("agent", "journal-max-usage", CONF_SIZE, "256M", 1048576, UINT32_MAX, C(journal_max_usage)),
    {"agent", "lab", CONF_BOOL, 0, "off", 0, 0, 0, NULL, 0, C(lab), 0},

    {"signerd", "knot-config", CONF_FILE, 0, NULL, 0, 0, 0, NULL, 0, C(knot_config), 0},
    {"signerd", "knot-confdb", CONF_FILE, 0, NULL, 0, 0, 0, NULL, 0, C(knot_confdb), 0},
    {"signerd", "knot-kasp", CONF_FILE, 0, NULL, 0, 0, 0, NULL, 0, C(knot_kasp), 0},
    {"signerd", "knot-socket", CONF_FILE, 0, "/run/knot/knot.sock", 0, 0, 0, NULL, 0,
     C(knot_socket), 0},
    {"signerd", "keymgr", CONF_FILE, 0, "/usr/sbin/keymgr", 0, 0, 0, NULL, 0, C(keymgr), 0},
    {"signerd", "pdnsutil", CONF_FILE, 0, "/usr/bin/pdnsutil", 0, 0, 0, NULL, 0, C(pdnsutil), 0},
    {"signerd", "pdns-control", CONF_FILE, 0, "/usr/bin/pdns_control", 0, 0, 0, NULL, 0,
     C(pdns_control), 0},
    {"signerd", "pdns-config", CONF_FILE, 0, "/etc/powerdns", 0, 0, 0, NULL, 0, C(pdns_config), 0},
    {"signerd", "bind-keys", CONF_FILE, 0, "/var/lib/bind", 0, 0, 0, NULL, 0, C(bind_keys), 0},
    {"signerd", "dnssec-keygen", CONF_FILE, 0, "/usr/bin/dnssec-keygen", 0, 0, 0, NULL, 0,
     C(dnssec_keygen), 0},
    {"signerd", "dnssec-settime", CONF_FILE, 0, "/usr/bin/dnssec-settime", 0, 0, 0, NULL, 0,
     C(dnssec_settime), 0},
    {"signerd", "rndc", CONF_FILE, 0, "/usr/sbin/rndc", 0, 0, 0, NULL, 0, C(rndc), 0},
    {"signerd", "rndc-config", CONF_FILE, 0, NULL, 0, 0, 0, NULL, 0, C(rndc_config), 0},
    TIME("signerd", "timeout", "60s", 100, HOUR, 5 * SEC, C(signerd_timeout)),

    {"zone", "domain", CONF_NAME, CONF_REQUIRED, NULL, 0, 0, 0, NULL, 0, Z(name), 0},
    {"zone", "master", CONF_REMOTE, CONF_LIST | CONF_REQUIRED, NULL, 0, 0, 0, NULL, 0, Z(master),
     Z(masters)},
    {"zone", "signer", CONF_REMOTE, CONF_REQUIRED, NULL, 0, 0, 0, NULL, 0, Z(signer), 0},
    {"zone", "signer-feed", CONF_CHOICE, 0, "transfer", 0, 0, 0, "transfer|push", 0, Z(signer_feed),
     0},
    {"zone", "signer-query", CONF_ADDRTEXT, 0, NULL, 0, 0, 0, NULL, 53, Z(signer_query), 0},
    {"zone", "update-key", CONF_KEY, 0, NULL, 0, 0, 0, NULL, 0, Z(update_key), 0},
    {"zone", "update-origin", CONF_NAMETEXT, 0, NULL, 0, 0, 0, NULL, 0, Z(update_origin), 0},
    {"zone", "ns", CONF_NAMETEXT, CONF_LIST, NULL, 0, 0, 0, NULL, 0, Z(ns), Z(nses)},
    {"zone", "serial", CONF_CHOICE, 0, "owner", 0, 0, 0, "owner|unixtime|dateserial", 0, Z(serial),
     0},
    {"zone", "signer-records", CONF_CHOICE, 0, "foreign", 0, 0, 0, "foreign|all", 0,
     Z(signer_records), 0},
    {"zone", "dnskey-share", CONF_CHOICE, 0, "all", 0, 0, 0, "all|zsk", 0, Z(dnskey_share), 0},
    {"zone", "sync-model", CONF_CHOICE, 0, "peer", 0, 0, 0, "peer|leader", 0, Z(sync_model), 0},
    {"zone", "signer-driver", CONF_CHOICE, 0, "none", 0, 0, 0, "none|knot|pdns|bind", 0,
     Z(signer_driver), 0},
    {"zone", "parent", CONF_NAME, 0, NULL, 0, 0, 0, NULL, 0, Z(parent), 0},
    {"zone", "step-mode", CONF_WORD, CONF_LIST, NULL, 0, 0, 0,
     "all|add-signer|remove-signer|zsk-rollover|ksk-rollover|algorithm-rollover|ns-add|ns-remove",
     0, Z(step_mode), Z(step_modes)},
    {"zone", "ds-keep", CONF_TEXT, CONF_LIST, NULL, 0, 0, 0, NULL, 0, Z(ds_keep), Z(ds_keeps)},
    {"zone", "parent-cds", CONF_BOOL, 0, "on", 0, 0, 0, NULL, 0, Z(parent_cds), 0},
    {"zone", "hsync-hold-down", CONF_S, 0, "10m", 0, 30 * DAY / SEC, 60, NULL, 0,
     Z(hsync_hold_down), 0},
    {"zone", "signed", CONF_BOOL, 0, "on", 0, 0, 0, NULL, 0, Z(is_signed), 0},
    {"zone", "egress-check", CONF_BOOL, 0, "on", 0, 0, 0, NULL, 0, Z(egress_check), 0},
};
#define ITEMS (sizeof(conf_items) / sizeof(*conf_items))
const size_t conf_item_count = ITEMS;

const struct conf_section *
conf_section_find(const char *name)
{
	for (size_t i = 0; i < SECTIONS; i++) {
		if (strcmp(sections[i].name, name) == 0)
			return &sections[i];
	}
	return NULL;
}

const struct conf_item *
conf_item_find(const char *section, const char *name)
{
	for (size_t i = 0; i < ITEMS; i++) {
		if (strcmp(conf_items[i].section, section) == 0 &&
		    strcmp(conf_items[i].name, name) == 0)
			return &conf_items[i];
	}
	return NULL;
}

/* The lists and fields that an offset names. */
static void *
at(const void *base, size_t offset)
{
	return (char *)(uintptr_t)base + offset;
}

static unsigned
list_count(const struct conf *conf, const struct conf_section *section)
{
	return *(unsigned *)at(conf, section->count);
}

static void *
list_element(const struct conf *conf, const struct conf_section *section, unsigned i)
{
	return at(*(char **)at(conf, section->offset), i * section->size);
}

/* The struct from the tree. ------------------------------------------------------------------- */

struct filler {
	struct conf *conf;
	struct conf_tree *tree;
};

/* Where the value goes: a list grows by one. */
static void *
field_of(const struct conf_item *item, void *base)
{
	void *field = at(base, item->offset);
	if (!(item->flags & CONF_LIST))
		return field;
	size_t size = conf_type_size(item->type);
	unsigned *count = at(base, item->count);
	void **list = field;
	*list = realloc(*list, (*count + 1) * size);
	if (*list == NULL)
		fatal("out of memory");
	void *last = at(*list, *count * size);
	memset(last, 0, size);
	(*count)++;
	return last;
}

static void
drop_last(const struct conf_item *item, void *base)
{
	if (item->flags & CONF_LIST)
		(*(unsigned *)at(base, item->count))--;
}

static void
fill_value(struct filler *f, void *base, const struct conf_value *value)
{
	char err[512];
	void *field = field_of(value->item, base);
	if (!conf_value_set(value->item, field, value->text, value->file, err, sizeof(err))) {
		drop_last(value->item, base);
		conf_mistake(f->tree, value->file, value->line, "%s.%s: %s", value->item->section,
			     value->item->name, err);
	}
}

static bool
has_value(const struct conf_block *block, const struct conf_item *item)
{
	for (const struct conf_value *v = block->values; v != NULL; v = v->next) {
		if (v->item == item)
			return true;
	}
	return false;
}

/* A single-valued item that was given before, in this block or (sections without id) another one.
 */
static bool
is_repeated(const struct filler *f, const struct conf_block *block, const struct conf_value *value)
{
	if (value->item->flags & CONF_LIST)
		return false;
	const struct conf_block *from = block->section->id != NULL ? block : f->tree->blocks;
	for (const struct conf_block *b = from; b != NULL; b = b->next) {
		if (b->section != block->section)
			continue;
		for (const struct conf_value *v = b->values; v != NULL; v = v->next) {
			if (v == value)
				return false;
			if (v->item == value->item)
				return true;
		}
		if (b == block)
			break;
	}
	return false;
}

static void
fill_block(struct filler *f, void *base, const struct conf_block *block)
{
	for (const struct conf_value *v = block->values; v != NULL; v = v->next) {
		if (is_repeated(f, block, v))
			conf_mistake(f->tree, v->file, v->line,
				     "%s.%s: given twice, takes one value", v->item->section,
				     v->item->name);
		else
			fill_value(f, base, v);
	}
}

static void
fill_default(struct filler *f, void *base, const struct conf_item *item)
{
	char err[512];
	if (item->def == NULL ||
	    (item->flags & CONF_LIST && *(unsigned *)at(base, item->count) > 0))
		return;
	if (!conf_value_set(item, field_of(item, base), item->def, "/", err, sizeof(err)))
		fatal("default of %s.%s: %s", item->section, item->name, err);
}

/* What the block did not say: the default, or a mistake. */
static void
fill_rest(struct filler *f, void *base, const struct conf_section *section,
	  const struct conf_block *block)
{
	for (size_t i = 0; i < ITEMS; i++) {
		const struct conf_item *item = &conf_items[i];
		if (strcmp(item->section, section->name) != 0)
			continue;
		bool given = false;
		for (const struct conf_block *b = block; b != NULL && !given; b = b->next) {
			given = b->section == section && has_value(b, item);
			if (section->id != NULL)
				break;
		}
		if (given)
			continue;
		if (item->flags & CONF_REQUIRED)
			conf_mistake(f->tree,
				     block != NULL && section->id != NULL ? block->file
									  : f->conf->file,
				     block != NULL && section->id != NULL ? block->line : 0,
				     "%s.%s: must be given", section->name, item->name);
		fill_default(f, base, item);
	}
}

static void
fill(struct filler *f)
{
	struct conf *conf = f->conf;
	for (size_t i = 0; i < SECTIONS; i++) {
		const struct conf_section *section = &sections[i];
		unsigned count = 0;
		for (const struct conf_block *b = f->tree->blocks; b != NULL; b = b->next)
			count += b->section == section;
		if (section->id == NULL) {
			for (const struct conf_block *b = f->tree->blocks; b != NULL; b = b->next) {
				if (b->section == section)
					fill_block(f, conf, b);
			}
			fill_rest(f, conf, section, f->tree->blocks);
			continue;
		}
		*(void **)at(conf, section->offset) = xcalloc(count, section->size);
		for (const struct conf_block *b = f->tree->blocks; b != NULL; b = b->next) {
			if (b->section != section)
				continue;
			unsigned *n = at(conf, section->count);
			void *element = list_element(conf, section, (*n)++);
			fill_block(f, element, b);
			fill_rest(f, element, section, b);
		}
	}
}

/* The block that became element n of a list. */
static const struct conf_block *
block_of(const struct filler *f, const char *section, unsigned n)
{
	const struct conf_block *b = f->tree->blocks;
	for (; b != NULL; b = b->next) {
		if (strcmp(b->section->name, section) == 0 && n-- == 0)
			break;
	}
	return b;
}

#define MISTAKE(f, section, n, ...)                                       \
	do {                                                              \
		const struct conf_block *b_ = block_of(f, section, n);    \
		conf_mistake((f)->tree, b_->file, b_->line, __VA_ARGS__); \
	} while (0)

/* References. --------------------------------------------------------------------------------- */

static void
refer(struct filler *f, void *base, const struct conf_value *value)
{
	const struct conf_item *item = value->item;
	const void *found = NULL;
	if (item->type == CONF_KEY) {
		knot_dname_storage_t name;
		char err[512];
		if (conf_name_parse(value->text, name, err, sizeof(err)))
			found = conf_key_find(f->conf, name);
	} else {
		found = conf_remote_find(f->conf, value->text);
	}
	if (found == NULL)
		conf_mistake(f->tree, value->file, value->line, "%s.%s: there is no %s with id %s",
			     item->section, item->name, item->type == CONF_KEY ? "key" : "remote",
			     value->text);
	const void **field = at(base, item->offset);
	if (item->flags & CONF_LIST) {
		/* The first pass has counted the values and left them empty. */
		field = *(void **)at(base, item->offset);
		while (*field != NULL)
			field++;
	}
	if (found != NULL)
		*field = found;
	else
		drop_last(item, base);
}

static void
fill_references(struct filler *f)
{
	for (size_t i = 0; i < SECTIONS; i++) {
		unsigned n = 0;
		for (const struct conf_block *b = f->tree->blocks; b != NULL; b = b->next) {
			if (b->section != &sections[i] || sections[i].id == NULL)
				continue;
			void *element = list_element(f->conf, &sections[i], n++);
			for (const struct conf_value *v = b->values; v != NULL; v = v->next) {
				if ((v->item->type == CONF_KEY || v->item->type == CONF_REMOTE) &&
				    !is_repeated(f, b, v))
					refer(f, element, v);
			}
		}
	}
}

/* Checks that need more than one item. -------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void
warn(struct conf *conf, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	char **more = realloc(conf->warning, (conf->warnings + 1) * sizeof(*more));
	if (more == NULL)
		fatal("out of memory");
	conf->warning = more;
	conf->warning[conf->warnings++] = xstrdup(text);
}

static void
check_readable(struct conf *conf, const char *file, const char *what)
{
	struct stat st;
	if (stat(file, &st) == 0 && (st.st_mode & S_IROTH) != 0)
		warn(conf, "%s: holds %s and is readable by everybody (chmod o-r)", file, what);
}

/* A warning, no mistake: it is observe's file, and the other daemons do without. */
static void
check_anchors(struct conf *conf)
{
	for (unsigned i = 0; i < conf->trust_anchors; i++)
		if (access(conf->trust_anchor[i], R_OK) != 0)
			warn(conf,
			     "observe.trust-anchor: %s: %s; observe will not start (put the file "
			     "there, or take the item out)",
			     conf->trust_anchor[i], strerror(errno));
}

static void
load_key(struct filler *f, unsigned n)
{
	struct conf_key *key = &f->conf->key[n];
	const struct conf_block *block = block_of(f, "key", n);
	char err[512];
	int ret = 0;
	if (key->id == NULL)
		return; /* said before */
	if (key->file != NULL && (key->secret != NULL || key->algorithm != NULL)) {
		MISTAKE(f, "key", n, "key.file: %s has a secret or an algorithm of its own, too",
			key->id);
	} else if (key->file != NULL) {
		ret = keyfile_read(key->file, key->id, &key->tsig, err, sizeof(err));
		if (ret != 0)
			MISTAKE(f, "key", n, "key.file: %s: %s", key->file, err);
	} else if (key->secret == NULL || key->algorithm == NULL) {
		MISTAKE(f, "key", n, "key.%s: %s needs a file, or an algorithm and a secret",
			key->secret == NULL ? "secret" : "algorithm", key->id);
	} else {
		ret = keyfile_make(key->id, key->algorithm, key->secret, &key->tsig, err,
				   sizeof(err));
		if (ret != 0)
			MISTAKE(f, "key", n, "key.secret: %s: %s", key->id, err);
		key->file = xstrdup(block->file);
	}
	conf_wipe(&key->algorithm);
	conf_wipe(&key->secret);
	if (key->file != NULL && ret == 0)
		check_readable(f->conf, key->file, "a TSIG secret");
}

static void
check_twice(struct filler *f, const char *section, const char *item, unsigned count,
	    bool (*same)(const struct conf *conf, unsigned a, unsigned b))
{
	for (unsigned i = 0; i < count; i++) {
		for (unsigned j = 0; j < i; j++) {
			if (!same(f->conf, i, j))
				continue;
			const struct conf_block *a = block_of(f, section, i),
						*b = block_of(f, section, j);
			conf_mistake(f->tree, a->file, a->line, "%s.%s: %s is there already, %s:%u",
				     section, item, a->id, b->file, b->line);
			break;
		}
	}
}

static bool
same_text(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool
same_name(const knot_dname_t *a, const knot_dname_t *b)
{
	return a != NULL && b != NULL && knot_dname_is_equal(a, b);
}

static bool
same_key(const struct conf *conf, unsigned a, unsigned b)
{
	return same_text(conf->key[a].id, conf->key[b].id);
}

static bool
same_remote(const struct conf *conf, unsigned a, unsigned b)
{
	return same_text(conf->remote[a].id, conf->remote[b].id);
}

static bool
same_stub(const struct conf *conf, unsigned a, unsigned b)
{
	return same_name(conf->stub[a].name, conf->stub[b].name);
}

/* Zones can be many: neighbours of a sorted list. */
static int
zone_cmp(const void *a, const void *b)
{
	const struct conf_zone *const *za = a;
	const struct conf_zone *const *zb = b;
	int cmp = knot_dname_cmp((*za)->name, (*zb)->name);
	return cmp != 0 ? cmp : (*za > *zb) - (*za < *zb);
}

static void
check_zones_twice(struct filler *f)
{
	struct conf *conf = f->conf;
	unsigned count = 0;
	struct conf_zone **zone = xcalloc(conf->zones, sizeof(*zone));
	for (unsigned i = 0; i < conf->zones; i++) {
		if (conf->zone[i].name != NULL)
			zone[count++] = &conf->zone[i];
	}
	qsort(zone, count, sizeof(*zone), zone_cmp);
	for (unsigned i = 1; i < count; i++) {
		knot_dname_txt_storage_t name;
		if (knot_dname_is_equal(zone[i]->name, zone[i - 1]->name) &&
		    knot_dname_to_str(name, zone[i]->name, sizeof(name)) != NULL)
			conf_mistake(f->tree, zone[i]->where, zone[i]->line,
				     "zone.domain: %s is there already, %s:%u", name,
				     zone[i - 1]->where, zone[i - 1]->line);
	}
	free(zone);
}

static void
check_remote_key(struct filler *f, const struct conf_zone *zone, const char *item,
		 const struct conf_remote *remote)
{
	if (remote != NULL && remote->key == NULL && !remote->insecure)
		conf_mistake(
		    f->tree, zone->where, zone->line,
		    "zone.%s: remote %s has no key: whoever can reach us could forge the zone; "
		    "give it a key, or \"insecure: on\"",
		    item, remote->id);
}

static void
check_zone(struct filler *f, struct conf_zone *zone)
{
	if (zone->nses > CONF_NSES_MAX)
		conf_mistake(f->tree, zone->where, zone->line,
			     "zone.ns: %u names, and other providers take no more than %u: name "
			     "fewer",
			     zone->nses, CONF_NSES_MAX);
	for (unsigned i = 0; i < zone->masters; i++)
		check_remote_key(f, zone, "master", zone->master[i]);
	check_remote_key(f, zone, "signer", zone->signer);
	if (zone->signer_feed == CONF_FEED_PUSH && zone->signer != NULL &&
	    zone->signer->key == NULL)
		conf_mistake(f->tree, zone->where, zone->line,
			     "zone.signer-feed: remote %s has no key, and updates must be signed",
			     zone->signer->id);
	if ((zone->update_key != NULL) != (zone->update_origin != NULL))
		conf_mistake(f->tree, zone->where, zone->line,
			     "zone.update-origin: update-key and update-origin belong together");
	if (zone->signer_query == NULL && zone->signer != NULL && zone->signer->addresses > 0) {
		char addr[DNSIO_ADDR_TEXT];
		zone->signer_query =
		    xstrdup(dnsio_addr_str(&zone->signer->address[0], addr, sizeof(addr)));
	}
	if (!zone->is_signed && zone->signer != NULL && zone->signer->key == NULL)
		conf_mistake(
		    f->tree, zone->where, zone->line,
		    "zone.signed: remote %s has no key, and where nobody signs, the owner's "
		    "word is what it answers",
		    zone->signer->id);
	if (!zone->is_signed && zone->signer_driver != CONF_DRIVER_NONE)
		conf_mistake(f->tree, zone->where, zone->line,
			     "zone.signer-driver: with \"signed: off\" there are no keys to move");
	if (!zone->is_signed && zone->signer_records != CONF_RECORDS_FOREIGN)
		conf_mistake(f->tree, zone->where, zone->line,
			     "zone.signer-records: with \"signed: off\" the server has no keys "
			     "and CDS that it could get from here");
	if (zone->name != NULL && zone->parent != NULL &&
	    knot_dname_in_bailiwick(zone->name, zone->parent) <= 0)
		conf_mistake(f->tree, zone->where, zone->line,
			     "zone.parent: is not above the zone");
}

static uint64_t
get_number(const struct conf_item *item, const void *base)
{
	const void *field = at(base, item->offset);
	return item->type == CONF_U16 ? *(const uint16_t *)field : *(const uint32_t *)field;
}

/* Times that are sane in a lab only. */
static void
check_floors(struct filler *f, const struct conf_section *section, const void *base)
{
	for (size_t i = 0; i < ITEMS; i++) {
		const struct conf_item *item = &conf_items[i];
		char least[32];
		if (item->floor == 0 || strcmp(item->section, section->name) != 0 ||
		    get_number(item, base) >= item->floor)
			continue;
		conf_number_str(item->type, item->floor, least, sizeof(least));
		if (f->conf->lab)
			warn(f->conf, "%s.%s is below %s: for a lab only", item->section,
			     item->name, least);
		else
			conf_mistake(f->tree, f->conf->file, 0,
				     "%s.%s: less than %s needs \"lab: on\" in the section agent",
				     item->section, item->name, least);
	}
}

static void
check_times(struct filler *f)
{
	struct conf *conf = f->conf;
	for (size_t i = 0; i < SECTIONS; i++) {
		if (sections[i].id == NULL) {
			check_floors(f, &sections[i], conf);
			continue;
		}
		for (unsigned n = 0; n < list_count(conf, &sections[i]); n++)
			check_floors(f, &sections[i], list_element(conf, &sections[i], n));
	}
	if (conf->lab)
		warn(conf,
		     "agent.lab is on: times may be shorter than what keeps a real zone valid");
	if (conf->heartbeat_min > conf->heartbeat_max)
		conf_mistake(f->tree, conf->file, 0, "agent.heartbeat-min: is above heartbeat-max");
}

static void
check_ds_keep(struct filler *f)
{
	uint8_t ds[MSIG_DS_MAX];
	uint16_t len;

	for (unsigned i = 0; i < f->conf->zones; i++) {
		const struct conf_zone *zone = &f->conf->zone[i];
		for (unsigned k = 0; k < zone->ds_keeps; k++)
			if (msig_key_ds_parse(zone->ds_keep[k], ds, &len) != 0)
				conf_mistake(f->tree, zone->where, zone->line,
					     "zone.ds-keep: \"%.60s\" is no DS: tag, algorithm, "
					     "digest type (1, 2 or 4) and digest, as \"4711 13 2 "
					     "0123...\"",
					     zone->ds_keep[k]);
	}
}

static void
check_program(struct conf *conf, const char *item, const char *path)
{
	if (access(path, X_OK) != 0)
		warn(conf,
		     "signerd.%s: %s: %s; signerd cannot move the signer's keys (name the program, "
		     "or install it)",
		     item, path, strerror(errno));
}

/* What signerd needs for the zones that have a driver. Warnings: the other daemons do without. */
static void
check_drivers(struct filler *f)
{
	struct conf *conf = f->conf;
	bool driven[CONF_DRIVER_BIND + 1] = {false};
	for (unsigned i = 0; i < conf->zones; i++) {
		const struct conf_zone *zone = &conf->zone[i];
		driven[zone->signer_driver] = true;
		if (zone->signer_driver == CONF_DRIVER_PDNS &&
		    zone->signer_records != CONF_RECORDS_ALL)
			conf_mistake(f->tree, zone->where, zone->line,
				     "zone.signer-driver: pdns needs \"signer-records: all\": "
				     "PowerDNS cannot replace one key by another in its own CDS");
		if (zone->signer_driver == CONF_DRIVER_BIND &&
		    (zone->signer_feed != CONF_FEED_PUSH ||
		     zone->signer_records != CONF_RECORDS_FOREIGN))
			conf_mistake(f->tree, zone->where, zone->line,
				     "zone.signer-driver: bind needs \"signer-feed: push\" and "
				     "\"signer-records: foreign\": named drops the keys of others "
				     "from a zone that it transfers, and names its own by CDS");
	}
	if ((conf->knot_config != NULL) + (conf->knot_confdb != NULL) + (conf->knot_kasp != NULL) >
	    1)
		conf_mistake(f->tree, conf->file, 0,
			     "signerd.knot-config: only one of knot-config, knot-confdb and "
			     "knot-kasp can be given");
	if (driven[CONF_DRIVER_KNOT])
		check_program(conf, "keymgr", conf->keymgr);
	if (driven[CONF_DRIVER_PDNS]) {
		check_program(conf, "pdnsutil", conf->pdnsutil);
		check_program(conf, "pdns-control", conf->pdns_control);
	}
	if (driven[CONF_DRIVER_BIND]) {
		check_program(conf, "dnssec-keygen", conf->dnssec_keygen);
		check_program(conf, "dnssec-settime", conf->dnssec_settime);
		check_program(conf, "rndc", conf->rndc);
	}
}

/* Defaults that are made of other items. */
static void
derive(struct conf *conf)
{
	if (conf->knot_config == NULL && conf->knot_confdb == NULL && conf->knot_kasp == NULL)
		conf->knot_config = xstrdup("/etc/knot/knot.conf");
	if (conf->sig0_key == NULL && conf->storage != NULL) {
		size_t len = strlen(conf->storage) + sizeof("/agentd/sig0.pem");
		conf->sig0_key = xcalloc(1, len);
		snprintf(conf->sig0_key, len, "%s/agentd/sig0.pem", conf->storage);
	}
	if (conf->sig0_name == NULL && conf->identity != NULL) {
		size_t len = strlen(conf->identity) + sizeof("ns.");
		conf->sig0_name = xcalloc(1, len);
		snprintf(conf->sig0_name, len, "ns.%s",
			 strcmp(conf->identity, ".") == 0 ? "" : conf->identity);
	}
}

static void
check(struct filler *f)
{
	struct conf *conf = f->conf;
	check_anchors(conf);
	for (unsigned i = 0; i < conf->keys; i++)
		load_key(f, i);
	check_twice(f, "key", "id", conf->keys, same_key);
	check_twice(f, "remote", "id", conf->remotes, same_remote);
	check_twice(f, "stub", "id", conf->stubs, same_stub);
	unsigned n = 0;
	for (const struct conf_block *b = f->tree->blocks; b != NULL; b = b->next) {
		if (strcmp(b->section->name, "zone") != 0)
			continue;
		conf->zone[n].line = b->line;
		conf->zone[n++].where = b->file;
	}
	check_zones_twice(f);
	for (unsigned i = 0; i < conf->zones; i++)
		check_zone(f, &conf->zone[i]);
	check_drivers(f);
	check_ds_keep(f);
	derive(conf);
	if (f->tree->mistakes == 0)
		check_times(f);
	check_readable(conf, conf->sig0_key != NULL ? conf->sig0_key : "", "our private key");
}

struct conf *
conf_load(const char *file, char *err, size_t errlen)
{
	struct conf *conf = xcalloc(1, sizeof(*conf));
	struct conf_tree tree = {.err = err, .err_max = errlen};
	struct filler f = {conf, &tree};
	if (errlen > 0)
		err[0] = '\0';
	char *real = realpath(file, NULL);
	conf->file = real != NULL ? real : xstrdup(file);
	conf_read(&tree, conf->file);
	fill(&f);
	fill_references(&f);
	check(&f);
	conf->paths = tree.paths; /* zones point there */
	tree.paths = NULL;
	bool good = tree.mistakes == 0;
	conf_tree_clear(&tree);
	if (!good) {
		conf_free(conf);
		return NULL;
	}
	return conf;
}

/* Freeing. ------------------------------------------------------------------------------------ */

static void
free_items(const struct conf_section *section, void *base)
{
	for (size_t i = 0; i < ITEMS; i++) {
		const struct conf_item *item = &conf_items[i];
		if (strcmp(item->section, section->name) != 0)
			continue;
		void *field = at(base, item->offset);
		if (!(item->flags & CONF_LIST)) {
			conf_value_free(item, field);
			continue;
		}
		void *list = *(void **)field;
		for (unsigned n = 0; n < *(unsigned *)at(base, item->count); n++)
			conf_value_free(item, at(list, n * conf_type_size(item->type)));
		free(list);
	}
}

void
conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	for (unsigned i = 0; i < conf->keys; i++) {
		if (conf->key[i].tsig.secret.data != NULL)
			explicit_bzero(conf->key[i].tsig.secret.data,
				       conf->key[i].tsig.secret.size);
		knot_tsig_key_deinit(&conf->key[i].tsig);
	}
	for (size_t i = 0; i < SECTIONS; i++) {
		if (sections[i].id == NULL) {
			free_items(&sections[i], conf);
			continue;
		}
		for (unsigned n = 0; n < list_count(conf, &sections[i]); n++)
			free_items(&sections[i], list_element(conf, &sections[i], n));
		free(*(void **)at(conf, sections[i].offset));
	}
	for (unsigned i = 0; i < conf->warnings; i++)
		free(conf->warning[i]);
	conf_paths_free(conf->paths);
	free(conf->warning);
	free(conf->file);
	free(conf);
}

/* Printing. ----------------------------------------------------------------------------------- */

static void
print_item(FILE *out, const struct conf_item *item, const void *base, const char *indent)
{
	const void *field = at(base, item->offset);
	if (!(item->flags & CONF_LIST)) {
		if (conf_value_unset(item, field))
			return;
		fprintf(out, "%s%s: ", indent, item->name);
		conf_value_print(out, item, field);
		fputc('\n', out);
		return;
	}
	unsigned count = *(const unsigned *)at(base, item->count);
	const void *list = *(void *const *)field;
	for (unsigned i = 0; i < count; i++) {
		if (i == 0)
			fprintf(out, "%s%s: [ ", indent, item->name);
		conf_value_print(out, item, at(list, i * conf_type_size(item->type)));
		fputs(i + 1 < count ? ", " : " ]\n", out);
	}
}

static void
print_items(FILE *out, const struct conf_section *section, const void *base)
{
	bool first = true;
	for (size_t i = 0; i < ITEMS; i++) {
		if (strcmp(conf_items[i].section, section->name) != 0)
			continue;
		print_item(out, &conf_items[i], base,
			   section->id == NULL || !first ? "    " : "  - ");
		first = false;
	}
}

int
conf_print(const struct conf *conf, FILE *out)
{
	for (size_t i = 0; i < SECTIONS; i++) {
		const struct conf_section *section = &sections[i];
		if (section->id != NULL && list_count(conf, section) == 0)
			continue;
		fprintf(out, "%s:\n", section->name);
		if (section->id == NULL)
			print_items(out, section, conf);
		for (unsigned n = 0; section->id != NULL && n < list_count(conf, section); n++)
			print_items(out, section, list_element(conf, section, n));
	}
	return ferror(out) ? KNOT_ERROR : 0;
}

/* Looking up. --------------------------------------------------------------------------------- */

const struct conf_key *
conf_key_find(const struct conf *conf, const knot_dname_t *name)
{
	for (unsigned i = 0; i < conf->keys; i++) {
		knot_dname_storage_t id;
		if (conf->key[i].id != NULL &&
		    knot_dname_from_str(id, conf->key[i].id, sizeof(id)) != NULL &&
		    knot_dname_is_case_equal(id, name))
			return &conf->key[i];
	}
	return NULL;
}

const struct conf_zone *
conf_zone_find(const struct conf *conf, const knot_dname_t *name)
{
	for (unsigned i = 0; i < conf->zones; i++) {
		if (conf->zone[i].name != NULL &&
		    knot_dname_is_case_equal(conf->zone[i].name, name))
			return &conf->zone[i];
	}
	return NULL;
}

const struct conf_remote *
conf_remote_find(const struct conf *conf, const char *id)
{
	for (unsigned i = 0; i < conf->remotes; i++) {
		if (conf->remote[i].id != NULL && strcmp(conf->remote[i].id, id) == 0)
			return &conf->remote[i];
	}
	return NULL;
}
