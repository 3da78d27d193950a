#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "combinerd/base.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"

static const uint8_t magic[8] = {'m', 's', 'i', 'g', 'z', 'o', 'n', '1'};

#define BLOCK 262144UL
#define BLOCK_MAX (BLOCK + 70000) /* the last record may go over */
#define NAME_PART 180

void
base_file_name(const knot_dname_t *zone, char name[BASE_NAME])
{
	knot_dname_txt_storage_t text;
	knot_dname_storage_t lower;
	size_t n = 0;

	knot_dname_copy_lower(lower, zone);
	if (knot_dname_to_str(text, lower, sizeof(text)) == NULL)
		text[0] = '\0';
	for (const char *c = text; *c != '\0' && n < NAME_PART; c++) {
		bool plain = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '-' ||
			     *c == '_' || (*c == '.' && n > 0);
		if (plain)
			name[n++] = *c;
		else
			n += (size_t)snprintf(name + n, 4, "%%%02x", (unsigned char)*c);
	}
	/* a long name is told from others by a checksum */
	if (n >= NAME_PART)
		n += (size_t)snprintf(
		    name + n, 20, "%%%016llx",
		    (unsigned long long)rr_checksum(lower, knot_dname_size(lower)));
	name[n] = '\0';
}

int
base_sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return MSIG_EDISK;
	int ret = fsync(fd);
	close(fd);
	return ret == 0 ? 0 : MSIG_EDISK;
}

/* Writing ------------------------------------------------------------------------------------ */

static bool
write_block(FILE *file, const struct rr_buf *buf)
{
	uint8_t head[12];
	uint64_t sum = rr_checksum(buf->data, buf->len);

	knot_wire_write_u32(head, (uint32_t)buf->len);
	knot_wire_write_u32(head + 4, (uint32_t)(sum >> 32));
	knot_wire_write_u32(head + 8, (uint32_t)sum);
	return fwrite(head, sizeof(head), 1, file) == 1 &&
	       (buf->len == 0 || fwrite(buf->data, buf->len, 1, file) == 1);
}

static bool
write_records(FILE *file, struct version *version)
{
	struct store_iter *iter = version_iterate(version);
	struct rr_buf buf = {0};
	struct rr rr;
	bool ok = fwrite(magic, sizeof(magic), 1, file) == 1;

	while (ok && store_iter_next(iter, &rr)) {
		rr_put(&buf, &rr);
		if (buf.len >= BLOCK) {
			ok = write_block(file, &buf);
			buf.len = 0;
		}
	}
	ok = ok && (buf.len == 0 || write_block(file, &buf));
	buf.len = 0;
	ok = ok && write_block(file, &buf); /* an empty block ends the file */
	store_iter_free(iter);
	rr_buf_clear(&buf);
	return ok;
}

int
base_write(const char *dir, struct version *version, char *name, size_t size)
{
	char part[BASE_NAME], path[4112], final[4096];

	base_file_name(version_name(version), part);
	for (unsigned n = 0;; n++) {
		snprintf(name, size, "%s.%08x-%u.zone", part, version_serial(version), n);
		snprintf(final, sizeof(final), "%s/%s", dir, name);
		if (access(final, F_OK) != 0)
			break;
	}
	snprintf(path, sizeof(path), "%s.tmp", final);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (file == NULL) {
		if (fd >= 0)
			close(fd);
		return MSIG_EDISK;
	}
	bool ok = write_records(file, version);
	ok = fflush(file) == 0 && ok;
	ok = ok && fsync(fd) == 0;
	ok = fclose(file) == 0 && ok;
	ok = ok && rename(path, final) == 0;
	if (ok && base_sync_dir(dir) == 0)
		return 0;
	unlink(path);
	unlink(final);
	return MSIG_EDISK;
}

/* Reading ------------------------------------------------------------------------------------ */

static int
read_block(FILE *file, uint8_t *data, size_t *len)
{
	uint8_t head[12];

	if (fread(head, sizeof(head), 1, file) != 1)
		return MSIG_EDB;
	*len = knot_wire_read_u32(head);
	uint64_t sum = (uint64_t)knot_wire_read_u32(head + 4) << 32 | knot_wire_read_u32(head + 8);
	if (*len > BLOCK_MAX || (*len > 0 && fread(data, *len, 1, file) != 1))
		return MSIG_EDB;
	return rr_checksum(data, *len) == sum ? 0 : MSIG_EDB;
}

static int
read_records(FILE *file, struct change *change, uint8_t *data)
{
	static struct rr_room room;
	uint8_t start[sizeof(magic)];
	struct rr rr;
	size_t len;
	int ret;

	if (fread(start, sizeof(start), 1, file) != 1 || memcmp(start, magic, sizeof(magic)) != 0)
		return MSIG_EDB;
	while ((ret = read_block(file, data, &len)) == 0 && len > 0) {
		const uint8_t *at = data, *end = data + len;
		while (ret == 0 && at < end) {
			ret = rr_get(&at, end, &room, &rr);
			if (ret == 0)
				ret = change_add(change, &rr);
		}
		if (ret != 0)
			return MSIG_EDB;
	}
	return ret;
}

int
base_read(const char *dir, const char *name, const knot_dname_t *zone, struct version **out)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return MSIG_EDB;
	uint8_t *data = xcalloc(1, BLOCK_MAX);
	struct change *change = store_begin(NULL, zone);
	int ret = read_records(file, change, data);
	free(data);
	fclose(file);
	if (ret == 0)
		*out = store_commit(change);
	else
		store_rollback(change);
	return ret;
}

void
base_remove(const char *dir, const char *name)
{
	char path[4096];

	if (name[0] == '\0')
		return;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
}

void
base_clean(const char *dir, const knot_dname_t *zone, const char *keep)
{
	char part[BASE_NAME];
	DIR *d = opendir(dir);
	struct dirent *entry;

	if (d == NULL)
		return;
	base_file_name(zone, part);
	size_t len = strlen(part);
	while ((entry = readdir(d)) != NULL) {
		/* <zone>.<8 hex digits>-<n>.zone or the same with .tmp */
		const char *rest = entry->d_name + len;
		if (strncmp(entry->d_name, part, len) != 0 || rest[0] != '.' ||
		    strspn(rest + 1, "0123456789abcdef") != 8 || rest[9] != '-' ||
		    strcmp(entry->d_name, keep) == 0)
			continue;
		base_remove(dir, entry->d_name);
	}
	closedir(d);
}
