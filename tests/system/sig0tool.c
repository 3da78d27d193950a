/*
 * Signs and verifies messages for the test against other implementations; all in hex.
 *
 *   sig0tool generate NAME ALGORITHM         PEM, then the rdata of the KEY record
 *   sig0tool sign NAME PEMFILE MSG [REQUEST] the signed message
 *   sig0tool verify KEYRDATA MSG [REQUEST]   "ok SIGNER TAG" or the error
 *   sig0tool bind KEYFILE PRIVATEFILE        the rdata of the KEY record
 *   sig0tool hello NAME ZONE                 a HELLO, unsigned
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "libmsig/err.h"
#include "libmsig/name.h"
#include "libmsig/peermsg.h"
#include "libmsig/sig0.h"

static size_t
from_hex(const char *text, uint8_t *out, size_t max)
{
	size_t n = 0;
	unsigned octet;

	while (text != NULL && n < max && sscanf(text + 2 * n, "%2x", &octet) == 1)
		out[n++] = octet;
	return n;
}

static void
print_hex(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%02x", data[i]);
	printf("\n");
}

static char *
slurp(const char *path, size_t *len)
{
	static char buf[2][8192];
	static int i;
	FILE *f = fopen(path, "r");

	if (f == NULL) {
		perror(path);
		exit(2);
	}
	i = !i;
	*len = fread(buf[i], 1, sizeof(buf[i]), f);
	fclose(f);
	return buf[i];
}

static int
done(int ret)
{
	if (ret != 0)
		printf("%s\n", msig_strerror(ret));
	return ret != 0;
}

static int
cmd_generate(char **arg)
{
	knot_dname_storage_t name;
	struct msig_sig0_key *key;
	char *pem;
	size_t len;
	int ret = msig_name_parse(arg[0], name);

	if (ret == 0)
		ret = msig_sig0_key_generate(name, atoi(arg[1]), &key);
	if (ret != 0 || (ret = msig_sig0_key_to_pem(key, &pem, &len)) != 0)
		return done(ret);
	fputs(pem, stdout);
	print_hex(msig_sig0_key_rdata(key)->data, msig_sig0_key_rdata(key)->len);
	free(pem);
	msig_sig0_key_free(key);
	return 0;
}

static int
cmd_sign(char **arg)
{
	static uint8_t wire[65535], request[65535];
	knot_dname_storage_t name;
	struct msig_sig0_key *key;
	size_t pem_len, len = from_hex(arg[2], wire, sizeof(wire));
	char *pem = slurp(arg[1], &pem_len);
	int ret = msig_name_parse(arg[0], name);

	if (ret == 0)
		ret = msig_sig0_key_from_pem(name, (uint8_t *)pem, pem_len, &key);
	if (ret != 0)
		return done(ret);
	ret = msig_sig0_sign(key, wire, &len, sizeof(wire), arg[3] == NULL ? NULL : request,
			     from_hex(arg[3], request, sizeof(request)), time(NULL),
			     MSIG_SIG0_WINDOW);
	if (ret == 0)
		print_hex(wire, len);
	msig_sig0_key_free(key);
	return done(ret);
}

static int
cmd_verify(char **arg)
{
	static uint8_t wire[65535], request[65535], rdata[4096];
	char text[MSIG_NAME_TEXT];
	struct msig_sig0_info info;
	knot_rdataset_t keys = {0};
	knot_rdata_t *rr = malloc(knot_rdata_size(sizeof(rdata)));
	size_t len = from_hex(arg[1], wire, sizeof(wire));
	int ret;

	knot_rdata_init(rr, from_hex(arg[0], rdata, sizeof(rdata)), rdata);
	ret = knot_rdataset_add(&keys, rr, NULL);
	if (ret == 0)
		ret = msig_sig0_verify(wire, len, arg[2] == NULL ? NULL : request,
				       from_hex(arg[2], request, sizeof(request)), &keys,
				       time(NULL), MSIG_SIG0_WINDOW, &info);
	if (ret == 0)
		printf("ok %s %u\n", msig_name_text(info.signer, text), info.tag);
	free(rr);
	knot_rdataset_clear(&keys, NULL);
	return done(ret);
}

static int
cmd_bind(char **arg)
{
	struct msig_sig0_key *key;
	size_t len[2];
	char *public = slurp(arg[0], &len[0]), *private = slurp(arg[1], &len[1]);
	int ret = msig_sig0_key_from_bind(public, len[0], private, len[1], &key);

	if (ret == 0)
		print_hex(msig_sig0_key_rdata(key)->data, msig_sig0_key_rdata(key)->len);
	msig_sig0_key_free(key);
	return done(ret);
}

static int
cmd_hello(char **arg)
{
	knot_dname_storage_t name, zone;
	struct msig_option opt;
	struct msig_peermsg msg;
	uint8_t wire[4096];
	size_t len = sizeof(wire);
	int ret = msig_name_parse(arg[0], name);

	if (ret == 0)
		ret = msig_name_parse(arg[1], zone);
	if (ret != 0)
		return done(ret);
	msig_option_init(&opt, MSIG_OP_HELLO, name, zone);
	MSIG_OPTION_SET(&opt, SEQUENCE, sequence, 1);
	ret = msig_peermsg_request(&msg, 4711, &opt, NULL);
	if (ret == 0)
		ret = msig_peermsg_compose(&msg, NULL, wire, &len);
	if (ret == 0)
		print_hex(wire, len);
	return done(ret);
}

static const struct {
	const char *name;
	int min;
	int (*run)(char **arg);
} commands[] = {
    {"generate", 2, cmd_generate}, {"sign", 3, cmd_sign},   {"verify", 2, cmd_verify},
    {"bind", 2, cmd_bind},         {"hello", 2, cmd_hello},
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]) && argc > 1; i++) {
		if (strcmp(argv[1], commands[i].name) == 0 && argc - 2 >= commands[i].min)
			return commands[i].run(argv + 2);
	}
	fprintf(stderr, "usage: sig0tool generate|sign|verify|bind|hello ARGUMENTS\n");
	return 2;
}
