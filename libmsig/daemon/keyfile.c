/*
 * TSIG keys from the files that other servers' tools write, as they are: Knot's key block (keymgr
 * -t), BIND's key statement (tsig-keygen), and the line alg:name:secret of kdig -y and knsupdate.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <libknot/yparser/yparser.h>
#include "libmsig/err.h"
#include "libmsig/daemon/conf_int.h"
#include "libmsig/daemon/log.h"

#define FILE_MAX (8 << 20)

int
keyfile_make(const char *name, const char *algorithm, const char *secret, knot_tsig_key_t *key,
	     char *err, size_t errlen)
{
	static const char *const good[] = {"hmac-sha256", "hmac-sha384", "hmac-sha512"};
	bool known = false;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		known = known || strcasecmp(algorithm, good[i]) == 0;
	if (!known) {
		snprintf(err, errlen,
			 "algorithm %s: is not one of hmac-sha256, hmac-sha384, hmac-sha512",
			 algorithm);
		return MSIG_ECONF;
	}
	if (knot_tsig_key_init(key, algorithm, name, secret) != KNOT_EOK || key->secret.size == 0) {
		knot_tsig_key_deinit(key);
		snprintf(err, errlen, "the secret is not base64");
		return MSIG_ECONF;
	}
	knot_dname_to_lower(key->name);
	return 0;
}

static bool
same_name(const char *a, const char *b)
{
	knot_dname_storage_t na, nb;
	return knot_dname_from_str(na, a, sizeof(na)) != NULL &&
	       knot_dname_from_str(nb, b, sizeof(nb)) != NULL && knot_dname_is_case_equal(na, nb);
}

/* Knot: the key block, perhaps among other sections. MSIG_EMISSING if the key is not there. */
static int
read_knot(const char *text, size_t len, const char *name, knot_tsig_key_t *key, char *err,
	  size_t errlen)
{
	char algorithm[64] = "", secret[1024] = "";
	bool in_keys = false, ours = false, found = false;
	yp_parser_t *yp = xcalloc(1, sizeof(*yp));
	yp_init(yp);
	int ret = yp_set_input_string(yp, text, len);
	while (ret == KNOT_EOK && (ret = yp_parse(yp)) == KNOT_EOK) {
		if (yp->event == YP_EKEY0)
			in_keys = strcmp(yp->key, "key") == 0;
		if (yp->event != YP_EKEY1)
			ours = in_keys && yp->event == YP_EID && same_name(yp->data, name);
		found = found || ours;
		if (ours && strcmp(yp->key, "algorithm") == 0)
			snprintf(algorithm, sizeof(algorithm), "%.63s", yp->data);
		if (ours && strcmp(yp->key, "secret") == 0)
			snprintf(secret, sizeof(secret), "%.1023s", yp->data);
	}
	unsigned line = (unsigned)yp->line_count;
	yp_deinit(yp);
	explicit_bzero(yp, sizeof(*yp));
	free(yp);
	if (ret != KNOT_EOF) {
		snprintf(err, errlen, "line %u: %s", line, knot_strerror(ret));
		ret = MSIG_ECONF;
	} else if (!found) {
		ret = MSIG_EMISSING;
	} else if (secret[0] == '\0') {
		snprintf(err, errlen, "the key has no secret there");
		ret = MSIG_ECONF;
	} else {
		ret = keyfile_make(name, algorithm, secret, key, err, errlen);
	}
	explicit_bzero(secret, sizeof(secret));
	return ret;
}

/* The next word of a BIND file: a quoted string, one of { } ;, or what stands between spaces. Skips
 * the three kinds of comments. False at the end. */
static bool
bind_word(const char **at, char *word, size_t max)
{
	const char *p = *at;
	size_t n = 0;
	for (;;) {
		p += strspn(p, " \t\r\n");
		if (*p == '#' || strncmp(p, "//", 2) == 0) {
			p += strcspn(p, "\n");
		} else if (strncmp(p, "/*", 2) == 0) {
			const char *end = strstr(p + 2, "*/");
			p = end != NULL ? end + 2 : p + strlen(p);
		} else {
			break;
		}
	}
	if (*p == '"') {
		for (p++; *p != '\0' && *p != '"' && *p != '\n'; p++) {
			if (n + 1 < max)
				word[n++] = *p;
		}
		p += *p == '"';
	} else if (strchr("{};", *p) != NULL && *p != '\0') {
		word[n++] = *p++;
	} else {
		for (; *p != '\0' && strchr(" \t\r\n{};\"", *p) == NULL; p++) {
			if (n + 1 < max)
				word[n++] = *p;
		}
	}
	word[n] = '\0';
	bool any = p != *at && (n > 0 || p[-1] == '"');
	*at = p;
	return any;
}

static int
read_bind(const char *text, const char *name, knot_tsig_key_t *key, char *err, size_t errlen)
{
	char word[1024], before[1024] = "", algorithm[64] = "", secret[1024] = "";
	bool ours = false, found = false;
	int depth = 0;
	while (bind_word(&text, word, sizeof(word))) {
		if (strcmp(word, "{") == 0) {
			depth++;
		} else if (strcmp(word, "}") == 0) {
			depth--;
		} else if (depth == 0 && strcmp(before, "key") == 0) {
			ours = same_name(word, name);
			found = found || ours;
		} else if (ours && strcmp(before, "algorithm") == 0) {
			snprintf(algorithm, sizeof(algorithm), "%.63s", word);
		} else if (ours && strcmp(before, "secret") == 0) {
			snprintf(secret, sizeof(secret), "%s", word);
		}
		memcpy(before, word, sizeof(before));
	}
	explicit_bzero(word, sizeof(word));
	explicit_bzero(before, sizeof(before));
	if (!found)
		return MSIG_EMISSING;
	if (depth != 0 || secret[0] == '\0' || algorithm[0] == '\0') {
		snprintf(err, errlen,
			 "the key statement lacks its algorithm, its secret, or its end");
		return MSIG_ECONF;
	}
	int ret = keyfile_make(name, algorithm, secret, key, err, errlen);
	explicit_bzero(secret, sizeof(secret));
	return ret;
}

/* alg:name:secret. A name has no colon, base64 neither. */
static int
read_line(const char *line, const char *name, knot_tsig_key_t *key, char *err, size_t errlen)
{
	char algorithm[64] = "", id[256] = "", secret[1024] = "";
	int end = 0;
	if (sscanf(line, " %63[^: \n]:%255[^: \n]:%1023[A-Za-z0-9+/=] %n", algorithm, id, secret,
		   &end) != 3) {
		snprintf(err, errlen,
			 "is neither a key block of Knot, nor a key statement of BIND, nor "
			 "alg:name:secret");
		return MSIG_ECONF;
	}
	int ret = MSIG_EMISSING;
	if (same_name(id, name))
		ret = keyfile_make(name, algorithm, secret, key, err, errlen);
	explicit_bzero(secret, sizeof(secret));
	return ret;
}

static int
read_all(const char *path, char **text, size_t *len, char *err, size_t errlen)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : -1;
	if (size < 0 || size > FILE_MAX || lseek(fd, 0, SEEK_SET) != 0) {
		snprintf(err, errlen, "%s", size > FILE_MAX ? "too large" : strerror(errno));
		if (fd >= 0)
			close(fd);
		return MSIG_ECONF;
	}
	*text = xcalloc(1, (size_t)size + 1);
	*len = 0;
	ssize_t n;
	while (*len < (size_t)size && (n = read(fd, *text + *len, (size_t)size - *len)) > 0)
		*len += (size_t)n;
	close(fd);
	return 0;
}

/* Behind comments and empty lines. */
static const char *
first_line(const char *text)
{
	for (;;) {
		text += strspn(text, " \t\r\n");
		if (*text != '#' && strncmp(text, "//", 2) != 0)
			return text;
		text += strcspn(text, "\n");
	}
}

/* A line that starts with "key:", as Knot's block does. */
static bool
has_key_section(const char *text)
{
	return strncmp(text, "key:", 4) == 0 || strstr(text, "\nkey:") != NULL;
}

int
keyfile_parse(const char *text, const char *name, knot_tsig_key_t *key, char *err, size_t errlen)
{
	const char *start = first_line(text);
	int ret;
	if (has_key_section(text))
		ret = read_knot(text, strlen(text), name, key, err, errlen);
	else if (strncmp(start, "key", 3) == 0 && isspace((unsigned char)start[3]))
		ret = read_bind(text, name, key, err, errlen);
	else if (strncmp(start, "/*", 2) == 0)
		ret = read_bind(text, name, key, err, errlen);
	else
		ret = read_line(start, name, key, err, errlen);
	if (ret == MSIG_EMISSING)
		snprintf(err, errlen, "has no key named %s", name);
	return ret;
}

int
keyfile_read(const char *path, const char *name, knot_tsig_key_t *key, char *err, size_t errlen)
{
	char *text;
	size_t len;
	int ret = read_all(path, &text, &len, err, errlen);
	if (ret != 0)
		return ret;
	ret = keyfile_parse(text, name, key, err, errlen);
	explicit_bzero(text, len);
	free(text);
	return ret;
}
