/*
 * Reading answers: what is missing or of another type reads as empty, 0 or false.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

static inline const char *
js_str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s != NULL ? s : "";
}

static inline bool
js_has(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	return json_is_string(v) ? *json_string_value(v) != '\0' : v != NULL && !json_is_null(v);
}

static inline uint64_t
js_num(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));
	return n > 0 ? (uint64_t)n : 0;
}

static inline bool
js_true(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

#define JS_EACH(list, item)                                                          \
	for (size_t item##_i = 0; item##_i < json_array_size(list) &&                \
				  ((item) = json_array_get(list, item##_i)) != NULL; \
	     item##_i++)
