/*
 * The DNS server: who may ask what. SOA, AXFR and IXFR for the signer, NOTIFY from the owner,
 * UPDATE from whoever has the zone's update key; everything else is refused, in few octets.
 */
#pragma once

#include "combinerd/zone.h"

struct dns;

/* Listens on all addresses of the configuration. NULL if one cannot be had, which is logged. */
struct dns *dns_new(struct combiner *combiner);
void dns_free(struct dns *dns);

/* The configuration changed: closes what is no longer in it, opens what is new. What cannot be
 * opened is logged; the others go on. */
void dns_reload(struct dns *dns);
