/*
 * The configuration: one file for all daemons, in the grammar of knot.conf (libknot's yp_parse),
 * read into one struct by one table (conf.c). Every mistake is named with file, line and item.
 * Sections and items are those of msig.conf(5).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <libknot/libknot.h>
#include "libmsig/daemon/dnsio.h"

struct conf_key {
	char *id; /* name of the TSIG key */
	knot_tsig_key_t tsig;
	char *file; /* where the secret stands: a key file, or the configuration itself */
	char *algorithm, *secret; /* only while it is read */
};

struct conf_remote {
	char *id;
	struct dnsio_addr *address;
	unsigned addresses;
	const struct conf_key *key; /* or NULL */
	struct dnsio_addr via;      /* source address; via.len 0: any */
	bool insecure;              /* allow a remote without key where one is required */
};

enum conf_signer_feed { CONF_FEED_TRANSFER, CONF_FEED_PUSH };
enum conf_signer_records { CONF_RECORDS_FOREIGN, CONF_RECORDS_ALL };
/* The order of the item's choices is that of enum msig_share. */
enum conf_dnskey_share { CONF_SHARE_ALL, CONF_SHARE_ZSK };
/* How the providers work together: as peers if all can, or led. */
enum conf_sync_model { CONF_MODEL_PEER, CONF_MODEL_LEADER };
enum conf_serial { CONF_SERIAL_OWNER, CONF_SERIAL_UNIXTIME, CONF_SERIAL_DATE };
/* Who moves the signer's keys; the order of the item's choices. */
enum conf_driver { CONF_DRIVER_NONE, CONF_DRIVER_KNOT, CONF_DRIVER_PDNS, CONF_DRIVER_BIND };

#define CONF_NSES_MAX 13u /* name servers of a provider in one zone */

struct conf_zone {
	knot_dname_t *name;
	unsigned line;                     /* where it stands, for messages */
	const char *where;                 /* and in which file */
	const struct conf_remote **master; /* combinerd: the owner's primaries */
	unsigned masters;
	const struct conf_remote *signer;  /* combinerd notifies it and lets it transfer */
	enum conf_signer_feed signer_feed; /* it comes for the zone, or gets it by UPDATE */
	char *signer_query;                /* observe: "addr@port", default its address */
	const struct conf_key *update_key; /* UPDATE over DNS with this key ... */
	char *update_origin;               /* ... has this origin */
	char **ns;                         /* agentd: our name servers for this zone */
	unsigned nses;                     /* CONF_NSES_MAX at most */
	enum conf_signer_records signer_records;
	enum conf_dnskey_share dnskey_share; /* agentd: which keys of the others all publish */
	enum conf_sync_model sync_model;     /* agentd */
	enum conf_serial serial;             /* combinerd: how the one that it serves is chosen */
	enum conf_driver signer_driver;      /* signerd */
	knot_dname_t *parent;                /* or NULL: found by asking */
	char **step_mode;                    /* agentd: names of processes, or "all" */
	unsigned step_modes;
	char **ds_keep; /* agentd: DS that stay at the parent though nobody has their key */
	unsigned ds_keeps;
	bool parent_cds;          /* agentd: off: the parent does not act on CDS */
	uint32_t hsync_hold_down; /* s, an OFF must be stable for so long */
	bool is_signed;           /* agentd: off: nobody signs it, and HSYNC counts without */
	bool egress_check;        /* agentd: the signer must publish what combinerd serves */
};

struct conf_path;

struct conf_stub {
	knot_dname_t *name;
	struct dnsio_addr *address;
	unsigned addresses;
};

/* Times in milliseconds unless said otherwise. What has no default is NULL or an empty list. */
struct conf {
	char *file;     /* absolute */
	char **warning; /* what is allowed but deserves a line in the log */
	unsigned warnings;
	/* server: */
	char *identity; /* our HSYNC identity, a domain name as text */
	char *rundir, *storage;
	char *user_combiner, *user_agent, *user_transport, *user_observe, *user_signer;
	char *group, *admin_group;
	uint16_t dns_port; /* of delegated name servers: 53 */
	uint16_t hsync_type, option_code;
	/* log: */
	char *log_level;
	/* combiner: */
	struct dnsio_addr *combiner_listen;
	unsigned combiner_listens;
	uint32_t notify_retry, notify_tries, coalesce, max_connections, journal_size /* bytes */;
	uint32_t min_refresh, min_retry; /* s */
	/* transport: */
	struct dnsio_addr *transport_listen;
	unsigned transport_listens;
	uint32_t rate_source, rate_signer; /* messages per second */
	/* observe: */
	struct dnsio_addr *observe_listen; /* for the signer's NOTIFY */
	unsigned observe_listens;
	char **trust_anchor; /* files with DS or DNSKEY records */
	unsigned trust_anchors;
	struct dnsio_addr *forward; /* resolvers to ask; none: recursion from the root */
	unsigned forwards;
	struct conf_stub *stub;
	unsigned stubs;
	/* agent: */
	char *sig0_key;    /* file, PEM (PKCS #8): default STORAGE/agentd/sig0.pem */
	char *sig0_name;   /* owner of the KEY record = URI target; default ns.<identity> */
	char *uri_address; /* address@port to publish, for identity records */
	uint32_t heartbeat_min, heartbeat_max, hello_retry, query_timeout, poll;
	uint32_t request_timeout, lease, leader_lease, propagation /* D */, margin, margin_percent;
	uint32_t clock_skew;
	uint32_t cache_floor, parent_poll, key_poll, egress_settle;
	uint32_t journal_max_age /* s */, journal_max_usage /* bytes */;
	bool lab; /* times below what is sane are allowed; loud in every status */
	/* signerd: */
	char *knot_config, *knot_confdb, *knot_kasp; /* one of them */
	char *knot_socket, *keymgr;
	char *pdnsutil, *pdns_control, *pdns_config;
	char *bind_keys, *dnssec_keygen, *dnssec_settime, *rndc;
	char *rndc_config;        /* or NULL: what rndc takes by itself */
	uint32_t signerd_timeout; /* of one program, and of one question to the server */
	/* the lists */
	struct conf_key *key;
	unsigned keys;
	struct conf_remote *remote;
	unsigned remotes;
	struct conf_zone *zone;
	unsigned zones;
	struct conf_path *paths; /* conf.c's own */
};

/* Reads and checks file. On failure NULL, with "file:line: section.item: what is wrong" in err: all
 * mistakes, one per line, as far as there is room. */
struct conf *conf_load(const char *file, char *err, size_t errlen);
void conf_free(struct conf *conf);
/* The canonical form: every item, defaults included. It parses again to the same. A secret is never
 * printed: its key refers to the file where it stands, be it the configuration. */
int conf_print(const struct conf *conf, FILE *out);

const struct conf_key *conf_key_find(const struct conf *conf, const knot_dname_t *name);
const struct conf_zone *conf_zone_find(const struct conf *conf, const knot_dname_t *name);
const struct conf_remote *conf_remote_find(const struct conf *conf, const char *id);
