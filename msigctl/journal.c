/*
 * msigctl journal: what happened to a zone, oldest first. With --follow it goes on: it asks for
 * what is newer than the last number it has seen, so a restart of agentd loses no entry.
 */
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>

#include "msigctl/command.h"
#include "msigctl/json.h"
#include "msigctl/render.h"

#define ASK_MS 500
#define DEFAULT_LIMIT 50
#define AT_ONCE 1000 /* that agentd gives in one answer */

/* The daemon answers newest first; people and pipes read the other way. */
static json_t *
oldest_first(const json_t *answer, uint64_t after)
{
	const json_t *entries = json_object_get(answer, "entries");
	json_t *list = json_array();
	for (size_t i = json_array_size(entries); i-- > 0;) {
		json_t *entry = json_array_get(entries, i);
		if (js_num(entry, "seq") > after) {
			json_array_append(list, entry);
		}
	}
	return list;
}

/* about: with what it says beside the entries, or NULL. */
static void
show(struct context *ctx, json_t *list, json_t *about, bool stream)
{
	if (ctx->json && stream) {
		struct text t = ctx->text;
		json_t *entry;
		t.out = stderr; /* each line of the other one is an entry */
		render_warnings(&t, about);
		JS_EACH(list, entry)
		{
			json_dumpf(entry, ctx->text.out, JSON_COMPACT | JSON_SORT_KEYS);
			fputc('\n', ctx->text.out);
		}
	} else {
		json_t *answer = about != NULL ? json_copy(about) : json_pack("{s:b}", "ok", 1);
		json_object_set(answer, "entries", list);
		command_show(ctx, "journal", answer, render_journal);
		json_decref(answer);
	}
	fflush(ctx->text.out);
}

/* The last `left` entries, newest first, with as many questions as that takes. */
static int
ask_pages(struct context *ctx, const json_t *of, unsigned left, json_t **answer, char *err,
	  size_t errlen)
{
	json_t *request = json_copy((json_t *)(uintptr_t)of), *all = NULL, *part = NULL;
	size_t wanted, got;
	int ret;
	do {
		wanted = left < AT_ONCE ? left : AT_ONCE;
		json_object_set_new(request, "limit", json_integer((json_int_t)wanted));
		ret = command_ask(ctx, "agentd", request, &part, err, errlen);
		if (ret != 0) {
			json_decref(request);
			json_decref(all);
			return ret;
		}
		json_t *entries = json_object_get(part, "entries");
		got = json_array_size(entries);
		json_object_set(request, "before",
				json_object_get(json_array_get(entries, got - 1), "seq"));
		if (all == NULL) {
			all = json_incref(part);
		} else {
			json_array_extend(json_object_get(all, "entries"), entries);
		}
		json_decref(part);
		left -= (unsigned)wanted;
	} while (left > 0 && got == wanted);
	json_decref(request);
	*answer = all;
	return 0;
}

int
journal_run(struct context *ctx, int argc, char **argv)
{
	json_t *request = command_request("journal", argv[0]), *answer = NULL;
	char err[1024] = "";
	uint64_t last = 0;
	if (request == NULL) {
		return command_error(ctx, EXIT_USAGE, "'%s' is not a domain name", argv[0]);
	}
	unsigned limit = ctx->limit != 0 ? ctx->limit : DEFAULT_LIMIT;
	bool first = true;
	for (;;) {
		int ret = ask_pages(ctx, request, limit, &answer, err, sizeof(err));
		if (ret != 0 && (first || ret != EXIT_DOWN)) {
			json_decref(request);
			return command_error(ctx, ret, "%s", err);
		}
		if (ret == 0) {
			json_t *list = oldest_first(answer, last);
			json_t *newest = json_array_get(list, json_array_size(list) - 1);
			if (first || newest != NULL) {
				show(ctx, list, first ? answer : NULL, ctx->follow);
			}
			last = newest != NULL ? js_num(newest, "seq") : last;
			json_decref(list);
			json_decref(answer);
			if (first && ctx->follow) {
				limit = AT_ONCE;
			}
			first = false;
		}
		if (!ctx->follow) {
			json_decref(request);
			return EXIT_DONE;
		}
		(void)poll(NULL, 0, ASK_MS);
	}
}
