/*
 * The commands of msigctl that ask nobody: hsync reads and prints both forms; identity makes a key
 * file that it never overwrites, and prints records that a zone file parser reads as the same data
 * in both forms.
 */
#include "tests/unit/unit.h"

#include <sys/stat.h>
#include <unistd.h>
#include <libzscanner/scanner.h>

#include "libmsig/name.h"
#include "msigctl/command.h"
#include "msigctl/identity.h"

static char dir[64];

static int
setup(void **state)
{
	strcpy(dir, "/tmp/msig-ctl.XXXXXX");
	return mkdtemp(dir) == NULL;
}

static int
teardown(void **state)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* hsync with a line of arguments (split at |) or with input. */
static int
hsync(const char *args, const char *input, const char *owner, char **out)
{
	char copy[1024] = "", *argv[32];
	int argc = 0;
	size_t len = 0;
	snprintf(copy, sizeof(copy), "%s", args);
	for (char *a = strtok(copy, "|"); a != NULL; a = strtok(NULL, "|")) {
		argv[argc++] = a;
	}
	struct context ctx = {.owner = owner,
			      .in = fmemopen((char *)(uintptr_t)input, strlen(input) + 1, "r")};
	ctx.text.out = open_memstream(out, &len);
	int ret = hsync_run(&ctx, argc, argv);
	fclose(ctx.text.out);
	fclose(ctx.in);
	return ret;
}

#define P1 "010201036d7361027031076578616d706c6500"
#define P1_TEXT "ON AGENT SIGN msa.p1.example. ."

static void
test_hsync(void **state)
{
	static const struct {
		const char *args, *input, *owner;
		int code;
		const char *out; /* a part of it */
	} cases[] = {
	    {"ON|AGENT|SIGN|msa.p1.example.|.", "", NULL, 0,
	     "; HSYNC " P1_TEXT "\n@ 3600 IN TYPE65282 \\# 20 " P1 "00\n"},
	    {"on|agent|sign|msa.p1.example.|.", "", "z.", 0,
	     "z. 3600 IN TYPE65282 \\# 20 " P1 "00\n"},
	    {P1_TEXT, "", NULL, 0, "\\# 20 " P1 "00"},
	    {"z.|300|IN|HSYNC|ON|AGENT|SIGN|msa.p1.example.|.", "", NULL, 0,
	     "z. 300 IN TYPE65282 \\# 20 " P1},
	    {"TYPE65282|\\#|20|" P1 "00", "", NULL, 0, "; HSYNC " P1_TEXT "\n"},
	    {"\\#|20|" P1 "00", "", NULL, 0, "; HSYNC " P1_TEXT "\n"},
	    /* Older forms are read, V4 is written. */
	    {"\\#|19|" P1, "", NULL, 0, "; HSYNC " P1_TEXT "\n"},
	    {"MSIGNER|ON|msa.p1.example.", "", NULL, 0,
	     "; HSYNC ON OWNER SIGN msa.p1.example. .\n"},
	    {"",
	     "z. 60 IN TYPE65282 \\# 20 " P1
	     "00\n; comment\n\n 60 HSYNC OFF AGENT SIGN msa.p2.example. . ; no\n",
	     "z.", 0, "; HSYNC OFF AGENT SIGN msa.p2.example. .\nz. 60 IN"},
	    {"ON|AGENT|SIGN", "", NULL, EXIT_FAILED, ""},
	    {"MAYBE|AGENT|SIGN|msa.p1.example.|.", "", NULL, EXIT_FAILED, ""},
	    {"\\#|21|" P1 "00", "", NULL, EXIT_FAILED, ""}, /* length and data differ */
	    {"\\#|4|01020300", "", NULL, EXIT_FAILED, ""},  /* the root is nobody */
	    {"\\#|3|010201", "", NULL, EXIT_FAILED, ""},
	    {"\\#|20|00"
	     "0201036d7361027031076578616d706c650000",
	     "", NULL, EXIT_FAILED, ""},
	    {"", "", NULL, EXIT_USAGE, ""},
	    {"", "; nothing\n", NULL, EXIT_USAGE, ""},
	    /* Well-formed, but agents would not act on such a set. */
	    {"", "HSYNC ON AGENT SIGN a. .\nHSYNC OFF AGENT SIGN A. .\n", "z.", EXIT_FAILED,
	     "; HSYNC ON AGENT SIGN a. ."},
	    {"", "HSYNC ON AGENT SIGN a. .\nHSYNC ON OWNER SIGN b. .\n", "z.", EXIT_FAILED,
	     "; HSYNC ON OWNER SIGN b. ."},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *out = NULL;
		int ret = hsync(cases[i].args, cases[i].input, cases[i].owner, &out);
		if (ret != cases[i].code || strstr(out, cases[i].out) == NULL) {
			fail_msg("case %zu: %d\n%s", i, ret, out);
		}
		free(out);
	}
}

static void
test_long(void **state)
{
	char line[5000];
	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	char *out = NULL;
	assert_int_not_equal(hsync("", line, NULL, &out), 0);
	free(out);
}

static struct msig_sig0_key *
key_new(uint8_t algorithm)
{
	knot_dname_storage_t name;
	struct msig_sig0_key *key = NULL;
	assert_int_equal(msig_name_parse("ns.msa.p1.example.", name), 0);
	assert_int_equal(msig_sig0_key_generate(name, algorithm, &key), 0);
	return key;
}

static void
test_key_file(void **state)
{
	static const uint8_t algorithms[] = {13, 15};
	for (size_t i = 0; i < sizeof(algorithms); i++) {
		char file[128], err[256] = "";
		struct stat st;
		struct msig_sig0_key *key = key_new(algorithms[i]), *back = NULL, *other;
		snprintf(file, sizeof(file), "%s/%u.pem", dir, algorithms[i]);
		mode_t old = umask(0);
		assert_int_equal(identity_write_key(file, key, (uid_t)-1, err, sizeof(err)), 0);
		umask(old);
		assert_int_equal(stat(file, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);

		/* Never overwritten, whatever is there. */
		other = key_new(algorithms[i]);
		assert_int_equal(identity_write_key(file, other, (uid_t)-1, err, sizeof(err)),
				 EXIT_FAILED);
		assert_non_null(strstr(err, "never overwritten"));
		msig_sig0_key_free(other);

		assert_int_equal(
		    identity_read_key(file, "ns.msa.p1.example.", &back, err, sizeof(err)), 0);
		const knot_rdata_t *a = msig_sig0_key_rdata(key), *b = msig_sig0_key_rdata(back);
		assert_int_equal(a->len, b->len);
		assert_memory_equal(a->data, b->data, a->len);
		msig_sig0_key_free(back);
		msig_sig0_key_free(key);

		/* Others may not read it, nor the group write it. */
		static const mode_t bad[] = {0604, 0620, 0601, 0666};
		for (size_t m = 0; m < sizeof(bad) / sizeof(bad[0]); m++) {
			chmod(file, bad[m]);
			back = NULL;
			assert_int_equal(identity_read_key(file, "a.", &back, err, sizeof(err)),
					 EXIT_FAILED);
			assert_non_null(strstr(err, "chmod 600"));
			assert_null(back);
		}
		chmod(file, 0640);
		assert_int_equal(identity_read_key(file, "a.", &back, err, sizeof(err)), 0);
		msig_sig0_key_free(back);
		unlink(file);
	}
}

static void
test_bad_file(void **state)
{
	char file[128], err[256] = "";
	struct msig_sig0_key *key = NULL;
	snprintf(file, sizeof(file), "%s/none", dir);
	assert_int_equal(identity_read_key(file, "a.", &key, err, sizeof(err)), EXIT_FAILED);
	assert_non_null(strstr(err, "No such file"));
	FILE *f = fopen(file, "w");
	for (int i = 0; i < 20000; i++) {
		fputc('x', f);
	}
	fclose(f);
	chmod(file, 0600);
	assert_int_equal(identity_read_key(file, "a.", &key, err, sizeof(err)), EXIT_FAILED);
	assert_int_equal(truncate(file, 100), 0);
	assert_int_equal(identity_read_key(file, "a.", &key, err, sizeof(err)), EXIT_FAILED);
	assert_int_equal(truncate(file, 0), 0);
	assert_int_equal(identity_read_key(file, "a.", &key, err, sizeof(err)), EXIT_FAILED);
	assert_int_equal(identity_read_key(dir, "a.", &key, err, sizeof(err)), EXIT_FAILED);
	assert_null(key);
}

/* One line through the zone file parser. */
static void
scan(const char *line, zs_scanner_t *s)
{
	assert_int_equal(zs_init(s, ".", 1, 3600), 0);
	assert_int_equal(zs_set_input_string(s, line, strlen(line)), 0);
	if (zs_parse_record(s) != 0 || s->state != ZS_STATE_DATA) {
		fail_msg("%s: %s", line, zs_strerror(s->error.code));
	}
}

static void
test_records(void **state)
{
	static const struct {
		const char *address[3];
		const char *uri, *svcb;
	} cases[] = {
	    {{"192.0.2.10@5399"},
	     "\"dns://ns.msa.p1.example:5399/\"",
	     "SVCB 1 . ipv4hint=192.0.2.10"},
	    {{"192.0.2.10@53", "2001:db8::1@53", "192.0.2.11@53"},
	     "\"dns://ns.msa.p1.example:53/\"",
	     "SVCB 1 . ipv4hint=192.0.2.10,192.0.2.11 ipv6hint=2001:db8::1"},
	    {{"2001:db8::1@853"},
	     "\"dns://ns.msa.p1.example:853/\"",
	     "SVCB 1 . ipv6hint=2001:db8::1"},
	};
	struct msig_sig0_key *key = key_new(15);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dnsio_addr address[3];
		unsigned n = 0;
		for (; n < 3 && cases[i].address[n] != NULL; n++) {
			assert_int_equal(dnsio_addr_parse(cases[i].address[n], 53, &address[n]), 0);
		}
		char err[256] = "";
		json_t *list = identity_records("msa.p1.example.", "ns.msa.p1.example.", address, n,
						msig_sig0_key_rdata(key), err, sizeof(err)),
		       *r;
		assert_non_null(list);
		assert_int_equal(json_array_size(list), 3);
		size_t at;
		json_array_foreach(list, at, r)
		{
			static zs_scanner_t a, b;
			const char *text = json_string_value(json_object_get(r, "record"));
			scan(text, &a);
			scan(json_string_value(json_object_get(r, "generic")), &b);
			assert_int_equal(a.r_type, b.r_type);
			assert_int_equal(a.r_data_length, b.r_data_length);
			assert_memory_equal(a.r_data, b.r_data, a.r_data_length);
			assert_int_equal(a.r_owner_length, b.r_owner_length);
			assert_memory_equal(a.r_owner, b.r_owner, a.r_owner_length);
			if (at < 2 &&
			    strstr(text, at == 0 ? cases[i].uri : cases[i].svcb) == NULL) {
				fail_msg("%s", text);
			}
			if (at == 2) { /* KEY: the very data that messages are verified with */
				const knot_rdata_t *rdata = msig_sig0_key_rdata(key);
				assert_int_equal(a.r_type, 25);
				assert_int_equal(a.r_data_length, rdata->len);
				assert_memory_equal(a.r_data, rdata->data, rdata->len);
			}
			zs_deinit(&a);
			zs_deinit(&b);
		}
		json_decref(list);
	}
	msig_sig0_key_free(key);
}

static void
test_no_records(void **state)
{
	static const struct {
		const char *address[2];
		const char *text;
	} cases[] = {
	    {{NULL}, "no address to publish"},
	    {{"0.0.0.0@53"}, "every address"},
	    {{"::@53"}, "every address"},
	    {{"192.0.2.1@53", "192.0.2.1@54"}, "different ports"},
	};
	struct msig_sig0_key *key = key_new(15);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dnsio_addr address[2];
		unsigned n = 0;
		for (; n < 2 && cases[i].address[n] != NULL; n++) {
			assert_int_equal(dnsio_addr_parse(cases[i].address[n], 53, &address[n]), 0);
		}
		char err[256] = "";
		assert_null(identity_records("a.", "ns.a.", address, n, msig_sig0_key_rdata(key),
					     err, sizeof(err)));
		assert_non_null(strstr(err, cases[i].text));
	}
	msig_sig0_key_free(key);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_hsync),    T(test_long),    T(test_key_file),
	    T(test_bad_file), T(test_records), T(test_no_records),
	};
	return cmocka_run_group_tests_name("msigctl_local", tests, NULL, NULL);
}
