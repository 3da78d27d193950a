/*
 * The DNS server: who may ask what. SOA, AXFR and IXFR for the signer, NOTIFY from the owner, UPDATE
 * from whoever has the zone's update key; everything else is refused, in few octets.
 */
#pragma once

#include "combinerd/zone.h"

struct dns;

/* Listens on all addresses of the configuration. NULL with an error, which is logged. */
struct dns *dns_new(struct combiner *combiner);
void dns_free(struct dns *dns);

/* Whether it listens on the addresses of this configuration. */
bool dns_same(const struct dns *dns, const struct conf *conf);
