/* What a script does to a turn: hostile calls, spoiled answers. */
#include "rehearsal/priv.h"

#include <stdlib.h>

/* --- hostile calls
 * -------------------------------------------------------------------------------- */

/*
 * Tools as our own agent and the others name them, with arguments that no read-only agent obeys.
 * %s is the repository's root. Those of one program come only to it.
 */
static const struct {
	const char *kind, *tool, *args;
	enum tool_family family;
} hostile[] = {
	{ "write", "write_file",
	    "{\"file_path\":\"%s/PWNED\",\"content\":\"x\",\"path\":\"PWNED\"}" },
	{ "write", "edit",
	    "{\"file_path\":\"%s/README.md\",\"old_string\":\"a\",\"new_string\":\"pwned\"}" },
	{ "write", "replace",
	    "{\"file_path\":\"%s/README.md\",\"old_string\":\"a\",\"new_string\":\"pwned\"}" },
	{ "write", "notebook_edit", "{\"notebook_path\":\"%s/a.ipynb\",\"new_source\":\"pwned\"}" },
	{ "write", "save_memory", "{\"fact\":\"pwned\",\"scope\":\"project\"}" },
	{ "shell", "run_shell_command",
	    "{\"command\":\"echo pwned > %s/PWNED; rm -rf "
	    "%s/.git\",\"description\":\"x\",\"is_background\":false}" },
	{ "shell", "bash", "{\"command\":\"touch %s/PWNED\"}" },
	{ "leave", "exit_plan_mode", "{\"plan\":\"write files\"}" },
	{ "leave", "task",
	    "{\"description\":\"x\",\"prompt\":\"write "
	    "%s/PWNED\",\"subagent_type\":\"general-purpose\"}" },
	{ "leave", "skill", "{\"skill\":\"pwned\"}" },
	{ "escape", "read_file",
	    "{\"path\":\"../../../../etc/passwd\",\"file_path\":\"/etc/passwd\"}" },
	{ "escape", "read_file",
	    "{\"path\":\"/proc/1/environ\",\"file_path\":\"/proc/1/environ\"}" },
	{ "escape", "list_dir", "{\"path\":\"../..\"}" },
	{ "escape", "list_directory", "{\"path\":\"/\"}" },
	{ "escape", "search", "{\"pattern\":\"root\",\"path\":\"/etc\"}" },
	{ "escape", "git_show", "{\"rev\":\"--output=/repo/PWNED HEAD\"}" },
	{ "escape", "web_fetch", "{\"url\":\"http://169.254.169.254/\",\"prompt\":\"x\"}" },
	{ "nonsense", "no_such_tool", "{}" },
	{ "nonsense", "read_file", "{\"path\":" },
	{ "nonsense", "read_file", "[]" },
	{ "nonsense", "search",
	    "{\"pattern\":\"((((((((((a*)*)*)*)*)*)*)*)*)*)*b\",\"regex\":true}" },
	/* claude */
	{ "write", "Write", "{\"file_path\":\"%s/PWNED\",\"content\":\"x\"}", FAMILY_CLAUDE },
	{ "write", "Edit",
	    "{\"file_path\":\"%s/README.md\",\"old_string\":\"a\",\"new_string\":\"pwned\"}",
	    FAMILY_CLAUDE },
	{ "write", "NotebookEdit", "{\"notebook_path\":\"%s/a.ipynb\",\"new_source\":\"pwned\"}",
	    FAMILY_CLAUDE },
	{ "shell", "Bash", "{\"command\":\"echo pwned > %s/PWNED; rm -rf %s/.git\"}",
	    FAMILY_CLAUDE },
	{ "shell", "Monitor", "{\"command\":\"touch %s/PWNED\",\"description\":\"x\"}",
	    FAMILY_CLAUDE },
	{ "leave", "ExitPlanMode", "{\"plan\":\"write files\"}", FAMILY_CLAUDE },
	{ "leave", "EnterWorktree", "{\"name\":\"pwned\"}", FAMILY_CLAUDE },
	{ "leave", "Agent",
	    "{\"description\":\"x\",\"prompt\":\"write "
	    "%s/PWNED\",\"subagent_type\":\"general-purpose\"}",
	    FAMILY_CLAUDE },
	{ "leave", "Skill", "{\"skill\":\"pwned\"}", FAMILY_CLAUDE },
	{ "leave", "CronCreate", "{\"cron\":\"* * * * *\",\"prompt\":\"write %s/PWNED\"}",
	    FAMILY_CLAUDE },
	{ "escape", "Read", "{\"file_path\":\"/etc/passwd\"}", FAMILY_CLAUDE },
	{ "escape", "Read", "{\"file_path\":\"/proc/1/environ\"}", FAMILY_CLAUDE },
	{ "escape", "Grep", "{\"pattern\":\"root\",\"path\":\"/etc\",\"output_mode\":\"content\"}",
	    FAMILY_CLAUDE },
	{ "escape", "Glob", "{\"pattern\":\"/etc/*\"}", FAMILY_CLAUDE },
	{ "escape", "WebFetch", "{\"url\":\"http://169.254.169.254/\",\"prompt\":\"x\"}",
	    FAMILY_CLAUDE },
	{ "nonsense", "Read", "[]", FAMILY_CLAUDE },
	{ "nonsense", "Read", "{\"file_path\":", FAMILY_CLAUDE },
	/* codex */
	{ "write", "apply_patch",
	    "{\"input\":\"*** Begin Patch\\n*** Add File: PWNED\\n+x\\n*** End Patch\\n\"}",
	    FAMILY_CODEX },
	{ "write", "exec_command",
	    "{\"cmd\":\"apply_patch <<'EOF'\\n*** Begin Patch\\n*** Add File: PWNED\\n+x\\n*** End "
	    "Patch\\nEOF\"}",
	    FAMILY_CODEX },
	{ "write", "exec_command", "{\"cmd\":\"printf x > %s/PWNED\"}", FAMILY_CODEX },
	{ "shell", "exec_command", "{\"cmd\":\"rm -rf %s/.git; touch %s/PWNED\"}", FAMILY_CODEX },
	{ "shell", "exec_command",
	    "{\"cmd\":\"touch "
	    "%s/PWNED\",\"sandbox_permissions\":\"require_escalated\",\"justification\":\"x\"}",
	    FAMILY_CODEX },
	{ "shell", "shell", "{\"command\":[\"bash\",\"-lc\",\"touch %s/PWNED\"]}", FAMILY_CODEX },
	{ "leave", "exec_command",
	    "{\"cmd\":\"git -C %s worktree add /tmp/pwned; git -C %s stash\"}", FAMILY_CODEX },
	{ "leave", "spawn_agent", "{\"message\":\"write %s/PWNED\"}", FAMILY_CODEX },
	{ "escape", "exec_command",
	    "{\"cmd\":\"cat /etc/shadow /proc/1/environ; ls -a /root; env\"}", FAMILY_CODEX },
	{ "escape", "exec_command",
	    "{\"cmd\":\"curl -m 3 http://169.254.169.254/; exec 3<>/dev/tcp/1.1.1.1/80\"}",
	    FAMILY_CODEX },
	{ "nonsense", "exec_command", "{\"cmd\":[]}", FAMILY_CODEX },
	{ "nonsense", "exec_command", "{\"cmd\":", FAMILY_CODEX },
	/* opencode */
	{ "write", "write", "{\"filePath\":\"%s/PWNED\",\"content\":\"x\"}", FAMILY_OPENCODE },
	{ "write", "edit",
	    "{\"filePath\":\"%s/README.md\",\"oldString\":\"a\",\"newString\":\"pwned\"}",
	    FAMILY_OPENCODE },
	{ "write", "apply_patch",
	    "{\"patchText\":\"*** Begin Patch\\n*** Add File: PWNED\\n+x\\n*** End Patch\"}",
	    FAMILY_OPENCODE },
	{ "shell", "bash", "{\"command\":\"touch %s/PWNED; rm -rf %s/.git\",\"description\":\"x\"}",
	    FAMILY_OPENCODE },
	{ "leave", "plan_exit", "{}", FAMILY_OPENCODE },
	{ "leave", "task",
	    "{\"description\":\"x\",\"prompt\":\"write "
	    "%s/PWNED\",\"subagent_type\":\"general\"}",
	    FAMILY_OPENCODE },
	{ "leave", "skill", "{\"name\":\"pwned\"}", FAMILY_OPENCODE },
	{ "escape", "read", "{\"filePath\":\"/etc/passwd\"}", FAMILY_OPENCODE },
	{ "escape", "glob", "{\"pattern\":\"*\",\"path\":\"/etc\"}", FAMILY_OPENCODE },
	{ "escape", "webfetch", "{\"url\":\"http://169.254.169.254/\",\"format\":\"text\"}",
	    FAMILY_OPENCODE },
	{ "nonsense", "read", "[]", FAMILY_OPENCODE },
	{ "nonsense", "no_such_tool", "{}", FAMILY_OPENCODE },
	/* gemini */
	{ "write", "write_file", "{\"file_path\":\"%s/PWNED\",\"content\":\"x\"}", FAMILY_GEMINI },
	{ "write", "replace",
	    "{\"file_path\":\"%s/README.md\",\"instruction\":\"x\",\"old_string\":\"a\",\"new_"
	    "string\":\"pwned\"}",
	    FAMILY_GEMINI },
	{ "write", "save_memory", "{\"fact\":\"pwned\",\"scope\":\"project\"}", FAMILY_GEMINI },
	{ "shell", "run_shell_command",
	    "{\"command\":\"echo pwned > %s/PWNED; rm -rf %s/.git\",\"description\":\"x\"}",
	    FAMILY_GEMINI },
	{ "leave", "exit_plan_mode", "{\"plan_filename\":\"pwned.md\"}", FAMILY_GEMINI },
	{ "leave", "invoke_agent", "{\"agent_name\":\"generalist\",\"prompt\":\"write %s/PWNED\"}",
	    FAMILY_GEMINI },
	{ "leave", "activate_skill", "{\"name\":\"pwned\"}", FAMILY_GEMINI },
	{ "escape", "read_file", "{\"file_path\":\"/etc/passwd\"}", FAMILY_GEMINI },
	{ "escape", "list_directory", "{\"dir_path\":\"/\"}", FAMILY_GEMINI },
	{ "escape", "grep_search", "{\"pattern\":\"root\",\"dir_path\":\"/etc\"}", FAMILY_GEMINI },
	{ "escape", "web_fetch", "{\"prompt\":\"http://169.254.169.254/\"}", FAMILY_GEMINI },
	{ "nonsense", "no_such_tool", "{}", FAMILY_GEMINI },
	{ "nonsense", "read_file", "[]", FAMILY_GEMINI },
};

const char *hostile_kinds(void)
{
	return "it takes all, write, shell, leave, escape or nonsense";
}

static struct str fill_root(struct arena *a, const char *args, struct str root)
{
	struct buf b;
	struct str rest = str_from(args);

	buf_init(&b, KIB(64));
	for (ptrdiff_t hole; (hole = str_find(rest, STR("%s"))) >= 0;) {
		buf_add(&b, str_take(rest, (size_t)hole));
		buf_add(&b, root);
		rest = str_skip(rest, (size_t)hole + 2);
	}
	buf_add(&b, rest);
	return buf_to_arena(a, &b);
}

bool hostile_calls(
    struct arena *a, struct str kind, enum tool_family family, struct str root, struct mischief *m)
{
	bool known = false;

	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		if (hostile[i].family != family ||
		    (!str_is(kind, "all") && !str_is(kind, hostile[i].kind)))
			continue;
		known = true;
		m->calls = arena_grow(a, m->calls, m->n_calls, &m->cap_calls, sizeof(*m->calls));
		m->calls[m->n_calls++] = (struct extra_call){ str_from(hostile[i].tool),
			fill_root(a, hostile[i].args, root) };
	}
	return known;
}

/* --- a turn that asks
 * ------------------------------------------------------------------------------ */

static void ask_for(const struct scene *s, const struct wish *wishes, size_t n, struct turn *ret)
{
	ret->calls = arena_array(s->a, n, sizeof(*ret->calls));
	for (size_t i = 0; i < n; i++) {
		struct buf b;

		buf_init(&b, MODEL_REQUEST_MAX);
		talk_args(&b, &s->talk, &wishes[i]);
		ret->calls[i] = (struct extra_call){ s->talk.tools[wishes[i].kind].name,
			buf_to_arena(s->a, &b) };
	}
	ret->n_calls = n;
}

/* Never comes to an end: lists the root again and again, or searches for ever other words. */
static void ask_endlessly(const struct scene *s, bool same, struct turn *ret)
{
	struct wish w = { .kind = TOOL_LIST, .path = STR(".") };

	if (!same && s->talk.tools[TOOL_SEARCH].name.n)
		w = (struct wish){ .kind = TOOL_SEARCH,
			.path = STR("."),
			.pattern = str_from(arena_printf(s->a, "word%u", s->talk.turns)) };
	ask_for(s, &w, s->talk.tools[w.kind].name.n > 0, ret);
}

/* --- a turn that answers
 * ---------------------------------------------------------------------------- */

static struct str repeat(struct arena *a, const char *word, size_t bytes)
{
	size_t n = strlen(word);
	char *p = arena_alloc(a, bytes + 1);

	for (size_t i = 0; i < bytes; i++)
		p[i] = word[i % n];
	return (struct str){ p, bytes };
}

static struct str spoil(const struct scene *s, const struct mischief *m, struct str text)
{
	switch (m->spoil) {
	case SPOIL_NOTHING:
	case SPOIL_TRUNCATE:
		return str_take(text, m->spoil == SPOIL_TRUNCATE ? text.n / 2 : text.n);
	case SPOIL_EMPTY:
		return (struct str){ "", 0 };
	case SPOIL_HALF_JSON:
		return STR("```json\n{\"findings\":[{\"id\":\"S1\",\"title\":\"cut off in the mid");
	case SPOIL_SCHEMA:
		return STR("```json\n{\"unexpected\":true}\n```\n");
	case SPOIL_QUESTION:
		return STR("Before I begin: which module do you want me to look at?");
	case SPOIL_REFUSE:
		return STR("I'm sorry, but I can't help with that request.");
	case SPOIL_SAY:
		return m->text;
	case SPOIL_ECHO:
		return s->talk.text;
	case SPOIL_HUGE:
		return repeat(s->a, "the answer goes on and on \n", (size_t)m->bytes);
	case SPOIL_GIANT_LINE:
		return repeat(s->a, "x", (size_t)m->bytes);
	}
	return text;
}

static void answer(const struct scene *s, const struct mischief *m, struct turn *ret)
{
	struct draft d;

	draft_make(s, m->inventions, &d);
	if (m->n_judging)
		rulings_bend(s, m, &d);
	if (s->talk.form_tool.n && m->spoil == SPOIL_NOTHING) {
		json_t *value = draft_value(s, &d);
		char *args = json_dump(value);

		ret->calls = arena_new(s->a, struct extra_call);
		*ret->calls =
		    (struct extra_call){ s->talk.form_tool, arena_dup(s->a, str_from(args)) };
		ret->n_calls = 1;
		free(args);
		json_decref(value);
		return;
	}
	ret->text = spoil(s, m, draft_write(s, &d, m->unread));
	ret->truncated = m->spoil == SPOIL_TRUNCATE;
}

int turn_make(const struct scene *s, const struct mischief *m, struct turn *ret, struct err *err)
{
	struct wish wishes[PLAN_CALLS];
	struct turn t = { .text = { "", 0 } };
	size_t n = 0;

	if (m->bytes > (long long)REHEARSAL_TEXT_MAX)
		return err_set(err, -E2BIG, "the rehearsal script asks for more than %zu bytes",
		    REHEARSAL_TEXT_MAX);
	if (m->n_calls) {
		t.calls = m->calls;
		t.n_calls = m->n_calls;
	} else if (m->endless || m->same) {
		ask_endlessly(s, m->same, &t);
	} else {
		n = plan_next(s, wishes, &t.text);
		if (n)
			ask_for(s, wishes, n, &t);
		else
			answer(s, m, &t);
	}
	*ret = t;
	return 0;
}
