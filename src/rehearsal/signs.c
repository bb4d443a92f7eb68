#include "rehearsal/priv.h"

/*
 * Signs: words in a line that mean something to a persona. A sign counts where a name may begin,
 * outside comments and outside a string in double quotes, as far as one line shows that.
 */

#define L(language) (1u << (language))
#define ANY_CODE                                                                                 \
	(L(LANG_C) | L(LANG_PYTHON) | L(LANG_SCRIPT) | L(LANG_GO) | L(LANG_RUST) | L(LANG_JVM) | \
	    L(LANG_SHELL) | L(LANG_RUBY) | L(LANG_PHP) | L(LANG_LUA))
#define ANYWHERE (~0u)

enum sign_place { IN_LINE, AS_STATEMENT, ALSO_IN_COMMENT };

struct sign {
	enum fact_kind kind;
	const char *text;
	unsigned languages;
	enum sign_place place;
	unsigned weight;
};

static const struct sign signs[] = {
	{ FACT_MARK, "TODO", ANYWHERE, ALSO_IN_COMMENT, 2 },
	{ FACT_MARK, "FIXME", ANYWHERE, ALSO_IN_COMMENT, 4 },
	{ FACT_MARK, "XXX", ANYWHERE, ALSO_IN_COMMENT, 3 },
	{ FACT_MARK, "HACK", ANYWHERE, ALSO_IN_COMMENT, 3 },

	{ FACT_DROPPED, "write(", L(LANG_C), AS_STATEMENT, 3 },
	{ FACT_DROPPED, "fwrite(", L(LANG_C), AS_STATEMENT, 3 },
	{ FACT_DROPPED, "fflush(", L(LANG_C), AS_STATEMENT, 2 },
	{ FACT_DROPPED, "fclose(", L(LANG_C), AS_STATEMENT, 1 },
	{ FACT_DROPPED, "close(", L(LANG_C), AS_STATEMENT, 1 },
	{ FACT_DROPPED, "read(", L(LANG_C), AS_STATEMENT, 3 },
	{ FACT_DROPPED, "ftruncate(", L(LANG_C), AS_STATEMENT, 3 },
	{ FACT_DROPPED, "rename(", L(LANG_C), AS_STATEMENT, 3 },
	{ FACT_DROPPED, "fsync(", L(LANG_C), AS_STATEMENT, 3 },
	{ FACT_DROPPED, "system(", L(LANG_C), AS_STATEMENT, 2 },
	{ FACT_DROPPED, "setuid(", L(LANG_C), AS_STATEMENT, 4 },
	{ FACT_DROPPED, "pthread_create(", L(LANG_C), AS_STATEMENT, 3 },
	{ FACT_DROPPED, "scanf(", L(LANG_C), AS_STATEMENT, 3 },
	{ FACT_DROPPED, "os.system(", L(LANG_PYTHON), AS_STATEMENT, 2 },
	{ FACT_DROPPED, "subprocess.call(", L(LANG_PYTHON), AS_STATEMENT, 2 },

	{ FACT_SWALLOWED, "except:", L(LANG_PYTHON), IN_LINE, 3 },
	{ FACT_SWALLOWED, "except Exception:", L(LANG_PYTHON), IN_LINE, 2 },
	{ FACT_SWALLOWED, "contextlib.suppress(", L(LANG_PYTHON), IN_LINE, 2 },
	{ FACT_SWALLOWED, "catch {}", L(LANG_SCRIPT) | L(LANG_JVM), IN_LINE, 4 },
	{ FACT_SWALLOWED, "catch (e) {}", L(LANG_SCRIPT) | L(LANG_JVM), IN_LINE, 4 },
	{ FACT_SWALLOWED, "catch (_) {}", L(LANG_SCRIPT), IN_LINE, 4 },
	{ FACT_SWALLOWED, "catch (...)", L(LANG_C), IN_LINE, 3 },
	{ FACT_SWALLOWED, ".catch(() =>", L(LANG_SCRIPT), IN_LINE, 3 },
	{ FACT_SWALLOWED, "_ = ", L(LANG_GO), AS_STATEMENT, 2 },
	{ FACT_SWALLOWED, "let _ =", L(LANG_RUST), AS_STATEMENT, 2 },
	{ FACT_SWALLOWED, ".ok();", L(LANG_RUST), IN_LINE, 2 },
	{ FACT_SWALLOWED, "|| true", L(LANG_SHELL) | L(LANG_DATA), IN_LINE, 2 },
	{ FACT_SWALLOWED, "2>/dev/null", L(LANG_SHELL), IN_LINE, 1 },
	{ FACT_SWALLOWED, "rescue nil", L(LANG_RUBY), IN_LINE, 3 },
	{ FACT_SWALLOWED, "pcall(", L(LANG_LUA), AS_STATEMENT, 2 },

	{ FACT_ENDS, "exit(", L(LANG_C) | L(LANG_PHP), IN_LINE, 2 },
	{ FACT_ENDS, "_exit(", L(LANG_C), IN_LINE, 2 },
	{ FACT_ENDS, "abort(", L(LANG_C), IN_LINE, 3 },
	{ FACT_ENDS, "sys.exit(", L(LANG_PYTHON), IN_LINE, 2 },
	{ FACT_ENDS, "process.exit(", L(LANG_SCRIPT), IN_LINE, 2 },
	{ FACT_ENDS, "os.Exit(", L(LANG_GO), IN_LINE, 2 },
	{ FACT_ENDS, "log.Fatal", L(LANG_GO), IN_LINE, 2 },
	{ FACT_ENDS, "panic(", L(LANG_GO), IN_LINE, 3 },
	{ FACT_ENDS, "panic!(", L(LANG_RUST), IN_LINE, 3 },
	{ FACT_ENDS, ".unwrap()", L(LANG_RUST), IN_LINE, 1 },
	{ FACT_ENDS, ".expect(", L(LANG_RUST), IN_LINE, 1 },
	{ FACT_ENDS, "System.exit(", L(LANG_JVM), IN_LINE, 2 },

	{ FACT_ERRORS, "goto ", L(LANG_C), IN_LINE, 1 },
	{ FACT_ERRORS, "return -", L(LANG_C), IN_LINE, 1 },
	{ FACT_ERRORS, "return err", ANY_CODE, IN_LINE, 1 },
	{ FACT_ERRORS, "raise ", L(LANG_PYTHON) | L(LANG_RUBY), IN_LINE, 1 },
	{ FACT_ERRORS, "throw ", L(LANG_SCRIPT) | L(LANG_JVM) | L(LANG_C) | L(LANG_PHP), IN_LINE,
	    1 },
	{ FACT_ERRORS, "Err(", L(LANG_RUST), IN_LINE, 1 },
	{ FACT_ERRORS, "return nil, ", L(LANG_GO) | L(LANG_LUA), IN_LINE, 1 },
	{ FACT_ERRORS, "exit 1", L(LANG_SHELL), IN_LINE, 1 },

	{ FACT_SYNC, "pthread_", L(LANG_C), IN_LINE, 3 },
	{ FACT_SYNC, "mtx_lock(", L(LANG_C), IN_LINE, 3 },
	{ FACT_SYNC, "atomic_", L(LANG_C), IN_LINE, 2 },
	{ FACT_SYNC, "_Atomic", L(LANG_C), IN_LINE, 2 },
	{ FACT_SYNC, "std::mutex", L(LANG_C), IN_LINE, 3 },
	{ FACT_SYNC, "std::thread", L(LANG_C), IN_LINE, 3 },
	{ FACT_SYNC, "std::atomic", L(LANG_C), IN_LINE, 2 },
	{ FACT_SYNC, "lock_guard", L(LANG_C), IN_LINE, 3 },
	{ FACT_SYNC, "uv_async_", L(LANG_C), IN_LINE, 2 },
	{ FACT_SYNC, "uv_mutex_", L(LANG_C), IN_LINE, 3 },
	{ FACT_SYNC, "fork(", L(LANG_C) | L(LANG_PYTHON) | L(LANG_RUBY) | L(LANG_SCRIPT), IN_LINE,
	    2 },
	{ FACT_SYNC, "sigaction(", L(LANG_C), IN_LINE, 2 },
	{ FACT_SYNC, "threading.", L(LANG_PYTHON), IN_LINE, 3 },
	{ FACT_SYNC, "asyncio.", L(LANG_PYTHON), IN_LINE, 2 },
	{ FACT_SYNC, "multiprocessing", L(LANG_PYTHON), IN_LINE, 2 },
	{ FACT_SYNC, "async ", L(LANG_PYTHON) | L(LANG_SCRIPT) | L(LANG_RUST) | L(LANG_JVM),
	    IN_LINE, 1 },
	{ FACT_SYNC, "await ", L(LANG_PYTHON) | L(LANG_SCRIPT) | L(LANG_JVM), IN_LINE, 1 },
	{ FACT_SYNC, "Promise.all(", L(LANG_SCRIPT), IN_LINE, 2 },
	{ FACT_SYNC, "new Worker(", L(LANG_SCRIPT), IN_LINE, 3 },
	{ FACT_SYNC, "go func", L(LANG_GO), IN_LINE, 3 },
	{ FACT_SYNC, "sync.Mutex", L(LANG_GO), IN_LINE, 3 },
	{ FACT_SYNC, "sync.RWMutex", L(LANG_GO), IN_LINE, 3 },
	{ FACT_SYNC, "chan ", L(LANG_GO), IN_LINE, 2 },
	{ FACT_SYNC, "Mutex<", L(LANG_RUST), IN_LINE, 3 },
	{ FACT_SYNC, "Arc<", L(LANG_RUST), IN_LINE, 2 },
	{ FACT_SYNC, "thread::spawn", L(LANG_RUST), IN_LINE, 3 },
	{ FACT_SYNC, "synchronized", L(LANG_JVM), IN_LINE, 3 },
	{ FACT_SYNC, "volatile ", L(LANG_JVM) | L(LANG_C), IN_LINE, 2 },
	{ FACT_SYNC, "new Thread(", L(LANG_JVM), IN_LINE, 3 },
	{ FACT_SYNC, "Thread.new", L(LANG_RUBY), IN_LINE, 3 },

	{ FACT_DANGER, "gets(", L(LANG_C), IN_LINE, 6 },
	{ FACT_DANGER, "strcpy(", L(LANG_C), IN_LINE, 4 },
	{ FACT_DANGER, "strcat(", L(LANG_C), IN_LINE, 4 },
	{ FACT_DANGER, "sprintf(", L(LANG_C), IN_LINE, 4 },
	{ FACT_DANGER, "vsprintf(", L(LANG_C), IN_LINE, 4 },
	{ FACT_DANGER, "alloca(", L(LANG_C), IN_LINE, 2 },
	{ FACT_DANGER, "memcpy(", L(LANG_C), IN_LINE, 1 },
	{ FACT_DANGER, "system(", L(LANG_C) | L(LANG_PHP) | L(LANG_RUBY), IN_LINE, 5 },
	{ FACT_DANGER, "popen(", L(LANG_C) | L(LANG_PHP), IN_LINE, 5 },
	{ FACT_DANGER, "execl", L(LANG_C), IN_LINE, 2 },
	{ FACT_DANGER, "execv", L(LANG_C), IN_LINE, 2 },
	{ FACT_DANGER, "eval(", L(LANG_PYTHON) | L(LANG_SCRIPT) | L(LANG_PHP) | L(LANG_RUBY),
	    IN_LINE, 5 },
	{ FACT_DANGER, "eval ", L(LANG_SHELL), IN_LINE, 4 },
	{ FACT_DANGER, "exec(", L(LANG_PYTHON) | L(LANG_PHP), IN_LINE, 5 },
	{ FACT_DANGER, "os.system(", L(LANG_PYTHON), IN_LINE, 5 },
	{ FACT_DANGER, "shell=True", L(LANG_PYTHON), IN_LINE, 5 },
	{ FACT_DANGER, "pickle.load", L(LANG_PYTHON), IN_LINE, 5 },
	{ FACT_DANGER, "yaml.load(", L(LANG_PYTHON), IN_LINE, 4 },
	{ FACT_DANGER, "verify=False", L(LANG_PYTHON), IN_LINE, 5 },
	{ FACT_DANGER, "child_process", L(LANG_SCRIPT), IN_LINE, 3 },
	{ FACT_DANGER, "innerHTML", L(LANG_SCRIPT) | L(LANG_DATA), IN_LINE, 3 },
	{ FACT_DANGER, "dangerouslySetInnerHTML", L(LANG_SCRIPT), IN_LINE, 4 },
	{ FACT_DANGER, "document.write(", L(LANG_SCRIPT), IN_LINE, 4 },
	{ FACT_DANGER, "exec.Command(", L(LANG_GO), IN_LINE, 3 },
	{ FACT_DANGER, "InsecureSkipVerify", L(LANG_GO), IN_LINE, 5 },
	{ FACT_DANGER, "unsafe {", L(LANG_RUST), IN_LINE, 3 },
	{ FACT_DANGER, "Runtime.getRuntime().exec(", L(LANG_JVM), IN_LINE, 5 },
	{ FACT_DANGER, "curl -k", L(LANG_SHELL) | L(LANG_DATA), IN_LINE, 4 },
	{ FACT_DANGER, "chmod 777", L(LANG_SHELL) | L(LANG_DATA), IN_LINE, 4 },

	{ FACT_SECRET, "password =", ANYWHERE, IN_LINE, 3 },
	{ FACT_SECRET, "password:", L(LANG_DATA), IN_LINE, 3 },
	{ FACT_SECRET, "secret =", ANYWHERE, IN_LINE, 3 },
	{ FACT_SECRET, "secret_key", ANYWHERE, IN_LINE, 3 },
	{ FACT_SECRET, "api_key =", ANYWHERE, IN_LINE, 3 },
	{ FACT_SECRET, "apiKey =", ANYWHERE, IN_LINE, 3 },
	{ FACT_SECRET, "PRIVATE KEY-----", ANYWHERE, ALSO_IN_COMMENT, 6 },

	{ FACT_INPUT, "argv[", L(LANG_C), IN_LINE, 2 },
	{ FACT_INPUT, "read(", L(LANG_C), IN_LINE, 2 },
	{ FACT_INPUT, "recv(", L(LANG_C), IN_LINE, 3 },
	{ FACT_INPUT, "fread(", L(LANG_C), IN_LINE, 2 },
	{ FACT_INPUT, "fgets(", L(LANG_C), IN_LINE, 2 },
	{ FACT_INPUT, "scanf(", L(LANG_C), IN_LINE, 3 },
	{ FACT_INPUT, "strtol(", L(LANG_C), IN_LINE, 2 },
	{ FACT_INPUT, "atoi(", L(LANG_C), IN_LINE, 3 },
	{ FACT_INPUT, "json_load", L(LANG_C), IN_LINE, 2 },
	{ FACT_INPUT, "json_parse(", L(LANG_C), IN_LINE, 2 },
	{ FACT_INPUT, "input(", L(LANG_PYTHON), IN_LINE, 2 },
	{ FACT_INPUT, "sys.argv", L(LANG_PYTHON), IN_LINE, 2 },
	{ FACT_INPUT, "json.loads(", L(LANG_PYTHON), IN_LINE, 2 },
	{ FACT_INPUT, "request.", L(LANG_PYTHON) | L(LANG_SCRIPT) | L(LANG_RUBY), IN_LINE, 2 },
	{ FACT_INPUT, "open(", L(LANG_PYTHON), IN_LINE, 1 },
	{ FACT_INPUT, "req.body", L(LANG_SCRIPT), IN_LINE, 3 },
	{ FACT_INPUT, "req.query", L(LANG_SCRIPT), IN_LINE, 3 },
	{ FACT_INPUT, "JSON.parse(", L(LANG_SCRIPT), IN_LINE, 2 },
	{ FACT_INPUT, "process.argv", L(LANG_SCRIPT), IN_LINE, 2 },
	{ FACT_INPUT, "json.Unmarshal(", L(LANG_GO), IN_LINE, 2 },
	{ FACT_INPUT, "os.Args", L(LANG_GO), IN_LINE, 2 },
	{ FACT_INPUT, "env::args", L(LANG_RUST), IN_LINE, 2 },
	{ FACT_INPUT, "from_str(", L(LANG_RUST), IN_LINE, 2 },
	{ FACT_INPUT, "getParameter(", L(LANG_JVM), IN_LINE, 3 },
	{ FACT_INPUT, "read -r", L(LANG_SHELL), IN_LINE, 2 },
	{ FACT_INPUT, "$1", L(LANG_SHELL), IN_LINE, 1 },
	{ FACT_INPUT, "$_GET", L(LANG_PHP), IN_LINE, 3 },
	{ FACT_INPUT, "$_POST", L(LANG_PHP), IN_LINE, 3 },

	{ FACT_CALLOUT, "connect(", L(LANG_C) | L(LANG_PYTHON) | L(LANG_SCRIPT), IN_LINE, 3 },
	{ FACT_CALLOUT, "curl_easy_perform(", L(LANG_C), IN_LINE, 3 },
	{ FACT_CALLOUT, "curl_multi_", L(LANG_C), IN_LINE, 2 },
	{ FACT_CALLOUT, "getaddrinfo(", L(LANG_C), IN_LINE, 3 },
	{ FACT_CALLOUT, "requests.", L(LANG_PYTHON), IN_LINE, 3 },
	{ FACT_CALLOUT, "urlopen(", L(LANG_PYTHON), IN_LINE, 3 },
	{ FACT_CALLOUT, "fetch(", L(LANG_SCRIPT), IN_LINE, 3 },
	{ FACT_CALLOUT, "axios.", L(LANG_SCRIPT), IN_LINE, 3 },
	{ FACT_CALLOUT, "http.Get(", L(LANG_GO), IN_LINE, 3 },
	{ FACT_CALLOUT, "net.Dial", L(LANG_GO), IN_LINE, 3 },
	{ FACT_CALLOUT, "reqwest::", L(LANG_RUST), IN_LINE, 3 },
	{ FACT_CALLOUT, "HttpClient", L(LANG_JVM), IN_LINE, 3 },
	{ FACT_CALLOUT, "curl ", L(LANG_SHELL), IN_LINE, 2 },
	{ FACT_CALLOUT, "ssh ", L(LANG_SHELL), IN_LINE, 2 },

	{ FACT_DATA, "SELECT ", ANYWHERE, ALSO_IN_COMMENT, 2 },
	{ FACT_DATA, "INSERT ", ANYWHERE, ALSO_IN_COMMENT, 3 },
	{ FACT_DATA, "UPDATE ", ANYWHERE, ALSO_IN_COMMENT, 3 },
	{ FACT_DATA, "DELETE FROM", ANYWHERE, ALSO_IN_COMMENT, 3 },
	{ FACT_DATA, "CREATE TABLE", ANYWHERE, ALSO_IN_COMMENT, 4 },
	{ FACT_DATA, "ALTER TABLE", ANYWHERE, ALSO_IN_COMMENT, 4 },
	{ FACT_DATA, "CREATE INDEX", ANYWHERE, ALSO_IN_COMMENT, 3 },
	{ FACT_DATA, "sqlite3_", L(LANG_C), IN_LINE, 2 },

	{ FACT_CONFIG, "getenv(", L(LANG_C) | L(LANG_PHP), IN_LINE, 2 },
	{ FACT_CONFIG, "os.environ", L(LANG_PYTHON), IN_LINE, 2 },
	{ FACT_CONFIG, "os.getenv(", L(LANG_PYTHON), IN_LINE, 2 },
	{ FACT_CONFIG, "process.env", L(LANG_SCRIPT), IN_LINE, 2 },
	{ FACT_CONFIG, "os.Getenv(", L(LANG_GO), IN_LINE, 2 },
	{ FACT_CONFIG, "env::var(", L(LANG_RUST), IN_LINE, 2 },
	{ FACT_CONFIG, "System.getenv(", L(LANG_JVM), IN_LINE, 2 },
	{ FACT_CONFIG, "ENV[", L(LANG_RUBY), IN_LINE, 2 },
	{ FACT_CONFIG, "ENV ", L(LANG_OTHER), IN_LINE, 2 },
	{ FACT_CONFIG, "getopt", L(LANG_C) | L(LANG_SHELL), IN_LINE, 2 },
	{ FACT_CONFIG, "argparse.", L(LANG_PYTHON), IN_LINE, 2 },

	{ FACT_SCREEN, "<button", L(LANG_SCRIPT) | L(LANG_DATA), IN_LINE, 3 },
	{ FACT_SCREEN, "<input", L(LANG_SCRIPT) | L(LANG_DATA), IN_LINE, 3 },
	{ FACT_SCREEN, "<img", L(LANG_SCRIPT) | L(LANG_DATA), IN_LINE, 3 },
	{ FACT_SCREEN, "<a ", L(LANG_SCRIPT) | L(LANG_DATA), IN_LINE, 1 },
	{ FACT_SCREEN, "onClick", L(LANG_SCRIPT), IN_LINE, 2 },
	{ FACT_SCREEN, "aria-", L(LANG_SCRIPT) | L(LANG_DATA), IN_LINE, 2 },
	{ FACT_SCREEN, "placeholder=", L(LANG_SCRIPT) | L(LANG_DATA), IN_LINE, 2 },
	{ FACT_SCREEN, "usage(", L(LANG_C) | L(LANG_SHELL), IN_LINE, 2 },
	{ FACT_SCREEN, "printf(", L(LANG_C) | L(LANG_PHP) | L(LANG_LUA), IN_LINE, 1 },
	{ FACT_SCREEN, "fprintf(stderr", L(LANG_C), IN_LINE, 2 },
	{ FACT_SCREEN, "print(", L(LANG_PYTHON) | L(LANG_LUA), IN_LINE, 1 },
	{ FACT_SCREEN, "echo ", L(LANG_SHELL), IN_LINE, 1 },

	{ FACT_TEST, "assert(", ANY_CODE, IN_LINE, 1 },
	{ FACT_TEST, "assert_", ANY_CODE, IN_LINE, 1 },
	{ FACT_TEST, "assert ", L(LANG_PYTHON), IN_LINE, 1 },
	{ FACT_TEST, "def test_", L(LANG_PYTHON), IN_LINE, 3 },
	{ FACT_TEST, "describe(", L(LANG_SCRIPT), IN_LINE, 3 },
	{ FACT_TEST, "expect(", L(LANG_SCRIPT), IN_LINE, 2 },
	{ FACT_TEST, "func Test", L(LANG_GO), IN_LINE, 3 },
	{ FACT_TEST, "#[test]", L(LANG_RUST), IN_LINE, 3 },
	{ FACT_TEST, "@Test", L(LANG_JVM), IN_LINE, 3 },
	{ FACT_TEST, "@test ", L(LANG_SHELL), IN_LINE, 3 },

	{ FACT_ENTRY, "int main(", L(LANG_C), IN_LINE, 5 },
	{ FACT_ENTRY, "__name__ ==", L(LANG_PYTHON), IN_LINE, 5 },
	{ FACT_ENTRY, "func main(", L(LANG_GO), IN_LINE, 5 },
	{ FACT_ENTRY, "fn main(", L(LANG_RUST), IN_LINE, 5 },
	{ FACT_ENTRY, "static void main(", L(LANG_JVM), IN_LINE, 5 },
	{ FACT_ENTRY, "fun main(", L(LANG_JVM), IN_LINE, 5 },
	{ FACT_ENTRY, "createServer(", L(LANG_SCRIPT), IN_LINE, 3 },
	{ FACT_ENTRY, ".listen(", L(LANG_SCRIPT), IN_LINE, 3 },
	{ FACT_ENTRY, "export default", L(LANG_SCRIPT), IN_LINE, 1 },
	{ FACT_ENTRY, "#!/", L(LANG_SHELL) | L(LANG_PYTHON) | L(LANG_OTHER), ALSO_IN_COMMENT, 2 },
	{ FACT_ENTRY, "@app.route(", L(LANG_PYTHON), IN_LINE, 3 },

	{ FACT_IMPORTS, "#include ", L(LANG_C), ALSO_IN_COMMENT, 1 },
	{ FACT_IMPORTS, "import ", L(LANG_PYTHON) | L(LANG_SCRIPT) | L(LANG_JVM) | L(LANG_GO),
	    AS_STATEMENT, 1 },
	{ FACT_IMPORTS, "from ", L(LANG_PYTHON), AS_STATEMENT, 1 },
	{ FACT_IMPORTS, "use ", L(LANG_RUST) | L(LANG_PHP), AS_STATEMENT, 1 },
	{ FACT_IMPORTS, "using ", L(LANG_JVM), AS_STATEMENT, 1 },
	{ FACT_IMPORTS, "require", L(LANG_RUBY) | L(LANG_LUA) | L(LANG_PHP), AS_STATEMENT, 1 },
};

#define SIGNS (sizeof(signs) / sizeof(*signs))

/* The wanted signs of one language by their first byte, so that a line is walked once. */
struct sign_index {
	const struct sign *of[128][24];
	unsigned char n[128];
};

static const struct sign_index *index_of(struct facts *f, enum language l)
{
	struct sign_index *x = f->signs[l];

	if (x)
		return x;
	f->signs[l] = x = arena_new(f->a, struct sign_index);
	for (size_t i = 0; i < SIGNS; i++) {
		unsigned c = (unsigned char)*signs[i].text & 127u;

		if ((f->wanted & 1u << signs[i].kind) && (signs[i].languages & L(l)) &&
		    x->n[c] < sizeof(x->of[c]) / sizeof(*x->of[c]))
			x->of[c][x->n[c]++] = &signs[i];
	}
	return x;
}

static bool in_quotes(struct str s, size_t at)
{
	bool in = false;

	for (size_t i = 0; i < at; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			in = !in;
	}
	return in || (at > 0 && (s.p[at - 1] == '\'' || s.p[at - 1] == '`'));
}

/* Does SIGN stand at offset AT of the line S? */
static bool sign_at(const struct sign *sign, struct str s, size_t at, size_t margin, bool comment)
{
	struct str text = str_from(sign->text);
	bool word = is_word_byte(*sign->text);

	if (!str_starts(str_skip(s, at), text))
		return false;
	if (word && at > 0 && is_word_byte(s.p[at - 1]))
		return false;
	if (sign->place == ALSO_IN_COMMENT) {
		/* a mark is a word of its own: TODO, not TODOS */
		return sign->kind != FACT_MARK || at + text.n == s.n ||
		       !is_word_byte(s.p[at + text.n]);
	}
	if (comment || (sign->place == AS_STATEMENT && at != margin))
		return false;
	return sign->kind == FACT_DATA || !in_quotes(s, at);
}

/* A call that is a statement of its own ends on its line. */
static bool is_dropped_call(const struct sign *sign, struct str s)
{
	return sign->kind != FACT_DROPPED || str_ends(s, STR(";")) || str_ends(s, STR(")"));
}

static struct str sign_name(const struct sign *sign)
{
	struct str name = str_trim(str_from(sign->text));

	while (name.n > 1 && strchr("([{.<,=:", name.p[name.n - 1]) && !str_ends(name, STR("...")))
		name = str_trim(str_take(name, name.n - 1));
	return name;
}

/* The best sign of each kind on a line becomes a fact. */
static void line_signs(
    struct facts *f, const struct view *v, const struct line *line, enum language l)
{
	const struct sign_index *x = index_of(f, l);
	const struct sign *best[FACT_KINDS] = { NULL };
	struct str s = str_take(line->text, 1000), trimmed = str_trim(s);
	size_t margin = trimmed.n ? (size_t)(trimmed.p - s.p) : 0;
	bool comment = line_is_comment(l, trimmed);

	for (size_t at = margin; at < s.n; at++) {
		unsigned c = (unsigned char)s.p[at];

		for (unsigned i = 0; c < 128 && i < x->n[c]; i++) {
			const struct sign *sign = x->of[c][i];

			if (best[sign->kind] || !sign_at(sign, s, at, margin, comment) ||
			    !is_dropped_call(sign, trimmed))
				continue;
			best[sign->kind] = sign;
		}
	}
	for (size_t k = 0; k < FACT_KINDS; k++) {
		if (best[k])
			facts_add(f, &(struct fact){ .kind = (enum fact_kind)k,
					 .path = v->path,
					 .name = sign_name(best[k]),
					 .line = line->no,
					 .n = 1,
					 .weight = best[k]->weight });
	}
}

void signs_find(struct facts *f, const struct view *v)
{
	enum language l = language_of(v->path);

	for (size_t i = 0; i < v->n; i++)
		line_signs(f, v, &v->lines[i], l);
}
