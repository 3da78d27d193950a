/*
 * FOLLOW: see follow.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "libmsig/err.h"
#include "libmsig/daemon/log.h"
#include "transportd/observe/ask.h"
#include "transportd/observe/follow.h"
#include "transportd/observe/transfer.h"

struct follow {
	struct follower *follower;
	knot_dname_t *zone;
	char *server, *tsig;
	bool asked; /* by agentd, not only by the configuration */
	struct dnsio_addr addr;
	knot_tsig_key_t key; /* name NULL: none */
	struct picture picture;

	struct transfer transfer;
	bool axfr;      /* asked for */
	bool again;     /* something new was announced meanwhile */
	bool want_axfr; /* an IXFR was of no use */

	struct loop_timer *timer;
	uint32_t backoff;          /* ms; 0: the last transfer succeeded */
	char reason[200];          /* why it failed; empty: it did not */
	uint64_t changed, checked; /* UTC ms */
	uint64_t renewed;          /* UTC ms: when all was fetched for the sake of its signatures */
	uint64_t axfrs, ixfrs, failures;
	struct follow *next;
};

struct follower {
	struct loop *loop;
	struct outbox *outbox;
	const struct conf *conf;
	struct follow *first;
};

static void begin(struct follow *f);

struct follower *
follower_new(struct loop *loop, struct outbox *outbox)
{
	struct follower *follower = xcalloc(1, sizeof(*follower));

	follower->loop = loop;
	follower->outbox = outbox;
	return follower;
}

static void
follow_free(struct follow *f)
{
	transfer_clear(&f->transfer);
	picture_clear(&f->picture);
	loop_timer_free(f->timer);
	knot_tsig_key_deinit(&f->key);
	knot_dname_free(f->zone, NULL);
	free(f->server);
	free(f->tsig);
	free(f);
}

void
follower_free(struct follower *follower)
{
	struct follow *next;

	if (follower == NULL)
		return;
	for (struct follow *f = follower->first; f != NULL; f = next) {
		next = f->next;
		follow_free(f);
	}
	free(follower);
}

struct follow *
follow_find(struct follower *follower, const knot_dname_t *zone)
{
	for (struct follow *f = follower->first; f != NULL; f = f->next) {
		if (knot_dname_is_equal(f->zone, zone))
			return f;
	}
	return NULL;
}

/* Reports -------------------------------------------------------------------------------------- */

static void
report(struct follow *f)
{
	struct msig_msg msg = {.id = MSIG_MSG_FOLLOWED};
	struct msig_msg_FOLLOWED *m = &msg.u.FOLLOWED;
	const struct picture *p = &f->picture;
	uint8_t digest[MSIG_DIGEST_LEN];
	size_t keys = p->signatures.count < 64 ? p->signatures.count : 64;
	char signer[64][24], number[64][24], *signers[64], *numbers[64];

	m->zone = f->zone;
	m->time = loop_utc_ms();
	m->reason = f->reason;
	if (p->valid) {
		m->serial = p->serial;
		msig_digest_get(&p->digest, digest);
		m->digest = (struct msig_blob){digest, sizeof(digest)};
		m->max_ttl = picture_max_ttl(p);
		m->expires = picture_expires(p);
		for (size_t i = 0; i < keys; i++) {
			const struct tally_entry *e = &p->signatures.at[i];

			snprintf(signer[i], sizeof(signer[i]), "%u/%u", (unsigned)(e->key >> 16),
				 (unsigned)(e->key & 0xffff));
			snprintf(number[i], sizeof(number[i]), "%llu",
				 (unsigned long long)e->count);
			signers[i] = signer[i];
			numbers[i] = number[i];
		}
		m->signer = (struct msig_strs){signers, (uint16_t)keys};
		m->signatures = (struct msig_strs){numbers, (uint16_t)keys};
	}
	outbox_send(f->follower->outbox, &msg);
}

static void
failed(struct follow *f, const char *reason)
{
	bool news = strcmp(f->reason, reason) != 0;

	transfer_clear(&f->transfer);
	f->failures++;
	f->backoff = f->backoff == 0 ? FOLLOW_RETRY_MIN : f->backoff * 2;
	if (f->backoff > FOLLOW_RETRY_MAX)
		f->backoff = FOLLOW_RETRY_MAX;
	snprintf(f->reason, sizeof(f->reason), "%s", reason);
	loop_timer_set(f->timer, f->again ? FOLLOW_RETRY_MIN : f->backoff);
	f->again = false;
	if (!news)
		return;
	log_zone(LOG_LVL_WARN, f->zone, "transfer from the signer %s: %s; again in %u ms",
		 f->server, reason, f->backoff);
	report(f);
}

static void
schedule(struct follow *f)
{
	uint64_t refresh = (uint64_t)f->picture.refresh * 1000;
	const struct conf *conf = f->follower->conf;

	/* NOTIFY may get lost: what agentd sees must not be older than its own polling. */
	if (conf->poll > 0 && refresh > conf->poll)
		refresh = conf->poll;
	loop_timer_set(f->timer, refresh > 0 ? refresh : 1000);
}

/* Who signs as he answers (PowerDNS) makes new signatures under an old serial: before those of the
 * picture seem to end, all is fetched, once in a while. */
static bool
grows_old(const struct follow *f)
{
	uint64_t expires = picture_expires(&f->picture);
	uint64_t end = f->checked / 1000 + picture_max_ttl(&f->picture) + FOLLOW_OLD;

	return expires != 0 && expires < end &&
	       (f->renewed == 0 || f->checked - f->renewed >= FOLLOW_RENEW);
}

static void
succeeded(struct follow *f)
{
	struct picture *p = &f->picture;
	bool changed = false, was_failing = f->reason[0] != '\0';

	f->checked = loop_utc_ms();
	f->backoff = 0;
	f->reason[0] = '\0';
	f->want_axfr = f->transfer.stream.older && grows_old(f);
	if (f->want_axfr) {
		f->renewed = f->checked;
		f->again = true;
	}
	if (!f->transfer.stream.older) {
		if (f->transfer.stream.full)
			f->axfrs++;
		else
			f->ixfrs++;
		changed = true;
		f->changed = f->checked;
		picture_clear(p);
		stream_take(&f->transfer.stream, p);
		log_zone(LOG_LVL_INFO, f->zone,
			 "signer's serial %u, %s, %llu records, %zu keys sign", p->serial,
			 f->transfer.stream.full ? "whole zone" : "changes only",
			 (unsigned long long)p->records, p->signatures.count);
	}
	transfer_clear(&f->transfer);
	if (changed || was_failing)
		report(f);
	if (f->again)
		begin(f);
	else
		schedule(f);
}

/* Transfers ------------------------------------------------------------------------------------ */

static void
fall_back(struct follow *f, const char *reason)
{
	log_zone(LOG_LVL_INFO, f->zone, "IXFR: %s; the whole zone is fetched", reason);
	transfer_clear(&f->transfer);
	f->want_axfr = true;
	begin(f);
}

static void
ended(void *arg, const struct transfer_end *end)
{
	struct follow *f = arg;
	const struct stream *stream = &f->transfer.stream;
	struct transfer_end how = *end;
	char reason[80];

	/* Newer here than there: its serial went back, its differences are of another history. */
	if (how.error == 0 && how.rcode == KNOT_RCODE_NOERROR && stream->older &&
	    stream->serial != f->picture.serial)
		how.error = KNOT_ENORECORD;
	transfer_reason(&how, reason, sizeof(reason));
	if (how.error == 0 && how.rcode == KNOT_RCODE_NOERROR)
		succeeded(f);
	else if (!f->axfr && how.theirs && (how.error == 0 || how.rcode == KNOT_RCODE_NOERROR))
		fall_back(f, reason);
	else
		failed(f, reason);
}

static void
begin(struct follow *f)
{
	struct transfer_ask ask = {.loop = f->follower->loop,
				   .zone = f->zone,
				   .server = &f->addr,
				   .via = ask_via(f->follower->conf, &f->addr),
				   .key = &f->key,
				   .idle = FOLLOW_IDLE};
	char reason[160];

	f->again = false;
	f->axfr = f->want_axfr || !f->picture.valid;
	loop_timer_cancel(f->timer);
	if (f->tsig[0] != '\0' && f->key.name == NULL) {
		snprintf(reason, sizeof(reason), "no key %.100s is configured", f->tsig);
		failed(f, reason);
		return;
	}
	ask.have = f->axfr ? NULL : &f->picture;
	if (transfer_begin(&f->transfer, &ask, NULL, ended, f) != 0)
		failed(f, "cannot connect");
}

static void
timer_due(void *arg)
{
	follow_refresh(arg);
}

void
follow_refresh(struct follow *f)
{
	if (f->server == NULL)
		return;
	if (f->transfer.client != NULL)
		f->again = true;
	else
		begin(f);
}

/* What is followed ----------------------------------------------------------------------------- */

static void
set_key(struct follow *f)
{
	const struct conf_key *key = NULL;
	knot_dname_storage_t name;

	knot_tsig_key_deinit(&f->key);
	memset(&f->key, 0, sizeof(f->key));
	if (f->tsig[0] == '\0')
		return;
	if (knot_dname_from_str(name, f->tsig, sizeof(name)) != NULL) {
		knot_dname_to_lower(name);
		key = conf_key_find(f->follower->conf, name);
	}
	if (key != NULL && knot_tsig_key_copy(&f->key, &key->tsig) != 0)
		fatal("out of memory");
}

/* Begins to follow, or goes over to another server. */
static void
follow_zone(struct follower *follower, const knot_dname_t *zone, const char *server,
	    const char *tsig, bool asked)
{
	struct follow *f = follow_find(follower, zone);
	struct dnsio_addr addr;

	if (dnsio_addr_parse(server, 53, &addr) != 0) {
		log_zone(LOG_LVL_WARN, zone, "cannot be followed at '%s': no address", server);
		return;
	}
	if (f == NULL) {
		f = xcalloc(1, sizeof(*f));
		f->follower = follower;
		f->zone = knot_dname_copy(zone, NULL);
		f->timer = loop_timer_new(follower->loop, timer_due, f);
		f->next = follower->first;
		follower->first = f;
	} else if (strcmp(f->server, server) == 0 && strcmp(f->tsig, tsig) == 0) {
		f->asked = f->asked || asked;
		if (asked && (f->picture.valid || f->reason[0] != '\0'))
			report(f);
		return;
	}
	transfer_clear(&f->transfer);
	picture_clear(&f->picture);
	free(f->server);
	free(f->tsig);
	f->server = xstrdup(server);
	f->tsig = xstrdup(tsig);
	f->addr = addr;
	f->asked = asked;
	f->backoff = 0;
	f->reason[0] = '\0';
	set_key(f);
	begin(f);
}

static void
unfollow(struct follower *follower, struct follow *f)
{
	struct follow **at = &follower->first;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	follow_free(f);
}

void
follow_set(struct follower *follower, const struct msig_msg_FOLLOW *msg)
{
	struct follow *f = follow_find(follower, msg->zone);

	if (msg->server[0] != '\0')
		follow_zone(follower, msg->zone, msg->server, msg->tsig, true);
	else if (f != NULL)
		unfollow(follower, f);
}

void
follower_reconf(struct follower *follower, const struct conf *conf)
{
	struct follow *next;

	follower->conf = conf;
	for (struct follow *f = follower->first; f != NULL; f = next) {
		next = f->next;
		bool busy = f->transfer.client != NULL;

		if (!f->asked && conf_zone_find(conf, f->zone) == NULL) {
			unfollow(follower, f);
			continue;
		}
		/* What was asked with the old key is not believed with the new one, or none. */
		transfer_clear(&f->transfer);
		set_key(f);
		if (busy)
			begin(f);
	}
	for (unsigned i = 0; i < conf->zones; i++) {
		const struct conf_zone *zone = &conf->zone[i];
		const struct follow *f = follow_find(follower, zone->name);
		char addr[80], key[KNOT_DNAME_TXT_MAXLEN + 1] = "";

		if (zone->signer == NULL || (f != NULL && f->asked))
			continue;
		if (zone->signer_query != NULL)
			snprintf(addr, sizeof(addr), "%s", zone->signer_query);
		else if (zone->signer->addresses > 0)
			dnsio_addr_str(&zone->signer->address[0], addr, sizeof(addr));
		else
			continue;
		if (zone->signer->key != NULL)
			knot_dname_to_str(key, zone->signer->key->tsig.name, sizeof(key));
		follow_zone(follower, zone->name, addr, key, false);
	}
}

json_t *
follow_json(struct follower *follower)
{
	json_t *list = json_array();

	for (const struct follow *f = follower->first; f != NULL; f = f->next) {
		const struct picture *p = &f->picture;
		char zone[KNOT_DNAME_TXT_MAXLEN + 1];

		knot_dname_to_str(zone, f->zone, sizeof(zone));
		json_array_append_new(
		    list, json_pack("{s:s s:s s:b s:I s:I s:I s:I s:I s:I s:I s:I s:I s:s}", "zone",
				    zone, "signer", f->server, "known", (int)p->valid, "serial",
				    (json_int_t)p->serial, "records", (json_int_t)p->records,
				    "max-ttl", (json_int_t)picture_max_ttl(p), "expires",
				    (json_int_t)picture_expires(p), "changed",
				    (json_int_t)f->changed, "checked", (json_int_t)f->checked,
				    "axfr", (json_int_t)f->axfrs, "ixfr", (json_int_t)f->ixfrs,
				    "failures", (json_int_t)f->failures, "reason", f->reason));
	}
	return list;
}
