"""What ./bench has found, as Markdown: medians of rounds with their ranges, the best first."""
from statistics import median

NAMES = {
    "tutti": "**tutti**",
    "sqlite": "by hand: Node, SQLite, a commit a change",
    "sqlite-grouped": "by hand: Node, SQLite, commits shared",
    "postgres": "by hand: Node, PostgreSQL, NOTIFY",
    "langgraph": "LangGraph, SQLite",
    "mastra": "Mastra, libsql",
    "openworkflow": "OpenWorkflow, SQLite",
    "dbos": "DBOS, PostgreSQL",
    "graphile-worker": "graphile-worker, PostgreSQL",
    "pg-boss": "pg-boss, PostgreSQL",
    "bullmq": "BullMQ, Redis",
    "restate": "Restate",
}
MIB = 2**20


def number(value):
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}" if value >= 10 else f"{value:.2g}"


def spread(values, unit=""):
    """Median and range."""
    values = [v for v in values if v is not None]
    if not values:
        return "–"
    text = number(median(values)) + unit
    return text if min(values) == max(values) else f"{text} ({number(min(values))}–{number(max(values))})"


def ratio(value, other):
    """How many times OTHER is in VALUE."""
    return f"{value / other:.2f}" if other and value / other < 10 else f"{value / other:.0f}" if other else "–"


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|---" + "|--:" * (len(head) - 1) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


class Found:
    def __init__(self, document):
        self.all = document["found"]
        self.plan = document["plan"]

    def values(self, name, what, *keys):
        """One number a round."""
        found = []
        for result in self.all.get(name, {}).get(what, []):
            for key in keys:
                result = result.get(key) if isinstance(result, dict) else None
            if result is not None:
                found.append(result)
        return found

    def order(self, what, *keys, most=True):
        """Those that have the figure, the best first, and the others."""
        have = [name for name in NAMES if self.values(name, what, *keys)]
        have.sort(key=lambda name: median(self.values(name, what, *keys)), reverse=most)
        return have, [name for name in NAMES if name in self.all and name not in have]

    def errors(self):
        for name, kinds in self.all.items():
            for what, results in kinds.items():
                wrong = [r["error"] for r in results if "error" in r]
                if wrong:
                    yield f"{NAMES.get(name, name)}, {what}: {len(wrong)} of {len(results)} failed: {wrong[0]}"


def steps(found, key, title, delay):
    have, others = found.order("bench", key, "steps")
    ours = median(found.values("tutti", "bench", key, "steps"))
    head = ["steps a second", "median (range)", "tutti is × as fast"]
    rows = []
    if delay:
        head += ["end of a step to the next, p50", "p99"]
    for name in have:
        values = found.values(name, "bench", key, "steps")
        row = [NAMES[name], spread(values), "" if name == "tutti" else ratio(ours, median(values))]
        if delay:
            row += [spread(found.values(name, "bench", key, part), " ms") for part in ("p50", "p99")]
        rows.append(row)
    print(f"### {title}\n")
    table(head, rows)
    if others:
        print("Not in it: " + ", ".join(NAMES[name] for name in others) + ".\n")


def limits(found):
    for key, what in (("alone", "one commit a step"), ("crowd", "a hundred steps a commit")):
        limit, ours = found.values("tutti", "bench", f"limit_{key}"), found.values("tutti", "bench", key, "steps")
        print(f"- In the rounds of the chains bare C on SQLite, {what}: {spread(limit)} steps a second; tutti does "
              f"{median(o / n for o, n in zip(ours, limit)) * 100:.0f} % of it.")
    print()


def rest(found):
    have, _ = found.order("bench", "idle", "bytes", most=False)

    def total(name):
        own = found.values(name, "bench", "idle", "bytes")
        server = found.values(name, "bench", "server", "bytes") or [0] * len(own)
        return [a + b for a, b in zip(own, server)]
    have.sort(key=lambda name: median(total(name)))
    ours = median(total("tutti"))
    rows = []
    for name in have:
        server = found.values(name, "bench", "server", "bytes")
        rows.append([NAMES[name], spread([v / MIB for v in found.values(name, "bench", "idle", "bytes")], " MiB"),
                     spread([v / MIB for v in server], " MiB") if server else "",
                     "" if name == "tutti" else ratio(median(total(name)), ours),
                     spread([v / MIB for v in found.values(name, "bench", "loaded")], " MiB"),
                     spread([v * 1000 for v in found.values(name, "bench", "idle", "cpu")], " ms/s"),
                     spread(found.values(name, "bench", "idle", "wakes"), "/s")])
    print("### Memory, and what is done while there is nothing to do\n")
    table(["", "process, idle", "its server or helper", "both, × tutti's", "process after the load", "processor, idle",
           "wake-ups, idle"], rows)


def ready(found):
    have, _ = found.order("bench", "ready", most=False)
    ours = median(found.values("tutti", "bench", "ready"))
    print("### From exec to ready, with a new store\n")
    table(["", "median (range)", "× tutti's"],
          [[NAMES[name], spread(found.values(name, "bench", "ready"), " ms"),
            "" if name == "tutti" else ratio(median(found.values(name, "bench", "ready")), ours)] for name in have])


def resume(found):
    have, others = found.order("resume", "finished", most=False)
    others = [name for name in others if found.all[name].get("resume")]
    ours = median(found.values("tutti", "resume", "finished"))
    rows = []
    for name in have + others:
        finished = found.values(name, "resume", "finished")
        late = f"not within {found.plan['limit']} s"
        rows.append([
            NAMES[name], spread(found.values(name, "resume", "opened"), " ms"),
            spread(found.values(name, "resume", "half"), " ms") if found.values(name, "resume", "half") else late,
            spread(found.values(name, "resume", "going"), " ms") if found.values(name, "resume", "going") else late,
            spread(finished, " ms") if finished else late,
            "" if name == "tutti" else ratio(median(finished), ours) if finished else "",
            spread(found.values(name, "resume", "twice")), spread(found.values(name, "resume", "unfinished")),
            str(len(found.all[name]["resume"]))])
    print(f"### {found.plan['runs']:,} runs in flight, `kill -9`, start again\n")
    table(["since exec", "store open", "half go on", "all go on", "all finished", "× tutti's", "steps done twice",
           "runs not finished", "rounds"], rows)


def children(found):
    rows = []
    for name in found.all:
        for r in found.all[name].get("children", []):
            if "error" not in r:
                rows.append((r["left"], -r["again"], [NAMES[name], str(r["started"]), str(r["left"]), str(r["again"]),
                                                      str(r["at_once"])]))
    rows.sort(key=lambda row: row[:2])
    print("### Twenty children at work, `kill -9`, start again\n")
    table(["children", "started", "left 1 s after the kill", f"started again within {found.plan['again']} s",
           "at work then"], [row[2] for row in rows])


STEPS = [
    ("alone", "A chain of 10 steps, one run at a time", True),
    ("crowd", "A chain of 10 steps, 100 runs at a time", True),
    ("fan", "One step, 100 at once, one step", False),
    ("spawn1", "A step that runs `true`, one at a time", False),
    ("spawn8", "A step that runs `true`, eight at a time", False),
]


def better(found):
    """Whatever stands above tutti in a table, and by how much."""
    figures = [(title, "bench", (key, "steps"), True) for key, title, _ in STEPS] + [
        ("Finished after `kill -9`", "resume", ("finished",), False),
        ("Steps done twice", "resume", ("twice",), False),
        ("Memory of the idle process", "bench", ("idle", "bytes"), False),
        ("From exec to ready", "bench", ("ready",), False),
    ]
    print("### What is better than tutti\n")
    print("And how many times as good.\n")
    for title, what, keys, most in figures:
        ours = median(found.values("tutti", what, *keys))
        have, _ = found.order(what, *keys, most=most)
        above = []
        for name in have:
            value = median(found.values(name, what, *keys))
            if what == "resume" and not found.values(name, what, "finished"):
                continue  # did little twice, because it did little
            if value > ours if most else value < ours:
                above.append(f"{NAMES[name]} ({number(value)} to {number(ours)})" if not value or not ours else
                             f"{NAMES[name]} (× {ratio(value, ours) if most else ratio(ours, value)})")
        print(f"- {title}: {'; '.join(above) or 'nothing here'}.")
    many = {name: median(peak) / median(found.values(name, "agents", "many"))
            for name in AGENTS if (peak := found.values(name, "agents", "peak"))}
    less = [f"{AGENTS[name][0]} (× {ratio(many['agents/tutti'], value)})" for name, value in many.items()
            if value < many["agents/tutti"]]
    print(f"- Memory of many agents, each: {'; '.join(less) or 'nothing here'}.\n")


AGENTS = {
    "agents/tutti": ("**tutti**, its own agent", "a process behind a fence each, log, store"),
    "agents/langchain": ("LangChain", "one process for all, nothing stored"),
    "agents/mastra": ("Mastra", "one process for all, nothing stored"),
    "agents/qwen": ("qwen, from a shell loop", "a process each"),
}


def agents(found):
    rows = []
    for name, (label, kind) in AGENTS.items():
        many = found.values(name, "agents", "many")
        if not many:
            continue
        peak = [v / MIB for v in found.values(name, "agents", "peak")]
        rows.append((median(peak) / many[0], [
            label, kind, str(many[0]), spread(peak, " MiB"), f"{number(median(peak) / many[0])} MiB",
            spread(found.values(name, "agents", "seconds"), " s"),
            spread([v / many[0] * 1000 for v in found.values(name, "agents", "cpu")], " ms")]))
    rows.sort(key=lambda row: row[0])
    print("### Many agents at once\n")
    table(["", "what an agent is", "at once", "most memory of all", "an agent", "until all are done",
           "processor, an agent"], [row[1] for row in rows])


def head(document, found):
    machine, plan = document["machine"], found.plan
    print(f"Measured {machine['day']} on {machine['cores']} cores ({machine['cpu']}), {machine['memory']} GiB, Linux "
          f"{machine['kernel'].partition('-')[0]}; load before {machine['load']:.1f}; {plan['rounds']} rounds, {plan['seconds']} s each "
          f"workload and round.\n")
    versions = {name: version.split(" sha=")[0] for name, version in document["versions"].items()}
    print("Versions: " + ", ".join(f"{name} {version}" for name, version in versions.items()) + ".\n")


def tell(document):
    found = Found(document)
    head(document, found)
    better(found)
    for key, title, delay in STEPS:
        steps(found, key, title, delay)
    limits(found)
    resume(found)
    children(found)
    agents(found)
    rest(found)
    ready(found)
    errors = list(found.errors())
    if errors:
        print("What failed:\n\n" + "\n".join(f"- {line}" for line in errors) + "\n")
