/*
 * msigctl identity: makes the SIG(0) key of this provider, and says what has to be published of it
 * so that others find it: URI at the identity, SVCB and KEY at the URI's host. Only 'check' asks a
 * daemon; the others work on the configuration and the key file alone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmsig/daemon/conf.h"
#include "libmsig/daemon/proc.h"
#include "libmsig/err.h"
#include "libmsig/key.h"
#include "libmsig/name.h"
#include "libmsig/sig0.h"
#include "msigctl/command.h"
#include "msigctl/identity.h"
#include "msigctl/render.h"

#define MAX_PEM 16384

/* Rdata in presentation form into text; all three know what length they can have. */
static void
generic(const uint8_t *rdata, size_t len, char *text, size_t size)
{
	int n = snprintf(text, size, "\\# %zu ", len);
	for (size_t i = 0; i < len && (size_t)n + 3 < size; i++) {
		n += snprintf(text + n, size - (size_t)n, "%02x", rdata[i]);
	}
}

static json_t *
record(const char *owner, const char *type, unsigned number, const char *text, const uint8_t *rdata,
       size_t len)
{
	char raw[2 * IDENTITY_RDATA_MAX + 32];
	generic(rdata, len, raw, sizeof(raw));
	return json_pack("{s:s, s:s, s:o, s:o}", "owner", owner, "type", type, "record",
			 json_sprintf("%s 300 IN %s %s", owner, type, text), "generic",
			 json_sprintf("%s 300 IN TYPE%u %s", owner, number, raw));
}

static json_t *
uri_record(const char *identity, const char *target, unsigned port)
{
	char owner[MSIG_NAME_TEXT + 16], uri[MSIG_NAME_TEXT + 32], text[MSIG_NAME_TEXT + 64];
	uint8_t rdata[MSIG_NAME_TEXT + 64] = {0, 10, 0, 10};
	size_t len = strlen(target);
	snprintf(owner, sizeof(owner), "_dns._tcp.%s", identity);
	/* A URI's host has no dot at its end. */
	snprintf(uri, sizeof(uri), "dns://%.*s:%u/", (int)(len - 1), target, port);
	snprintf(text, sizeof(text), "10 10 \"%s\"", uri);
	memcpy(rdata + 4, uri, strlen(uri));
	return record(owner, "URI", 256, text, rdata, 4 + strlen(uri));
}

/* addresses: of one port, checked by the caller. SvcPriority 1, target ".", hints. */
static json_t *
svcb_record(const char *target, const struct dnsio_addr *address, unsigned count)
{
	char text[1024] = "1 .", one[INET6_ADDRSTRLEN];
	uint8_t rdata[IDENTITY_RDATA_MAX] = {0, 1, 0};
	size_t len = 3;
	for (int family = 0; family < 2; family++) {
		int af = family == 0 ? AF_INET : AF_INET6;
		size_t start = len, size = af == AF_INET ? 4 : 16;
		for (unsigned i = 0; i < count && len + 4 + size < sizeof(rdata); i++) {
			if (address[i].ss.ss_family != af) {
				continue;
			}
			const void *a =
			    af == AF_INET
				? (const void *)&((const struct sockaddr_in *)&address[i].ss)
				      ->sin_addr
				: &((const struct sockaddr_in6 *)&address[i].ss)->sin6_addr;
			inet_ntop(af, a, one, sizeof(one));
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
				 len != start    ? ","
				 : af == AF_INET ? " ipv4hint="
						 : " ipv6hint=",
				 one);
			if (len == start) {
				rdata[len + 1] = af == AF_INET ? 4 : 6;
				len += 4;
			}
			memcpy(rdata + len, a, size);
			len += size;
		}
		if (len != start) {
			rdata[start + 2] = (uint8_t)((len - start - 4) >> 8);
			rdata[start + 3] = (uint8_t)(len - start - 4);
		}
	}
	return record(target, "SVCB", 64, text, rdata, len);
}

static json_t *
key_record(const char *target, const knot_rdata_t *key)
{
	char text[2 * IDENTITY_RDATA_MAX];
	knot_rrset_t rrset;
	knot_dname_t root[] = {0};
	knot_rrset_init(&rrset, root, KNOT_RRTYPE_KEY, KNOT_CLASS_IN, 0);
	if (knot_rrset_add_rdata(&rrset, key->data, key->len, NULL) != KNOT_EOK) {
		return NULL;
	}
	int n = knot_rrset_txt_dump_data(&rrset, 0, text, sizeof(text), &KNOT_DUMP_STYLE_DEFAULT);
	knot_rdataset_clear(&rrset.rrs, NULL);
	return n < 0 ? NULL : record(target, "KEY", 25, text, key->data, key->len);
}

json_t *
identity_records(const char *identity, const char *target, const struct dnsio_addr *address,
		 unsigned addresses, const knot_rdata_t *key, char *err, size_t errlen)
{
	in_port_t port = 0;
	for (unsigned i = 0; i < addresses; i++) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)&address[i].ss;
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address[i].ss;
		bool v4 = address[i].ss.ss_family == AF_INET;
		in_port_t p = v4 ? in->sin_port : in6->sin6_port;
		if (v4 ? in->sin_addr.s_addr == INADDR_ANY
		       : IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr)) {
			snprintf(err, errlen,
				 "transport: listens on every address; say with "
				 "uri-address in agent: which one peers shall use");
			return NULL;
		}
		if (port != 0 && p != port) {
			snprintf(err, errlen,
				 "transport: listens on different ports, and one URI "
				 "has one; say with uri-address in agent: which");
			return NULL;
		}
		port = p;
	}
	if (addresses == 0) {
		snprintf(err, errlen,
			 "no address to publish: neither transport: listen nor agent: "
			 "uri-address is set");
		return NULL;
	}
	json_t *list = json_array();
	json_array_append_new(list, uri_record(identity, target, ntohs(port)));
	json_array_append_new(list, svcb_record(target, address, addresses));
	json_array_append_new(list, key_record(target, key));
	return list;
}

static void
render_records(const struct text *t, const json_t *answer)
{
	size_t i;
	json_t *r;
	const char *form =
	    json_is_true(json_object_get(answer, "as-generic")) ? "generic" : "record";
	json_array_foreach(json_object_get(answer, "records"), i, r)
	{
		text_put(t, TINT_NONE, json_string_value(json_object_get(r, form)));
		fputc('\n', t->out);
	}
}

/* The key's file and name as configured. */
struct own {
	struct conf *conf;
	char target[MSIG_NAME_TEXT + 8];
	struct msig_sig0_key *key;
};

static void
own_clear(struct own *own)
{
	msig_sig0_key_free(own->key);
	conf_free(own->conf);
}

static int
own_conf(struct context *ctx, struct own *own)
{
	char err[1024] = "";
	const char *file = ctx->conf != NULL ? ctx->conf : MSIG_SYSCONFDIR "/msig.conf";
	own->conf = conf_load(file, err, sizeof(err));
	if (own->conf == NULL) {
		return command_error(ctx, EXIT_CONFIG, "%s", err);
	}
	if (own->conf->identity == NULL) {
		return command_error(ctx, EXIT_CONFIG, "%s: server: identity is not set", file);
	}
	if (own->conf->sig0_name != NULL) {
		snprintf(own->target, sizeof(own->target), "%s", own->conf->sig0_name);
	} else {
		snprintf(own->target, sizeof(own->target), "ns.%s", own->conf->identity);
	}
	return 0;
}

int
identity_read_key(const char *file, const char *name, struct msig_sig0_key **key, char *err,
		  size_t errlen)
{
	char *pem = calloc(1, MAX_PEM + 1);
	knot_dname_storage_t dname;
	struct stat st;
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pem == NULL || fstat(fd, &st) != 0) {
		snprintf(err, errlen, "%s: %s", file, strerror(errno));
		if (fd >= 0) {
			close(fd);
		}
		free(pem);
		return EXIT_FAILED;
	}
	ssize_t len = read(fd, pem, MAX_PEM + 1);
	close(fd);
	int ret = EXIT_FAILED;
	if (len < 0 || len > MAX_PEM) {
		snprintf(err, errlen, "%s: not a key", file);
	} else if (!S_ISREG(st.st_mode) || (st.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
		snprintf(err, errlen, "%s: its mode %03o lets others read or change it; chmod 600",
			 file, (unsigned)st.st_mode & 0777);
	} else if ((ret = msig_name_parse(name, dname)) != 0) {
		snprintf(err, errlen, "%s: %s", name, msig_strerror(ret));
	} else if ((ret = msig_sig0_key_from_pem(dname, (uint8_t *)pem, (size_t)len, key)) != 0) {
		snprintf(err, errlen, "%s: %s", file, msig_strerror(ret));
	}
	explicit_bzero(pem, MAX_PEM + 1);
	free(pem);
	return ret == 0 ? 0 : EXIT_FAILED;
}

static int
own_key(struct context *ctx, struct own *own)
{
	char err[1024] = "";
	if (own->conf->sig0_key == NULL) {
		return command_error(ctx, EXIT_CONFIG, "%s: agent: sig0-key is not set",
				     own->conf->file);
	}
	int ret = identity_read_key(own->conf->sig0_key, own->target, &own->key, err, sizeof(err));
	return ret == 0 ? 0 : command_error(ctx, ret, "%s", err);
}

static json_t *
key_json(const struct own *own, const char *file)
{
	uint8_t algorithm = msig_sig0_key_algorithm(own->key);
	const knot_rdata_t *rdata = msig_sig0_key_rdata(own->key);
	json_t *rec = key_record(own->target, rdata);
	json_t *answer =
	    json_pack("{s:b, s:s?, s:s, s:s, s:i, s:i, s:O?}", "ok", 1, "identity",
		      own->conf != NULL ? own->conf->identity : NULL, "name", own->target, "file",
		      file, "algorithm", algorithm, "tag", msig_sig0_key_tag(own->key), "record",
		      json_object_get(rec, "record"));
	json_decref(rec);
	return answer;
}

static void
render_key(const struct text *t, const json_t *answer)
{
	const json_int_t algorithm = json_integer_value(json_object_get(answer, "algorithm"));
	const char *identity = json_string_value(json_object_get(answer, "identity"));
	if (identity != NULL) {
		text_field(t, "Identity", TINT_HEAD, "%s", identity);
	}
	text_field(t, "Signs as", TINT_NONE, "%s",
		   json_string_value(json_object_get(answer, "name")));
	text_field(t, "Key", TINT_NONE, "tag %d, algorithm %d (%s)",
		   (int)json_integer_value(json_object_get(answer, "tag")), (int)algorithm,
		   algorithm == 15   ? "Ed25519"
		   : algorithm == 13 ? "ECDSA P-256"
				     : "RSA");
	text_field(t, "File", TINT_NONE, "%s", json_string_value(json_object_get(answer, "file")));
	text_field(t, "Publish", TINT_NONE, "%s",
		   json_string_value(json_object_get(answer, "record")));
}

int
identity_write_key(const char *file, const struct msig_sig0_key *key, uid_t owner, char *err,
		   size_t errlen)
{
	char *pem = NULL;
	size_t len = 0, done = 0;
	int ret = msig_sig0_key_to_pem(key, &pem, &len);
	if (ret != 0) {
		snprintf(err, errlen, "%s", msig_strerror(ret));
		return EXIT_FAILED;
	}
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool made = fd >= 0, good = made && fchmod(fd, 0600) == 0;
	while (good && done < len) {
		ssize_t n = write(fd, pem + done, len - done);
		good = n >= 0 || errno == EINTR;
		done += n > 0 ? (size_t)n : 0;
	}
	if (good && owner != (uid_t)-1) {
		good = fchown(fd, owner, (gid_t)-1) == 0;
	}
	good = good && fsync(fd) == 0;
	int error = errno;
	if (made) {
		close(fd);
	}
	explicit_bzero(pem, len);
	free(pem);
	if (good) {
		return 0;
	}
	if (made) {
		unlink(file); /* a part of a key is of no use to anybody */
	}
	snprintf(err, errlen, error == EEXIST ? "%s exists; a key is never overwritten" : "%s: %s",
		 file, strerror(error));
	return EXIT_FAILED;
}

static int
new_key(struct context *ctx, const char *file)
{
	struct own own = {0};
	char err[1024] = "";
	uint8_t algorithm = 15;
	const char *name = ctx->algorithm != NULL ? ctx->algorithm : "ed25519";
	if (strcasecmp(name, "ecdsap256sha256") == 0 || strcasecmp(name, "p-256") == 0 ||
	    strcmp(name, "13") == 0) {
		algorithm = 13;
	} else if (strcasecmp(name, "ed25519") != 0 && strcmp(name, "15") != 0) {
		return command_error(ctx, EXIT_USAGE, "-a %s: ed25519 or ecdsap256sha256", name);
	}
	int ret = own_conf(ctx, &own);
	if (ret == 0 && file == NULL && (file = own.conf->sig0_key) == NULL) {
		ret = command_error(ctx, EXIT_USAGE,
				    "no file is named, and agent: sig0-key is not set");
	}
	if (ret == 0) {
		knot_dname_storage_t dname;
		int e = msig_name_parse(own.target, dname);
		e = e != 0 ? e : msig_sig0_key_generate(dname, algorithm, &own.key);
		ret = e == 0
			  ? 0
			  : command_error(ctx, EXIT_FAILED, "%s: %s", own.target, msig_strerror(e));
	}
	if (ret == 0) {
		uid_t owner = geteuid() == 0 ? proc_uid(own.conf->user_agent) : (uid_t)-1;
		ret = identity_write_key(file, own.key, owner, err, sizeof(err));
		ret = ret == 0 ? 0 : command_error(ctx, ret, "%s", err);
	}
	if (ret == 0) {
		json_t *answer = key_json(&own, file);
		command_show(ctx, "identity-new", answer, render_key);
		json_decref(answer);
	}
	own_clear(&own);
	return ret;
}

static int
show_key(struct context *ctx)
{
	struct own own = {0};
	int ret = own_conf(ctx, &own);
	ret = ret == 0 ? own_key(ctx, &own) : ret;
	if (ret == 0) {
		json_t *answer = key_json(&own, own.conf->sig0_key);
		command_show(ctx, "identity-show", answer, render_key);
		json_decref(answer);
	}
	own_clear(&own);
	return ret;
}

/* What to publish, from uri-address if it is set, else from the addresses that transportd has. */
static int
print_records(struct context *ctx)
{
	struct own own = {0};
	struct dnsio_addr single;
	char err[1024] = "";
	int ret = own_conf(ctx, &own);
	ret = ret == 0 ? own_key(ctx, &own) : ret;
	if (ret == 0) {
		const struct conf *conf = own.conf;
		const struct dnsio_addr *address = conf->transport_listen;
		unsigned count = conf->transport_listens;
		if (conf->uri_address != NULL &&
		    dnsio_addr_parse(conf->uri_address, 5399, &single) == 0) {
			address = &single;
			count = 1;
		}
		json_t *list = identity_records(conf->identity, own.target, address, count,
						msig_sig0_key_rdata(own.key), err, sizeof(err));
		if (list == NULL) {
			ret = command_error(ctx, EXIT_CONFIG, "%s", err);
		} else {
			json_t *answer = json_pack("{s:b, s:b, s:o}", "ok", 1, "as-generic",
						   ctx->generic, "records", list);
			command_show(ctx, "identity-records", answer, render_records);
			json_decref(answer);
		}
	}
	own_clear(&own);
	return ret;
}

int
identity_run(struct context *ctx, int argc, char **argv)
{
	if (strcmp(argv[0], "new") == 0) {
		return new_key(ctx, argc > 1 ? argv[1] : NULL);
	}
	if (argc == 1 && strcmp(argv[0], "show") == 0) {
		return show_key(ctx);
	}
	if (argc == 1 && strcmp(argv[0], "records") == 0) {
		return print_records(ctx);
	}
	if (argc == 1 && strcmp(argv[0], "check") == 0) {
		return identity_check(ctx);
	}
	return command_error(ctx, EXIT_USAGE,
			     "usage: msigctl identity new [FILE] | show | records | check");
}
