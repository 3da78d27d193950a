/*
 * See bindkey.h.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <libknot/libknot.h>
#include "libmsig/err.h"
#include "libmsig/key.h"
#include "signerd/bindkey.h"
#include "signerd/run.h"

#define PATH 4096
#define FILE_MAX 16384 /* RSA-8192 has 7 kB */
#define BASE 900       /* K<zone>+<algorithm>+<tag>, the zone escaped */
#define MAKE_TRIES 5   /* a key whose tag the zone has already is made anew */

static struct run_result result; /* large; one program at a time */

static const struct {
	const char *option, *name;
} names[] = {
#define X(id, option, name) {option, name},
    BINDKEY_TIMES(X)
#undef X
};

/* Names ---------------------------------------------------------------------------------------- */

/* As BIND writes a zone in the name of a file: what is no letter, digit, - or _ as %XX. */
static int
zone_base(struct job *job, char base[BASE])
{
	size_t n = 0;

	base[n++] = 'K';
	for (const uint8_t *label = job->zone; *label != 0; label += *label + 1) {
		for (unsigned i = 1; i <= *label; i++) {
			uint8_t c = label[i];
			if (n + 6 > BASE)
				return job_fail(job, MSIG_ESIZE,
						"the zone's name is too long for a key file");
			bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
				     c == '_';
			n += (size_t)(plain ? snprintf(base + n, 2, "%c", c)
					    : snprintf(base + n, 4, "%%%02X", c));
		}
		base[n++] = '.';
	}
	if (n == 1)
		base[n++] = '.';
	base[n] = '\0';
	return 0;
}

/* "013+04711" */
static bool
id_is_good(const char *id)
{
	return strlen(id) == 9 && strspn(id, "0123456789") == 3 && id[3] == '+' &&
	       strspn(id + 4, "0123456789") == 5;
}

static int
path_of(struct job *job, const char *folder, const char *id, const char *suffix, char path[PATH])
{
	char base[BASE];
	int ret = zone_base(job, base);

	if (ret != 0)
		return ret;
	if (!id_is_good(id))
		return job_fail(job, MSIG_EVALUE, "\"%.20s\" is no key of BIND", id);
	if (snprintf(path, PATH, "%s/%s+%s%s", folder, base, id, suffix) >= PATH)
		return job_fail(job, MSIG_ESIZE, "%.200s: the path is too long", folder);
	return 0;
}

static int
failed(struct job *job, const char *path)
{
	int error = errno;

	return job_fail(job, knot_map_errno_code(error), "%.400s: %s", path, strerror(error));
}

/* Programs ------------------------------------------------------------------------------------- */

static int
run(struct job *job, const char *const argv[])
{
	int ret = run_program(argv, job->deadline, &result);

	if (ret != 0)
		return job_fail(job, ret, "%s: %s", argv[0], result.err);
	if (result.status != 0)
		return job_fail(job, KNOT_ERROR, "%s: %s", argv[0],
				*result.err != '\0' ? result.err
						    : "it failed and does not say why");
	return 0;
}

/* Reading -------------------------------------------------------------------------------------- */

static int
read_file(struct job *job, const char *path, char *text, size_t *len)
{
	FILE *f = fopen(path, "re");
	int ret = 0;

	if (f == NULL)
		return failed(job, path);
	*len = fread(text, 1, FILE_MAX, f);
	if (ferror(f) != 0)
		ret = failed(job, path);
	else if (*len == FILE_MAX)
		ret = job_fail(job, MSIG_ESIZE, "%.400s: is too long for a key", path);
	else
		text[*len] = '\0';
	fclose(f);
	return ret;
}

/* The record, without the blanks in its base64. */
static int
read_dnskey(struct job *job, struct key *key)
{
	static char text[FILE_MAX];
	char path[PATH], *at, *to;
	unsigned flags, protocol, algorithm;
	size_t len;
	int start = 0, ret = path_of(job, job->conf->bind_keys, key->id, ".key", path);

	if (ret == 0)
		ret = read_file(job, path, text, &len);
	if (ret != 0)
		return ret;
	at = strstr(text, " DNSKEY ");
	if (strlen(text) != len || at == NULL ||
	    sscanf(at, " DNSKEY %u %u %u %n", &flags, &protocol, &algorithm, &start) != 3 ||
	    start == 0)
		return job_fail(job, MSIG_EVALUE, "%.400s: has no DNSKEY", path);
	to = at + start;
	for (const char *from = to; *from != '\0' && *from != '\n'; from++)
		if (*from != ' ' && *from != '\t')
			*to++ = *from;
	*to = '\0';
	key->role = (flags & MSIG_DNSKEY_SEP) != 0 ? MSIG_KEY_ROLE_KSK : MSIG_KEY_ROLE_ZSK;
	if ((flags & ~(unsigned)MSIG_DNSKEY_SEP) != MSIG_DNSKEY_ZONE ||
	    key_parse_dnskey(at, key) != 0)
		return job_fail(job, MSIG_EVALUE, "%.400s: is not the DNSKEY of that key", path);
	return 0;
}

/* "Publish: 1795966229", "Inactive: UNSET" */
static int
parse_times(struct job *job, const char *id, struct keytimes *times)
{
	unsigned found = 0;
	char *save = NULL;

	if (strlen(result.out) != result.len)
		return job_fail(job, MSIG_EVALUE, "%s -p: is no text", job->conf->dnssec_settime);
	*times = (struct keytimes){{0}};
	for (char *line = strtok_r(result.out, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		for (int i = 0; i < BINDKEY_COUNT; i++) {
			size_t len = strlen(names[i].name);
			char *end;
			if (strncmp(line, names[i].name, len) != 0 || line[len] != ':')
				continue;
			found |= 1U << i;
			if (strcmp(line + len, ": UNSET") == 0)
				continue;
			times->at[i] = strtoull(line + len + 1, &end, 10);
			if (*end != '\0' || end[-1] == ' ' || strchr(line, '-') != NULL)
				return job_fail(job, MSIG_EVALUE,
						"%s -p: key %s: \"%.60s\" is not understood",
						job->conf->dnssec_settime, id, line);
		}
	}
	if (found != (1U << BINDKEY_COUNT) - 1)
		return job_fail(job, MSIG_EVALUE, "%s -p: key %s: not all times are there",
				job->conf->dnssec_settime, id);
	return 0;
}

static int
read_times(struct job *job, const char *id, struct keytimes *times)
{
	char path[PATH];
	const char *const argv[] = {job->conf->dnssec_settime, "-p", "all", "-u", path, NULL};
	int ret = path_of(job, job->conf->bind_keys, id, ".private", path);

	if (ret == 0)
		ret = run(job, argv);
	return ret == 0 ? parse_times(job, id, times) : ret;
}

/* The id in the name of a .private file of the zone. */
static bool
take_name(const char *name, const char *base, struct key *key)
{
	size_t len = strlen(base);

	if (strncmp(name, base, len) != 0 || name[len] != '+' ||
	    strlen(name) != len + 1 + 9 + strlen(".private") ||
	    strcmp(name + len + 10, ".private") != 0)
		return false;
	*key = (struct key){0};
	memcpy(key->id, name + len + 1, 9);
	unsigned long algorithm = strtoul(key->id, NULL, 10), tag = strtoul(key->id + 4, NULL, 10);
	key->algorithm = (uint8_t)algorithm;
	key->tag = (uint16_t)tag;
	return id_is_good(key->id) && algorithm > 0 && algorithm <= 255 && tag <= UINT16_MAX;
}

static int
by_id(const void *a, const void *b)
{
	return strcmp(((const struct key *)a)->id, ((const struct key *)b)->id);
}

static int
find_files(struct job *job, struct keys *keys)
{
	char base[BASE];
	struct dirent *entry;
	DIR *dir;
	int ret = zone_base(job, base);

	keys->count = 0;
	if (ret != 0)
		return ret;
	dir = opendir(job->conf->bind_keys);
	if (dir == NULL)
		return failed(job, job->conf->bind_keys);
	while (ret == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
		struct key key;
		if (!take_name(entry->d_name, base, &key))
			continue;
		if (keys->count == KEYS_MAX)
			ret = job_fail(job, MSIG_ESIZE, "%.200s has more than %d keys of the zone",
				       job->conf->bind_keys, KEYS_MAX);
		else
			keys->at[keys->count++] = key;
	}
	if (ret == 0 && errno != 0)
		ret = failed(job, job->conf->bind_keys);
	closedir(dir);
	qsort(keys->at, keys->count, sizeof(keys->at[0]), by_id);
	return ret;
}

int
bindkey_list(struct job *job, struct keys *keys, struct keytimes *times)
{
	int ret = find_files(job, keys);

	for (unsigned i = 0; i < keys->count && ret == 0; i++) {
		ret = read_dnskey(job, &keys->at[i]);
		if (ret == 0)
			ret = read_times(job, keys->at[i].id, &times[i]);
	}
	if (ret != 0)
		keys->count = 0;
	return ret;
}

/* Aside ---------------------------------------------------------------------------------------- */

/* A folder of this zone's own beside the keys, empty. What a crash left in it was never in use. */
static int
open_aside(struct job *job, char folder[PATH])
{
	char base[BASE];
	struct dirent *entry;
	DIR *dir;
	int ret = zone_base(job, base);

	if (ret != 0)
		return ret;
	if (snprintf(folder, PATH, "%s/.msig-%s", job->conf->bind_keys, base) >= PATH)
		return job_fail(job, MSIG_ESIZE, "%.200s: the path is too long",
				job->conf->bind_keys);
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return failed(job, folder);
	dir = opendir(folder);
	if (dir == NULL)
		return failed(job, folder);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	return 0;
}

static int
copy_aside(struct job *job, const char *folder, const char *id, const char *suffix)
{
	static char text[FILE_MAX];
	char from[PATH], to[PATH];
	size_t len;
	int fd, ret = path_of(job, job->conf->bind_keys, id, suffix, from);

	if (ret == 0)
		ret = path_of(job, folder, id, suffix, to);
	if (ret == 0)
		ret = read_file(job, from, text, &len);
	if (ret != 0)
		return ret;
	fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed(job, to);
	if (write(fd, text, len) != (ssize_t)len)
		ret = failed(job, to);
	close(fd);
	explicit_bzero(text, sizeof(text));
	return ret;
}

static int
sync_path(struct job *job, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret = 0;

	if (fd < 0 || fsync(fd) != 0)
		ret = failed(job, path);
	if (fd >= 0)
		close(fd);
	return ret;
}

/* The tools let nobody but the owner read the private half; named is of the folder's group. The
 * .private file is the last one: with it the change is made. */
static int
move_back(struct job *job, const char *folder, const char *id)
{
	static const char *const suffix[] = {".key", ".private"};
	const char *keys = job->conf->bind_keys;
	char from[2][PATH], to[2][PATH], state[PATH];
	struct stat st;
	int ret = 0;

	if (stat(keys, &st) != 0)
		return failed(job, keys);
	for (int i = 0; i < 2 && ret == 0; i++) {
		ret = path_of(job, folder, id, suffix[i], from[i]);
		if (ret == 0)
			ret = path_of(job, keys, id, suffix[i], to[i]);
		if (ret == 0 && (chown(from[i], (uid_t)-1, st.st_gid) != 0 ||
				 chmod(from[i], i == 0 ? 0644 : 0640) != 0))
			ret = failed(job, from[i]);
		if (ret == 0)
			ret = sync_path(job, from[i]);
	}
	/* What a dnssec-policy of before has left would count together with the times. */
	if (ret == 0)
		ret = path_of(job, keys, id, ".state", state);
	if (ret == 0 && unlink(state) != 0 && errno != ENOENT)
		ret = failed(job, state);
	for (int i = 0; i < 2 && ret == 0; i++)
		if (rename(from[i], to[i]) != 0)
			ret = failed(job, to[i]);
	return ret == 0 ? sync_path(job, keys) : ret;
}

static void
close_aside(const char *folder)
{
	(void)rmdir(folder); /* empty, or looked at by whoever opens it next */
}

/* Changing ------------------------------------------------------------------------------------- */

int
bindkey_write(struct job *job, const char *id, const struct keytimes *times)
{
	char folder[PATH], path[PATH], text[BINDKEY_COUNT][24];
	const char *argv[BINDKEY_COUNT * 3 + 3] = {job->conf->dnssec_settime};
	int n = 1, ret = open_aside(job, folder);

	if (ret == 0)
		ret = copy_aside(job, folder, id, ".key");
	if (ret == 0)
		ret = copy_aside(job, folder, id, ".private");
	if (ret == 0)
		ret = path_of(job, folder, id, ".private", path);
	for (int i = 0; i < BINDKEY_COUNT && ret == 0; i++) {
		time_t at = (time_t)times->at[i];
		struct tm tm;
		/* "-Psync" is two words */
		argv[n++] = names[i].option[1] == 'P'   ? "-P"
			    : names[i].option[1] == 'D' ? "-D"
							: names[i].option;
		if (names[i].option[2] != '\0')
			argv[n++] = names[i].option + 2;
		argv[n++] = text[i];
		if (times->at[i] == 0)
			strcpy(text[i], "none");
		else if (gmtime_r(&at, &tm) == NULL ||
			 strftime(text[i], sizeof(text[i]), "%Y%m%d%H%M%S", &tm) == 0)
			ret = job_fail(job, MSIG_EVALUE, "%" PRIu64 " is no time", times->at[i]);
	}
	argv[n++] = path;
	if (ret == 0)
		ret = run(job, argv);
	if (ret == 0)
		ret = move_back(job, folder, id);
	close_aside(folder);
	return ret;
}

/* What dnssec-keygen prints: the name of the file, without its ending. */
static int
take_made(struct job *job, char id[KEY_ID])
{
	char base[BASE];
	size_t len;
	int ret = zone_base(job, base);

	if (ret != 0)
		return ret;
	len = strlen(base);
	result.out[strcspn(result.out, " \n")] = '\0';
	if (strncmp(result.out, base, len) != 0 || result.out[len] != '+' ||
	    !id_is_good(result.out + len + 1))
		return job_fail(job, MSIG_EVALUE,
				"%s: printed \"%.80s\", which is no key of the zone",
				job->conf->dnssec_keygen, result.out);
	strcpy(id, result.out + len + 1);
	return 0;
}

static bool
tag_is_taken(struct job *job, const char *id)
{
	char path[PATH];

	return path_of(job, job->conf->bind_keys, id, ".private", path) != 0 ||
	       access(path, F_OK) == 0;
}

int
bindkey_make(struct job *job, bool ksk, uint8_t algorithm)
{
	char folder[PATH], number[8], id[KEY_ID];
	int ret = KNOT_ERROR;

	snprintf(number, sizeof(number), "%u", algorithm);
	for (int tries = 0; tries < MAKE_TRIES; tries++) {
		const char *argv[20] = {job->conf->dnssec_keygen,
					"-q",
					"-a",
					number,
					"-P",
					"none",
					"-A",
					"none",
					"-K",
					folder};
		int n = 10;
		if (ksk) {
			argv[n++] = "-f";
			argv[n++] = "KSK";
		}
		if (algorithm < 13) {
			argv[n++] = "-b";
			argv[n++] = "2048";
		}
		argv[n++] = job->name;
		ret = open_aside(job, folder);
		if (ret == 0)
			ret = run(job, argv);
		if (ret == 0)
			ret = take_made(job, id);
		if (ret != 0)
			return ret;
		if (tag_is_taken(job, id)) {
			ret = job_fail(job, MSIG_EDOUBT, "the tags of new keys are all taken");
			continue;
		}
		ret = move_back(job, folder, id);
		close_aside(folder);
		return ret;
	}
	return ret;
}

int
bindkey_delete(struct job *job, const char *id)
{
	static const char *const suffix[] = {".private", ".key", ".state"};
	char path[PATH];
	int ret = 0;

	for (int i = 0; i < 3 && ret == 0; i++) {
		ret = path_of(job, job->conf->bind_keys, id, suffix[i], path);
		if (ret == 0 && unlink(path) != 0 && errno != ENOENT)
			ret = failed(job, path);
	}
	return ret == 0 ? sync_path(job, job->conf->bind_keys) : ret;
}
