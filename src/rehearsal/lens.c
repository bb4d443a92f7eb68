#include "rehearsal/priv.h"

/* The words an item may carry; a prompt's other spellings are read as the nearest of them. */
static const char *const severity_words[SEVERITY_WORDS] = { "note", "low", "medium", "high",
	"critical" };

const char *severity_word_name(enum severity_word s)
{
	return severity_words[s];
}

enum severity_word severity_word_parse(struct str name)
{
	for (enum severity_word s = WORD_NOTE; s < SEVERITY_WORDS; s++) {
		if (str_eq_nocase(name, str_from(severity_words[s])))
			return s;
	}
	return WORD_LOW;
}

/* --- how facts are told ----------------------------------------------------------------------- */

static const struct telling tellings[FACT_KINDS] = {
	[FACT_LONG] = { WORD_MEDIUM, "high", "`{name}` runs over {n} lines",
	    "From the line that names `{name}` to the line that closes it at the same indentation "
	    "there are {n} lines ({line} to {end}).",
	    "Somebody changes one branch of `{name}` without the rest of it on the screen, and a "
	    "condition further down no longer holds.",
	    "Look for a part of it that deserves a name of its own; leave it if it is one flat "
	    "table "
	    "or switch." },
	[FACT_DEEP] = { WORD_LOW, "high", "A decision stands {n} {name} deep",
	    "Line {line} begins with a control word and is indented by {n} {name}.",
	    "A reader has to hold all the conditions around this line to know when it runs, and "
	    "gets "
	    "one of them wrong.",
	    "Return early from the outer cases, or give the inner part a name." },
	[FACT_LARGE] = { WORD_LOW, "high", "`{path}` holds {n} lines",
	    "The tools report {n} lines for this file.",
	    "Two people change it for unrelated reasons at the same time, and each has to read the "
	    "other's part.",
	    "See whether it holds more than one idea; length alone is no fault." },
	[FACT_MARK] = { WORD_LOW, "high", "An open mark: {name}",
	    "Line {line} carries the mark {name}: whoever wrote it did not think it was finished.",
	    "Somebody relies on the unfinished part because nothing outside this line says that it "
	    "is unfinished.",
	    "Do it, track it somewhere with an owner, or delete the mark." },
	[FACT_TWIN] = { WORD_LOW, "high", "{n} equal lines stand in two places",
	    "Lines {line} to {end} are equal to those of {name}, white space aside.",
	    "A fix is made in one of the two places only.",
	    "If they must change together, keep one; if they are equal by chance, leave both." },
	[FACT_IMPORTS] = { WORD_NOTE, "high", "`{path}` names {n} other modules",
	    "{n} lines of this file import, include or require something; the first is line "
	    "{line}. A count, not yet coupling.",
	    "A change in any of them can force this file to be built, read and tested again.",
	    "Check which of them are used for a single name." },
	[FACT_UNCALLED] = { WORD_LOW, "medium", "No other line names `{name}`",
	    "A search for `{name}` over the repository returned one line, its definition.",
	    "It is kept, reviewed and built although nothing reaches it; or it is reached in a way "
	    "that a search cannot see, such as a table made by a macro.",
	    "Find out which of the two it is; delete it in the first case." },
	[FACT_UNTESTED] = { WORD_LOW, "medium", "No listed test names `{name}`",
	    "{n} paths were listed; none with `test` or `spec` in it also has `{name}` in it. "
	    "Tests "
	    "of another name may exist.",
	    "A change breaks what this file does, and the first to notice is a user.",
	    "Look for the test that covers it; if there is none, begin with what callers rely "
	    "on." },
	[FACT_DROPPED] = { WORD_MEDIUM, "medium", "The result of `{name}` is dropped",
	    "Line {line} calls `{name}` as a statement of its own, and nothing on it looks at what "
	    "comes back.",
	    "`{name}` fails, the program goes on as if it had worked, and the loss shows up "
	    "somewhere else.",
	    "Check the result, or write down on this line why it may be ignored." },
	[FACT_SWALLOWED] = { WORD_MEDIUM, "medium", "An error may go nowhere: `{name}`",
	    "Line {line} contains `{name}`, after which an error is gone unless the lines around "
	    "it "
	    "keep it.",
	    "Something fails, nobody is told, and the result is used as if it were complete.",
	    "Keep the error, or say on this line which ones are expected." },
	[FACT_ENDS] = { WORD_LOW, "medium", "The process can end here: `{name}`",
	    "Line {line} contains `{name}`, which ends the process or the thread when it is "
	    "reached.",
	    "A request, file or message that leads here takes everything else in the process with "
	    "it.",
	    "Make sure that only a broken invariant, never an input, reaches this line." },
	[FACT_ERRORS] = { WORD_NOTE, "high", "{n} lines of `{path}` leave on an error",
	    "{n} of the lines read throw, raise, jump to a clean-up or return an error; line "
	    "{line} "
	    "is the first.",
	    "What was acquired before one of these lines is not released, because only the path "
	    "without errors was tried.",
	    "Follow each of them once to the end of its function." },
	[FACT_SYNC] = { WORD_LOW, "medium", "`{name}` is where contexts meet",
	    "Line {line} contains `{name}`, and {n} of the lines read in this file contain such a "
	    "word. Whether the order is right was not judged.",
	    "One context passes line {line} while another is between its check and its use of the "
	    "same data.",
	    "Write down which data this line protects or hands over, and who else touches it." },
	[FACT_DANGER] = { WORD_MEDIUM, "low", "`{name}` is used",
	    "Line {line} contains `{name}`. That hostile input reaches it was not traced.",
	    "If a caller can choose the argument, then whoever controls that caller decides what "
	    "this line does.",
	    "Trace the argument back to where it enters; use the form that takes no command, "
	    "format "
	    "or unbounded copy." },
	[FACT_SECRET] = { WORD_LOW, "low", "A name that sounds like a credential: `{name}`",
	    "Line {line} gives a value to something called `{name}`. Whether the value is a real "
	    "secret was not judged.",
	    "A real value stands in the repository, and everybody who can read it can use it.",
	    "Make sure that it is a name or a test value only." },
	[FACT_INPUT] = { WORD_LOW, "medium", "Something from outside comes in: `{name}`",
	    "Line {line} contains `{name}`; {n} of the lines read in this file do something of the "
	    "kind.",
	    "What arrives is empty, huge, cut off or of another encoding, and the lines after this "
	    "one take it as it should have been.",
	    "Name the limits of what may arrive here and test one step beyond each." },
	[FACT_CALLOUT] = { WORD_LOW, "medium", "Another system is called: `{name}`",
	    "Line {line} contains `{name}`. A deadline on the same line was not looked for.",
	    "The other side accepts and then says nothing, and this line waits as long as it does.",
	    "Find the deadline, the retry and what a caller sees when both are used up." },
	[FACT_DATA] = { WORD_LOW, "medium", "A statement on stored data: `{name}`",
	    "Line {line} contains `{name}`; {n} of the lines read in this file do something of the "
	    "kind.",
	    "Two of them run at once, or one runs half, and the rows no longer agree.",
	    "Check which transaction and which index this statement relies on." },
	[FACT_CONFIG] = { WORD_NOTE, "high", "A setting comes from outside: `{name}`",
	    "Line {line} contains `{name}`; {n} of the lines read in this file do something of the "
	    "kind.",
	    "The setting is missing or misspelt on one machine only, and the default hides it.",
	    "Make sure that it is documented, checked at start and shown." },
	[FACT_SCREEN] = { WORD_NOTE, "medium", "A person meets this line: `{name}`",
	    "Line {line} contains `{name}`, so what it says or does reaches a person.",
	    "Somebody who cannot see it, or who comes here after an error, does not find out what "
	    "to do next.",
	    "Walk to this place by keyboard and with an error behind you." },
	[FACT_DEADLINK] = { WORD_LOW, "medium", "A link leads to a path that was not listed",
	    "Line {line} links to `{name}`, and none of the {n} listed paths ends so.",
	    "A reader follows the document, does not find the file, and stops trusting the rest.",
	    "Correct the link, or restore what it points at." },
	[FACT_HEADINGS] = { WORD_NOTE, "high", "`{path}` has {n} headings",
	    "{n} headings were read in this document; the first is on line {line}.",
	    "A reader who comes for one task cannot tell from the headings which part is theirs.",
	    "Read the headings alone and see whether they tell the whole." },
	[FACT_TOOLING] = { WORD_NOTE, "high", "`{path}` belongs to {name}",
	    "The name of this file is one that {name} reads; line {line} is the first line in it "
	    "that says something.",
	    "Whoever builds or runs the project without it gets another result than its authors.",
	    "Begin here to learn how the project is built, run and checked." },
	[FACT_TEST] = { WORD_NOTE, "high", "Tests exist in `{path}`",
	    "{n} lines read in this file look like tests; line {line} is the first.",
	    "A new test is written in another style than the ones that exist.",
	    "Read this one before writing another." },
	[FACT_ENTRY] = { WORD_NOTE, "high", "Execution can begin in `{path}`",
	    "Line {line} contains `{name}`.",
	    "A reader who starts elsewhere meets helpers before the thing they help.",
	    "Start reading here." },
	[FACT_DEFINES] = { WORD_NOTE, "high", "`{path}` defines `{name}`",
	    "{n} functions were found whole in the lines read of this file; the one that begins on "
	    "line {line} is the first.",
	    "A change to this area misses the file because its name does not say what is in it.",
	    "Keep it on the list of files to read for this question." },
	[FACT_OPENS] = { WORD_NOTE, "high", "What `{path}` begins with",
	    "Line {line} is the first line of this file that says something.",
	    "Somebody decides about this file by its name alone.",
	    "Read on from here if the name of the file matters to the question." },
};

const struct telling *telling_of(enum fact_kind kind)
{
	return &tellings[kind];
}

/* --- what personas look for ------------------------------------------------------------------- */

#define DEFAULT_SEARCH "TODO|FIXME|XXX"
#define ERROR_SEARCH "error|catch|except|errno|panic"
#define SYNC_SEARCH \
	"pthread_|mutex|atomic|synchronized|async |threading|std::thread|goroutine|WaitGroup"
#define DANGER_SEARCH "system|popen|strcpy|sprintf|eval|exec|innerHTML|pickle"
#define SECRET_SEARCH "password|secret|api_key|private_key"
#define ENTRY_SEARCH "main|__main__|addEventListener|Router"
#define NETWORK_SEARCH "timeout|connect|retry|fetch|http"
#define DATA_SEARCH "SELECT|INSERT|CREATE TABLE|BEGIN|COMMIT"
#define TEST_SEARCH "test_|assert|expect|describe"
#define SCREEN_SEARCH "aria-|onClick|button|placeholder|usage"

static const struct lens lenses[] = {
	{ "structural-analyst", PART_ANALYST, "S",
	    { FACT_LONG, FACT_TWIN, FACT_LARGE, FACT_DEEP, FACT_UNCALLED, FACT_IMPORTS, FACT_MARK,
		FACT_DEFINES },
	    { DEFAULT_SEARCH }, "src/|lib/|core|engine",
	    "No long function, no repeated run of lines and no deep nesting stood in the lines "
	    "read.",
	    false },
	{ "behavioral-analyst", PART_ANALYST, "B",
	    { FACT_DROPPED, FACT_SWALLOWED, FACT_ENDS, FACT_INPUT, FACT_ERRORS, FACT_CONFIG,
		FACT_MARK, FACT_OPENS },
	    { ERROR_SEARCH }, "handler|service|run|proc|io|client|server|parse",
	    "No dropped result, no swallowed error and no sudden end stood in the lines read.",
	    false },
	{ "concurrency-analyst", PART_ANALYST, "C", { FACT_SYNC }, { SYNC_SEARCH },
	    "thread|worker|queue|pool|lock|async|loop|sched",
	    "No concurrency was found: none of the words searched for stood in the lines read.",
	    false },
	{ "adversarial-security-analyst", PART_ANALYST, "SEC-",
	    { FACT_DANGER, FACT_SECRET, FACT_INPUT }, { DANGER_SEARCH, SECRET_SEARCH },
	    "auth|login|token|crypt|upload|parse|http|shell|exec|admin",
	    "None of the calls and names that were looked for stood in the lines read.", false },
	{ "codebase-explorer", PART_ANALYST, "D",
	    { FACT_ENTRY, FACT_DEFINES, FACT_TOOLING, FACT_TEST, FACT_CONFIG, FACT_HEADINGS,
		FACT_OPENS },
	    { ENTRY_SEARCH }, "main|index|app|cli|cmd|readme", "Nothing to start from was found.",
	    false },
	{ "project-scanner", PART_ANALYST, "D",
	    { FACT_TOOLING, FACT_HEADINGS, FACT_TEST, FACT_OPENS }, { NULL },
	    "package.json|makefile|meson|cmake|cargo|go.mod|pyproject|setup|gemfile|pom.xml|"
	    "gradle|docker|.github|.gitlab|.ci/|readme|dev",
	    "No manifest, build file or pipeline was among the listed paths.", false },
	{ "evidence-based-investigator", PART_ANALYST, "E",
	    { FACT_SWALLOWED, FACT_DROPPED, FACT_ERRORS, FACT_ENDS, FACT_MARK, FACT_TEST,
		FACT_DEFINES, FACT_OPENS },
	    { ERROR_SEARCH }, "", "No sign of the symptom stood in the lines read.", true },
	{ "research-analyst", PART_ANALYST, "A", { FACT_HEADINGS, FACT_TOOLING, FACT_OPENS },
	    { NULL }, "readme|doc|.md", "Nothing that bears on the question was read.", false },
	{ "on-call-engineer", PART_ANALYST, "O",
	    { FACT_CALLOUT, FACT_SWALLOWED, FACT_DROPPED, FACT_ENDS, FACT_CONFIG, FACT_ERRORS },
	    { NETWORK_SEARCH }, "client|server|http|net|queue|worker|retry|config|run",
	    "No outgoing call and no swallowed error stood in the lines read.", false },
	{ "devops-engineer", PART_ANALYST, "DOR-",
	    { FACT_TOOLING, FACT_CONFIG, FACT_CALLOUT, FACT_ENDS, FACT_SECRET, FACT_OPENS },
	    { "docker|deploy|pipeline|health" },
	    "docker|.github|.gitlab|.ci/|deploy|k8s|helm|terraform|makefile|config|script",
	    "No pipeline, container or setting stood in the files read.", false },
	{ "data-engineer", PART_ANALYST, "DE", { FACT_DATA, FACT_CONFIG }, { DATA_SEARCH },
	    ".sql|schema|migration|model|store|db|repo|query",
	    "No statement on stored data stood in the lines read.", false },
	{ "test-engineer", PART_ANALYST, "T",
	    { FACT_UNTESTED, FACT_TEST, FACT_ERRORS, FACT_LONG, FACT_MARK, FACT_DEFINES },
	    { TEST_SEARCH }, "test|spec", "No gap and no test was found.", false },
	{ "edge-case-explorer", PART_ANALYST, "X",
	    { FACT_INPUT, FACT_DROPPED, FACT_ENDS, FACT_ERRORS, FACT_CONFIG }, { ERROR_SEARCH },
	    "parse|read|input|decode|load|import|convert|format",
	    "No place where something comes in stood in the lines read.", false },
	{ "gap-analyzer", PART_ANALYST, "GAP-",
	    { FACT_DEADLINK, FACT_MARK, FACT_UNTESTED, FACT_UNCALLED, FACT_HEADINGS, FACT_OPENS },
	    { DEFAULT_SEARCH }, "readme|doc|spec|design|.md|todo",
	    "No mark, no dead link and no file without a test was found.", false },
	{ "junior-developer", PART_ANALYST, "Q",
	    { FACT_MARK, FACT_DEEP, FACT_LONG, FACT_UNTESTED, FACT_CONFIG, FACT_HEADINGS,
		FACT_OPENS },
	    { DEFAULT_SEARCH }, "readme|doc|main|index|app",
	    "No question came up in the lines read.", false },
	{ "project-manager", PART_ANALYST, "D-",
	    { FACT_MARK, FACT_HEADINGS, FACT_TOOLING, FACT_UNTESTED, FACT_OPENS },
	    { DEFAULT_SEARCH }, "readme|doc|roadmap|changelog|todo|plan|.md",
	    "No open item was found.", false },
	{ "user-experience-designer", PART_ANALYST, "UX", { FACT_SCREEN, FACT_HEADINGS },
	    { SCREEN_SEARCH }, ".html|.css|.tsx|.jsx|.vue|.svelte|ui|view|page|cli|help",
	    "Nothing that a person meets stood in the lines read.", false },
	{ "information-architect", PART_ANALYST, "IA",
	    { FACT_DEADLINK, FACT_HEADINGS, FACT_LARGE, FACT_OPENS }, { NULL },
	    "readme|doc|.md|.rst|.txt", "No document was found.", false },
	{ "content-auditor", PART_ANALYST, "A",
	    { FACT_DEADLINK, FACT_HEADINGS, FACT_MARK, FACT_OPENS }, { NULL },
	    "readme|doc|.md|.rst|changelog", "No document was found.", false },
	{ "readability-editor", PART_ANALYST, "RE", { FACT_HEADINGS, FACT_LARGE, FACT_OPENS },
	    { NULL }, "readme|doc|.md|.rst|.txt", "No prose was found.", false },
	{ "software-architect", PART_ANALYST, "A",
	    { FACT_LONG, FACT_TWIN, FACT_IMPORTS, FACT_LARGE, FACT_UNCALLED, FACT_DEFINES },
	    { DEFAULT_SEARCH }, "src/|lib/|core|main|api|.h",
	    "No long function, no repeated run of lines and no crowded file stood in the lines "
	    "read.",
	    false },
	{ "system-architect", PART_ANALYST, "SYS",
	    { FACT_CALLOUT, FACT_DATA, FACT_CONFIG, FACT_TOOLING, FACT_ENTRY }, { NETWORK_SEARCH },
	    "api|client|server|service|rpc|proto|schema|docker|config",
	    "No seam to another system stood in the lines read.", false },
	{ "risk-analyst", PART_RATER, "R", { FACT_NONE }, { NULL }, "",
	    "No finding of others was given, so there is no risk to rate.", true },
	{ "adversarial-validator", PART_JUDGE, "V", { FACT_NONE }, { NULL }, "",
	    "No item was given, so there is nothing to judge.", false },
};

static const struct lens general = { "", PART_ANALYST, "F",
	{ FACT_MARK, FACT_LONG, FACT_SWALLOWED, FACT_DROPPED, FACT_ENTRY, FACT_HEADINGS,
	    FACT_DEFINES, FACT_OPENS },
	{ DEFAULT_SEARCH }, "readme|main|index|app", "Nothing worth an item was read.", false };

const struct lens *lens_of(struct str persona)
{
	for (size_t i = 0; i < sizeof(lenses) / sizeof(*lenses); i++) {
		if (str_eq_nocase(persona, str_from(lenses[i].persona)))
			return &lenses[i];
	}
	return &general;
}
