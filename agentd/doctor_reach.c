/*
 * Transfers, and the servers that answer us. See doctor.h.
 */
#include <string.h>
#include <arpa/inet.h>
#include "agentd/doctor_int.h"

void
exam_transfer(struct exam *e)
{
	const struct doctor_facts *f = e->facts;

	if (f->followed)
		exam_found(e, DOCTOR_TRANSFER, DOCTOR_PASS, "observe has the signer's whole zone");
	else if (*f->trouble != '\0')
		exam_found(e, DOCTOR_TRANSFER, DOCTOR_FAIL,
			   "observe gets no transfer from the signer: %s", f->trouble);
	else
		exam_found(e, DOCTOR_TRANSFER, DOCTOR_UNKNOWN, "%s",
			   e->signer == NULL ? "no signer is configured"
					     : "no transfer was seen yet");
}

void
exam_notify(struct exam *e)
{
	const struct doctor_facts *f = e->facts;

	if (f->announcements > 0)
		exam_found(e, DOCTOR_NOTIFY, DOCTOR_PASS, "the signer's NOTIFY arrives");
	else if (f->versions > 0)
		exam_found(
		    e, DOCTOR_NOTIFY, DOCTOR_WARN,
		    "%u new versions of the signer's zone, none announced by NOTIFY: steps wait "
		    "for "
		    "the next poll",
		    f->versions);
}

void
exam_content(struct exam *e)
{
	if (!e->facts->served || !e->facts->followed)
		return;
	if (e->facts->same)
		exam_found(e, DOCTOR_CONTENT, DOCTOR_PASS,
			   "the signer shows what combinerd serves");
	else
		exam_found(
		    e, DOCTOR_CONTENT, DOCTOR_WARN,
		    "the signer does not show what combinerd serves (right for a moment after a "
		    "change)");
}

/* Not to be reached from elsewhere: loopback, private, link-local. */
static bool
is_private(const char *server)
{
	char host[VIEW_SERVER];
	uint8_t a[16];
	size_t len = strcspn(server, "@");

	if (len >= sizeof(host))
		return false;
	memcpy(host, server, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, a) == 1)
		return a[0] == 127 || a[0] == 10 || a[0] == 0 || (a[0] == 172 && a[1] >> 4 == 1) ||
		       (a[0] == 192 && a[1] == 168) || (a[0] == 169 && a[1] == 254) ||
		       (a[0] == 100 && a[1] >> 6 == 1);
	if (inet_pton(AF_INET6, host, a) == 1)
		return (a[0] & 0xfe) == 0xfc || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80) ||
		       memcmp(a, &in6addr_loopback, sizeof(a)) == 0;
	return false;
}

/* What tells that a server has the zone as the signer has it. */
static enum view_type
telling(const struct exam *e)
{
	return e->view->config.nobody_signs ? VIEW_NS : VIEW_DNSKEY;
}

static void
one_server(struct exam *e, const struct view_place *p, int *well)
{
	const bool bare = e->view->config.nobody_signs;
	const struct view_history *h = &p->history[telling(e)];
	const struct view_version *v = view_current(p, telling(e)),
				  *own = exam_shown(e, telling(e));

	if (is_private(p->server) && !e->facts->lab)
		exam_found(e, DOCTOR_ADDRESSES, DOCTOR_WARN,
			   "%s: resolvers elsewhere cannot reach it", p->server);
	if (h->tried == 0)
		exam_found(e, DOCTOR_SERVERS, DOCTOR_UNKNOWN, "%s: not asked yet", p->server);
	else if (h->status == MSIG_SEEN_UNKNOWN)
		exam_found(e, DOCTOR_SERVERS, DOCTOR_FAIL, "%s does not answer: %s", p->server,
			   h->reason);
	else if (v == NULL || v->absent || (!bare && rset_empty(v->signers)))
		exam_found(e, DOCTOR_SERVERS, DOCTOR_FAIL, "%s shows no %s", p->server,
			   bare ? "NS" : "signed DNSKEY");
	else if (own != NULL && !rset_equal(v->set, own->set))
		exam_found(e, DOCTOR_SERVERS, DOCTOR_WARN,
			   "%s shows other %s than the signer (right for a moment after a change)",
			   p->server, bare ? "NS" : "DNSKEYs");
	else
		(*well)++;
}

void
exam_servers(struct exam *e)
{
	struct rset without = e->view->config.ns;
	int well = 0, all = 0;

	if (rset_empty(without)) {
		exam_found(e, DOCTOR_SERVERS, DOCTOR_FAIL,
			   "msig.conf names no name server of this provider");
		return;
	}
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = e->view->d.place[i];
		if (p == NULL || p->kind != PLACE_SERVER || !rset_meets(p->ns, e->view->config.ns))
			continue;
		without = rset_minus(without, p->ns);
		all++;
		one_server(e, p, &well);
	}
	if (!rset_empty(without))
		exam_found(e, DOCTOR_SERVERS, DOCTOR_UNKNOWN,
			   "%d of %d name servers of this provider have no address that is known",
			   rset_count(without), rset_count(e->view->config.ns));
	else if (well == all)
		exam_found(
		    e, DOCTOR_SERVERS, DOCTOR_PASS,
		    "all %d addresses of own name servers answer as the signer does, seen from "
		    "this host",
		    all);
}

/* Servers of the other providers, which their operators see as well. */
void
exam_others(struct exam *e)
{
	int silent = 0, all = 0;
	const struct view_place *one = NULL;

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = e->view->d.place[i];
		if (p == NULL || view_place_provider(e->view, p) <= VIEW_SELF ||
		    p->history[VIEW_DNSKEY].tried == 0)
			continue;
		all++;
		if (p->history[VIEW_DNSKEY].status == MSIG_SEEN_UNKNOWN) {
			silent++;
			one = p;
		}
	}
	if (silent > 0)
		exam_found(
		    e, DOCTOR_OTHERS, DOCTOR_WARN,
		    "%d of %d addresses of other providers' servers do not answer us: %s of %s, %s",
		    silent, all, one->server,
		    e->view->d.provider[view_place_provider(e->view, one)].identity,
		    one->history[VIEW_DNSKEY].reason);
	else if (all > 0)
		exam_found(e, DOCTOR_OTHERS, DOCTOR_PASS,
			   "%d addresses of other providers' servers answer", all);
}

/* Servers of the parent that serve the zone as well: the delegation does not show there. */
void
exam_parent(struct exam *e)
{
	const struct view_place *one = NULL;
	int too = 0, all = 0;

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = e->view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT || view_current(p, VIEW_NS) == NULL)
			continue;
		all++;
		if (view_serves_child(e->view, p->server)) {
			too++;
			one = p;
		}
	}
	if (all == 0)
		return;
	if (too == 0)
		exam_found(e, DOCTOR_PARENT, DOCTOR_PASS,
			   "the parent's %d servers show the delegation", all);
	else if (too < all)
		exam_found(
		    e, DOCTOR_PARENT, DOCTOR_WARN,
		    "%s serves the parent and the zone: the delegation is looked at elsewhere, and "
		    "its copy of the zone has to follow like that of a name server",
		    one->server);
	else
		exam_found(
		    e, DOCTOR_PARENT, DOCTOR_WARN,
		    "all %d servers of the parent serve the zone, too, so that the "
		    "delegation shows nowhere: look up the NS at the parent, and see that "
		    "they are the zone's; when NS change, msigctl why asks for that (msigctl "
		    "approve)",
		    all);
}
