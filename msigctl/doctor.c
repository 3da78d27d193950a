/*
 * msigctl doctor: is the own signer fit for a group? agentd says what is seen of it; with the
 * signer's configuration, what that makes it do; with a probe zone, what it does. What failed or is
 * unknown makes the exit status 1.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmsig/daemon/conf.h"
#include "libmsig/name.h"
#include "msigctl/command.h"
#include "msigctl/json.h"
#include "msigctl/lint.h"
#include "msigctl/words.h"
#include "msigctl/probe.h"
#include "msigctl/render.h"

#define CONF_MAX (4 << 20)
#define PROBE_LISTEN "127.0.0.1@5390"
#define PROBE_TIMEOUT 60000 /* ms */

/* The whole file, or standard input for "-"; NULL with the reason in err. */
static char *
read_file(const struct context *ctx, const char *file, char *err, size_t errlen)
{
	FILE *f = strcmp(file, "-") == 0 ? ctx->in : fopen(file, "re");
	char *text = malloc(CONF_MAX + 1);
	size_t n = f != NULL && text != NULL ? fread(text, 1, CONF_MAX + 1, f) : 0;
	if (f == NULL || text == NULL || ferror(f)) {
		snprintf(err, errlen, "%s: %s", file, strerror(errno));
	} else if (n > CONF_MAX || memchr(text, '\0', n) != NULL) {
		snprintf(err, errlen, "%s: too long, or no text", file);
	} else {
		text[n] = '\0';
		err[0] = '\0';
	}
	if (f != NULL && f != ctx->in) {
		fclose(f);
	}
	if (err[0] != '\0') {
		free(text);
		return NULL;
	}
	return text;
}

/* It keeps what others have, says its configuration: then that it was not seen yet is no doubt. */
static void
settle_foreign(json_t *findings)
{
	json_t *f;
	JS_EACH(findings, f)
	{
		if (strcmp(js_str(f, "check"), "foreign") == 0 &&
		    strcmp(js_str(f, "state"), "unknown") == 0) {
			json_object_set_new(f, "state", json_string("warn"));
			json_object_set_new(
			    f, "text",
			    json_string("the signer was given nothing of others yet; by its "
					"configuration it keeps them"));
		}
	}
}

static bool
drives_bind(const struct conf *conf, const char *zone)
{
	knot_dname_storage_t name;
	const struct conf_zone *z =
	    msig_name_parse(zone, name) == 0 ? conf_zone_find(conf, name) : NULL;

	return z != NULL && z->signer_driver == CONF_DRIVER_BIND;
}

/* Where ours listen, if the configuration may be read. */
static struct conf *
own_conf(const struct context *ctx, struct lint_wish *wish)
{
	const char *file = ctx->conf != NULL ? ctx->conf : MSIG_SYSCONFDIR "/msig.conf";
	char err[1024];
	struct conf *conf = access(file, R_OK) == 0 ? conf_load(file, err, sizeof(err)) : NULL;
	if (conf != NULL) {
		wish->combiner = conf->combiner_listen;
		wish->combiners = conf->combiner_listens;
		wish->observe = conf->observe_listen;
		wish->observes = conf->observe_listens;
		wish->driver = drives_bind(conf, wish->zone);
	}
	return conf;
}

/* 0, or an exit code with the reason in err. */
static int
lint(const struct context *ctx, const char *zone, json_t *answer, char *err, size_t errlen)
{
	static bool (*const linters[])(const char *, const struct lint_wish *, json_t *) = {
	    [LINT_KNOT] = lint_knot, [LINT_BIND] = lint_bind, [LINT_POWERDNS] = lint_powerdns};
	const json_t *policy = json_object_get(answer, "policy");
	json_t *findings = json_object_get(answer, "findings");
	struct lint_wish wish = {
	    .zone = zone,
	    .algorithm = (uint8_t)js_num(policy, "algorithm"),
	    .dnskey_ttl = (uint32_t)js_num(policy, "overlay_ttl"),
	    .max_ttl = (uint32_t)js_num(policy, "max_ttl"),
	    .roll_delay = (uint32_t)js_num(policy, "roll_delay"),
	    .all = strcmp(js_str(policy, "signer_records"), "all") == 0,
	};
	char *text = read_file(ctx, ctx->lint, err, errlen);
	if (text == NULL) {
		return EXIT_FAILED;
	}
	enum lint_kind kind = lint_kind(text);
	if (kind == LINT_NOTHING) {
		free(text);
		snprintf(err, errlen, "%s: neither knot.conf nor named.conf nor pdns.conf",
			 ctx->lint);
		return EXIT_USAGE;
	}
	struct conf *conf = own_conf(ctx, &wish);
	if (linters[kind](text, &wish, findings)) {
		settle_foreign(findings);
	}
	conf_free(conf);
	json_object_set_new(answer, "kind", json_string(lint_kind_name(kind)));
	free(text);
	return 0;
}

/* What was tried need not be guessed. */
static void
forget_foreign(json_t *findings, size_t tried)
{
	for (size_t i = json_array_size(findings); i-- > 0;) {
		const json_t *f = json_array_get(findings, i);
		if (i >= tried && strcmp(js_str(f, "state"), "unknown") == 0) {
			return;
		}
		if (i < tried && strcmp(js_str(f, "check"), "foreign") == 0) {
			json_array_remove(findings, i);
		}
	}
}

/* Where the signer is and which key it has, msig.conf knows. */
static int
probe(const struct context *ctx, const char *zone, json_t *answer, char *err, size_t errlen)
{
	const char *file = ctx->conf != NULL ? ctx->conf : MSIG_SYSCONFDIR "/msig.conf";
	json_t *findings = json_object_get(answer, "findings");
	struct probe_wish wish = {
	    .zone = ctx->probe,
	    .algorithm = (uint8_t)json_integer_value(json_array_get(
		json_object_get(json_object_get(answer, "policy"), "algorithms"), 0)),
	    .timeout_ms = ctx->timeout_ms != 0 ? ctx->timeout_ms : PROBE_TIMEOUT,
	};
	knot_dname_storage_t name;
	if (words_same_name(zone, ctx->probe) || msig_name_parse(ctx->probe, name) != 0) {
		snprintf(err, errlen, "'%s': a probe takes a zone that nobody uses", ctx->probe);
		return EXIT_USAGE;
	}
	if (dnsio_addr_parse(ctx->listen != NULL ? ctx->listen : PROBE_LISTEN, 5390,
			     &wish.listen) != 0) {
		snprintf(err, errlen, "--listen %s: not an address", ctx->listen);
		return EXIT_USAGE;
	}
	struct conf *conf = conf_load(file, err, errlen);
	if (conf == NULL) {
		return EXIT_CONFIG;
	}
	const struct conf_zone *of =
	    msig_name_parse(zone, name) == 0 ? conf_zone_find(conf, name) : NULL;
	int ret = EXIT_CONFIG;
	if (of == NULL || of->signer == NULL || of->signer->addresses == 0) {
		snprintf(err, errlen, "%s: no signer of %s", file, zone);
	} else {
		size_t tried = json_array_size(findings);
		wish.signer = of->signer->address[0];
		wish.key = of->signer->key != NULL ? &of->signer->key->tsig : NULL;
		ret = probe_run(&wish, findings, err, errlen);
		forget_foreign(findings, tried);
	}
	conf_free(conf);
	return ret;
}

static bool
all_good(const json_t *findings)
{
	json_t *f;
	JS_EACH(findings, f)
	{
		if (strcmp(js_str(f, "state"), "fail") == 0 ||
		    strcmp(js_str(f, "state"), "unknown") == 0) {
			return false;
		}
	}
	return true;
}

/* Without agentd, what can be said without it. */
static json_t *
without_agentd(const char *zone, const char *why)
{
	json_t *answer = json_pack("{s:b, s:s, s:s, s:b, s:{}, s:[]}", "ok", 1, "zone", zone,
				   "signer", "", "designated", 0, "policy", "findings");
	lint_add(json_object_get(answer, "findings"), LINT_NOTHING, "agentd", "unknown", NULL, "%s",
		 why);
	return answer;
}

int
doctor_run(struct context *ctx, int argc, char **argv)
{
	json_t *request = command_request("doctor", argv[0]), *answer = NULL;
	char err[1024] = "";
	if (request == NULL) {
		return command_error(ctx, EXIT_USAGE, "'%s' is not a domain name", argv[0]);
	}
	int down = command_ask(ctx, "agentd", request, &answer, err, sizeof(err));
	if (down == EXIT_DOWN && (ctx->lint != NULL || ctx->probe != NULL)) {
		answer = without_agentd(js_str(request, "zone"), err);
	} else if (down != 0) {
		json_decref(request);
		return command_error(ctx, down, "%s", err);
	}
	int ret =
	    ctx->lint == NULL ? 0 : lint(ctx, js_str(request, "zone"), answer, err, sizeof(err));
	if (ret == 0 && ctx->probe != NULL) {
		ret = probe(ctx, js_str(request, "zone"), answer, err, sizeof(err));
	}
	json_decref(request);
	if (ret != 0) {
		json_decref(answer);
		return command_error(ctx, ret, "%s", err);
	}
	bool good = all_good(json_object_get(answer, "findings"));
	json_object_set_new(answer, "good", json_boolean(good));
	command_show(ctx, "doctor", answer, render_doctor);
	json_decref(answer);
	return down != 0 ? down : good ? EXIT_DONE : EXIT_FAILED;
}
