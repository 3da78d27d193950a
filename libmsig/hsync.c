/*
 * HSYNC in its versions.
 */
#include "libmsig/hsync.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <libknot/errcode.h>
#include "libmsig/buf.h"
#include "libmsig/err.h"

static bool
known(uint8_t value, const uint8_t *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (values[i] == value)
			return true;
	}
	return false;
}

#define X(id, text, value) value,
static const uint8_t states[] = {MSIG_HSYNC_STATES(X)};
static const uint8_t nsmgmts[] = {MSIG_HSYNC_NSMGMTS(X)};
static const uint8_t signs[] = {MSIG_HSYNC_SIGNS(X)};
#undef X

static bool
valid(const struct msig_hsync *h)
{
	if (h->identity[0] == '\0') /* the root is nobody */
		return false;
	if (h->state >= MSIG_HSYNC_PRIVATE)
		return true;
	return known(h->state, states, sizeof(states)) &&
	       known(h->nsmgmt, nsmgmts, sizeof(nsmgmts)) && known(h->sign, signs, sizeof(signs));
}

/* A name of the rdata into the struct; a sticky error leaves it as it is. */
static void
take_name(struct msig_rd *rd, knot_dname_storage_t to)
{
	const knot_dname_t *name = msig_rd_name(rd);

	if (name != NULL)
		memcpy(to, name, knot_dname_size(name));
}

int
msig_hsync_decode(const uint8_t *rdata, size_t len, unsigned flags, struct msig_hsync *hsync)
{
	struct msig_rd rd;

	memset(hsync, 0, sizeof(*hsync));
	msig_rd_init(&rd, rdata, len);
	hsync->state = msig_rd_u8(&rd);
	if (flags & MSIG_HSYNC_MSIGNER) {
		hsync->version = 1;
		hsync->nsmgmt = MSIG_HSYNC_OWNER;
		hsync->sign = MSIG_HSYNC_SIGN;
		take_name(&rd, hsync->identity);
	} else {
		hsync->version = 3;
		hsync->nsmgmt = msig_rd_u8(&rd);
		hsync->sign = msig_rd_u8(&rd);
		take_name(&rd, hsync->identity);
		if (rd.left > 0) {
			hsync->version = 4;
			take_name(&rd, hsync->upstream);
		}
	}
	if (msig_rd_end(&rd) != 0)
		return MSIG_EHSYNC;
	if (flags & MSIG_HSYNC_ZERO_OFF) {
		if (hsync->state == 0)
			hsync->state = MSIG_HSYNC_OFF;
		if (hsync->sign == 0)
			hsync->sign = MSIG_HSYNC_NOSIGN;
	}
	return valid(hsync) ? 0 : MSIG_EHSYNC;
}

int
msig_hsync_encode(const struct msig_hsync *hsync, uint8_t rdata[MSIG_HSYNC_RDATA_MAX],
		  uint16_t *len)
{
	struct msig_wr wr;

	if (!valid(hsync))
		return MSIG_EHSYNC;
	msig_wr_init(&wr, rdata, MSIG_HSYNC_RDATA_MAX);
	msig_wr_u8(&wr, hsync->state);
	msig_wr_u8(&wr, hsync->nsmgmt);
	msig_wr_u8(&wr, hsync->sign);
	msig_wr_name(&wr, hsync->identity);
	msig_wr_name(&wr, hsync->upstream);
	*len = wr.len;
	return wr.err;
}

/* Text --------------------------------------------------------------------------------------- */

struct token {
	const char *text;
	uint8_t value;
};

#define X(id, text, value) {text, value},
static const struct token state_tokens[] = {MSIG_HSYNC_STATES(X){NULL, 0}};
static const struct token nsmgmt_tokens[] = {MSIG_HSYNC_NSMGMTS(X){NULL, 0}};
static const struct token sign_tokens[] = {
    MSIG_HSYNC_SIGNS(X){"YES", MSIG_HSYNC_SIGN}, {"NO", MSIG_HSYNC_NOSIGN}, {NULL, 0}};
#undef X

/* A token or a number of one octet. */
static bool
parse_value(const char *word, const struct token *tokens, uint8_t *value)
{
	char *end;
	long n;

	for (; tokens->text != NULL; tokens++) {
		if (strcasecmp(word, tokens->text) == 0) {
			*value = tokens->value;
			return true;
		}
	}
	if (!isdigit((unsigned char)word[0]))
		return false;
	n = strtol(word, &end, 10);
	if (*end != '\0' || n > 255)
		return false;
	*value = n;
	return true;
}

static const char *
value_text(uint8_t value, const struct token *tokens, char number[4])
{
	for (; tokens->text != NULL; tokens++) {
		if (tokens->value == value)
			return tokens->text;
	}
	snprintf(number, 4, "%u", value);
	return number;
}

#define WORDS_MAX 6 /* one more than there can be */
#define BLANKS " \t\r\n"

/* Splits at blanks in place. */
static size_t
split(char *text, char *word[WORDS_MAX])
{
	size_t n = 0;
	char *save;

	for (char *w = strtok_r(text, BLANKS, &save); w != NULL && n < WORDS_MAX;
	     w = strtok_r(NULL, BLANKS, &save))
		word[n++] = w;
	return n;
}

static int
hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c == '\0' ? NULL : strchr(digits, tolower((unsigned char)c));

	return at == NULL ? -1 : (int)(at - digits);
}

/* Behind "\#": the length and the hex, in as many words as you like. */
static int
parse_generic(const char *text, unsigned flags, struct msig_hsync *hsync)
{
	uint8_t rdata[MSIG_HSYNC_RDATA_MAX];
	char *end;
	size_t n = 0;
	unsigned long len = strtoul(text, &end, 10);

	if (len > sizeof(rdata))
		return MSIG_EHSYNC;
	for (text = end + strspn(end, BLANKS); *text != '\0'; text += strspn(text, BLANKS)) {
		int high = hex_digit(text[0]);
		int low = high < 0 ? -1 : hex_digit(text[1]);

		if (n == len || low < 0)
			return MSIG_EHSYNC;
		rdata[n++] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return n == len ? msig_hsync_decode(rdata, len, flags, hsync) : MSIG_EHSYNC;
}

/* STATE [NSMGMT SIGN] IDENTITY [UPSTREAM] */
static int
parse_words(char **word, size_t n, struct msig_hsync *hsync)
{
	bool v1 = n == 2;

	if (n != 2 && n != 4 && n != 5)
		return MSIG_EHSYNC;
	memset(hsync, 0, sizeof(*hsync));
	hsync->version = v1 ? 1 : n == 4 ? 3 : 4;
	hsync->nsmgmt = MSIG_HSYNC_OWNER;
	hsync->sign = MSIG_HSYNC_SIGN;
	if (!parse_value(word[0], state_tokens, &hsync->state))
		return MSIG_EHSYNC;
	if (!v1 && (!parse_value(word[1], nsmgmt_tokens, &hsync->nsmgmt) ||
		    !parse_value(word[2], sign_tokens, &hsync->sign)))
		return MSIG_EHSYNC;
	if (msig_name_parse_case(word[v1 ? 1 : 3], hsync->identity) != 0 ||
	    (n == 5 && msig_name_parse_case(word[4], hsync->upstream) != 0))
		return MSIG_EHSYNC;
	return valid(hsync) ? 0 : MSIG_EHSYNC;
}

static bool
is_type_word(const char *word, unsigned *flags)
{
	if (strcasecmp(word, "HSYNC") == 0)
		return true;
	if (strcasecmp(word, "MSIGNER") == 0) {
		*flags |= MSIG_HSYNC_MSIGNER;
		return true;
	}
	if (strncasecmp(word, "TYPE", 4) != 0 || !isdigit((unsigned char)word[4]))
		return false;
	if (strtoul(word + 4, NULL, 10) == MSIG_MSIGNER_TYPE)
		*flags |= MSIG_HSYNC_MSIGNER;
	return true;
}

/* What follows the name of the type, if it stands in front. */
static const char *
skip_type(const char *text, unsigned *flags)
{
	char word[16];
	size_t len;

	text += strspn(text, BLANKS);
	len = strcspn(text, BLANKS);
	if (len < sizeof(word)) {
		memcpy(word, text, len);
		word[len] = '\0';
		if (is_type_word(word, flags))
			text += len;
	}
	return text + strspn(text, BLANKS);
}

int
msig_hsync_parse(const char *text, unsigned flags, struct msig_hsync *hsync)
{
	char copy[MSIG_HSYNC_TEXT];
	char *word[WORDS_MAX];
	size_t len, n;

	text = skip_type(text, &flags);
	if (strncmp(text, "\\#", 2) == 0)
		return parse_generic(text + 2, flags, hsync);
	len = strlen(text);
	if (len >= sizeof(copy))
		return MSIG_EHSYNC;
	memcpy(copy, text, len + 1);
	n = split(copy, word);
	if ((flags & MSIG_HSYNC_MSIGNER) && n != 2)
		return MSIG_EHSYNC;
	return parse_words(word, n, hsync);
}

/* Absolute, letters as they are. */
static const char *
name_text(const knot_dname_t *name, char buf[MSIG_NAME_TEXT])
{
	return knot_dname_to_str(buf, name, MSIG_NAME_TEXT) == NULL ? "." : buf;
}

int
msig_hsync_text(const struct msig_hsync *hsync, char *buf, size_t len)
{
	char number[3][4];
	char identity[MSIG_NAME_TEXT], upstream[MSIG_NAME_TEXT];
	int n =
	    snprintf(buf, len, "%s %s %s %s %s", value_text(hsync->state, state_tokens, number[0]),
		     value_text(hsync->nsmgmt, nsmgmt_tokens, number[1]),
		     value_text(hsync->sign, sign_tokens, number[2]),
		     name_text(hsync->identity, identity), name_text(hsync->upstream, upstream));

	return n < 0 || (size_t)n >= len ? KNOT_ESPACE : 0;
}

int
msig_hsync_text_generic(const struct msig_hsync *hsync, char *buf, size_t len)
{
	uint8_t rdata[MSIG_HSYNC_RDATA_MAX];
	uint16_t size;
	int ret = msig_hsync_encode(hsync, rdata, &size);
	size_t at;

	if (ret != 0)
		return ret;
	at = snprintf(buf, len, "\\# %u ", size);
	if (at + 2 * (size_t)size >= len)
		return KNOT_ESPACE;
	for (uint16_t i = 0; i < size; i++)
		snprintf(buf + at + 2 * (size_t)i, 3, "%02x", rdata[i]);
	return 0;
}

/* RRset -------------------------------------------------------------------------------------- */

void
msig_hsync_set_clear(struct msig_hsync_set *set)
{
	free(set->at);
	memset(set, 0, sizeof(*set));
}

int
msig_hsync_set_copy(struct msig_hsync_set *to, const struct msig_hsync_set *from)
{
	struct msig_hsync *at = calloc(from->count + 1, sizeof(*at));

	if (at == NULL)
		return KNOT_ENOMEM;
	if (from->count > 0)
		memcpy(at, from->at, from->count * sizeof(*at));
	msig_hsync_set_clear(to);
	*to = *from;
	to->at = at;
	return 0;
}

static int
by_identity(const void *a, const void *b)
{
	return msig_name_cmp(((const struct msig_hsync *)a)->identity,
			     ((const struct msig_hsync *)b)->identity);
}

/* Fills set->at; private states are left out. */
static int
decode_all(const knot_rdataset_t *rrs, unsigned flags, struct msig_hsync_set *set, uint16_t *bad)
{
	const knot_rdata_t *rr = rrs->rdata;

	for (uint16_t i = 0; i < rrs->count; i++) {
		struct msig_hsync *h = &set->at[set->count];
		int ret = msig_hsync_decode(rr->data, rr->len, flags, h);

		*bad = i;
		if (ret != 0)
			return ret;
		if (h->state < MSIG_HSYNC_PRIVATE) {
			if (msig_hsync_set_find(set, h->identity) != NULL)
				return MSIG_EDUP;
			set->count++;
		}
		rr = (const knot_rdata_t *)((const uint8_t *)rr + knot_rdata_size(rr->len));
	}
	return 0;
}

static void
set_nsmgmt(struct msig_hsync_set *set)
{
	set->nsmgmt = set->count == 0 ? MSIG_HSYNC_OWNER : set->at[0].nsmgmt;
	for (size_t i = 1; i < set->count; i++) {
		if (set->at[i].nsmgmt != set->nsmgmt)
			set->mixed = true;
	}
	if (set->mixed)
		set->nsmgmt = MSIG_HSYNC_OWNER;
}

int
msig_hsync_set_decode(const knot_rdataset_t *rrs, uint16_t type, unsigned flags,
		      struct msig_hsync_set *set, uint16_t *bad)
{
	struct msig_set raw = {.type = type, .rrs = *rrs};
	const struct msig_set *sets[] = {&raw};
	uint16_t which = 0;
	int ret;

	memset(set, 0, sizeof(*set));
	if (rrs->count == 0)
		return MSIG_EMISSING;
	set->at = calloc(rrs->count, sizeof(*set->at));
	if (set->at == NULL)
		return KNOT_ENOMEM;
	ret = decode_all(rrs, flags, set, &which);
	if (ret == 0)
		ret = msig_sets_digest(sets, 1, set->digest);
	if (bad != NULL)
		*bad = which;
	if (ret != 0) {
		msig_hsync_set_clear(set);
		return ret;
	}
	qsort(set->at, set->count, sizeof(*set->at), by_identity);
	set_nsmgmt(set);
	return 0;
}

const struct msig_hsync *
msig_hsync_set_find(const struct msig_hsync_set *set, const knot_dname_t *identity)
{
	for (size_t i = 0; i < set->count; i++) {
		if (msig_name_eq(set->at[i].identity, identity))
			return &set->at[i];
	}
	return NULL;
}

size_t
msig_hsync_set_signers(const struct msig_hsync_set *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->count; i++)
		n += set->at[i].state == MSIG_HSYNC_ON && set->at[i].sign == MSIG_HSYNC_SIGN;
	return n;
}
