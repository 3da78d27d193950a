/*
 * See named.h. rndc says that named has heard, not that it has acted: named says when it will look
 * at the keys next, and that is later than now as soon as it has looked; and it keeps a list of the
 * keys that it signs, or has signed, the whole zone with.
 */
#include "config.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <libknot/libknot.h>
#include "libmsig/daemon/loop.h"
#include "libmsig/err.h"
#include "signerd/door.h"
#include "signerd/named.h"

#define POLL_MIN 20 /* ms */
#define POLL_MAX 1000
#define SLACK 1000 /* ms that are left for what comes after waiting */

static struct run_result result; /* large; one program at a time */

static int
rndc(struct job *job, enum door_word word, const struct key *key)
{
	struct door_ask ask;
	int ret;

	memset(&ask, 0, sizeof(ask));
	ask.word = (uint8_t)word;
	ask.deadline = job->deadline;
	if (key != NULL) {
		ask.tag = key->tag;
		ask.algorithm = key->algorithm;
	}
	if (job->name[0] == '-' ||
	    snprintf(ask.zone, sizeof(ask.zone), "%s", job->name) >= (int)sizeof(ask.zone))
		return job_fail(job, MSIG_EVALUE, "rndc does not take this name");
	ret = door_ask(job->conf, &ask, &result);
	if (ret != 0)
		return job_fail(job, ret, "%s %s: %s", job->conf->rndc, door_word_name(word),
				result.err);
	if (result.status != 0)
		return job_fail(job, MSIG_EREFUSED, "%s %s: %s%s", job->conf->rndc,
				door_word_name(word),
				*result.err != '\0' ? result.err : "it failed and does not say why",
				door_is_open() ? ""
					       : "; signerd began without a zone of BIND's, and so "
						 "without a network for rndc: restart it");
	if (strlen(result.out) != result.len)
		return job_fail(job, MSIG_EVALUE, "%s %s: is no text", job->conf->rndc,
				door_word_name(word));
	return 0;
}

/* A moment that gets longer; MSIG_ETIMEOUT when there is none left. */
static int
pause_for(struct job *job, int *ms, const char *what)
{
	if (loop_mono_ms() + (uint64_t)*ms + SLACK >= job->deadline)
		return job_fail(job, MSIG_ETIMEOUT, "named: %s is not done yet", what);
	poll(NULL, 0, *ms);
	*ms = *ms * 2 > POLL_MAX ? POLL_MAX : *ms * 2;
	return 0;
}

/* "next key event: Sun, 29 Nov 2026 16:24:08 GMT" is later than now. While it looks there is none.
 */
static bool
has_looked(const char *status)
{
	static const char label[] = "\nnext key event: ";
	const char *at = strstr(status, label);
	struct tm tm = {0};

	return at != NULL &&
	       strptime(at + strlen(label), "%a, %d %b %Y %H:%M:%S GMT", &tm) != NULL &&
	       timegm(&tm) > time(NULL);
}

static int
look(struct job *job, enum door_word word)
{
	int ms = POLL_MIN, ret = rndc(job, word, NULL);

	while (ret == 0) {
		ret = rndc(job, DOOR_STATUS, NULL);
		if (ret == 0 && has_looked(result.out))
			return 0;
		if (ret == 0)
			ret = pause_for(job, &ms, "reading the zone's keys");
	}
	return ret;
}

int
named_load(struct job *job)
{
	return look(job, DOOR_LOADKEYS);
}

int
named_sign(struct job *job)
{
	return look(job, DOOR_SIGN);
}

/* "Done signing with key 38800/ECDSAP256SHA256"; while it signs there may be a line, or none. */
int
named_has_signed(struct job *job, const struct key *key, bool *has)
{
	char line[64];
	int ret = rndc(job, DOOR_SIGNING, NULL);

	snprintf(line, sizeof(line), "Done signing with key %u/", key->tag);
	*has = ret == 0 && strstr(result.out, line) != NULL;
	return ret;
}

int
named_forget(struct job *job, const struct key *key)
{
	bool has;
	int ms = POLL_MIN, ret = named_has_signed(job, key, &has);

	if (ret == 0 && has)
		ret = rndc(job, DOOR_FORGET, key);
	while (ret == 0 && has) {
		ret = pause_for(job, &ms, "forgetting an earlier use of the key");
		if (ret == 0)
			ret = named_has_signed(job, key, &has);
	}
	return ret;
}

int
named_wait(struct job *job, const struct key *key)
{
	bool has;
	int ms = POLL_MIN, ret = named_has_signed(job, key, &has);

	while (ret == 0 && !has) {
		ret = pause_for(job, &ms, "signing the whole zone");
		if (ret == 0)
			ret = named_has_signed(job, key, &has);
	}
	return ret;
}
