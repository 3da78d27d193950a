/* The configuration: what is read, every way to be wrong, and what is printed. */
#include "config.h"
#include "tests/unit/unit.h"
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>
#include <libdnssec/tsig.h>
#include <libknot/libknot.h>
#include "libmsig/daemon/conf_int.h"
#include "libmsig/daemon/log.h"

static char dir[64];

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int
setup(void **state)
{
	log_open("test", NULL, LOG_LVL_ERROR);
	assert_non_null(mkdtemp(strcpy(dir, "/tmp/msig-conf.XXXXXX")));
	return 0;
}

static int
teardown(void **state)
{
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *
put(const char *name, const char *text)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, 0640);
	return path;
}

static char err[8192];

static struct conf *
load(const char *text)
{
	return conf_load(put("msig.conf", text), err, sizeof(err));
}

#define KEYS                           \
	"key:\n"                       \
	"  - id: owner-key.\n"         \
	"    algorithm: hmac-sha256\n" \
	"    secret: c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0\n"
#define BASE                                              \
	"server:\n"                                       \
	"    identity: MSA.p1.example\n" KEYS "remote:\n" \
	"  - id: owner\n"                                 \
	"    address: [ 192.0.2.1@53, 192.0.2.9 ]\n"      \
	"    key: owner-key.\n"                           \
	"  - id: signer\n"                                \
	"    address: 127.0.0.1@5301\n"                   \
	"    key: owner-key\n"
#define ZONE                          \
	"zone:\n"                     \
	"  - domain: Shop.example.\n" \
	"    master: owner\n"         \
	"    signer: signer\n"        \
	"    ns: [ ns1.p1.example., ns2.p1.example ]\n"

static void
test_good(void **state)
{
	struct conf *conf = load(BASE ZONE "agent:\n    heartbeat-min: 3\n    margin: 2h\n");
	if (conf == NULL)
		fail_msg("%s", err);
	assert_string_equal(conf->identity, "msa.p1.example.");
	assert_string_equal(conf->sig0_name, "ns.msa.p1.example.");
	assert_int_equal(conf->dns_port, 53);
	assert_int_equal(conf->heartbeat_min, 3000);
	assert_int_equal(conf->margin, 7200000);
	assert_int_equal(conf->keys, 1);
	assert_int_equal(conf->key[0].tsig.algorithm, DNSSEC_TSIG_HMAC_SHA256);
	assert_int_equal(conf->key[0].tsig.secret.size, 24);
	assert_int_equal(conf->remotes, 2);
	assert_int_equal(conf->remote[0].addresses, 2);
	assert_ptr_equal(conf->remote[0].key, &conf->key[0]);
	assert_ptr_equal(conf->remote[1].key, &conf->key[0]);
	assert_int_equal(conf->zones, 1);
	assert_true(knot_dname_is_equal(conf->zone[0].name, (const uint8_t *)"\4shop\7example"));
	assert_int_equal(conf->zone[0].masters, 1);
	assert_ptr_equal(conf->zone[0].master[0], &conf->remote[0]);
	assert_ptr_equal(conf->zone[0].signer, &conf->remote[1]);
	assert_int_equal(conf->zone[0].nses, 2);
	assert_string_equal(conf->zone[0].ns[1], "ns2.p1.example.");
	assert_string_equal(conf->zone[0].signer_query, "127.0.0.1@5301");
	assert_int_equal(conf->zone[0].signer_records, CONF_RECORDS_FOREIGN);
	assert_int_equal(conf->combiner_listens, 1);
	assert_ptr_equal(conf_zone_find(conf, (const uint8_t *)"\4SHOP\7example"), &conf->zone[0]);
	assert_null(conf_zone_find(conf, (const uint8_t *)"\7example"));
	assert_int_equal(conf->warnings, 0);
	conf_free(conf);
	conf_free(NULL);
}

static void
test_mistakes(void **state)
{
	static const struct {
		const char *text, *line; /* what err must hold */
	} cases[] = {
	    {"nonsense:\n", "msig.conf:1: nonsense: no such section"},
	    {"agnet:\n    lab: on\n", "msig.conf:1: agnet: no such section, did you mean agent?"},
	    {"server:\n    identiti: a.\n",
	     ":2: server.identiti: no such item, did you mean identity?"},
	    {"server:\n    heartbeat-min: 1s\n", ":2: server.heartbeat-min: no such item\n"},
	    {"agent:\n    heartbeatmin: 1s\n",
	     ":2: agent.heartbeatmin: no such item, did you mean heartbeat-min?"},
	    {"server:\n    identity:\n", ":2: server.identity: has no value"},
	    {"server: x\n", ":1: server: a section has no value of its own"},
	    {"server:\n    identity: a..b\n", ":2: server.identity: \"a..b\" is not a domain name"},
	    {"server:\n    dns-port: 53a\n", ":2: server.dns-port: \"53a\" is not a number"},
	    {"server:\n    dns-port: 0\n", ":2: server.dns-port: 0 is out of range, 1 to 65535"},
	    {"server:\n    dns-port: 99999999999999999999\n", ":2: server.dns-port: \"9999"},
	    {"server:\n    dns-port: 53\n    dns-port: 54\n", ":3: server.dns-port: given twice"},
	    {"server:\n    dns-port: 53\nserver:\n    dns-port: 54\n",
	     ":4: server.dns-port: given twice"},
	    {"server:\n    dns-port: [ 53, 54 ]\n", ":2: server.dns-port: given twice"},
	    {"agent:\n    margin: 5x\n", ":2: agent.margin: \"5x\" is not a time"},
	    {"agent:\n    margin: -1\n", ":2: agent.margin: \"-1\" is not a time"},
	    {"agent:\n    margin: 90000000000d\n",
	     ":2: agent.margin: 90000000000d is out of range, 0 to 7d"},
	    {"agent:\n    lab: maybe\n", ":2: agent.lab: \"maybe\" is neither on nor off"},
	    {"combiner:\n    journal-size: 1T\n",
	     ":2: combiner.journal-size: \"1T\" is not a size"},
	    {"combiner:\n    min-refresh: 500ms\n",
	     ":2: combiner.min-refresh: \"500ms\" is not a time"},
	    {"combiner:\n    listen: localhost\n",
	     ":2: combiner.listen: \"localhost\" is not an address"},
	    {"combiner:\n    listen: [ 127.0.0.1, 127.0.0.1@x ]\n",
	     ":2: combiner.listen: \"127.0.0.1@x\" is"},
	    {"log:\n    level: loud\n",
	     ":2: log.level: \"loud\" is not one of error|warning|info|debug"},
	    {"zone:\n    master: owner\n",
	     ":2: zone.master: stands before the first \"- domain: ...\""},
	    {"zone:\n  - domain: a.\n", ":2: zone.master: must be given"},
	    {"zone:\n  - domain: a.\n", ":2: zone.signer: must be given"},
	    {"zone:\n  - domain: a.\n    master: nobody\n",
	     ":3: zone.master: there is no remote with id nobody"},
	    {"zone:\n  - domain: a.\n    update-key: no.\n",
	     ":3: zone.update-key: there is no key with id no."},
	    {"zone:\n  - domain: a.\n    step-mode: [ all, join ]\n",
	     ":3: zone.step-mode: \"join\" is not one of all|add-signer"},
	    {"zone:\n  - domain: a.\n    ns: [ a., b., c., d., e., f., g., h., i., j., k., l., m., "
	     "n. ]\n",
	     ":2: zone.ns: 14 names, and other providers take no more than 13"},
	    {"zone:\n  - domain: a.\n    signer-driver: pdns\n",
	     ":2: zone.signer-driver: pdns needs \"signer-records: all\""},
	    {"remote:\n  - id: s\n    address: ::1\n    insecure: on\n"
	     "zone:\n  - domain: a.\n    signed: off\n    signer: s\n",
	     ":6: zone.signed: remote s has no key"},
	    {"zone:\n  - domain: a.\n    signed: off\n    signer-driver: knot\n",
	     ":2: zone.signer-driver: with \"signed: off\" there are no keys"},
	    {"zone:\n  - domain: a.\n    signed: off\n    signer-records: all\n",
	     ":2: zone.signer-records: with \"signed: off\" the server has no keys"},
	    {"zone:\n  - domain: a.\n    signer-driver: unbound\n",
	     ":3: zone.signer-driver: \"unbound\" is not one of none|knot|pdns|bind"},
	    {"zone:\n  - domain: a.\n    signer-driver: bind\n",
	     ":2: zone.signer-driver: bind needs \"signer-feed: push\""},
	    {"zone:\n  - domain: a.\n    signer-driver: bind\n    signer-feed: push\n"
	     "    signer-records: all\n",
	     ":2: zone.signer-driver: bind needs \"signer-feed: push\""},
	    {"zone:\n  - domain: a.\n    ds-keep: [ \"4711 13 2 00\" ]\n",
	     ":2: zone.ds-keep: \"4711 13 2 00\" is no DS"},
	    {"zone:\n  - domain: a.\n    dnskey-share: ksk\n",
	     ":3: zone.dnskey-share: \"ksk\" is not one of all|zsk"},
	    {"signerd:\n    knot-config: a\n    knot-kasp: b\n",
	     "signerd.knot-config: only one of"},
	    {"zone:\n  - domain: a.\n    sync-model: follower\n",
	     ":3: zone.sync-model: \"follower\" is not one of peer|leader"},
	    {"zone:\n  - domain: a.\n    signer-records: some\n",
	     ":3: zone.signer-records: \"some\" is not one of foreign|all"},
	    {"remote:\n  - id: x\n", ":2: remote.address: must be given"},
	    {"remote:\n  - id: x\n    address: 192.0.2.1\n  - id: x\n    address: 192.0.2.1\n",
	     ":4: remote.id: x is there already, "},
	    {"key:\n  - id: k.\n", ":2: key.secret: k. needs a file, or an algorithm and a secret"},
	    {"key:\n  - id: k.\n    secret: AAAA\n", ":2: key.algorithm: k. needs a file"},
	    {"key:\n  - id: k.\n    algorithm: hmac-md5\n    secret: AAAA\n",
	     ":2: key.secret: k.: algorithm hmac-md5: is not one of"},
	    {"key:\n  - id: k.\n    algorithm: hmac-sha256\n    secret: \"***\"\n",
	     ":2: key.secret: k.: the secret is not base64"},
	    {"key:\n  - id: k.\n    file: none.key\n", "none.key: No such file or directory"},
	    {"key:\n  - id: k.\n    file: none.key\n    secret: AAAA\n",
	     ":2: key.file: k. has a secret or an algorithm of its own"},
	    {"key:\n  - id: k.\n    algorithm: hmac-sha256\n    secret: AAAA\n  - id: K\n    "
	     "algorithm: hmac-sha256\n    secret: AAAA\n",
	     ":5: key.id: K is there already, "},
	    {"stub:\n  - id: a.\n    address: 192.0.2.1\n  - id: A\n    address: 192.0.2.1\n",
	     ":4: stub.id: A is there already"},
	    {"include: nowhere.conf\n", ":1: include: "},
	    {"include: msig.conf\n", "files include each other too deep"},
	    {"server:\n\tidentity: a.\n", ":2: "}, /* a tab is no indentation */
	    {"server:\n    identity: \"a.\n", ":2: "},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf *conf = load(cases[i].text);
		if (conf != NULL)
			fail_msg("accepted: %s", cases[i].text);
		strcat(err, "\n");
		if (strstr(err, cases[i].line) == NULL)
			fail_msg("for: %s\nexpected: %s\ngot: %s", cases[i].text, cases[i].line,
				 err);
		/* Every line names the file. */
		assert_memory_equal(err, dir, strlen(dir));
	}
	/* No room for the text is no harm. */
	assert_null(conf_load(put("msig.conf", "x:\ny:\nz:\n"), err, 10));
	assert_in_range(strlen(err), 1, 9);
	assert_null(conf_load(put("msig.conf", "x:\ny:\nz:\n"), err, 0));
}

/* Mistakes that show only in a configuration that is otherwise whole. */
static void
test_cross_checks(void **state)
{
	static const struct {
		const char *text, *line;
	} cases[] = {
	    {BASE ZONE ZONE, ":20: zone.domain: shop.example. is there already, "},
	    {BASE ZONE "  - domain: SHOP.EXAMPLE\n    master: owner\n    signer: signer\n",
	     ":19: zone.domain: shop.example. is there already, "},
	    {BASE "  - id: bare\n    address: 192.0.2.7\n" ZONE
		  "  - domain: a.\n    master: [ owner, bare ]\n    signer: signer\n",
	     "zone.master: remote bare has no key"},
	    {BASE "  - id: bare\n    address: 192.0.2.7\n" ZONE
		  "  - domain: a.\n    master: owner\n    signer: bare\n",
	     "zone.signer: remote bare has no key"},
	    {BASE ZONE "    update-key: owner-key.\n",
	     "update-key and update-origin belong together"},
	    {BASE ZONE "    update-origin: msa.p2.example.\n",
	     "update-key and update-origin belong"},
	    {BASE ZONE "    parent: other.\n", "zone.parent: is not above the zone"},
	    {BASE ZONE "    parent: shop.example.\n", "zone.parent: is not above the zone"},
	    {BASE ZONE "agent:\n    heartbeat-min: 500ms\n",
	     "agent.heartbeat-min: less than 1s needs \"lab: on\""},
	    {BASE ZONE "agent:\n    margin: 59s\n", "agent.margin: less than 1m needs"},
	    {BASE ZONE "    hsync-hold-down: 3s\n", "zone.hsync-hold-down: less than 1m needs"},
	    {BASE ZONE "agent:\n    heartbeat-min: 40s\n",
	     "agent.heartbeat-min: is above heartbeat-max"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf *conf = load(cases[i].text);
		if (conf != NULL)
			fail_msg("accepted: %s", cases[i].line);
		if (strstr(err, cases[i].line) == NULL)
			fail_msg("expected: %s\ngot: %s", cases[i].line, err);
		assert_null(strchr(err, '\n')); /* that one and no other */
	}
	/* What makes some of them right. */
	static const char *const good[] = {
	    BASE "  - id: bare\n    address: 192.0.2.7\n    insecure: on\n"
		 "zone:\n  - domain: a.\n    master: bare\n    signer: bare\n",
	    BASE ZONE "    update-key: owner-key.\n    update-origin: msa.p2.example.\n",
	    BASE ZONE "    parent: example.\n",
	    BASE ZONE "    hsync-hold-down: 3s\nagent:\n    lab: on\n    heartbeat-min: 500ms\n",
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct conf *conf = load(good[i]);
		if (conf == NULL)
			fail_msg("%s", err);
		/* The lab is loud. */
		assert_int_equal(conf->warnings, conf->lab ? 3 : 0);
		conf_free(conf);
	}
}

static void
test_includes(void **state)
{
	char sub[128];
	snprintf(sub, sizeof(sub), "%s/keys.d", dir);
	assert_int_equal(mkdir(sub, 0750), 0);
	put("keys.d/b.conf", "key:\n  - id: b.\n    file: b.key\n");
	put("keys.d/b.key", "hmac-sha256:b.:c2VjcmV0c2VjcmV0\n");
	put("keys.d/a.conf",
	    "key:\n  - id: a.\n    algorithm: hmac-sha384\n    secret: c2VjcmV0\n");
	put("keys.d/.hidden", "nonsense\n");
	put("zones.conf", ZONE);
	struct conf *conf =
	    load("include: \"keys.d/*.conf\"\n" BASE "include: none-*.conf\ninclude: zones.conf\n");
	if (conf == NULL)
		fail_msg("%s", err);
	assert_int_equal(conf->keys, 3);
	assert_string_equal(conf->key[0].id, "a.");
	assert_string_equal(conf->key[1].id, "b.");
	assert_int_equal(conf->key[1].tsig.secret.size, 12);
	assert_int_equal(conf->zones, 1);
	assert_non_null(strstr(conf->zone[0].where, "/zones.conf"));
	assert_int_equal(conf->zone[0].line, 2);
	conf_free(conf);
	/* A folder: all its files. */
	unlink(put("keys.d/b.key", ""));
	put("keys.d/b.conf",
	    "key:\n  - id: b.\n    algorithm: hmac-sha384\n    secret: c2VjcmV0\n");
	conf = load("include: keys.d\n" BASE);
	if (conf == NULL)
		fail_msg("%s", err);
	assert_int_equal(conf->keys, 3);
	conf_free(conf);
	/* A mistake in an included file is named with that file. */
	put("zones.conf", ZONE "    nss: x.\n");
	assert_null(load(BASE "include: zones.conf\n"));
	assert_non_null(strstr(err, "/zones.conf:6: zone.nss: no such item, did you mean ns?"));
}

static void
test_key_files(void **state)
{
	static const struct {
		const char *text, *err; /* NULL: good */
		int alg;
	} cases[] = {
	    {"# hmac-sha256:owner-key.:c2VjcmV0\nkey:\n- id: owner-key.\n  algorithm: "
	     "hmac-sha256\n  secret: c2VjcmV0\n",
	     NULL, DNSSEC_TSIG_HMAC_SHA256},
	    {"server:\n    listen: ::1\nkey:\n  - id: other\n    algorithm: hmac-sha256\n    "
	     "secret: AAAA\n"
	     "  - id: Owner-Key\n    secret: c2VjcmV0\n    algorithm: hmac-sha512\nremote:\n  - "
	     "id: owner-key\n",
	     NULL, DNSSEC_TSIG_HMAC_SHA512},
	    {"key \"owner-key\" {\n\talgorithm hmac-sha384;\n\tsecret \"c2VjcmV0\";\n};\n", NULL,
	     DNSSEC_TSIG_HMAC_SHA384},
	    {"/* of the owner */ // really\n# yes\nkey owner-key.{algorithm HMAC-SHA256;secret "
	     "c2VjcmV0;};",
	     NULL, DNSSEC_TSIG_HMAC_SHA256},
	    {"key \"x\" { algorithm hmac-sha256; secret \"AAAA\"; };\nkey \"owner-key\" { "
	     "algorithm hmac-sha256; secret \"c2VjcmV0\"; };\n",
	     NULL, DNSSEC_TSIG_HMAC_SHA256},
	    {"hmac-sha256:owner-key:c2VjcmV0", NULL, DNSSEC_TSIG_HMAC_SHA256},
	    {"\n# a comment\nhmac-sha256:OWNER-key.:c2VjcmV0\n", NULL, DNSSEC_TSIG_HMAC_SHA256},
	    {"hmac-sha256:another.:c2VjcmV0\n", "has no key named owner-key.", 0},
	    {"key \"another\" { algorithm hmac-sha256; secret \"AAAA\"; };\n",
	     "has no key named owner-key.", 0},
	    {"key:\n  - id: another\n    algorithm: hmac-sha256\n    secret: AAAA\n",
	     "has no key named owner-key.", 0},
	    {"key:\n  - id: owner-key\n    algorithm: hmac-sha256\n", "the key has no secret there",
	     0},
	    {"key:\n  - id: owner-key\n\talgorithm: hmac-sha256\n", "line 3: ", 0},
	    {"key \"owner-key\" { algorithm hmac-sha256; secret \"AAAA\";\n", "lacks its algorithm",
	     0},
	    {"key \"owner-key\" { secret \"AAAA\"; };\n", "lacks its algorithm", 0},
	    {"key \"owner-key\" { algorithm hmac-md5; secret \"AAAA\"; };\n",
	     "algorithm hmac-md5: is not one of", 0},
	    {"hmac-sha256:owner-key:====\n", "the secret is not base64", 0},
	    {"hmac-sha1:owner-key:AAAA\n", "algorithm hmac-sha1: is not", 0},
	    {"nonsense\n", "is neither a key block of Knot", 0},
	    {"", "is neither a key block of Knot", 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char why[256] = "";
		knot_tsig_key_t key = {0};
		int ret =
		    keyfile_read(put("k", cases[i].text), "owner-key.", &key, why, sizeof(why));
		if ((ret == 0) != (cases[i].err == NULL))
			fail_msg("%s: %d %s", cases[i].text, ret, why);
		if (ret != 0 && strstr(why, cases[i].err) == NULL)
			fail_msg("%s: %s", cases[i].text, why);
		if (ret == 0) {
			assert_int_equal(key.algorithm, cases[i].alg);
			assert_int_equal(key.secret.size, 6);
			assert_memory_equal(key.secret.data, "secret", 6);
			assert_true(knot_dname_is_equal(key.name, (const uint8_t *)"\11owner-key"));
		}
		knot_tsig_key_deinit(&key);
	}
	char why[256];
	knot_tsig_key_t key;
	assert_true(keyfile_read(dir, "owner-key.", &key, why, sizeof(why)) < 0);
}

static char *
printed(const struct conf *conf)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	assert_int_equal(conf_print(conf, out), 0);
	fclose(out);
	return text;
}

/* What is printed parses again to the same, and tells no secret. */
static void
test_print(void **state)
{
	put("o.key", "hmac-sha256:file-key.:c2VjcmV0c2VjcmV0\n");
	struct conf *conf = load(
	    BASE
	    "  - id: \"a \\\"strange\\\" one\"\n    address: 2001:db8::1\n    via: 2001:db8::2\n   "
	    " insecure: on\n"
	    "key:\n  - id: file-key.\n    file: o.key\n"
	    "server:\n    rundir: \"run dir\"\n    user-agent: msig-agent\n    group: msig\n"
	    "stub:\n  - id: Example.\n    address: [ 127.0.0.1@5300, ::1 ]\n"
	    "observe:\n    trust-anchor: [ root.key, /etc/other.key ]\n    forward: 127.0.0.1\n"
	    "agent:\n    lab: on\n    margin: 0\n    poll: 1500ms\n    propagation: 90s\n    "
	    "lease: 1d\n    uri-address: 192.0.2.5\n"
	    "combiner:\n    journal-size: 1536K\n    min-refresh: 3600\n" ZONE
	    "    update-key: file-key.\n    update-origin: MSA.p2.example.\n    signer-records: "
	    "all\n    ds-keep: [ \"4711 13 2 "
	    "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\" ]\n    "
	    "parent-cds: off\n    "
	    "dnskey-share: zsk\n    sync-model: leader\n    parent: example.\n    "
	    "step-mode: [ remove-signer, all ]\n"
	    "  - domain: 1/2.\\046x.example.\n    master: [ signer, owner ]\n    "
	    "signer: \"a "
	    "\\\"strange\\\" one\"\n"
	    "  - domain: bare.example.\n    signed: off\n    master: owner\n    signer: signer\n");
	if (conf == NULL)
		fail_msg("%s", err);
	char *first = printed(conf), path[128];
	if (strstr(first, "c2Vj") != NULL || strstr(first, "secret") != NULL)
		fail_msg("tells a secret: %s", first);
	/* The copy lies elsewhere: all paths are absolute. */
	snprintf(path, sizeof(path), "%s/sub", dir);
	assert_int_equal(mkdir(path, 0750), 0);
	struct conf *copy = conf_load(put("sub/copy.conf", first), err, sizeof(err));
	if (copy == NULL)
		fail_msg("%s\n%s", err, first);
	char *second = printed(copy);
	assert_string_equal(first, second);
	assert_int_equal(copy->keys, conf->keys);
	for (unsigned i = 0; i < conf->keys; i++) {
		assert_int_equal(copy->key[i].tsig.algorithm, conf->key[i].tsig.algorithm);
		assert_int_equal(copy->key[i].tsig.secret.size, conf->key[i].tsig.secret.size);
		assert_memory_equal(copy->key[i].tsig.secret.data, conf->key[i].tsig.secret.data,
				    conf->key[i].tsig.secret.size);
	}
	static const char *const lines[] = {"poll: 1500ms\n",
					    "propagation: 90s\n",
					    "lease: 1d\n",
					    "margin: 0\n",
					    "journal-size: 1536K\n",
					    "min-refresh: 1h\n",
					    "signer-records: all\n",
					    "dnskey-share: zsk\n",
					    "sync-model: leader\n",
					    "leader-lease: 1h\n",
					    "step-mode: [ remove-signer, all ]\n",
					    "signed: off\n",
					    "parent-cds: off\n",
					    "parent-cds: on\n",
					    "uri-address: 192.0.2.5@5399\n",
					    "  - domain: shop.example.\n",
					    "    master: [ \"signer\", \"owner\" ]\n"};
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		if (strstr(first, lines[i]) == NULL)
			fail_msg("no %s in %s", lines[i], first);
	}
	free(first);
	free(second);
	conf_free(conf);
	conf_free(copy);
}

static void
test_warnings(void **state)
{
	const char *path = put("msig.conf", BASE ZONE);
	chmod(path, 0644);
	struct conf *conf = conf_load(path, err, sizeof(err));
	assert_non_null(conf);
	assert_int_equal(conf->warnings, 1);
	assert_non_null(strstr(conf->warning[0],
			       "msig.conf: holds a TSIG secret and is readable by everybody"));
	conf_free(conf);
	put("o.key", "hmac-sha256:o.:c2VjcmV0c2VjcmV0\n");
	path = put("msig.conf", "server:\n    identity: a.\nkey:\n  - id: o.\n    file: "
				"o.key\nagent:\n    sig0-key: s.pem\n");
	chmod(path, 0644);
	conf = conf_load(path, err, sizeof(err));
	assert_non_null(conf);
	assert_int_equal(conf->warnings, 0); /* it holds none */
	conf_free(conf);
	chmod(put("o.key", "hmac-sha256:o.:c2VjcmV0c2VjcmV0\n"), 0644);
	chmod(put("s.pem", ""), 0604);
	snprintf(err, sizeof(err), "%s/msig.conf", dir);
	char again[128];
	strcpy(again, err);
	conf = conf_load(again, err, sizeof(err));
	assert_non_null(conf);
	assert_int_equal(conf->warnings, 2);
	conf_free(conf);

	put("there.key", "");
	path =
	    put("msig.conf", "server:\n    identity: a.\nobserve:\n    trust-anchor: [ there.key, "
			     "gone.key ]\n");
	conf = conf_load(path, err, sizeof(err));
	assert_non_null(conf);
	assert_int_equal(conf->warnings, 1);
	assert_non_null(strstr(conf->warning[0], "gone.key: No such file"));
	conf_free(conf);
}

/* Many zones cost their number, not its square. */
static void
test_many_zones(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	fputs(BASE "zone:\n", out);
	for (int i = 0; i < 20000; i++)
		fprintf(out, "  - domain: z%d.example.\n    master: owner\n    signer: signer\n",
			i);
	fclose(out);
	struct conf *conf = load(text);
	if (conf == NULL)
		fail_msg("%s", err);
	assert_int_equal(conf->zones, 20000);
	assert_ptr_equal(conf_zone_find(conf, conf->zone[19999].name), &conf->zone[19999]);
	conf_free(conf);
	free(text);
}

/* Every item and every default stands in the manual, and nothing else does. */
static void
test_manual(void **state)
{
	const char *top = getenv("top_srcdir");
	char path[4096];
	snprintf(path, sizeof(path), "%s/man/msig.conf.5", top != NULL ? top : ".");
	FILE *f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s: cannot be read", path);
	char line[512], section[64] = "", missing[4096] = "";
	bool seen[256] = {false};
	while (fgets(line, sizeof(line), f) != NULL) {
		char item[64], def[128] = "";
		if (sscanf(line, ".Ss %63s", section) == 1)
			continue;
		/* .It Cm item : Ar value Pq default */
		if (sscanf(line, ".It Cm %63s", item) != 1 || conf_section_find(section) == NULL)
			continue;
		const struct conf_item *it = conf_item_find(section, item);
		if (it == NULL)
			fail_msg("%s.%s stands in the manual only", section, item);
		seen[it - conf_items] = true;
		const char *at = strstr(line, "Pq ");
		if (at != NULL)
			sscanf(at, "Pq %127[^\n]", def);
		const char *want = it->def != NULL             ? it->def
				   : it->flags & CONF_REQUIRED ? "required"
							       : NULL;
		/* Folders are what configure was told. */
		if (want != NULL && it->type != CONF_FILE && strcmp(def, want) != 0)
			fail_msg("%s.%s: the manual has the default \"%s\", it is \"%s\"", section,
				 item, def, want);
	}
	fclose(f);
	for (size_t i = 0; i < conf_item_count; i++) {
		if (!seen[i])
			snprintf(missing + strlen(missing), sizeof(missing) - strlen(missing),
				 "%s.%s ", conf_items[i].section, conf_items[i].name);
	}
	if (missing[0] != '\0')
		fail_msg("not in the manual: %s", missing);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_good),     T(test_mistakes),   T(test_cross_checks),
	    T(test_includes), T(test_key_files),  T(test_print),
	    T(test_warnings), T(test_many_zones), T(test_manual),
	};
	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
