/*
 * PowerDNS, which signs as it answers. A key there is active or not, published or not; that is less
 * than the states, so these are kept beside in metadata of the zone (X-MSIG-KEY), and count as long
 * as they fit what PowerDNS does with the key. They are written first: what is half done is listed
 * as what it was.
 *
 * CDS are the overlay's affair (signer-records: all, no PUBLISH-CDS): PowerDNS would name each
 * published KSK. A CSK signs everything as soon as it signs anything, so one cannot be brought in.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libmsig/err.h"
#include "libmsig/key.h"
#include "signerd/driver.h"
#include "signerd/run.h"

#define META "X-MSIG-KEY"
#define ACTIVE 1
#define PUBLISHED 2

/* Which of the four combinations fit a state: bit (ACTIVE | PUBLISHED). The lowest one is made. */
#define NEITHER (1 << 0)
#define SIGNS (1 << ACTIVE)
#define SHOWN (1 << PUBLISHED)
#define BOTH (1 << (ACTIVE | PUBLISHED))

static const uint8_t fits[][2] = {
    /* of a ZSK, of a KSK */
    [MSIG_KEY_STATE_MADE] = {NEITHER, NEITHER},
    [MSIG_KEY_STATE_SIGNING] = {SIGNS, NEITHER},
    [MSIG_KEY_STATE_PUBLISHED] = {SHOWN | BOTH, BOTH}, /* BOTH: it was signing */
    [MSIG_KEY_STATE_READY] = {0, BOTH},
    [MSIG_KEY_STATE_ACTIVE] = {BOTH, BOTH},
    [MSIG_KEY_STATE_RETIRED] = {SHOWN, BOTH},
    [MSIG_KEY_STATE_POST] = {SIGNS, NEITHER},
    [MSIG_KEY_STATE_REMOVED] = {NEITHER, NEITHER},
};

/* The store: keys with their flags, and whether PowerDNS makes CDS of its own. */
struct store {
	struct keys keys;
	unsigned flags[KEYS_MAX];
	uint8_t noted[KEYS_MAX];
	bool publishes_cds;
};

static struct store store;       /* large */
static struct run_result result; /* large; one program at a time */

#define ARGS 20
#define META_MAX (KEYS_MAX)

static int
start(struct job *job, const char *program, const char *const *words)
{
	char dir[1024];
	const char *argv[KEYS_MAX + ARGS + 1] = {program, dir};
	int n = 2, ret;

	snprintf(dir, sizeof(dir), "--config-dir=%s", job->conf->pdns_config);
	while (*words != NULL && n < KEYS_MAX + ARGS)
		argv[n++] = *words++;
	ret = run_program(argv, job->deadline, &result);
	if (ret != 0)
		return job_fail(job, ret, "%s: %s", program, result.err);
	if (result.status != 0)
		return job_fail(job, KNOT_ERROR, "%s %s: %s", program, argv[2],
				*result.err != '\0' ? result.err
						    : "it failed and does not say why");
	return 0;
}

static int
pdnsutil(struct job *job, const char *verb, const char *a, const char *b)
{
	const char *const words[] = {verb, job->name, a, b, NULL};

	return start(job, job->conf->pdnsutil, words);
}

/* Reading -------------------------------------------------------------------------------------- */

static uint8_t
state_named(const char *name, size_t len)
{
	for (uint8_t s = MSIG_KEY_STATE_MADE; s <= MSIG_KEY_STATE_REMOVED; s++)
		if (strlen(msig_key_state_name(s)) == len &&
		    memcmp(msig_key_state_name(s), name, len) == 0)
			return s;
	return 0;
}

static uint8_t
state_of(const struct key *key, unsigned flags, uint8_t noted)
{
	bool ksk = key->role == MSIG_KEY_ROLE_KSK;

	if (noted != 0 && key->role != MSIG_KEY_ROLE_CSK && (fits[noted][ksk] >> flags & 1) != 0)
		return noted;
	switch (flags) {
	case ACTIVE | PUBLISHED:
		return MSIG_KEY_STATE_ACTIVE;
	case PUBLISHED:
		return MSIG_KEY_STATE_PUBLISHED;
	case ACTIVE:
		return ksk ? MSIG_KEY_STATE_MADE : MSIG_KEY_STATE_SIGNING;
	default:
		return MSIG_KEY_STATE_MADE;
	}
}

/* "ID = 2 (ZSK), flags = 256, tag = 41293, algo = 13, bits = 256\t  Active\t Published  (...)" */
static bool
parse_key(const char *line, struct key *key, unsigned *flags)
{
	unsigned long id;
	unsigned dnskey_flags, tag, algorithm, bits;
	char role[4], active[12], published[12];

	if (sscanf(line, "ID = %lu (%3[A-Z]), flags = %u, tag = %u, algo = %u, bits = %u %11s %11s",
		   &id, role, &dnskey_flags, &tag, &algorithm, &bits, active, published) != 8 ||
	    tag > UINT16_MAX || algorithm > 255)
		return false;
	*key = (struct key){.algorithm = (uint8_t)algorithm, .tag = (uint16_t)tag};
	/* The last one of an algorithm is called CSK there, whatever it was made as. */
	key->role = dnskey_flags == MSIG_DNSKEY_ZONE ? MSIG_KEY_ROLE_ZSK
		    : strcmp(role, "CSK") == 0       ? MSIG_KEY_ROLE_CSK
						     : MSIG_KEY_ROLE_KSK;
	snprintf(key->id, sizeof(key->id), "%lu-%u", id, tag);
	*flags = (strcmp(active, "Active") == 0 ? ACTIVE : 0) |
		 (strcmp(published, "Published") == 0 ? PUBLISHED : 0);
	return (dnskey_flags == 256 || dnskey_flags == 257) &&
	       (strcmp(active, "Active") == 0 || strcmp(active, "Inactive") == 0) &&
	       (strcmp(published, "Published") == 0 || strcmp(published, "Unpublished") == 0);
}

/* "\tX-MSIG-KEY\t2-41293:active" */
static void
note_meta(const char *value, char ids[][KEY_ID], uint8_t *states, unsigned *count)
{
	const char *colon = strchr(value, ':');
	size_t len = colon != NULL ? (size_t)(colon - value) : 0;
	uint8_t state = colon != NULL ? state_named(colon + 1, strcspn(colon + 1, ", \t")) : 0;

	if (len == 0 || len >= KEY_ID || state == 0 || *count == KEYS_MAX)
		return; /* somebody else's word: the flags count */
	memcpy(ids[*count], value, len);
	ids[*count][len] = '\0';
	states[(*count)++] = state;
}

static int
parse_zone(struct job *job)
{
	static char ids[KEYS_MAX][KEY_ID];
	static uint8_t states[KEYS_MAX];
	struct keys *keys = &store.keys;
	unsigned noted = 0;
	char *save = NULL;

	store.keys.count = 0;
	store.publishes_cds = false;
	if (strlen(result.out) != result.len)
		return job_fail(job, MSIG_EVALUE, "%s show-zone: is no text", job->conf->pdnsutil);
	for (char *line = strtok_r(result.out, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "\t" META "\t", strlen(META) + 2) == 0) {
			note_meta(line + strlen(META) + 2, ids, states, &noted);
		} else if (strncmp(line, "\tPUBLISH-CD", 11) == 0) {
			store.publishes_cds = true;
		} else if (strncmp(line, "ID = ", 5) == 0) {
			if (keys->count == KEYS_MAX)
				return job_fail(job, MSIG_ESIZE,
						"the store has more than %d keys of the zone",
						KEYS_MAX);
			if (!parse_key(line, &keys->at[keys->count], &store.flags[keys->count]))
				return job_fail(job, MSIG_EVALUE,
						"%s show-zone: \"%.60s\" is not "
						"understood",
						job->conf->pdnsutil, line);
			keys->count++;
		} else if (strstr(line, " DNSKEY = ") != NULL && keys->count > 0 &&
			   keys->at[keys->count - 1].len == 0 &&
			   key_parse_dnskey(line, &keys->at[keys->count - 1]) != 0) {
			return job_fail(job, MSIG_EVALUE,
					"%s show-zone: that is not the DNSKEY of "
					"key %s",
					job->conf->pdnsutil, keys->at[keys->count - 1].id);
		}
	}
	for (unsigned i = 0; i < keys->count; i++) {
		store.noted[i] = 0;
		for (unsigned n = 0; n < noted; n++)
			if (strcmp(ids[n], keys->at[i].id) == 0)
				store.noted[i] = states[n];
		/* Noted are those that we made, and we make no CSK. */
		if (store.noted[i] != 0 && keys->at[i].role == MSIG_KEY_ROLE_CSK)
			keys->at[i].role = MSIG_KEY_ROLE_KSK;
		if (keys->at[i].len == 0)
			return job_fail(job, MSIG_EVALUE, "%s show-zone: key %s has no DNSKEY",
					job->conf->pdnsutil, keys->at[i].id);
		keys->at[i].state = state_of(&keys->at[i], store.flags[i], store.noted[i]);
	}
	return 0;
}

static int
pdns_list(struct job *job, struct keys *keys)
{
	int ret;

	store.keys.count = 0;
	if (job->name[0] == '-')
		return job_fail(job, MSIG_EVALUE, "pdnsutil takes this name for an option");
	ret = pdnsutil(job, "show-zone", NULL, NULL);
	if (ret == 0)
		ret = parse_zone(job);
	if (ret != 0)
		store.keys.count = 0;
	*keys = store.keys;
	return ret;
}

/* Changing ------------------------------------------------------------------------------------- */

/* Its caches hold keys, and whole answers, for half a minute: those of all names of the zone go. */
static int
pdns_settle(struct job *job)
{
	char all[sizeof(job->name) + 1];
	const char *const words[] = {"purge", all, NULL};
	int ret;

	snprintf(all, sizeof(all), "%s$", job->name);
	ret = start(job, job->conf->pdns_control, words);

	job->settled = ret == 0;
	if (ret == 0)
		job->why[0] = '\0';
	return ret;
}

/* What is noted of each key; 0: nothing. */
static int
write_notes(struct job *job, const uint8_t *states)
{
	static char text[KEYS_MAX][KEY_ID + 16];
	const char *words[KEYS_MAX + 4] = {"set-meta", job->name, META};
	unsigned n = 3;
	bool same = true;

	for (unsigned i = 0; i < store.keys.count; i++) {
		same &= states[i] == store.noted[i];
		if (states[i] == 0)
			continue;
		snprintf(text[i], sizeof(text[i]), "%s:%s", store.keys.at[i].id,
			 msig_key_state_name(states[i]));
		words[n++] = text[i];
	}
	words[n] = NULL;
	return same ? 0 : start(job, job->conf->pdnsutil, words);
}

static int
pdns_make(struct job *job, uint8_t role, uint8_t algorithm)
{
	static const char *const names[] = {
	    [8] = "rsasha256", [10] = "rsasha512", [13] = "ecdsa256",
	    [14] = "ecdsa384", [15] = "ed25519",   [16] = "ed448",
	};
	const char *words[] = {"add-zone-key", job->name,     msig_key_role_name(role),
			       "inactive",     "unpublished", NULL,
			       NULL,           NULL};

	static struct keys keys;
	uint8_t states[KEYS_MAX];
	char id[24];
	int ret;

	if (role == MSIG_KEY_ROLE_CSK)
		return job_fail(job, MSIG_EREFUSED,
				"PowerDNS cannot bring in a CSK: it would sign the zone's data as "
				"soon as it signs DNSKEY; use a KSK and a ZSK");
	if (algorithm >= sizeof(names) / sizeof(*names) || names[algorithm] == NULL)
		return job_fail(job, MSIG_EVALUE, "PowerDNS has no algorithm %u", algorithm);
	words[5] = algorithm < 13 ? "2048" : names[algorithm];
	words[6] = algorithm < 13 ? names[algorithm] : NULL;
	ret = start(job, job->conf->pdnsutil, words);
	if (ret != 0)
		return ret;
	/* It prints the number. */
	snprintf(id, sizeof(id), "%lu-", strtoul(result.out, NULL, 10));
	ret = pdns_list(job, &keys);
	for (unsigned i = 0; i < keys.count; i++)
		states[i] = strncmp(keys.at[i].id, id, strlen(id)) == 0 ? MSIG_KEY_STATE_MADE
									: store.noted[i];
	return ret == 0 ? write_notes(job, states) : ret;
}

/* From one combination to the other; more is shown before it signs, and signs no more before it is
 * hidden. */
static int
write_flags(struct job *job, unsigned i, unsigned to)
{
	unsigned from = store.flags[i];
	char id[32];
	int ret = 0;

	snprintf(id, sizeof(id), "%.*s", (int)strcspn(store.keys.at[i].id, "-"),
		 store.keys.at[i].id);
	if ((to & PUBLISHED) > (from & PUBLISHED))
		ret = pdnsutil(job, "publish-zone-key", id, NULL);
	if (ret == 0 && (to & ACTIVE) != (from & ACTIVE))
		ret =
		    pdnsutil(job, (to & ACTIVE) != 0 ? "activate-zone-key" : "deactivate-zone-key",
			     id, NULL);
	if (ret == 0 && (to & PUBLISHED) < (from & PUBLISHED))
		ret = pdnsutil(job, "unpublish-zone-key", id, NULL);
	return ret;
}

/* Somebody has to go on signing. */
static bool
is_last(unsigned self, uint8_t state)
{
	const struct key *key = &store.keys.at[self];

	if (key->state < MSIG_KEY_STATE_READY || key->state > MSIG_KEY_STATE_RETIRED ||
	    (state >= MSIG_KEY_STATE_PUBLISHED && state <= MSIG_KEY_STATE_ACTIVE) ||
	    (key_is_ksk(key) && state == MSIG_KEY_STATE_RETIRED))
		return false;
	for (unsigned i = 0; i < store.keys.count; i++) {
		const struct key *other = &store.keys.at[i];
		if (i != self && store.flags[i] == (ACTIVE | PUBLISHED) &&
		    (other->role == key->role || other->role == MSIG_KEY_ROLE_CSK))
			return false;
	}
	return store.flags[self] == (ACTIVE | PUBLISHED);
}

static unsigned
flags_for(const struct key *key, unsigned from, uint8_t state)
{
	uint8_t good = fits[state][key->role == MSIG_KEY_ROLE_KSK];

	/* A ZSK that was signing goes on with it. */
	if (state == MSIG_KEY_STATE_PUBLISHED && key->state == MSIG_KEY_STATE_SIGNING)
		return ACTIVE | PUBLISHED;
	if (state == key->state && (good >> from & 1) != 0)
		return from;
	for (unsigned flags = 0; flags < 4; flags++)
		if ((good >> flags & 1) != 0)
			return flags;
	return from;
}

static int
pdns_set(struct job *job, const char *id, uint8_t state)
{
	uint8_t states[KEYS_MAX];
	struct key *key;
	unsigned self = 0;
	int ret;

	while (self < store.keys.count && strcmp(store.keys.at[self].id, id) != 0)
		self++;
	if (self == store.keys.count)
		return job_fail(job, MSIG_EMISSING, "the store has no key %.40s", id);
	key = &store.keys.at[self];
	if (key->role == MSIG_KEY_ROLE_CSK)
		return job_fail(job, MSIG_EREFUSED,
				"PowerDNS cannot move a CSK from state to state");
	if (store.publishes_cds && key->role == MSIG_KEY_ROLE_KSK)
		return job_fail(
		    job, MSIG_EREFUSED,
		    "PowerDNS would name each published KSK by CDS: pdnsutil "
		    "unset-publish-cds and unset-publish-cdnskey, and signer-records: all");
	if (is_last(self, state))
		return job_fail(job, MSIG_EREFUSED, "key %u is the last %s that signs", key->tag,
				msig_key_role_name(key->role));
	for (unsigned i = 0; i < store.keys.count; i++) {
		const struct key *other = &store.keys.at[i];
		states[i] = i == self ? state : store.noted[i];
		if (i != self && state == MSIG_KEY_STATE_ACTIVE &&
		    key->state == MSIG_KEY_STATE_READY && other->role == MSIG_KEY_ROLE_KSK &&
		    other->state == MSIG_KEY_STATE_ACTIVE)
			states[i] = MSIG_KEY_STATE_RETIRED;
	}
	job->settled = false;
	ret = write_notes(job, states);
	if (ret == 0)
		ret = write_flags(job, self, flags_for(key, store.flags[self], state));
	return ret == 0 ? pdns_settle(job) : ret;
}

static int
pdns_discard(struct job *job, const char *id)
{
	uint8_t states[KEYS_MAX];
	char number[32];
	int ret;

	for (unsigned i = 0; i < store.keys.count; i++)
		states[i] = strcmp(store.keys.at[i].id, id) == 0 ? 0 : store.noted[i];
	snprintf(number, sizeof(number), "%.*s", (int)strcspn(id, "-"), id);
	ret = pdnsutil(job, "remove-zone-key", number, NULL);
	return ret == 0 ? write_notes(job, states) : ret;
}

const struct driver driver_pdns = {
    .name = "pdns",
    .list = pdns_list,
    .make = pdns_make,
    .set = pdns_set,
    .discard = pdns_discard,
    .settle = pdns_settle,
};
