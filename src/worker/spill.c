/* Writing what was cut off, until one of the bounds is reached or something fails. */
#include "worker/spill_priv.h"

#include "base/json.h"
#include "base/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PIECE_MAX KIB(256) /* of one write */

static const size_t shares[SPILL_STREAMS] = { [SPILL_OUTPUT] = SPILL_OUTPUT_MAX,
	[SPILL_ERRORS] = SPILL_ERRORS_MAX,
	[SPILL_ANSWER] = SPILL_ANSWER_MAX };

static const struct {
	enum spill_stream stream;
	size_t max;
	const char *what; /* MAX stands behind it */
} cuts[SPILL_CUTS] = {
	[SPILL_OF_LINE] = { SPILL_OUTPUT, AGENT_LINE_MAX, "a line above" },
	[SPILL_OF_OUTPUT] = { SPILL_OUTPUT, AGENT_OUTPUT_MAX, "output above" },
	[SPILL_OF_COMMAND] = { SPILL_OUTPUT, COMMAND_OUTPUT_MAX, "output above" },
	[SPILL_OF_ERRORS] = { SPILL_ERRORS, AGENT_STDERR_MAX, "standard error above" },
	[SPILL_OF_ANSWER] = { SPILL_ANSWER, ANSWER_MAX, "an answer above" },
};

void spill_begin(struct spill *sp, struct spills *house, const char *run, int64_t position,
    unsigned epoch, bool again)
{
	*sp =
	    (struct spill){ .house = house, .position = position, .epoch = epoch, .again = again };
	snprintf(sp->run, sizeof(sp->run), "%s", run);
	list_init(&sp->list);
	for (size_t k = 0; k < SPILL_STREAMS; k++)
		sp->files[k].fd = -1;
}

bool spill_has(const struct spill *sp, enum spill_stream stream)
{
	return sp->files[stream].cut;
}

/* --- bounds ----------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void over(struct spill_file *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->ended, sizeof(f->ended), fmt, ap);
	va_end(ap);
	f->over = true;
}

/* It must not be what fills the disk: the store would wait for room, and with it every run. */
static bool disk_has_room(struct spill_file *f, size_t n)
{
	struct statvfs fs;

	if (fstatvfs(f->fd, &fs) < 0) {
		over(f, "the disk cannot be asked for its room: %s", err_name(-errno));
		return false;
	}
	if ((unsigned long long)fs.f_bavail * fs.f_frsize >= SPILL_SPARE + n)
		return true;
	over(f, "less than %zu MiB of the disk are free", SPILL_SPARE >> 20);
	return false;
}

/* How much of N bytes there may be. */
static size_t room_for(struct spill *sp, enum spill_stream stream, size_t n)
{
	struct spill_file *f = &sp->files[stream];
	unsigned long long of_share = shares[stream] - f->kept;
	unsigned long long of_house =
	    sp->house->used < SPILL_HOUSE_MAX ? SPILL_HOUSE_MAX - sp->house->used : 0;

	if (!of_share)
		over(f, "its share of %zu MiB is full", shares[stream] >> 20);
	else if (!of_house)
		over(f, "the %zu MiB of all runs are full", SPILL_HOUSE_MAX >> 20);
	if (f->over)
		return 0;
	n = n < PIECE_MAX ? n : PIECE_MAX;
	n = n < of_share ? n : (size_t)of_share;
	n = n < of_house ? n : (size_t)of_house;
	return disk_has_room(f, n) ? n : 0;
}

/* --- writing ---------------------------------------------------------------------------- */

/* Others need the room more than this does. */
static void give_back(struct spill *sp, enum spill_stream stream)
{
	struct spill_file *f = &sp->files[stream];

	if (ftruncate(f->fd, 0) < 0)
		return;
	sp->house->used -= f->kept;
	f->lost += f->kept;
	f->kept = 0;
}

static void open_file(struct spill *sp, enum spill_stream stream)
{
	struct spill_file *f = &sp->files[stream];
	int rc = sp->house->data ? spill_open(sp, stream, &f->fd) : 0;

	if (!sp->house->data)
		over(f, "nothing is kept here");
	else if (rc)
		over(f, "its file cannot be made: %s", err_name(rc));
	else if (list_empty(&sp->list))
		list_push(&sp->house->open, &sp->list);
	sha256_begin(&f->sha);
}

/* One piece; how much of it was written. */
static size_t write_piece(struct spill *sp, enum spill_stream stream, struct str piece)
{
	struct spill_file *f = &sp->files[stream];
	msec_t before = clock_boot();
	ssize_t put = write(f->fd, piece.p, piece.n);
	int rc = put < 0 ? -errno : 0;

	if (rc == -EINTR)
		return 0;
	if (put > 0) {
		f->kept += (size_t)put;
		sha256_add(&f->sha, str_take(piece, (size_t)put));
		sp->house->used += (size_t)put;
	} else {
		over(f, "it cannot be written: %s", err_name(rc ? rc : -EIO));
		if (rc == -ENOSPC || rc == -EDQUOT)
			give_back(sp, stream);
	}
	if (!f->over && clock_boot() - before > SPILL_SLOW_MS)
		over(f, "the disk is slow");
	return put > 0 ? (size_t)put : 0;
}

void spill_add(struct spill *sp, enum spill_cut cut, struct str bytes)
{
	enum spill_stream stream = cuts[cut].stream;
	struct spill_file *f = &sp->files[stream];

	f->cut = true;
	f->why |= 1U << cut;
	if (bytes.n && f->fd < 0 && !f->over)
		open_file(sp, stream);
	while (bytes.n && !f->over) {
		size_t n = room_for(sp, stream, bytes.n);

		if (n)
			bytes = str_skip(bytes, write_piece(sp, stream, str_take(bytes, n)));
	}
	f->lost += bytes.n;
}

/* --- the end ---------------------------------------------------------------------------- */

/* Every reason, in one line: "a line above 6 MiB, output above 64 MiB". */
static json_t *reasons(unsigned why)
{
	char text[200] = "";
	size_t n = 0;

	for (unsigned k = 0; k < SPILL_CUTS; k++) {
		bool mib = cuts[k].max >= MIB(1);

		if (why & 1U << k)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %zu %s",
			    n ? ", " : "", cuts[k].what, cuts[k].max >> (mib ? 20 : 10),
			    mib ? "MiB" : "KiB");
	}
	return json_string(text);
}

json_t *spill_end(struct spill *sp, enum spill_stream stream)
{
	struct spill_file *f = &sp->files[stream];
	bool open = false;
	char name[64], hex[SHA256_HEX];

	if (f->fd >= 0) {
		close(f->fd);
		if (!f->kept)
			spill_unlink(sp, stream);
	}
	f->fd = -1;
	for (size_t k = 0; k < SPILL_STREAMS; k++)
		open |= sp->files[k].fd >= 0;
	if (!open)
		list_remove(&sp->list);
	if (!f->cut)
		return NULL;
	spill_name(sp, stream, name, sizeof(name));
	json_t *told = json_pack("{s:s, s:o, s:I, s:I, s:o}", "stream", spill_stream_name(stream),
	    "file", f->kept ? json_string(name) : json_null(), "kept", (json_int_t)f->kept, "lost",
	    (json_int_t)f->lost, "why", reasons(f->why));

	if (f->kept) {
		sha256_end(&f->sha, hex);
		json_object_set_new(told, "sha256", json_string(hex));
	}
	if (f->over)
		json_object_set_new(told, "ended", json_string(f->ended));
	f->cut = false;
	return told;
}
