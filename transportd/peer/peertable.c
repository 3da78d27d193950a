/*
 * The table of peers: see peertable.h.
 */
#include "config.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libmsig/daemon/log.h"
#include "transportd/peer/peertable.h"

static void
clear_lists(struct peer *peer)
{
	for (unsigned i = 0; i < peer->keys; i++)
		knot_dname_free(peer->key[i].name, NULL);
	for (unsigned i = 0; i < peer->zones; i++)
		knot_dname_free(peer->zone[i], NULL);
	free(peer->address);
	free(peer->key);
	free(peer->zone);
	peer->address = NULL;
	peer->key = NULL;
	peer->zone = NULL;
	peer->addresses = peer->keys = peer->zones = 0;
}

static void
peer_free(struct peer *peer)
{
	clear_lists(peer);
	free(peer->id);
	free(peer);
}

/* Addresses come from records that the peer publishes: nothing may be sent to all or to nobody. */
static bool
sane_address(const struct dnsio_addr *addr)
{
	if (addr->ss.ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)&addr->ss;
		uint32_t a = ntohl(in->sin_addr.s_addr);

		return in->sin_port != 0 && a >> 24 != 0 && a >> 28 != 0xe && a != 0xffffffff;
	}
	if (addr->ss.ss_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)&addr->ss;

		return in->sin6_port != 0 && !IN6_IS_ADDR_MULTICAST(&in->sin6_addr) &&
		       !IN6_IS_ADDR_UNSPECIFIED(&in->sin6_addr);
	}
	return false;
}

/* "name/tag" */
static bool
parse_key(const char *text, struct peer_key *key)
{
	const char *slash = strrchr(text, '/');
	char name[KNOT_DNAME_TXT_MAXLEN + 1], *end;
	long tag;

	if (slash == NULL || slash == text || (size_t)(slash - text) >= sizeof(name))
		return false;
	if (slash[1] < '0' || slash[1] > '9')
		return false;
	tag = strtol(slash + 1, &end, 10);
	if (*end != '\0' || tag < 0 || tag > UINT16_MAX)
		return false;
	memcpy(name, text, (size_t)(slash - text));
	name[slash - text] = '\0';
	key->name = knot_dname_from_str_alloc(name);
	if (key->name == NULL)
		return false;
	knot_dname_to_lower(key->name);
	key->tag = (uint16_t)tag;
	return true;
}

static int
zone_cmp(const void *a, const void *b)
{
	return knot_dname_cmp(*(knot_dname_t *const *)a, *(knot_dname_t *const *)b);
}

static void
fill(struct peer *peer, const struct msig_msg_PEER_SET *set, unsigned *skipped)
{
	peer->address = xcalloc(PEER_MAX_ADDRESSES, sizeof(*peer->address));
	for (unsigned i = 0; i < set->address.count; i++) {
		struct dnsio_addr addr;

		if (peer->addresses == PEER_MAX_ADDRESSES ||
		    dnsio_addr_parse(set->address.at[i], 53, &addr) != 0 || !sane_address(&addr))
			(*skipped)++;
		else
			peer->address[peer->addresses++] = addr;
	}
	peer->key = xcalloc(PEER_MAX_KEYS, sizeof(*peer->key));
	for (unsigned i = 0; i < set->key.count; i++) {
		if (peer->keys == PEER_MAX_KEYS ||
		    !parse_key(set->key.at[i], &peer->key[peer->keys]))
			(*skipped)++;
		else
			peer->keys++;
	}
	peer->zone = xcalloc(set->zone.count > 0 ? set->zone.count : 1, sizeof(*peer->zone));
	for (unsigned i = 0; i < set->zone.count; i++) {
		knot_dname_t *zone = knot_dname_from_str_alloc(set->zone.at[i]);

		if (zone == NULL) {
			(*skipped)++;
			continue;
		}
		knot_dname_to_lower(zone);
		peer->zone[peer->zones++] = zone;
	}
	qsort(peer->zone, peer->zones, sizeof(*peer->zone), zone_cmp);
}

int
peertable_set(struct peertable *table, const struct msig_msg_PEER_SET *set, unsigned *skipped)
{
	struct peer *peer;

	*skipped = 0;
	table->known = true;
	if (set->peer[0] == '\0')
		return KNOT_EINVAL;
	peer = peer_find(table, set->peer);
	if (peer == NULL) {
		if (table->count >= PEER_MAX)
			return KNOT_ELIMIT;
		peer = xcalloc(1, sizeof(*peer));
		peer->id = xstrdup(set->peer);
		peer->next = table->first;
		table->first = peer;
		table->count++;
	}
	clear_lists(peer);
	fill(peer, set, skipped);
	return 0;
}

void
peertable_del(struct peertable *table, const char *id)
{
	table->known = true;
	for (struct peer **at = &table->first; *at != NULL;) {
		struct peer *peer = *at;

		if (id[0] != '\0' && strcasecmp(peer->id, id) != 0) {
			at = &peer->next;
			continue;
		}
		*at = peer->next;
		table->count--;
		peer_free(peer);
	}
}

void
peertable_clear(struct peertable *table)
{
	peertable_del(table, "");
	table->known = false;
}

struct peer *
peer_find(const struct peertable *table, const char *id)
{
	for (struct peer *peer = table->first; peer != NULL; peer = peer->next) {
		if (strcasecmp(peer->id, id) == 0)
			return peer;
	}
	return NULL;
}

struct peer *
peer_find_signer(const struct peertable *table, const knot_dname_t *name, uint16_t tag)
{
	for (struct peer *peer = table->first; peer != NULL; peer = peer->next) {
		for (unsigned i = 0; i < peer->keys; i++) {
			if (peer->key[i].tag == tag && knot_dname_is_equal(peer->key[i].name, name))
				return peer;
		}
	}
	return NULL;
}

bool
peer_has_zone(const struct peer *peer, const knot_dname_t *zone)
{
	return bsearch(&zone, peer->zone, peer->zones, sizeof(*peer->zone), zone_cmp) != NULL;
}

bool
peer_has_address(const struct peer *peer, const struct dnsio_addr *addr)
{
	for (unsigned i = 0; i < peer->addresses; i++) {
		if (dnsio_addr_same_host(&peer->address[i], addr))
			return true;
	}
	return false;
}

bool
peertable_has_zone(const struct peertable *table, const knot_dname_t *zone)
{
	for (struct peer *peer = table->first; peer != NULL; peer = peer->next) {
		if (peer_has_zone(peer, zone))
			return true;
	}
	return false;
}
