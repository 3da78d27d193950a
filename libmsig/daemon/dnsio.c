/*
 * Addresses and errors that the DNS server (dnsserver.c) and client (dnsclient.c) share.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libknot/errcode.h>
#include "libmsig/err.h"
#include "libmsig/daemon/dnsio.h"

static int
parse_port(const char *text, uint16_t *port)
{
	unsigned value = 0;
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || digits > 5 || text[digits] != '\0')
		return KNOT_EINVAL;
	for (; *text != '\0'; text++)
		value = value * 10 + (unsigned)(*text - '0');
	if (value > UINT16_MAX)
		return KNOT_ERANGE;
	*port = (uint16_t)value;
	return 0;
}

int
dnsio_addr_parse(const char *text, uint16_t default_port, struct dnsio_addr *addr)
{
	char host[INET6_ADDRSTRLEN];
	uint16_t port = default_port;
	size_t len = strcspn(text, "@");
	memset(addr, 0, sizeof(*addr));
	if (len == 0 || len >= sizeof(host))
		return KNOT_EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	if (text[len] == '@') {
		int ret = parse_port(text + len + 1, &port);
		if (ret != 0)
			return ret;
	}

	struct sockaddr_in *v4 = (struct sockaddr_in *)&addr->ss;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&addr->ss;
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		addr->len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		addr->len = sizeof(*v6);
	} else {
		return KNOT_EINVAL;
	}
	return 0;
}

char *
dnsio_addr_str(const struct dnsio_addr *addr, char *buf, size_t len)
{
	char host[INET6_ADDRSTRLEN] = "?";
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&addr->ss;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&addr->ss;
	unsigned port = 0;
	if (addr->ss.ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
		port = ntohs(v4->sin_port);
	} else if (addr->ss.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
		port = ntohs(v6->sin6_port);
	}
	if (len > 0)
		snprintf(buf, len, "%s@%u", host, port);
	return buf;
}

bool
dnsio_addr_same_host(const struct dnsio_addr *a, const struct dnsio_addr *b)
{
	if (a->ss.ss_family != b->ss.ss_family)
		return false;
	if (a->ss.ss_family == AF_INET)
		return ((const struct sockaddr_in *)&a->ss)->sin_addr.s_addr ==
		       ((const struct sockaddr_in *)&b->ss)->sin_addr.s_addr;
	return a->ss.ss_family == AF_INET6 &&
	       memcmp(&((const struct sockaddr_in6 *)&a->ss)->sin6_addr,
		      &((const struct sockaddr_in6 *)&b->ss)->sin6_addr,
		      sizeof(struct in6_addr)) == 0;
}

int
dnsio_errno(void)
{
	switch (errno) {
	case EPIPE:
		return KNOT_ECONNRESET;
	case ETIMEDOUT:
		return MSIG_ETIMEOUT;
	default:
		return knot_map_errno();
	}
}
