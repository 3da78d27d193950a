/*
 * Bounded reader and writer with an error that sticks.
 */
#include "libmsig/buf.h"
#include <stdlib.h>
#include <string.h>
#include <libknot/errcode.h>
#include <libknot/wire.h>
#include "libmsig/err.h"

void
msig_rd_init(struct msig_rd *rd, const uint8_t *data, size_t len)
{
	*rd = (struct msig_rd){.at = data, .left = len};
}

const uint8_t *
msig_rd_bytes(struct msig_rd *rd, size_t len)
{
	const uint8_t *at = rd->at;

	if (rd->err != 0)
		return NULL;
	if (len > rd->left) {
		rd->err = MSIG_ETRUNC;
		return NULL;
	}
	if (len > 0) {
		rd->at += len;
		rd->left -= len;
	}
	return at;
}

uint8_t
msig_rd_u8(struct msig_rd *rd)
{
	const uint8_t *at = msig_rd_bytes(rd, 1);

	return at == NULL ? 0 : at[0];
}

uint16_t
msig_rd_u16(struct msig_rd *rd)
{
	const uint8_t *at = msig_rd_bytes(rd, 2);

	return at == NULL ? 0 : knot_wire_read_u16(at);
}

uint32_t
msig_rd_u32(struct msig_rd *rd)
{
	const uint8_t *at = msig_rd_bytes(rd, 4);

	return at == NULL ? 0 : knot_wire_read_u32(at);
}

uint64_t
msig_rd_u64(struct msig_rd *rd)
{
	const uint8_t *at = msig_rd_bytes(rd, 8);

	return at == NULL ? 0 : knot_wire_read_u64(at);
}

const knot_dname_t *
msig_rd_name(struct msig_rd *rd)
{
	int len;

	if (rd->err != 0)
		return NULL;
	if (rd->left == 0) {
		rd->err = MSIG_ETRUNC;
		return NULL;
	}
	/* Without a packet, a compression pointer is malformed. */
	len = knot_dname_wire_check(rd->at, rd->at + rd->left, NULL);
	if (len <= 0) {
		rd->err = KNOT_EMALF;
		return NULL;
	}
	return msig_rd_bytes(rd, len);
}

int
msig_rd_end(const struct msig_rd *rd)
{
	if (rd->err != 0)
		return rd->err;
	return rd->left > 0 ? MSIG_ETRAIL : 0;
}

void
msig_wr_init(struct msig_wr *wr, uint8_t *data, size_t max)
{
	*wr = (struct msig_wr){.data = data, .max = max};
}

void
msig_wr_grow(struct msig_wr *wr, size_t max)
{
	*wr = (struct msig_wr){.max = max, .own = 1};
}

/* Makes room for len octets and returns where they go. */
static uint8_t *
wr_room(struct msig_wr *wr, size_t len)
{
	size_t room;
	uint8_t *data;

	if (wr->err != 0)
		return NULL;
	if (len > wr->max - wr->len) {
		wr->err = wr->own ? MSIG_ESIZE : KNOT_ESPACE;
		return NULL;
	}
	if (wr->own && wr->len + len > wr->room) {
		room = wr->room < 256 ? 256 : wr->room * 2;
		if (room < wr->len + len)
			room = wr->len + len;
		data = realloc(wr->data, room);
		if (data == NULL) {
			wr->err = KNOT_ENOMEM;
			return NULL;
		}
		wr->data = data;
		wr->room = room;
	}
	wr->len += len;
	return wr->data + wr->len - len;
}

void
msig_wr_bytes(struct msig_wr *wr, const void *data, size_t len)
{
	uint8_t *at;

	if (len == 0)
		return;
	at = wr_room(wr, len);
	if (at != NULL)
		memcpy(at, data, len);
}

void
msig_wr_u8(struct msig_wr *wr, uint8_t v)
{
	msig_wr_bytes(wr, &v, 1);
}

void
msig_wr_u16(struct msig_wr *wr, uint16_t v)
{
	uint8_t *at = wr_room(wr, 2);

	if (at != NULL)
		knot_wire_write_u16(at, v);
}

void
msig_wr_u32(struct msig_wr *wr, uint32_t v)
{
	uint8_t *at = wr_room(wr, 4);

	if (at != NULL)
		knot_wire_write_u32(at, v);
}

void
msig_wr_u64(struct msig_wr *wr, uint64_t v)
{
	uint8_t *at = wr_room(wr, 8);

	if (at != NULL)
		knot_wire_write_u64(at, v);
}

void
msig_wr_name(struct msig_wr *wr, const knot_dname_t *name)
{
	msig_wr_bytes(wr, name, knot_dname_size(name));
}

void
msig_wr_patch16(struct msig_wr *wr, size_t at, uint16_t v)
{
	if (wr->err == 0 && at + 2 <= wr->len)
		knot_wire_write_u16(wr->data + at, v);
}

int
msig_wr_take(struct msig_wr *wr, uint8_t **data, size_t *len)
{
	int err = wr->err;

	*data = NULL;
	*len = 0;
	if (err != 0) {
		msig_wr_clear(wr);
		return err;
	}
	*data = wr->data;
	*len = wr->len;
	msig_wr_grow(wr, wr->max);
	return 0;
}

void
msig_wr_clear(struct msig_wr *wr)
{
	if (wr->own)
		free(wr->data);
	*wr = (struct msig_wr){0};
}
