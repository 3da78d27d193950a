/*
 * Reads configuration files into a tree: grammar, includes, names of sections and items. What the
 * values mean is conf.c's affair. The grammar is libknot's yp_parse, the one of knot.conf.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <libknot/yparser/yparser.h>
#include "libmsig/daemon/conf_int.h"
#include "libmsig/daemon/log.h"

#define INCLUDE_DEPTH 8

void
conf_mistake(struct conf_tree *tree, const char *file, unsigned line, const char *fmt, ...)
{
	char text[1024], where[32] = "";
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (line > 0)
		snprintf(where, sizeof(where), "%u:", line);
	tree->mistakes++;
	if (tree->err_len >= tree->err_max)
		return;
	int n = snprintf(tree->err + tree->err_len, tree->err_max - tree->err_len, "%s%s:%s %s",
			 tree->err_len > 0 ? "\n" : "", file, where, text);
	tree->err_len += n > 0 ? (size_t)n : 0;
}

char *
conf_resolve(const char *file, const char *path)
{
	if (path[0] == '/')
		return xstrdup(path);
	char *copy = xstrdup(file), *dir = dirname(copy);
	size_t len = strlen(dir) + strlen(path) + 2;
	char *full = xcalloc(1, len);
	snprintf(full, len, "%s/%s", dir, path);
	free(copy);
	return full;
}

/* Edits to get from a to b: insert, delete, replace. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[64], lb = strlen(b);
	if (lb >= sizeof(row) / sizeof(*row))
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

const char *
conf_nearest(const char *text, const char *(*word)(void *arg, size_t i), void *arg, size_t count)
{
	const char *best = NULL;
	size_t best_distance = strlen(text) < 6 ? 2 : 3; /* more is no likeness */
	for (size_t i = 0; i < count; i++) {
		const char *w = word(arg, i);
		size_t d = w != NULL ? distance(text, w) : SIZE_MAX;
		if (d <= best_distance && (best == NULL || d < best_distance)) {
			best = w;
			best_distance = d;
		}
	}
	return best;
}

/* A path that lives as long as the tree. */
static const char *
keep_path(struct conf_tree *tree, const char *path)
{
	struct conf_path *p = xcalloc(1, sizeof(*p));
	p->path = xstrdup(path);
	p->next = tree->paths;
	tree->paths = p;
	return p->path;
}

static struct conf_block *
block_new(struct conf_tree *tree, const struct conf_section *section, const char *id,
	  const char *file, unsigned line)
{
	struct conf_block *block = xcalloc(1, sizeof(*block));
	block->section = section;
	block->id = id != NULL ? xstrdup(id) : NULL;
	block->file = file;
	block->line = line;
	block->values_end = &block->values;
	*tree->blocks_end = block;
	tree->blocks_end = &block->next;
	return block;
}

static void
value_new(struct conf_block *block, const struct conf_item *item, const char *text,
	  const char *file, unsigned line)
{
	struct conf_value *value = xcalloc(1, sizeof(*value));
	value->item = item;
	value->text = xstrdup(text);
	value->file = file;
	value->line = line;
	*block->values_end = value;
	block->values_end = &value->next;
}

struct reader {
	struct conf_tree *tree;
	const char *file;
	unsigned depth;
	const struct conf_section *section; /* NULL: unknown, its items are skipped */
	struct conf_block *block;
};

static void read_file(struct conf_tree *tree, const char *path, unsigned depth);

static int
visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void
include_dir(struct reader *r, unsigned line, const char *dir)
{
	struct dirent **entry;
	int count = scandir(dir, &entry, visible, alphasort);
	if (count < 0) {
		conf_mistake(r->tree, r->file, line, "include: %s: %s", dir, strerror(errno));
		return;
	}
	for (int i = 0; i < count; i++) {
		struct stat st;
		char path[4096];
		snprintf(path, sizeof(path), "%s/%s", dir, entry[i]->d_name);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
			read_file(r->tree, path, r->depth + 1);
		free(entry[i]);
	}
	free(entry);
}

/* A file, all files of a folder, or a pattern, which may match nothing. */
static void
include(struct reader *r, unsigned line, const char *text)
{
	if (text[0] == '\0') {
		conf_mistake(r->tree, r->file, line, "include: no file is named");
		return;
	}
	if (r->depth >= INCLUDE_DEPTH) {
		conf_mistake(r->tree, r->file, line, "include: files include each other too deep");
		return;
	}
	char *pattern = conf_resolve(r->file, text);
	struct stat st;
	glob_t found = {.gl_pathc = 0};
	if (stat(pattern, &st) == 0 && S_ISDIR(st.st_mode)) {
		include_dir(r, line, pattern);
	} else if (strpbrk(pattern, "*?[") == NULL) {
		if (stat(pattern, &st) == 0)
			read_file(r->tree, pattern, r->depth + 1);
		else
			conf_mistake(r->tree, r->file, line, "include: %s: %s", pattern,
				     strerror(errno));
	} else if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			read_file(r->tree, found.gl_pathv[i], r->depth + 1);
	}
	globfree(&found);
	free(pattern);
}

static const char *
section_word(void *arg, size_t i)
{
	static const char *const words[] = {"server",   "log",       "key",     "remote",
					    "combiner", "transport", "observe", "stub",
					    "agent",    "signerd",   "zone",    "include"};
	return i < sizeof(words) / sizeof(*words) ? words[i] : NULL;
}

static void
on_section(struct reader *r, const yp_parser_t *yp)
{
	unsigned line = (unsigned)yp->line_count;
	r->section = NULL;
	r->block = NULL;
	if (strcmp(yp->key, "include") == 0) {
		include(r, line, yp->data);
		return;
	}
	r->section = conf_section_find(yp->key);
	if (r->section == NULL) {
		const char *near = conf_nearest(yp->key, section_word, NULL, 12);
		conf_mistake(r->tree, r->file, line, "%s: no such section%s%s%s", yp->key,
			     near != NULL ? ", did you mean " : "", near != NULL ? near : "",
			     near != NULL ? "?" : "");
		return;
	}
	if (yp->data_len > 0)
		conf_mistake(r->tree, r->file, line, "%s: a section has no value of its own",
			     yp->key);
	if (r->section->id == NULL)
		r->block = block_new(r->tree, r->section, NULL, r->file, line);
}

static const char *
item_word(void *arg, size_t i)
{
	const struct conf_section *section = arg;
	return strcmp(conf_items[i].section, section->name) == 0 ? conf_items[i].name : NULL;
}

static void
on_item(struct reader *r, const yp_parser_t *yp)
{
	unsigned line = (unsigned)yp->line_count;
	if (r->section == NULL)
		return;
	const char *section = r->section->name;
	const struct conf_item *item = conf_item_find(section, yp->key);
	void *arg = (void *)(uintptr_t)r->section;
	if (item == NULL) {
		const char *near = conf_nearest(yp->key, item_word, arg, conf_item_count);
		conf_mistake(r->tree, r->file, line, "%s.%s: no such item%s%s%s", section, yp->key,
			     near != NULL ? ", did you mean " : "", near != NULL ? near : "",
			     near != NULL ? "?" : "");
		return;
	}
	if (r->section->id != NULL && strcmp(yp->key, r->section->id) == 0) {
		if (yp->event != YP_EID) {
			conf_mistake(r->tree, r->file, line,
				     "%s.%s: starts an element and is written \"- %s: ...\"",
				     section, yp->key, yp->key);
			return;
		}
		r->block = block_new(r->tree, r->section, yp->data, r->file, line);
	}
	if (r->block == NULL) {
		conf_mistake(r->tree, r->file, line, "%s.%s: stands before the first \"- %s: ...\"",
			     section, yp->key, r->section->id);
		return;
	}
	if (yp->data_len == 0)
		conf_mistake(r->tree, r->file, line, "%s.%s: has no value", section, yp->key);
	else
		value_new(r->block, item, yp->data, r->file, line);
}

static void
read_file(struct conf_tree *tree, const char *path, unsigned depth)
{
	struct reader r = {.tree = tree, .file = keep_path(tree, path), .depth = depth};
	yp_parser_t *yp = xcalloc(1, sizeof(*yp));
	yp_init(yp);
	int ret = yp_set_input_file(yp, path);
	if (ret != KNOT_EOK)
		conf_mistake(tree, path, 0, "cannot be read: %s", knot_strerror(ret));
	while (ret == KNOT_EOK && (ret = yp_parse(yp)) == KNOT_EOK) {
		if (yp->event == YP_EKEY0)
			on_section(&r, yp);
		else if (yp->event == YP_EKEY1 || yp->event == YP_EID)
			on_item(&r, yp);
	}
	if (ret != KNOT_EOF && r.tree->mistakes == 0)
		conf_mistake(tree, path, (unsigned)yp->line_count, "%s", knot_strerror(ret));
	yp_deinit(yp);
	explicit_bzero(yp, sizeof(*yp)); /* it may have read a secret */
	free(yp);
}

void
conf_read(struct conf_tree *tree, const char *file)
{
	tree->blocks_end = &tree->blocks;
	read_file(tree, file, 0);
}

void
conf_tree_clear(struct conf_tree *tree)
{
	while (tree->blocks != NULL) {
		struct conf_block *block = tree->blocks;
		tree->blocks = block->next;
		while (block->values != NULL) {
			struct conf_value *value = block->values;
			block->values = value->next;
			explicit_bzero(value->text, strlen(value->text));
			free(value->text);
			free(value);
		}
		free(block->id);
		free(block);
	}
	conf_paths_free(tree->paths);
	tree->paths = NULL;
}

void
conf_paths_free(struct conf_path *paths)
{
	while (paths != NULL) {
		struct conf_path *next = paths->next;
		free(paths->path);
		free(paths);
		paths = next;
	}
}
