/*
 * The history of a data directory has a name, its epoch: positions in logs ("after event 214") mean
 * something within one epoch only. It changes when history may have been rewritten: a backup of the
 * database or of the directory was put back, or the directory was copied.
 *
 * Inside of the database nothing tells that: a restored database equals itself. So there is a
 * witness beside it, DIR/epoch. Both hold the epoch's name and how often the owner came and went,
 * and the database also which file the witness is (its inode and the time of its last change, which
 * nobody can set). Where the two do not agree, the epoch is over and a new one begins: at worst
 * pages fetch their runs once more. What stays unseen: a disk that was put back as a whole, and a
 * database that was taken and put back within one life of an owner that was killed; a position that
 * is not there any more is noticed by the hub all the same.
 */
#ifndef HUB_EPOCH_H
#define HUB_EPOCH_H

#include "base/id.h"
#include "store/store.h"

#define EPOCH_SIZE 13 /* "e-" and ten characters, with the NUL */

/*
 * Inside a transaction that is committed afterwards: on the store thread, or before there is one.
 *
 * When the owner of DIR comes: the epoch, a new one where it has to be. Where the witness cannot be
 * written the epoch is a new one, for this life only.
 */
MUST_CHECK int epoch_enter(struct store *s, const char *dir, char ret[EPOCH_SIZE], struct err *err);
/* When it goes. Not to do it costs only that a backup of this life is not told apart. */
MUST_CHECK int epoch_leave(struct store *s, const char *dir, struct err *err);

#endif
