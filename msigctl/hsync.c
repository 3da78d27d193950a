/*
 * msigctl hsync: HSYNC records in the form that people read and in the one that every tool reads.
 * Asks agentd only for a zone. What it prints can go into a zone file, or behind "add" of knsupdate
 * and nsupdate.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libmsig/daemon/conf.h"
#include "libmsig/err.h"
#include "libmsig/hsync.h"
#include "msigctl/command.h"
#include "msigctl/render.h"

#define MAX_LINE 2048
#define MAX_WORDS 16

struct reader {
	struct context *ctx;
	uint16_t type;
	struct msig_set set; /* all of them, to be judged together */
	json_t *records;
};

static const char *
token(uint8_t value, const char *one, const char *two)
{
	return value == 1 ? one : value == 2 ? two : "private";
}

/* Is this word the name of the type? */
static bool
is_type(const struct reader *r, const char *word)
{
	char generic[16];
	snprintf(generic, sizeof(generic), "TYPE%u", r->type);
	return strcasecmp(word, "HSYNC") == 0 || strcasecmp(word, "MSIGNER") == 0 ||
	       strcasecmp(word, generic) == 0;
}

/* Splits at white space up to a comment; the words point into line, which is changed. */
static int
split(char *line, char **words)
{
	static const char space[] = " \t\r\n";
	int n = 0;
	char *save = NULL;
	for (char *w = strtok_r(line, space, &save); w != NULL && n < MAX_WORDS && *w != ';';
	     w = strtok_r(NULL, space, &save)) {
		words[n++] = w;
	}
	return n;
}

/* What stands in front of the type: [owner] [TTL] [class]. */
static void
read_head(const struct reader *r, char **words, int n, bool indented, const char **owner,
	  unsigned *ttl)
{
	*owner = "@";
	*ttl = 3600;
	for (int i = 0; i < n; i++) {
		if (i == 0 && !indented) {
			*owner = words[i];
		} else if (isdigit((unsigned char)words[i][0])) {
			*ttl = (unsigned)strtoul(words[i], NULL, 10);
		}
	}
	if (r->ctx->owner != NULL) {
		*owner = r->ctx->owner;
	}
}

static json_t *
describe(const struct reader *r, const struct msig_hsync *h, const char *owner, unsigned ttl)
{
	char text[MSIG_HSYNC_TEXT], generic[MSIG_HSYNC_TEXT], record[MAX_LINE + MSIG_HSYNC_TEXT];
	char identity[MSIG_NAME_TEXT], upstream[MSIG_NAME_TEXT];
	if (msig_hsync_text(h, text, sizeof(text)) < 0 ||
	    msig_hsync_text_generic(h, generic, sizeof(generic)) < 0) {
		return NULL;
	}
	snprintf(record, sizeof(record), "%s %u IN TYPE%u %s", owner, ttl, r->type, generic);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "state",
			 token(h->state, "ON", "OFF"), "nsmgmt", token(h->nsmgmt, "OWNER", "AGENT"),
			 "sign", token(h->sign, "SIGN", "NOSIGN"), "identity",
			 msig_name_text(h->identity, identity), "upstream",
			 msig_name_text(h->upstream, upstream), "text", text, "record", record,
			 "version", h->version);
}

/* Reads one record: [owner] [TTL] [class] [type] rdata. where names it in errors. */
static int
read_record(struct reader *r, const char *line, const char *where)
{
	char copy[MAX_LINE], rdata[MAX_LINE] = "", *words[MAX_WORDS];
	const char *owner;
	unsigned ttl;
	if (strlen(line) >= sizeof(copy)) {
		return command_error(r->ctx, EXIT_USAGE, "%slonger than %d characters", where,
				     MAX_LINE - 1);
	}
	strcpy(copy, line);
	int n = split(copy, words), at = 0;
	if (n == 0) {
		return 0;
	}
	while (at < n && !is_type(r, words[at])) {
		at++;
	}
	bool bare = at == n; /* rdata alone */
	read_head(r, words, bare ? 0 : at, isspace((unsigned char)line[0]) != 0, &owner, &ttl);
	unsigned flags = !bare && strcasecmp(words[at], "MSIGNER") == 0 ? MSIG_HSYNC_MSIGNER : 0;
	for (int i = bare ? 0 : at + 1; i < n; i++) {
		strcat(rdata, *rdata != '\0' ? " " : "");
		strcat(rdata, words[i]);
	}
	struct msig_hsync hsync;
	uint8_t wire[MSIG_HSYNC_RDATA_MAX];
	uint16_t len = 0;
	int ret = msig_hsync_parse(rdata, flags, &hsync);
	if (ret == 0) {
		ret = msig_hsync_encode(&hsync, wire, &len);
	}
	if (ret == 0) {
		ret = msig_set_add(&r->set, wire, len);
	}
	json_t *record = ret == 0 ? describe(r, &hsync, owner, ttl) : NULL;
	if (record == NULL) {
		return command_error(r->ctx, EXIT_FAILED, "%s'%s': %s", where, rdata,
				     msig_strerror(ret != 0 ? ret : MSIG_EHSYNC));
	}
	json_array_append_new(r->records, record);
	return 0;
}

static int
read_lines(struct reader *r)
{
	char line[MAX_LINE + 1], where[32];
	unsigned number = 0;
	int ret = 0;
	while (ret == 0 && fgets(line, sizeof(line), r->ctx->in) != NULL) {
		snprintf(where, sizeof(where), "line %u: ", ++number);
		ret = read_record(r, line, where);
	}
	return ret;
}

/* Two records of one identity, or providers that differ in who manages NS, are no instruction. */
static int
judge(const struct reader *r)
{
	struct msig_hsync_set set = {0};
	int ret = msig_hsync_set_decode(&r->set.rrs, r->type, 0, &set, NULL);
	bool mixed = set.mixed;
	msig_hsync_set_clear(&set);
	if (ret == MSIG_EMISSING && json_array_size(r->records) > 0) {
		return 0; /* of private states only */
	}
	if (ret != 0) {
		return command_error(r->ctx, EXIT_FAILED, "agents would not act on this set: %s",
				     msig_strerror(ret));
	}
	if (mixed) {
		return command_error(r->ctx, EXIT_FAILED,
				     "agents would not act on this set: some records say that the "
				     "OWNER manages NS, some that the AGENT does");
	}
	return 0;
}

/* The mnemonic form is a comment: stock tools do not know it. */
static void
render_hsync(const struct text *t, const json_t *answer)
{
	size_t i;
	json_t *record;
	json_array_foreach(json_object_get(answer, "records"), i, record)
	{
		text_put(t, TINT_DIM, "; HSYNC ");
		text_put(t, TINT_NONE, json_string_value(json_object_get(record, "text")));
		fputc('\n', t->out);
		text_put(t, TINT_NONE, json_string_value(json_object_get(record, "record")));
		fputc('\n', t->out);
	}
}

/* One word is no record: it is a zone, and agentd says what it sees there. */
static int
hsync_zone(struct context *ctx, const char *zone)
{
	json_t *request = command_request("hsync", zone), *answer = NULL;
	char err[1024] = "";
	if (request == NULL) {
		return command_error(ctx, EXIT_USAGE, "'%s' is neither a record nor a domain name",
				     zone);
	}
	int ret = command_ask(ctx, "agentd", request, &answer, err, sizeof(err));
	json_decref(request);
	if (ret != 0) {
		return command_error(ctx, ret, "%s", err);
	}
	command_show(ctx, "hsync", answer, render_hsync_zone);
	json_decref(answer);
	return EXIT_DONE;
}

int
hsync_run(struct context *ctx, int argc, char **argv)
{
	if (argc == 1 && strchr(argv[0], ' ') == NULL) {
		return hsync_zone(ctx, argv[0]);
	}
	struct reader r = {.ctx = ctx, .type = MSIG_HSYNC_TYPE, .records = json_array()};
	char err[1024], line[MAX_LINE] = "";
	if (ctx->conf != NULL) {
		struct conf *conf = conf_load(ctx->conf, err, sizeof(err));
		if (conf == NULL) {
			return command_error(ctx, EXIT_CONFIG, "%s", err);
		}
		r.type = conf->hsync_type;
		conf_free(conf);
	}
	msig_set_init(&r.set, r.type);
	size_t len = 0;
	for (int i = 0; i < argc && len < sizeof(line); i++) {
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%s", i > 0 ? " " : "",
					argv[i]);
	}
	int ret = len >= sizeof(line) ? command_error(ctx, EXIT_USAGE, "too long")
		  : argc > 0          ? read_record(&r, line, "")
				      : read_lines(&r);
	if (ret == 0 && json_array_size(r.records) == 0) {
		ret = command_error(ctx, EXIT_USAGE, "no record to read");
	}
	if (ret == 0) {
		json_t *answer = json_pack("{s:b, s:O}", "ok", 1, "records", r.records);
		command_show(ctx, "hsync", answer, render_hsync);
		json_decref(answer);
		ret = judge(&r);
	}
	msig_set_clear(&r.set);
	json_decref(r.records);
	return ret;
}
