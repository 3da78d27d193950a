/*
 * The zone of a probe: its two versions. See probe.h.
 */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "libmsig/err.h"
#include "libmsig/key.h"
#include "libmsig/name.h"
#include "libmsig/sig0.h"
#include "msigctl/probe.h"

#define TTL 60

const uint16_t probe_type[PROBE_TYPES] = {
    [PROBE_DNSKEY] = KNOT_RRTYPE_DNSKEY,   [PROBE_CDS] = KNOT_RRTYPE_CDS,
    [PROBE_CDNSKEY] = KNOT_RRTYPE_CDNSKEY, [PROBE_CSYNC] = KNOT_RRTYPE_CSYNC,
    [PROBE_NS] = KNOT_RRTYPE_NS,
};

static int
add(knot_rrset_t *rrset, const uint8_t *rdata, size_t len)
{
	return knot_rrset_add_rdata(rrset, rdata, (uint16_t)len, NULL);
}

/* label.zone, as wire. */
static size_t
below(const struct probe_zone *zone, const char *label, uint8_t *wire)
{
	size_t len = strlen(label), size = knot_dname_size(zone->name);
	wire[0] = (uint8_t)len;
	memcpy(wire + 1, label, len);
	memcpy(wire + 1 + len, zone->name, size);
	return 1 + len + size;
}

static int
add_server(struct probe_zone *zone, knot_rrset_t *ns, int number)
{
	uint8_t name[KNOT_DNAME_MAXLEN + 8], address[4] = {192, 0, 2, (uint8_t)(1 + number)};
	size_t len = below(zone, number == 0 ? "ns" : "ns2", name);
	knot_dname_t *owner = knot_dname_copy(name, NULL);
	if (owner == NULL) {
		return KNOT_ENOMEM;
	}
	knot_rrset_init(&zone->glue[number], owner, KNOT_RRTYPE_A, KNOT_CLASS_IN, TTL);
	int ret = add(ns, name, len);
	return ret != 0 ? ret : add(&zone->glue[number], address, sizeof(address));
}

/* Somebody else's key: nobody has its private half once we have returned. */
static int
add_key(struct probe_zone *zone, uint8_t algorithm)
{
	static const uint8_t csync[] = {0, 0, 0, 0, 0, 1, 0, 1, 0x20}; /* immediate, NS */
	struct msig_sig0_key *key = NULL;
	uint8_t rdata[512], ds[MSIG_DS_MAX], buf[sizeof(knot_rdata_t) + 512];
	knot_rdata_t *dnskey = (knot_rdata_t *)buf;
	uint16_t ds_len = 0;
	int ret = msig_sig0_key_generate(zone->name, algorithm == 15 ? 15 : 13, &key);
	if (ret != 0) {
		return ret;
	}
	const knot_rdata_t *made = msig_sig0_key_rdata(key);
	uint16_t len = made->len < sizeof(rdata) ? made->len : 0;
	memcpy(rdata, made->data, len);
	msig_sig0_key_free(key);
	if (len < 4) {
		return MSIG_EVALUE;
	}
	rdata[0] = 1;
	rdata[1] = 1; /* 257: a zone key, SEP */
	knot_rdata_init(dnskey, len, rdata);
	ret = msig_key_ds(zone->name, dnskey, 2, ds, &ds_len);
	ret = ret != 0 ? ret : add(&zone->others[PROBE_DNSKEY], rdata, len);
	ret = ret != 0 ? ret : add(&zone->others[PROBE_CDNSKEY], rdata, len);
	ret = ret != 0 ? ret : add(&zone->others[PROBE_CDS], ds, ds_len);
	return ret != 0 ? ret : add(&zone->others[PROBE_CSYNC], csync, sizeof(csync));
}

int
probe_zone_init(struct probe_zone *zone, const char *name, uint8_t algorithm)
{
	memset(zone, 0, sizeof(*zone));
	int ret = msig_name_parse(name, zone->name);
	if (ret == 0 && knot_dname_size(zone->name) > KNOT_DNAME_MAXLEN - 16) {
		ret = MSIG_EVALUE;
	}
	if (ret != 0) {
		return ret;
	}
	knot_dname_to_lower(zone->name);
	knot_rrset_init(&zone->soa, zone->name, KNOT_RRTYPE_SOA, KNOT_CLASS_IN, TTL);
	knot_rrset_init(&zone->txt, zone->name, KNOT_RRTYPE_TXT, KNOT_CLASS_IN, TTL);
	for (int i = 0; i < PROBE_TYPES; i++) {
		knot_rrset_init(&zone->own[i], zone->name, probe_type[i], KNOT_CLASS_IN, TTL);
		knot_rrset_init(&zone->others[i], zone->name, probe_type[i], KNOT_CLASS_IN, TTL);
	}
	ret = add_server(zone, &zone->own[PROBE_NS], 0);
	ret = ret != 0 ? ret : add_server(zone, &zone->others[PROBE_NS], 1);
	ret = ret != 0 ? ret : add_key(zone, algorithm);
	if (ret == 0 &&
	    getrandom(&zone->nonce, sizeof(zone->nonce), 0) != (ssize_t)sizeof(zone->nonce)) {
		ret = KNOT_ERROR;
	}
	if (ret != 0) {
		probe_zone_clear(zone);
	}
	return ret;
}

void
probe_zone_clear(struct probe_zone *zone)
{
	knot_rdataset_clear(&zone->soa.rrs, NULL);
	knot_rdataset_clear(&zone->txt.rrs, NULL);
	for (int i = 0; i < PROBE_TYPES; i++) {
		knot_rdataset_clear(&zone->own[i].rrs, NULL);
		knot_rdataset_clear(&zone->others[i].rrs, NULL);
	}
	for (int i = 0; i < 2; i++) {
		knot_rdataset_clear(&zone->glue[i].rrs, NULL);
		knot_dname_free(zone->glue[i].owner, NULL);
		zone->glue[i].owner = NULL;
	}
}

static size_t
mark(const struct probe_zone *zone, uint8_t rdata[64])
{
	int n = snprintf((char *)rdata + 1, 63, "msig-probe %08x %u", zone->nonce, zone->serial);
	rdata[0] = (uint8_t)n;
	return (size_t)n + 1;
}

int
probe_zone_set(struct probe_zone *zone, uint32_t serial, bool foreign)
{
	static const uint32_t times[] = {3600, 60, 604800, TTL};
	uint8_t rdata[2 * KNOT_DNAME_MAXLEN + 64], text[64];
	size_t len = below(zone, "ns", rdata);
	len += below(zone, "hostmaster", rdata + len);
	zone->serial = serial;
	zone->foreign = foreign;
	knot_wire_write_u32(rdata + len, serial);
	for (int i = 0; i < 4; i++) {
		knot_wire_write_u32(rdata + len + 4 + 4 * i, times[i]);
	}
	knot_rdataset_clear(&zone->soa.rrs, NULL);
	knot_rdataset_clear(&zone->txt.rrs, NULL);
	int ret = add(&zone->soa, rdata, len + 20);
	return ret != 0 ? ret : add(&zone->txt, text, mark(zone, text));
}

bool
probe_zone_marked(const struct probe_zone *zone, const knot_rrset_t *txt)
{
	uint8_t text[64];
	size_t len = mark(zone, text);
	return txt != NULL && txt->rrs.count == 1 && txt->rrs.rdata->len == len &&
	       memcmp(txt->rrs.rdata->data, text, len) == 0;
}

static int
put(knot_pkt_t *pkt, const knot_rrset_t *rrset)
{
	return rrset->rrs.count == 0
		   ? 0
		   : knot_pkt_put(pkt, KNOT_COMPR_HINT_NONE, rrset, KNOT_PF_NOTRUNC);
}

int
probe_zone_put(const struct probe_zone *zone, knot_pkt_t *pkt, bool whole)
{
	int ret = put(pkt, &zone->soa);
	if (!whole) {
		return ret;
	}
	ret = ret != 0 ? ret : put(pkt, &zone->txt);
	for (int i = 0; i < PROBE_TYPES && ret == 0; i++) {
		ret = put(pkt, &zone->own[i]);
		ret = ret != 0 || !zone->foreign ? ret : put(pkt, &zone->others[i]);
	}
	for (int i = 0; i < 2 && ret == 0; i++) {
		ret = put(pkt, &zone->glue[i]);
	}
	return ret != 0 ? ret : put(pkt, &zone->soa);
}
