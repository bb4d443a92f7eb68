/* Repositories that want to harm, snapshots that somebody touched, places that are not frozen. */
#include "freeze.h"

/* One line for each path that was left out: which, and why. */
static const char *skipped_of(const struct snapshot *snap)
{
	const char *all = "";
	const json_t *one;
	size_t i;

	json_array_foreach (json_get_array(snap->facts, "skipped"), i, one)
		all = text("%s%s: %s\n", all, json_get_cstr(one, "path", ""),
		    json_get_cstr(one, "why", ""));
	return all;
}

static void expect_tree(const char *at_commit, const char *tree, const char *skipped)
{
	struct snapshot *snap = freeze(at_commit, NULL);

	assert_string_equal(tree_of(snap), tree);
	assert_string_equal(skipped_of(snap), skipped);
	snapshot_free(snap);
}

#define OUT ": a link that leads out of the tree\n"
#define TURNS ": a link that climbs after it went down\n"
#define LEAVES ": its path leaves the tree\n"
#define OF_GIT ": it belongs to git itself\n"
#define THROUGH ": its path leads through what is no directory\n"
#define TAKEN ": there is already something of its name\n"
#define LARGE ": larger than 8 MiB\n"

/* --- content ----------------------------------------------------------------------------- */

static void links_that_lead_out_stay_out(void **state)
{
	static const char tree[] =
	    "d755 d\nd755 d/e\nl777 d/e/root -> ../..\nf644 d/e/t: t|\nl777 d/e/up -> ../../in\n"
	    "l777 dot -> .\nl777 gone -> nowhere\nl777 in -> d/e/t\nl777 loop -> loop\n"
	    "l777 s -> ./d//e/\n";
	static const char skipped[] =
	    "abs" OUT "back" TURNS "climb" TURNS "d/e/over" OUT "out" OUT "sly" TURNS;

	(void)state;
	sh("git init -q -b main .; mkdir -p d/e; echo t >d/e/t; ln -s d/e/t in; ln -s ../../in "
	   "d/e/up\n"
	   "ln -s ../outside out; ln -s /etc/passwd abs; ln -s nowhere gone; ln -s loop loop\n"
	   "ln -s . dot; ln -s ./d//e/ s; ln -s d/e/../../.. climb; ln -s d/../in back\n"
	   "ln -s ../.. d/e/root; ln -s d/e/root/.. sly; ln -s ../../../x d/e/over");
	expect_tree(NULL, tree, skipped);
	sh("git add .; git commit -qm all");
	expect_tree("HEAD", tree, skipped);
}

/* Tracked as files, and then they became something else. */
static void what_is_no_file_is_named_and_not_waited_for(void **state)
{
	(void)state;
	sh("git init -q -b main .; for f in dir fifo file sock secret gone; do echo $f >$f; done\n"
	   "git add .; git commit -qm all; rm dir fifo sock gone; mkdir dir; mkfifo fifo\n"
	   "echo deeper >dir/deep; chmod 0 secret; mkdir empty; mkfifo untracked; ln -s fifo link\n"
	   "echo x >a; chmod 0 a");
	put_socket("sock");
	expect_tree(NULL, "d755 dir\nf644 dir/deep: deeper|\nf644 file: file|\nl777 link -> fifo\n",
	    "a: it may not be read\ndir: a directory of its own (submodule or nested repository)\n"
	    "fifo: a FIFO\nsecret: it may not be read\nsock: a socket\n");
}

static void files_have_a_largest_size(void **state)
{
	struct snapshot *snap;

	(void)state;
	sh("git init -q -b main .; truncate -s 8388608 just; truncate -s 8388609 over\n"
	   "git add .; git commit -qm all; truncate -s 1G sparse; : >empty");
	for (int i = 0; i < 2; i++) {
		snap = freeze(i ? "HEAD" : NULL, NULL);
		assert_string_equal(said(text("cd %s; wc -c *", snap->tree)),
		    i ? "8388608 just\n" : "      0 empty\n8388608 just\n8388608 total\n");
		assert_string_equal(
		    skipped_of(snap), i ? "over" LARGE : "over" LARGE "sparse" LARGE);
		snapshot_free(snap);
	}
}

static void names_are_bytes(void **state)
{
	static const char tree[] =
	    "f644  : x|\nf644 --: x|\nf644 -rf: x|\nf644 bad\xff: x|\nf644 esc\x1b[2J: x|\n"
	    "f644 new|line: x|\nf644 quote\"\\: x|\nf644 tab\t: x|\nf644 \xe2\x80\xaertl: x|\n";

	(void)state;
	sh("git init -q -b main .; for f in $'new\\nline' $'bad\\xff' -rf -- ' ' $'esc\\e[2J' "
	   "$'tab\\t' 'quote\"\\' $'\\xe2\\x80\\xaertl'; do echo x >\"./$f\"; done");
	expect_tree(NULL, tree, "");
	sh("git add .; git commit -qm all");
	expect_tree("HEAD", tree, "");
}

static void modes_are_those_of_git(void **state)
{
	(void)state;
	sh("git init -q -b main .; for m in 644 600 755 4755 777 666 444 500; do echo x >$m; chmod "
	   "$m $m; done; mkdir empty d; chmod 700 d; echo x >d/x");
	expect_tree(NULL,
	    "f644 444: x|\nf755 4755: x|\nf755 500: x|\nf644 600: x|\nf644 644: x|\nf644 666: x|\n"
	    "f755 755: x|\nf755 777: x|\nd755 d\nf644 d/x: x|\n",
	    "");
}

static void a_path_may_have_4095_bytes(void **state)
{
	const char *unit, *path;
	struct snapshot *snap;
	struct str read;

	(void)state;
	unit = text("%s/", many("d", 194).p);
	path = text("%s%s", many(unit, 20).p, many("x", 195).p);
	assert_int_equal(strlen(path), 4095);
	sh(text(
	    "git init -q -b main .; for i in $(seq 20); do mkdir %s && cd %s; done; echo it >%s\n"
	    "echo not >%s",
	    unit, unit, many("x", 195).p, many("x", 196).p));
	snap = freeze(NULL, NULL);
	assert_int_equal(json_get_int(snap->facts, "files", 0), 1);
	assert_int_equal(snapshot_read(snap, here.arena, str_from(path), 100, &read), 0);
	assert_str(read, "it\n");
	snapshot_free(snap);
}

/* --- what a hostile repository can hold -------------------------------------------------- */

/* A tree object holds whatever bytes somebody puts into it: names twice, `..`, `.git`. */
static void trees_that_git_would_never_make(void **state)
{
	(void)state;
	sh("git init -q -b main .; echo x >a; git add .; git commit -qm first\n"
	   "mk() { for e; do IFS=, read -r m n h <<<\"$e\"; printf '%s %s\\0' $m $n; printf "
	   "\"$(sed 's/../\\\\x&/g' <<<$h)\"; done | git hash-object -w -t tree --literally "
	   "--stdin; }\n"
	   "b=$(git hash-object -w a); l() { printf %s $1 | git hash-object -w --stdin; }\n"
	   "t=$(mk 100644,x,$b); s=$(mk 40000,.git,$t 100644,ok,$b); e=$(mk 120000,s,$(l ../..))\n"
	   "git update-ref refs/heads/bad $(git commit-tree -m bad $(mk 100644,..,$b 40000,..,$t "
	   "40000,.,$t 40000,.git,$t 40000,.GIT,$t 100644,a/b,$b 40000,d,$(mk 40000,e,$e) "
	   "100644,f,$b 40000,f,$t 40000,g,$t 120000,g,$(l d) 120000,p,$(l d/e/s/..) 40000,p,$t "
	   "120000,q,$(l d) 40000,q,$t 120000,r,$(l d/e/s) 40000,r,$t 40000,sub,$s 100644,z,$b "
	   "100755,z,$b))");
	expect_tree("bad",
	    "d755 a\nf644 a/b: x|\nd755 d\nd755 d/e\nl777 d/e/s -> ../..\nf644 f: x|\nd755 g\n"
	    "f644 g/x: x|\nd755 p\nf644 p/x: x|\nl777 q -> d\nl777 r -> d/e/s\nd755 sub\nf644 "
	    "sub/ok: x|\nf644 z: x|\n",
	    ".." LEAVES "../x" LEAVES "./x" LEAVES ".git/x" OF_GIT ".GIT/x" OF_GIT "f/x" THROUGH
	    "g" TAKEN "p" TURNS "q/x" THROUGH "r/x" THROUGH "sub/.git/x" OF_GIT "z" TAKEN);
	assert_string_equal(said(text("ls %s/data/snapshots/*", here.top)),
	    "files\ngit\nmanifest.json\nrepo-objects\nrest\ntree\n");
}

/* COMMAND stands wherever git's configuration can name one. */
static void make_evil(const char *command)
{
	sh(text("git init -q -b main .; printf 'one\\n' >a.c; printf '* filter=bad diff=bad\\n' "
		">.gitattributes; git add .; git commit -qm first; echo two >>a.c; evil='%s'\n"
		"printf '#!/bin/sh\\ntouch /out/marker\\ncat\\n' >evil; chmod +x evil\n"
		"for h in post-checkout post-index-change fsmonitor-watchman pre-auto-gc "
		"reference-transaction post-commit; do cp evil .git/hooks/$h; done\n"
		"for k in diff.external diff.bad.command diff.bad.textconv filter.bad.clean "
		"filter.bad.smudge filter.bad.process core.pager pager.diff core.editor "
		"core.sshCommand core.alternateRefsCommand gpg.program credential.helper "
		"remote.origin.uploadpack core.fsmonitor; do git config $k \"$evil\"; done\n"
		"for k in ls-files diff rev-parse; do git config alias.$k \"!$evil\"; done\n"
		"printf '[core]\\n\\tfsmonitor = \"%%s\"\\n' \"$evil\" >.git/more\n"
		"cat >>.git/config <<EOF\n[include]\n\tpath = more\n\tpath = /repo-admin/more\n"
		"[core]\n\thooksPath = /repo/.git/hooks\n\tworktree = /etc\n\tattributesFile = "
		"/repo/.gitattributes\n[log]\n\tshowSignature = true\n[filter \"bad\"]\n"
		"\trequired = true\n[remote \"origin\"]\n\tpromisor = true\n\turl = ext::$evil\n"
		"[protocol \"ext\"]\n\tallow = always\n[extensions]\n\tpartialClone = origin\n"
		"\tworktreeConfig = true\nEOF\n"
		"sed -i 's/repositoryformatversion = 0/repositoryformatversion = 1/' .git/config\n"
		"cp .git/more .git/config.worktree; cp .gitattributes .git/info/attributes",
	    command));
}

static void nothing_of_the_configuration_is_run(void **state)
{
	static const char *const commands[] = { "/repo/evil", "touch /out/marker; cat" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		sh("cd ..; rm -rf repo; mkdir repo");
		make_evil(commands[i / 2]);
		struct snapshot *snap = freeze(i % 2 ? "HEAD" : NULL, "HEAD");

		assert_string_equal(said(text("find %s -name '*marker*'", here.top)), "");
		assert_string_equal(
		    said(text("cat %s/a.c", snap->tree)), i % 2 ? "one\n" : "one\ntwo\n");
		assert_string_equal(said(text("cat %s/git/config", snap->dir)),
		    "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tfilemode = true\n"
		    "\tcheckStat = minimal\n\ttrustctime = false\n\tfsmonitor = false\n"
		    "\tuntrackedCache = false\n\thooksPath = /dev/null\n\tattributesFile = "
		    "/dev/null\n"
		    "\texcludesFile = /dev/null\n\tquotePath = false\n[gc]\n\tauto = "
		    "0\n[protocol]\n"
		    "\tallow = never\n");
		assert_string_equal(said(text("ls %s/git", snap->dir)),
		    "HEAD\nconfig\nindex\ninfo\nobjects\nrefs\n");
		snapshot_free(snap);
	}
}

/* What is shown to agents on the word of the repository is what git makes, and nothing else. */
static void alternates_lead_to_objects_only(void **state)
{
	struct snapshot *snap;

	(void)state;
	sh("git init -q -b main .; echo x >a; git add .; git commit -qm first\n"
	   "mkdir -p ../private/objects ../shared; echo secret >../private/objects/key; git init "
	   "-q ../shared; cd ../shared; echo s >s; git add .; git commit -qm s; cd ../repo\n"
	   "mkdir -p ../private/x/objects/pack; ln -s ../../private "
	   "../shared/.git/objects/objects\n"
	   "printf '%s\\n' /etc /etc/passwd $PWD/../private/objects $PWD/../private/x/objects "
	   "../../../shared/.git/objects ../../../shared /nonexistent/objects '# no' '' "
	   ">.git/objects/info/alternates\n"
	   "echo $PWD/.git/objects >../shared/.git/objects/info/alternates");
	snap = freeze(NULL, NULL);
	assert_string_equal(snap->objects[0], text("%s/.git/objects", here.dir));
	assert_string_equal(snap->objects[1], text("%s/shared/.git/objects", here.top));
	assert_null(snap->objects[2]);
	snapshot_free(snap);
	sh("rm -rf .git/objects; ln -s ../../private/objects .git/objects");
	snap = freeze(NULL, NULL);
	assert_null(snap->objects[0]);
	assert_string_equal(json_get_cstr(snap->facts, "kind", ""), "dir");
	snapshot_free(snap);
}

static void a_directory_that_names_another_as_its_own_is_not_believed(void **state)
{
	struct snapshot *snap;

	(void)state;
	sh("git init -q -b main .; echo x >a; git add .; git commit -qm first\n"
	   "git init -q -b main ../other; cd ../other; echo secret >s; git add .; git commit -qm "
	   "other\n"
	   "cd ../repo; echo ../../other/.git >.git/commondir");
	snap = freeze("HEAD", NULL);
	assert_string_equal(tree_of(snap), "f644 a: x|\n");
	assert_string_equal(snap->objects[0], text("%s/.git/objects", here.dir));
	assert_null(snap->objects[1]);
	snapshot_free(snap);
}

/* --- identity ---------------------------------------------------------------------------- */

static const char *id_of(const char *at_commit)
{
	struct snapshot *snap = freeze(at_commit, NULL);
	const char *id = text("%s", snap->id);

	assert_string_equal(snap->dir, text("%s/data/snapshots/%s", here.top, id));
	snapshot_free(snap);
	return id;
}

static void the_same_tree_is_stored_once(void **state)
{
	const char *id;

	(void)state;
	sh("git init -q -b main .; mkdir d; echo x >a; echo y >d/b; ln -s a l; git add .; git "
	   "commit -qm m");
	id = id_of(NULL);
	assert_string_equal(id_of(NULL), id);
	assert_string_equal(id_of("HEAD"), id);
	sh("touch -d yesterday a; chmod 600 a; git gc -q; rm -rf .git/index; git reset -q");
	assert_string_equal(id_of(NULL), id);
	sh("cp -r . ../copy; mv ../copy . ; mv copy ../other; mv ../repo ../old; mv ../other "
	   "../repo");
	assert_string_equal(id_of(NULL), id);
	assert_string_equal(said(text("ls -A %s/data/snapshots", here.top)), text("%s\n", id));
}

static void any_difference_is_another_snapshot(void **state)
{
	static const char *const changes[] = { "echo z >a", "chmod +x a", "mv a b",
		"rm a; ln -s d a", "echo x >c", "git commit -q --allow-empty -m again",
		"rm l; ln -s d/b l" };
	const char *first;

	(void)state;
	sh("git init -q -b main .; mkdir d; echo x >a; echo y >d/b; ln -s a l; git add .; git "
	   "commit -qm m\n"
	   "cp -r . ../whole");
	first = id_of(NULL);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		sh(changes[i]);
		assert_string_not_equal(id_of(NULL), first);
		sh("cd ..; rm -rf repo; cp -r whole repo");
	}
	assert_string_equal(said(text("ls %s/data/snapshots | wc -l", here.top)),
	    text("%zu\n", sizeof(changes) / sizeof(changes[0]) + 1));
}

/* --- afterwards -------------------------------------------------------------------------- */

static const char *open_error(const char *id)
{
	struct snapshot *snap = NULL;
	struct err err = { 0 };

	if (workspace_open(ws, id, &snap, &err) == 0) {
		snapshot_free(snap);
		return "none";
	}
	return text("%s: %s", err.what, err.why);
}

#define CHANGED "it is not what was made: something changed it since"

static void a_snapshot_that_was_touched_is_not_opened(void **state)
{
	static const struct {
		const char *touch, *why;
	} rows[] = {
		{ "true", NULL },
		{ "rm manifest.json", "it is gone" },
		{ "echo '{' >manifest.json", CHANGED },
		{ "echo '{}' >manifest.json", CHANGED },
		{ "sed -i 's/\"commit\":\"[0-9a-f]*\"/\"commit\":\"\"/' manifest.json", CHANGED },
		{ "rm files", CHANGED },
		{ "printf '100644 2 x b\\0' >>files", CHANGED },
		{ "sed -i 's/100644/100755/' files", CHANGED },
		{ "rm -r tree", CHANGED },
		{ "mv tree t; ln -s t tree", CHANGED },
	};
	const char *id;

	(void)state;
	sh("git init -q -b main .; echo x >a; git add .; git commit -qm m");
	id = id_of(NULL);
	sh(text("cp -r %s/data/snapshots ../whole", here.top));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sh(text("cd %s/data/snapshots/%s; %s", here.top, id, rows[i].touch));
		assert_string_equal(open_error(id),
		    rows[i].why ? text("the snapshot %.12s cannot be read: %s", id, rows[i].why)
				: "none");
		sh(text("cd %s; rm -rf data/snapshots; cp -r whole data/snapshots", here.top));
	}
	assert_string_equal(
	    open_error("../../repo"), "the snapshot ../../repo cannot be read: it is gone");
	assert_string_equal(
	    open_error(text("%s0", id)), text("the snapshot %.12s cannot be read: it is gone", id));
	assert_string_equal(open_error(""), "the snapshot  cannot be read: it is gone");
}

/* Whoever freezes the same tree again gets that tree, not what somebody made of it. */
static void a_snapshot_that_was_touched_is_made_anew(void **state)
{
	static const char *const touches[] = { "true", "echo z >tree/a", "echo more >>tree/a",
		"rm tree/a", "chmod +x tree/a", "rm tree/a; ln -s d/b tree/a",
		"echo new >tree/d/new", "rm tree/l; ln -s d tree/l", "rm manifest.json",
		"rm -r tree", ": >files" };
	static const char tree[] = "f644 a: x|\nd755 d\nf644 d/b: x|\nl777 l -> a\n";

	(void)state;
	sh("git init -q -b main .; mkdir d; echo x >a; echo x >d/b; ln -s a l; git add .; git "
	   "commit -qm m");
	for (size_t i = 0; i < sizeof(touches) / sizeof(touches[0]); i++) {
		const char *id = id_of(NULL);

		sh(text("cd %s/data/snapshots/%s; %s", here.top, id, touches[i]));
		expect_tree(NULL, tree, "");
		assert_string_equal(open_error(id), "none");
	}
}

static void a_start_sweeps_what_a_crash_left(void **state)
{
	struct workspace *other;
	struct err err;

	(void)state;
	sh(text("cd %s/data/snapshots; mkdir -p .new-1/tree/d kept; echo x >.new-1/tree/d/x; chmod "
		"0 .new-1/tree/d",
	    here.top));
	assert_int_equal(workspace_create(text("%s/data/snapshots", here.top),
			     program("TUTTI_FENCED"), sandbox, &loop, &other, &err),
	    0);
	workspace_destroy(other);
	assert_string_equal(said(text("ls -A %s/data/snapshots", here.top)), "kept\n");
}

static void reading_stays_in_the_tree(void **state)
{
	static const struct {
		const char *path;
		int rc;
	} rows[] = {
		{ "a", 0 },
		{ "./a", 0 },
		{ "l", 0 },
		{ "d/../a", 0 },
		{ "d", -EISDIR },
		{ "nope", -ENOENT },
		{ "", -ENOENT },
		{ "/etc/passwd", -ENOENT },
		{ "../manifest.json", -ENOENT },
		{ "d/../../manifest.json", -ENOENT },
		{ "planted", -ENOENT },
		{ "fifo", -ENOENT },
		{ "large", -E2BIG },
	};
	struct snapshot *snap;
	struct str bytes;

	(void)state;
	sh("mkdir d; echo x >a; ln -s a l; echo x >d/b; printf %1001d 1 >large");
	snap = freeze(NULL, NULL);
	sh(text("cd %s; ln -s /etc/passwd planted; mkfifo fifo", snap->tree));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
		    snapshot_read(snap, here.arena, str_from(rows[i].path), 1000, &bytes),
		    rows[i].rc);
		if (!rows[i].rc)
			assert_str(bytes, "x\n");
	}
	assert_int_equal(
	    snapshot_read(snap, here.arena, (struct str){ "a\0b", 3 }, 10, &bytes), -ENOENT);
	snapshot_free(snap);
}

/* --- places and ends --------------------------------------------------------------------- */

static const char *refusal_of(const char *dir)
{
	struct frozen f = freeze_spec(&(struct freeze_spec){ .repo = dir }, false);

	assert_null(f.snap);
	assert_false(f.over); /* at once: no callback */
	return text("%s: %s", f.err.what, f.err.why);
}

static void some_places_are_not_frozen(void **state)
{
	char *home = getenv("HOME");

	(void)state;
	sh("mkdir ../home ../home/project; ln -s / root; ln -s ../home h; echo x >file; echo x "
	   ">../home/project/a");
	setenv("HOME", text("%s/home", here.top), 1);
	assert_string_equal(refusal_of("/"), "/ is not frozen: it is the whole file system");
	assert_string_equal(refusal_of("/usr/.."), "/ is not frozen: it is the whole file system");
	assert_string_equal(refusal_of(at("root")), "/ is not frozen: it is the whole file system");
	assert_string_equal(refusal_of(text("%s/home", here.top)),
	    text("%s/home is not frozen: it is your home directory", here.top));
	assert_string_equal(refusal_of(at("h/.")),
	    text("%s/home is not frozen: it is your home directory", here.top));
	assert_string_equal(refusal_of(text("%s/data", here.top)),
	    text("%s/data is not frozen: tutti keeps its own data in there", here.top));
	assert_string_equal(refusal_of(text("%s/data/snapshots", here.top)),
	    text("%s/data/snapshots is not frozen: tutti keeps its own data in there", here.top));
	assert_string_equal(refusal_of(here.top),
	    text("%s is not frozen: tutti keeps its own data in there", here.top));
	assert_string_equal(
	    refusal_of(at("file")), text("%s is not frozen: it is not a directory", at("file")));
	assert_string_equal(refusal_of(at("nope")),
	    text("cannot read the repository %s: No such file or directory", at("nope")));
	assert_string_equal(said(text("ls -A %s/data/snapshots", here.top)), "");
	snprintf(here.dir, sizeof(here.dir), "%s/home/project", here.top);
	expect_tree(NULL, "f644 a: x|\n", "");
	if (home)
		setenv("HOME", home, 1);
	else
		unsetenv("HOME");
}

static void a_cancelled_freeze_leaves_nothing(void **state)
{
	struct frozen f = { 0 };
	const struct freeze_spec spec = { .repo = here.dir };

	(void)state;
	sh("git init -q -b main .; seq -f f%04g 500 | xargs touch");
	f = freeze_spec(&spec, true); /* at the first word of progress */
	assert_null(f.snap);
	assert_int_equal(f.err.code, -ECANCELED);
	assert_string_equal(f.err.what, "freezing was cancelled");
	assert_string_equal(said(text("ls -A %s/data/snapshots", here.top)), "");

	struct frozen g = { 0 }; /* before it has begun */

	assert_int_equal(workspace_freeze(ws, &spec, NULL, on_frozen, &g, &g.freeze, &g.err), 0);
	workspace_freeze_cancel(g.freeze);
	while (!g.over)
		uv_run(&loop, UV_RUN_ONCE);
	assert_null(g.snap);
	assert_int_equal(g.err.code, -ECANCELED);
	assert_string_equal(said(text("ls -A %s/data/snapshots", here.top)), "");
	snapshot_free(freeze(NULL, NULL));
}

static void a_copier_that_cannot_start_is_an_error(void **state)
{
	struct workspace *good = ws;
	struct frozen f;
	struct err err;

	(void)state;
	assert_int_equal(workspace_create(text("%s/data/snapshots", here.top), "/bin/false",
			     sandbox, &loop, &ws, &err),
	    0);
	f = freeze_spec(&(struct freeze_spec){ .repo = here.dir }, false);
	workspace_destroy(ws);
	ws = good;
	assert_null(f.snap);
	assert_string_equal(text("%s: %s", f.err.what, f.err.why),
	    "the repository could not be frozen: its copier ended with status 1");
	assert_string_equal(said(text("ls -A %s/data/snapshots", here.top)), "");
}

/* --- history, as agents see it ----------------------------------------------------------- */

struct command {
	struct fence_child *child;
	bool over;
};

static void on_command(void *ctx, const struct fence_report *r)
{
	struct command *c = ctx;

	if (r->event == FENCE_READY)
		sandbox_go(c->child);
	else
		c->over = true;
}

/* What SCRIPT prints behind the fence of a command that has the snapshot. */
static const char *behind(const struct snapshot *snap, const char *script)
{
	static const char *const env[] = { "PATH=/usr/bin:/bin", "HOME=/scratch/home", NULL };
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	int out = open(text("%s/said", here.top), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct fence_spec spec = { .purpose = FENCE_COMMAND,
		.repo = snap->tree,
		.argv = argv,
		.env = env,
		.in = -1,
		.out = out,
		.err = out };
	struct command c = { 0 };
	struct str bytes;
	struct err err;

	snapshot_binds(snap, false, here.arena, &spec.binds, &spec.n_binds);
	assert_int_equal(sandbox_spawn(sandbox, &spec, on_command, &c, &c.child, &err), 0);
	while (!c.over)
		uv_run(&loop, UV_RUN_ONCE);
	close(out);
	assert_int_equal(fs_read(here.arena, text("%s/said", here.top), MIB(1), &bytes), 0);
	return bytes.p;
}

static void history_is_there_as_long_as_the_repository_is(void **state)
{
	static const char script[] =
	    "cat a; git --git-dir=/repo-git log --format=%s 2>/dev/null; git --git-dir=/repo-git "
	    "blame -s HEAD -- a 2>/dev/null; echo x 2>/dev/null >/repo-git/x; echo end";
	struct snapshot *snap;

	(void)state;
	sh("git init -q -b main .; echo one >a; git add .; git commit -qm first; echo two >>a\n"
	   "git commit -qam second; cd ..; mv repo lent; git clone -q --shared lent repo; cd repo\n"
	   "echo three >>a");
	snap = freeze(NULL, NULL);
	assert_string_equal(behind(snap, script),
	    "one\ntwo\nthree\nsecond\nfirst\n^d5d4a6d 1) one\n1ee39846 2) two\nend\n");
	sh("cd ..; rm -rf lent repo; mkdir repo");
	assert_string_equal(behind(snap, script), "one\ntwo\nthree\nend\n");
	snapshot_free(snap);
}

static void the_history_of_a_shallow_clone_ends_where_it_does(void **state)
{
	struct snapshot *snap;

	(void)state;
	sh("git init -q -b main .; echo one >a; git add .; git commit -qm first; echo two >>a\n"
	   "git commit -qam second; cd ..; mv repo src; git clone -q --depth 1 file://$PWD/src "
	   "repo");
	snap = freeze(NULL, NULL);
	assert_string_equal(behind(snap, "git --git-dir=/repo-git log --format=%s; echo status $?"),
	    "second\nstatus 0\n");
	snapshot_free(snap);
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, freeze_set_up, freeze_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(links_that_lead_out_stay_out),
		UNIT_TEST(what_is_no_file_is_named_and_not_waited_for),
		UNIT_TEST(files_have_a_largest_size),
		UNIT_TEST(names_are_bytes),
		UNIT_TEST(modes_are_those_of_git),
		UNIT_TEST(a_path_may_have_4095_bytes),
		UNIT_TEST(trees_that_git_would_never_make),
		UNIT_TEST(nothing_of_the_configuration_is_run),
		UNIT_TEST(alternates_lead_to_objects_only),
		UNIT_TEST(a_directory_that_names_another_as_its_own_is_not_believed),
		UNIT_TEST(the_same_tree_is_stored_once),
		UNIT_TEST(any_difference_is_another_snapshot),
		UNIT_TEST(a_snapshot_that_was_touched_is_not_opened),
		UNIT_TEST(a_snapshot_that_was_touched_is_made_anew),
		UNIT_TEST(a_start_sweeps_what_a_crash_left),
		UNIT_TEST(reading_stays_in_the_tree),
		UNIT_TEST(some_places_are_not_frozen),
		UNIT_TEST(a_cancelled_freeze_leaves_nothing),
		UNIT_TEST(a_copier_that_cannot_start_is_an_error),
		UNIT_TEST(history_is_there_as_long_as_the_repository_is),
		UNIT_TEST(the_history_of_a_shallow_clone_ends_where_it_does),
	};

	return cmocka_run_group_tests(tests, freeze_begin, freeze_end);
}
