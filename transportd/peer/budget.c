/*
 * Token buckets by source: see budget.h. A hash table with chains for look-ups, and a list by last
 * use that says who has to go.
 */
#include "config.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "libmsig/daemon/log.h"
#include "transportd/peer/budget.h"

struct entry {
	struct budget_source source;
	struct entry *chain;
	struct entry *newer, *older;
};

struct budget {
	struct entry **slot;
	unsigned slots, count, max;
	uint32_t rate;
	uint64_t seed;
	struct entry *newest, *oldest;
};

bool
bucket_take(struct bucket *bucket, uint32_t rate, uint64_t now_ms)
{
	uint64_t burst = (uint64_t)rate * 2 * 1000;

	if (rate == 0)
		return true;
	if (bucket->at == 0 || now_ms < bucket->at || now_ms - bucket->at > 2000)
		bucket->tokens = burst;
	else
		bucket->tokens += (now_ms - bucket->at) * rate;
	if (bucket->tokens > burst)
		bucket->tokens = burst;
	bucket->at = now_ms;
	if (bucket->tokens < 1000)
		return false;
	bucket->tokens -= 1000;
	return true;
}

struct budget *
budget_new(unsigned sources, uint32_t rate)
{
	struct budget *budget = xcalloc(1, sizeof(*budget));

	budget->max = sources;
	budget->slots = sources;
	budget->rate = rate;
	budget->slot = xcalloc(budget->slots, sizeof(struct entry *));
	/* Chains that a stranger cannot predict: an address of ours is enough for that. */
	budget->seed = (uint64_t)(uintptr_t)budget->slot * 0x9e3779b97f4a7c15ull;
	return budget;
}

void
budget_free(struct budget *budget)
{
	struct entry *e, *next;

	if (budget == NULL)
		return;
	for (e = budget->newest; e != NULL; e = next) {
		next = e->older;
		free(e);
	}
	free(budget->slot);
	free(budget);
}

void
budget_rate(struct budget *budget, uint32_t rate)
{
	budget->rate = rate;
}

/* The part of an address that one party is taken to hold: all of IPv4, 64 bits of IPv6. */
static void
network(const struct dnsio_addr *addr, struct dnsio_addr *net)
{
	memset(net, 0, sizeof(*net));
	net->ss.ss_family = addr->ss.ss_family;
	net->len = addr->len;
	if (addr->ss.ss_family == AF_INET) {
		struct sockaddr_in *to = (struct sockaddr_in *)&net->ss;

		to->sin_addr = ((const struct sockaddr_in *)&addr->ss)->sin_addr;
	} else if (addr->ss.ss_family == AF_INET6) {
		struct sockaddr_in6 *to = (struct sockaddr_in6 *)&net->ss;

		memcpy(&to->sin6_addr, &((const struct sockaddr_in6 *)&addr->ss)->sin6_addr, 8);
	}
}

static struct entry **
slot(struct budget *budget, const struct dnsio_addr *net, bool tcp)
{
	uint64_t h = budget->seed ^ (tcp ? 0x51ull : 0);
	const uint8_t *p = (const uint8_t *)&net->ss;

	for (size_t i = 0; i < net->len; i++)
		h = (h ^ p[i]) * 0x100000001b3ull;
	return &budget->slot[(h ^ (h >> 29)) % budget->slots];
}

static void
unlink_entry(struct budget *budget, struct entry *e)
{
	if (e->newer != NULL)
		e->newer->older = e->older;
	else
		budget->newest = e->older;
	if (e->older != NULL)
		e->older->newer = e->newer;
	else
		budget->oldest = e->newer;
}

static void
link_newest(struct budget *budget, struct entry *e)
{
	e->newer = NULL;
	e->older = budget->newest;
	if (budget->newest != NULL)
		budget->newest->newer = e;
	else
		budget->oldest = e;
	budget->newest = e;
}

/* Takes the entry that was silent for longest out of the table. */
static struct entry *
evict(struct budget *budget)
{
	struct entry *e = budget->oldest;
	struct entry **at = slot(budget, &e->source.addr, e->source.tcp);

	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;
	unlink_entry(budget, e);
	budget->count--;
	memset(e, 0, sizeof(*e));
	return e;
}

struct budget_source *
budget_source(struct budget *budget, const struct dnsio_addr *addr, bool tcp, uint64_t now_ms)
{
	struct dnsio_addr net;
	struct entry **at, *e;

	network(addr, &net);
	at = slot(budget, &net, tcp);
	for (e = *at; e != NULL; e = e->chain) {
		if (e->source.tcp == tcp && e->source.addr.len == net.len &&
		    memcmp(&e->source.addr.ss, &net.ss, net.len) == 0)
			break;
	}
	if (e != NULL) {
		unlink_entry(budget, e);
	} else {
		e = budget->count == budget->max ? evict(budget) : xcalloc(1, sizeof(*e));
		e->source.addr = net;
		e->source.tcp = tcp;
		e->chain = *at;
		*at = e;
		budget->count++;
	}
	link_newest(budget, e);
	e->source.last = now_ms;
	return &e->source;
}

bool
budget_take(struct budget *budget, struct budget_source *source, uint64_t now_ms)
{
	if (bucket_take(&source->bucket, budget->rate, now_ms))
		return true;
	source->limited++;
	return false;
}

void
budget_each(struct budget *budget, void (*cb)(void *arg, const struct budget_source *source),
	    void *arg)
{
	for (struct entry *e = budget->newest; e != NULL; e = e->older)
		cb(arg, &e->source);
}
