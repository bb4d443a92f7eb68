/* What json.c leaves to json_long.c. */
#ifndef BASE_JSON_LONG_H
#define BASE_JSON_LONG_H

#include "base/json.h"

/*
 * What json_loadb makes of TEXT with FLAGS, for a text with strings above 64 KiB; NULL when there
 * is none or anything about it is unusual, which says nothing about the text. New reference.
 */
json_t *json_parse_long(struct str text, size_t flags);

#endif
