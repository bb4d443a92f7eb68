/* The store for commands that only look. */
#include "cli/house.h"

#include "cli/kept.h"
#include "cli/paths.h"
#include "sys/fs.h"

#include <unistd.h>

/* An older program wrote it: brought up to date when nobody works with it. */
static int bring_up_to_date(
    const struct store_ops *ops, const char *data, const char *path, struct err *err)
{
	struct store *s;
	int lock, rc = store_lock(data, &lock, err);

	if (rc) {
		err_set(
		    err, rc, "an older tutti (process %ld) works in %s", store_owner(data), data);
		err_why(err, "its database has to be brought up to date first");
		return err_fix(err, "wait until it is done");
	}
	rc = ops->open(path, false, &s, err);
	if (!rc) {
		rc = ops->migrate(s, err);
		ops->close(s);
	}
	close(lock);
	return rc;
}

static int open_current(
    const struct store_ops *ops, const char *path, struct store **ret, struct err *err)
{
	int rc = ops->open(path, true, ret, err);

	if (!rc) {
		rc = ops->migrate(*ret, err);
		if (rc)
			ops->close(*ret);
	}
	return rc;
}

int house_read(struct arena *a, const struct globals *g, struct store **ret, struct err *err)
{
	const struct store_ops *ops;
	char *data, *path;

	if (paths_data(a, g->data, &data, err) < 0)
		return EXIT_NOT_READY;
	if (kept_there(a, data, err) < 0)
		return EXIT_NOT_READY;
	path = fs_join(a, data, "tutti.db");
	if (!kept_anything(a, data)) {
		err_set(err, -ENOENT, "there are no runs yet");
		err_why(err, "nothing was ever stored in %s", data);
		err_fix(err, "tutti run architectural-analysis \"…\" --model rehearsal");
		return EXIT_NOT_FOUND;
	}
	if (store_backend(path, &ops, err) < 0)
		return EXIT_NOT_READY;
	int rc = open_current(ops, path, ret, err);

	if (rc == -ESTALE) {
		rc = bring_up_to_date(ops, data, path, err);
		if (!rc)
			rc = open_current(ops, path, ret, err);
	}
	return rc ? EXIT_NOT_READY : 0;
}
