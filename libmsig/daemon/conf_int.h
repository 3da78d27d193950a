/*
 * Between the files of the configuration: confread.c makes a tree of blocks and values from files,
 * conf.c has the table and makes the struct from the tree, keyfile.c reads TSIG keys.
 */
#pragma once

#include "libmsig/daemon/conf.h"

enum conf_type {
	CONF_TEXT,     /* char *, printable */
	CONF_FILE,     /* char *, absolute once read */
	CONF_NAME,     /* knot_dname_t *, lower case */
	CONF_NAMETEXT, /* char *, a name as text: absolute, lower case */
	CONF_U16,
	CONF_U32,
	CONF_MS,   /* time, uint32_t in milliseconds */
	CONF_S,    /* time, uint32_t in seconds */
	CONF_SIZE, /* octets, uint32_t */
	CONF_BOOL,
	CONF_ADDR,     /* struct dnsio_addr */
	CONF_ADDRTEXT, /* char *, "addr@port" */
	CONF_CHOICE,   /* one of the words in choices: int */
	CONF_WORD,     /* one of the words in choices: char * */
	CONF_KEY,      /* reference: const struct conf_key * */
	CONF_REMOTE,   /* reference: const struct conf_remote * */
	CONF_ALG,      /* of a TSIG key: char *, not printed */
	CONF_SECRET,   /* char *, not printed */
};

#define CONF_LIST 1     /* several values: a pointer, and a count at count */
#define CONF_REQUIRED 2 /* no block of this section without it */

struct conf_item {
	const char *section, *name;
	enum conf_type type;
	unsigned flags;
	const char *def;         /* default as text, or NULL */
	uint64_t min, max;       /* numbers, times (in the unit of the type), sizes */
	uint64_t floor;          /* less only with lab: on */
	const char *choices;     /* "foreign|all" */
	uint16_t port;           /* of addresses without one; 0: a port must be given */
	size_t offset, count;    /* in struct conf, or in the struct of a list's element */
};

struct conf_section {
	const char *name;
	const char *id;          /* the item that starts an element, NULL: no list */
	size_t size;             /* of an element */
	size_t offset, count;    /* of the list in struct conf */
};

const struct conf_section *conf_section_find(const char *name);
/* The item of a section, NULL if there is none. */
const struct conf_item *conf_item_find(const char *section, const char *name);

extern const struct conf_item conf_items[];
extern const size_t conf_item_count;

/* What was read, in order. */
struct conf_value {
	struct conf_value *next;
	const struct conf_item *item;
	char *text;
	const char *file;
	unsigned line;
};

struct conf_block {
	struct conf_block *next;
	const struct conf_section *section;
	char *id;
	const char *file;
	unsigned line;
	struct conf_value *values, **values_end;
};

struct conf_tree {
	struct conf_block *blocks, **blocks_end;
	char *err; /* mistakes, one per line, as many as fit */
	size_t err_len, err_max;
	unsigned mistakes;
	struct conf_path *paths;
};

struct conf_path {
	struct conf_path *next;
	char *path;
};

/* Notes a mistake: "file:line: text". */
void conf_mistake(struct conf_tree *tree, const char *file, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void conf_read(struct conf_tree *tree, const char *file);
void conf_tree_clear(struct conf_tree *tree);
void conf_paths_free(struct conf_path *paths);
char *conf_resolve(const char *file, const char *path); /* path as seen from the folder of file */
/* The word among count that looks most like text, or NULL. word(i) gives them. */
const char *conf_nearest(const char *text, const char *(*word)(void *arg, size_t i), void *arg,
                         size_t count);

/* Values, by the type of their item. field is where the value is or goes. */
size_t conf_type_size(enum conf_type type);
/* From text that stands in file; on false the reason is in err. References are conf.c's affair. */
bool conf_value_set(const struct conf_item *item, void *field, const char *text, const char *file,
                    char *err, size_t errlen);
bool conf_value_unset(const struct conf_item *item, const void *field); /* nothing to print */
void conf_value_print(FILE *out, const struct conf_item *item, const void *field);
void conf_value_free(const struct conf_item *item, void *field);
/* A number in the largest unit that needs no fraction. */
void conf_number_str(enum conf_type type, uint64_t value, char *buf, size_t len);
bool conf_name_parse(const char *text, knot_dname_storage_t name, char *err, size_t errlen);
void conf_wipe(char **text); /* a secret */

/* Reads the key of that name from a file: a key block of Knot, a key statement of BIND, or a line
 * alg:name:secret. Text of the mistake in err. */
int keyfile_read(const char *path, const char *name, knot_tsig_key_t *key, char *err,
                 size_t errlen);
int keyfile_parse(const char *text, const char *name, knot_tsig_key_t *key, char *err,
                  size_t errlen);
/* knot_tsig_key_init(), no algorithm below HMAC-SHA-256. */
int keyfile_make(const char *name, const char *algorithm, const char *secret, knot_tsig_key_t *key,
                 char *err, size_t errlen);
